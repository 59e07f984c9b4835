// The x87 unit's registers. Values are kept as they stand in memory: 64 bits of significand, sign and exponent in 16 more (SDM vol. 1, chapter 8).
import * as soft from './softfloat.js';
import type { Environment, Format, Soft } from './softfloat.js';
import { Trap } from './state.js';

export const C0 = 0x100;
export const C1 = 0x200;
export const C2 = 0x400;
export const C3 = 0x4000;
const STACK_FAULT = 0x40;
const exceptions = 0x3f;
const bias = 16383;
const top = 1n << 63n;

export const extended: Format = { precision: 64, exponentBits: 15 };
const precisions: readonly number[] = [24, 64, 53, 64];

export interface X87Snapshot {
  readonly control: number;
  readonly status: number;
  readonly top: number;
  readonly empty: Uint8Array;
  readonly significand: BigUint64Array;
  readonly exponent: Uint16Array;
}

export class X87 {
  control = 0x37f;
  /** Without the top of stack, which is `top`. */
  status = 0;
  top = 0;
  /** 1: the register is empty; by physical number. */
  readonly empty = new Uint8Array(8).fill(1);
  readonly significand = new BigUint64Array(8);
  readonly exponent = new Uint16Array(8);

  snapshot(): X87Snapshot {
    const { control, status, top } = this;
    const [empty, significand, exponent] = [
      this.empty.slice(),
      this.significand.slice(),
      this.exponent.slice(),
    ];
    return { control, status, top, empty, significand, exponent };
  }

  restore(snapshot: X87Snapshot): void {
    this.control = snapshot.control;
    this.status = snapshot.status;
    this.top = snapshot.top;
    this.empty.set(snapshot.empty);
    this.significand.set(snapshot.significand);
    this.exponent.set(snapshot.exponent);
  }

  reset(): void {
    this.control = 0x37f;
    this.status = 0;
    this.top = 0;
    this.empty.fill(1);
  }

  /** Raises what is unmasked and pending: what every waiting instruction does first. */
  wait(): void {
    if (this.status & ~this.control & exceptions) throw new Trap('float', 'an unmasked x87 exception');
  }

  statusWord(): number {
    const pending = this.status & ~this.control & exceptions ? 0x8080 : 0;
    return (this.status & 0x477f) | (this.top << 11) | pending;
  }

  environment(): Environment {
    return {
      rounding: (this.control >> 10) & 3,
      flags: 0,
      flushToZero: false,
      denormalsAreZero: false,
      underflowTraps: (this.control & soft.UNDERFLOW) === 0,
      overflowTraps: (this.control & soft.OVERFLOW) === 0,
      wrap: 0x6000,
    };
  }

  /** What arithmetic rounds to: the precision control limits the significand, not the exponent. */
  format(): Format {
    return { precision: precisions[(this.control >> 8) & 3] ?? 64, exponentBits: 15 };
  }

  /** The value of st(n); an empty one is a stack fault and the default NaN. */
  get(n: number, env: Environment): Soft {
    const at = (this.top + n) & 7;
    if (this.empty[at]) return this.stackFault(env);
    return unpack80(this.significand[at] ?? 0n, this.exponent[at] ?? 0, env);
  }

  /** An empty register was used: invalid, whatever else the operands are. */
  stackFault(env: Environment): Soft {
    this.status = (this.status | STACK_FAULT) & ~C1;
    env.flags |= soft.INVALID;
    return soft.defaultNan;
  }

  isEmpty(n: number): boolean {
    return this.empty[(this.top + n) & 7] === 1;
  }

  set(n: number, value: Soft): void {
    const at = (this.top + n) & 7;
    const { significand, exponent } = pack80(value);
    this.significand[at] = significand;
    this.exponent[at] = exponent;
    this.empty[at] = 0;
  }

  /** A push onto a register that is in use is a stack fault and pushes the default NaN. */
  push(value: Soft): void {
    if (!this.isEmpty(7)) {
      this.status |= STACK_FAULT | C1 | soft.INVALID;
      if (!(this.control & soft.INVALID)) return;
      value = soft.defaultNan;
    }
    this.top = (this.top - 1) & 7;
    this.set(0, value);
  }

  /** As it stands, what is no number too. */
  pushRaw(significand: bigint, word: number): void {
    const free = this.isEmpty(7);
    this.push(soft.zero(false));
    if (!free) return;
    this.significand[this.top] = significand;
    this.exponent[this.top] = word;
  }

  pop(): void {
    this.empty[this.top] = 1;
    this.top = (this.top + 1) & 7;
  }

  /** Keeps flags and C1. False: an exception that is not masked forbids the result, which over- and underflow do in memory only. */
  settle(env: Environment, inMemory = false): boolean {
    const before = env.flags & (soft.INVALID | soft.DENORMAL | soft.DIVIDE);
    if (before & ~this.control) {
      this.status |= before;
      return false;
    }
    const behind = env.flags & (soft.OVERFLOW | soft.UNDERFLOW) & ~this.control;
    if (inMemory && behind !== 0) {
      this.status |= behind;
      return false;
    }
    this.status |= env.flags;
    if (env.flags & soft.INEXACT && env.up === true) this.status |= C1;
    return true;
  }
}

/** Of what is no number: comes before any other NaN. */
const unsupported: Soft = { ...soft.defaultNan };

/** An encoding whose leading bit is missing is no number: invalid. */
export function unpack80(significand: bigint, word: number, env: Environment): Soft {
  const negative = word >> 15 === 1;
  const field = word & 0x7fff;
  if (field === 0) {
    if (significand === 0n) return soft.zero(negative);
    return { kind: 'finite', negative, significand, exponent: 1 - bias - 63, denormal: true };
  }
  if ((significand & top) === 0n) {
    env.flags |= soft.INVALID;
    return unsupported;
  }
  if (field === 0x7fff) {
    if (significand === top) return soft.infinity(negative);
    const signaling = (significand & soft.quietBit) === 0n;
    return { kind: 'nan', negative, significand, exponent: 0, signaling };
  }
  return { kind: 'finite', negative, significand, exponent: field - bias - 63 };
}

export function pack80(v: Soft): { readonly significand: bigint; readonly exponent: number } {
  const sign = v.negative ? 0x8000 : 0;
  switch (v.kind) {
    case 'zero':
      return { significand: 0n, exponent: sign };
    case 'infinite':
      return { significand: top, exponent: sign | 0x7fff };
    case 'nan':
      return { significand: v.significand, exponent: sign | 0x7fff };
    case 'finite': {
      const length = soft.bitLength(v.significand);
      const e = v.exponent + length - 1 + bias;
      if (e <= 0)
        return { significand: v.significand << BigInt(v.exponent - (1 - bias - 63)), exponent: sign };
      return { significand: v.significand << BigInt(64 - length), exponent: sign | e };
    }
  }
}

/** x87 takes the NaN with the larger significand; a quiet one before a signaling one (SDM vol. 1, table 4-7). */
export function largerNan(a: Soft, b: Soft, env: Environment): Soft | undefined {
  if (a.kind !== 'nan' && b.kind !== 'nan') return undefined;
  if (a === unsupported || b === unsupported) return unsupported;
  if (a.signaling === true || b.signaling === true) env.flags |= soft.INVALID;
  if (a.kind !== 'nan') return soft.quiet(b);
  if (b.kind !== 'nan') return soft.quiet(a);
  if (a.signaling !== b.signaling) return soft.quiet(a.signaling === true ? b : a);
  if (a.significand === b.significand) return soft.quiet(a.negative ? b : a);
  return soft.quiet(a.significand > b.significand ? a : b);
}
