// What a user-mode program sees of the CPU, in typed arrays over shared buffers, so that parts of registers need no shifting.
import { stateAt, vectorsAt } from './layout.js';
import type { Memory } from './memory.js';
import { X87 } from './x87.js';
import type { X87Snapshot } from './x87.js';

/** Places in `Cpu.s`. General registers are pairs of words, low one first, in hardware order: rax 0, rcx 2, ... r15 30. */
export const RAX = 0;
export const RCX = 2;
export const RDX = 4;
export const RBX = 6;
export const RSP = 8;
export const RBP = 10;
export const RSI = 12;
export const RDI = 14;
export const R11 = 22;
export const RIP = 32;
/**
 * Flags as what they follow from, so that an operation stores a few words and a condition reads one: CF is 0 or 1; ZF is set if ZR is 0; SF and
 * OF are the sign bits of theirs; AF is bit 4; PF is the parity of the low byte.
 */
export const CF = 34;
export const ZR = 35;
export const SF = 36;
export const OF = 37;
export const AF = 38;
export const PF = 39;
/** 0 or 1. */
export const DF = 40;
/** Flag bits that no instruction here acts on (TF, AC, ID), as in rflags. */
export const OTHER = 41;
/** In OTHER. */
const TF = 0x100;
/** Segment bases, low word first. */
export const FS = 42;
export const GS = 44;
/** The upper half of a 64-bit result; the upper half of an address. */
export const HI = 46;
export const AH = 47;
export const MXCSR = 48;
/** Of 32-bit programs: selectors, and what they select (segments.ts): the bases of three segments, and a bit for each that there is. */
export const FS_SELECTOR = 49;
export const GS_SELECTOR = 50;
export const TLS_BASE = 51;
export const TLS_THERE = 54;
const segmentsEnd = 55;
/** The last two are zeros (layout.ts). */
const words = 64;

/** 1 for an even number of bits. */
export const parity = Uint8Array.from({ length: 256 }, (_, i) => {
  let bits = 0;
  for (let n = i; n > 0; n >>= 1) bits += n & 1;
  return 1 - (bits & 1);
});

const vectorBytes = 64;
const vectorRegisters = 32;
/** In `Cpu.vb`, behind the vector registers: k0 to k7, eight bytes each. */
export const masksAt = vectorRegisters * vectorBytes;
export const maskRegisters = 8;
// Registers, masks, and places for operands in the making (ops/vector.ts).
const vectors = 50;

export interface CpuSnapshot {
  readonly general: Int32Array;
  readonly vectors: Int32Array;
  readonly fpu: X87Snapshot;
  readonly executed: number;
}

export class Cpu {
  readonly s: Int32Array;
  readonly b: Uint8Array;
  readonly w: Uint16Array;
  readonly q: BigUint64Array;
  /** Vector registers, 64 bytes each, and masks. */
  readonly vi: Int32Array;
  readonly vb: Uint8Array;
  readonly vw: Uint16Array;
  readonly vq: BigUint64Array;
  readonly vf: Float32Array;
  readonly vd: Float64Array;
  readonly fpu = new X87();
  /** Instructions of the running block that may still execute; set to 0 by whatever must stop it. */
  end = 0;
  /** Instructions executed since the start, those of the running block not included. */
  executed = 0;
  /** Of the running block, when an instruction that looks at the clock runs. */
  position = 0;
  /** Called by `syscall`; the next instruction's address is in RIP by then. */
  onSyscall: () => void = () => {
    throw new Error('no system calls');
  };
  /** Called where the trap flag is set; the next instruction is the first that traps behind itself. */
  onSteps: () => void = () => undefined;
  /** Set by an instruction that the trap flag does not trap behind. */
  trapless = false;

  constructor(
    readonly memory: Memory,
    /** Of addresses and operands: a 32-bit program uses the lower halves of eight registers, the upper ones are 0. */
    readonly bits: 32 | 64 = 64,
  ) {
    const { buffer } = memory.shared;
    this.s = new Int32Array(buffer, stateAt, words);
    this.b = new Uint8Array(buffer, stateAt, 4 * words);
    this.w = new Uint16Array(buffer, stateAt, 2 * words);
    this.q = new BigUint64Array(buffer, stateAt, words / 2);
    const bytes = vectors * vectorBytes;
    this.vi = new Int32Array(buffer, vectorsAt, bytes / 4);
    this.vb = new Uint8Array(buffer, vectorsAt, bytes);
    this.vw = new Uint16Array(buffer, vectorsAt, bytes / 2);
    this.vq = new BigUint64Array(buffer, vectorsAt, bytes / 8);
    this.vf = new Float32Array(buffer, vectorsAt, bytes / 4);
    this.vd = new Float64Array(buffer, vectorsAt, bytes / 8);
    this.s[MXCSR] = 0x1f80;
    this.s[ZR] = 1;
    this.s[PF] = 1;
  }

  snapshot(): CpuSnapshot {
    return {
      general: this.s.slice(),
      vectors: this.vi.slice(),
      fpu: this.fpu.snapshot(),
      executed: this.executed,
    };
  }

  restore(snapshot: CpuSnapshot): void {
    this.s.set(snapshot.general);
    this.vi.set(snapshot.vectors);
    this.fpu.restore(snapshot.fpu);
    this.executed = snapshot.executed;
  }

  flags(): number {
    return flagsOf(this.s);
  }

  setFlags(value: number): void {
    this.setArithmeticFlags(value);
    const s = this.s;
    s[OF] = value & 0x800 ? -1 : 0;
    s[DF] = (value >> 10) & 1;
    s[OTHER] = value & (0x240000 | TF);
    if (value & TF) this.onSteps();
  }

  /** TF: each instruction, and each element of a repeated one, is followed by a trap. */
  get steps(): boolean {
    return ((this.s[OTHER] ?? 0) & TF) !== 0;
  }

  /** As Linux enters a signal's handler. */
  clearHandlerFlags(): void {
    const { s } = this;
    s[DF] = 0;
    s[OTHER] = (s[OTHER] ?? 0) & ~TF;
  }

  /** CF, PF, AF, ZF, SF: what sahf sets. */
  setArithmeticFlags(value: number): void {
    const s = this.s;
    s[CF] = value & 1;
    s[PF] = value & 4 ? 0 : 1;
    s[AF] = value & 16;
    s[ZR] = value & 64 ? 0 : 1;
    s[SF] = value & 128 ? -1 : 0;
  }
}

/** rflags as pushf stores it (SDM vol. 1, 3.4.3): bit 1 and IF are set. */
function flagsOf(s: Int32Array): number {
  const at = (i: number): number => s[i] ?? 0;
  return (
    at(CF) |
    2 |
    ((parity[at(PF) & 255] ?? 0) << 2) |
    (at(AF) & 16) |
    (at(ZR) === 0 ? 64 : 0) |
    ((at(SF) >>> 31) << 7) |
    0x200 |
    (at(DF) << 10) |
    ((at(OF) >>> 31) << 11) |
    at(OTHER)
  );
}

const same = (a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean =>
  a.length === b.length && Array.prototype.every.call(a, (value: unknown, n) => value === b[n]);

/** Whether a program could tell two states apart: flags count as what they are, not as what they follow from. */
export function sameRegisters(a: CpuSnapshot, b: CpuSnapshot): boolean {
  if (!same(a.general.subarray(0, CF), b.general.subarray(0, CF))) return false;
  if (!same(a.general.subarray(FS, HI), b.general.subarray(FS, HI))) return false;
  if (!same(a.general.subarray(MXCSR, segmentsEnd), b.general.subarray(MXCSR, segmentsEnd))) return false;
  if (flagsOf(a.general) !== flagsOf(b.general)) return false;
  // Behind the masks lie places for operands in the making.
  const usable = (masksAt + 8 * maskRegisters) / 4;
  if (!same(a.vectors.subarray(0, usable), b.vectors.subarray(0, usable))) return false;
  const [x, y] = [a.fpu, b.fpu];
  if (x.control !== y.control || x.status !== y.status || x.top !== y.top) return false;
  return same(x.empty, y.empty) && same(x.significand, y.significand) && same(x.exponent, y.exponent);
}

/** What ends a block before its time; the registers are those before the instruction. */
export class Trap {
  constructor(
    readonly kind:
      | 'divide'
      | 'step'
      | 'illegal'
      | 'breakpoint'
      | 'protection'
      | 'float'
      | 'overflow'
      | 'bound'
      | 'missing',
    readonly text = '',
    /** What the exception pushes, where it pushes one. */
    readonly error = 0,
    /** Bytes of the instruction, where the frame has what follows. */
    readonly length = 1,
  ) {}
}
