// Compares the interpreter with the real CPU: each instruction form in random states, registers, flags, x87 and vector state, memory and faults.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from '../../src/emulate/instruction.js';
import type { Decoded } from '../../src/emulate/instruction.js';
import { Interpreter } from '../../src/emulate/interpreter.js';
import { Memory } from '../../src/emulate/memory.js';
import { anonymous } from '../../src/emulate/regions.js';
import { Cpu, FS_SELECTOR, GS_SELECTOR, MXCSR, RIP, TLS_THERE } from '../../src/emulate/state.js';
import {
  state,
  flagsAt,
  extendedAt,
  vectorsAt,
  xsaveHeader,
  uppersAt,
  memoryAt,
  recordBytes,
  windowBytes,
} from './record.js';
import { flagsCompared, isUndefined, isPartial, forgiveFunctions, forgive, maskOf } from './tolerance.js';

const here = typeof __dirname === 'string' ? __dirname : join(process.cwd(), 'test/emulate');
const arena = 0x10000000;
const code = 0x20000000;
/** Of branches. */
const target = code + 20;
const window = arena + 0x800;
type Mode = 32 | 64;
const signals = {
  divide: 8,
  float: 8,
  illegal: 4,
  breakpoint: 5,
  overflow: 11,
  bound: 11,
  protection: 11,
  missing: 99,
} as const;

/** xorshift64. */
class Random {
  private state: bigint;
  constructor(seed: bigint) {
    this.state = BigInt.asUintN(64, seed * 0x9e3779b97f4a7c15n) | 1n;
    for (let n = 0; n < 4; n++) this.next();
  }
  next(): bigint {
    let x = this.state;
    x ^= BigInt.asUintN(64, x << 13n);
    x ^= x >> 7n;
    x ^= BigInt.asUintN(64, x << 17n);
    return (this.state = x);
  }
  below(n: number): number {
    return Number((this.next() >> 20n) % BigInt(n));
  }
  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }
}

const edges = [
  0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n,
  0x7fffffffffffffffn, 0x8000000000000000n, 0xffffffffffffffffn,
]; // prettier-ignore
const doubles = [
  0n, 1n << 63n, 0x3ff0000000000000n, 0xbff8000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 0x7ff8000000001234n,
  0xfff4000000000001n, 1n, 0x800fffffffffffffn, 0x7fefffffffffffffn, 0x0010000000000000n, 0x4008000000000000n, 0x41dfffffffc00000n,
  0x43e0000000000000n, 0xc1e0000000000000n, 0x3fe0000000000000n, 0x4004000000000000n, 0x47efffffe0000000n, 0x36a0000000000000n, 0x380fffffe0000000n,
]; // prettier-ignore
const floats = [
  0n, 0x80000000n, 0x3f800000n, 0xbfc00000n, 0x7f800000n, 0xff800000n, 0x7fc01234n, 0xffa00001n, 1n, 0x807fffffn, 0x7f7fffffn, 0x00800000n,
  0x40400000n, 0x4f000000n, 0xcf000000n, 0x5f000000n, 0x3f000000n,
]; // prettier-ignore

const anyWord = (r: Random): bigint => (r.below(3) === 0 ? r.pick(edges) : r.next());

/** 64 bits that are a double, two floats, or anything. */
function vectorWord(r: Random): bigint {
  switch (r.below(5)) {
    case 0:
      return r.pick(doubles);
    case 1:
      return (r.pick(floats) << 32n) | r.pick(floats);
    case 2: {
      const small = new DataView(new ArrayBuffer(8));
      small.setFloat64(0, (r.below(4001) - 2000) / r.pick([1, 2, 3, 7, 1000]));
      return small.getBigUint64(0);
    }
    case 3: {
      const small = new DataView(new ArrayBuffer(8));
      small.setFloat32(0, (r.below(4001) - 2000) / r.pick([1, 2, 3, 7]));
      small.setFloat32(4, r.below(100) / 3);
      return small.getBigUint64(0);
    }
    default:
      return r.next();
  }
}

function extendedNumber(r: Random, view: DataView, at: number): void {
  const top = 1n << 63n;
  const [significand, exponent] = r.pick<() => readonly [bigint, number]>([
    () => [0n, r.below(2) << 15],
    () => [top, 0x3fff | (r.below(2) << 15)],
    () => [top, 0x7fff | (r.below(2) << 15)],
    () => [top | (1n << 62n) | (r.next() >> 3n), 0x7fff],
    () => [top | (r.next() >> 3n), 0x7fff],
    () => [r.next() >> 1n, r.below(2) << 15],
    () => [top | r.next(), 0x3ffe + r.below(70) + (r.below(2) << 15)],
    () => [top | r.next(), 0x3fc0 + r.below(70) + (r.below(2) << 15)],
    () => [top | (r.next() & 0xf000000000000000n), 0x3ff8 + r.below(20)],
    () => [top | r.next(), r.pick([1, 2, 0x7ffe, 0x7ffd, 0x3c00, 0x43ff, 0x3f80, 0x407f])],
  ])();
  view.setBigUint64(at, BigInt.asUintN(64, significand), true);
  view.setUint16(at + 8, exponent, true);
}

function makeInput(
  instruction: Decoded,
  bytes: Uint8Array,
  r: Random,
  group: string,
  mode: Mode,
): Uint8Array {
  const input = new Uint8Array(recordBytes);
  const view = new DataView(input.buffer);
  input.set(bytes);
  view.setUint32(16, bytes.length, true);
  for (let n = 0; n < 16; n++) view.setBigUint64(state + 8 * n, BigInt.asUintN(mode, anyWord(r)), true);
  const set = (n: number, value: number): void =>
    view.setBigUint64(state + 8 * n, BigInt.asUintN(mode, BigInt(value)), true);
  set(4, window + 384);
  set(5, window + 320);
  set(6, window + 128);
  set(7, window + 256);
  const { name } = instruction;
  if (instruction.rep || instruction.repne || r.below(4) === 0) set(1, r.below(8));
  if (/^bt/.test(name)) set(1, r.below(1600) - 800);
  if (name === 'xlatb') set(3, window);
  const small = name === 'div' || name === 'idiv' ? r.below(3) : 0;
  if (small > 0) set(2, small === 1 ? 0 : -1);
  view.setBigUint64(flagsAt, 0x202n | (r.next() & 0xcd5n), true);
  const x = extendedAt;
  const masks = r.below(8) === 0 ? r.below(64) : 63;
  view.setUint16(x, 0x40 | masks | (r.pick([3, 3, 3, 2, 0]) << 8) | (r.pick([0, 0, 1, 2, 3]) << 10), true);
  view.setUint16(x + 2, (r.below(8) << 11) | (r.below(2) * 0x4500), true);
  view.setUint8(x + 4, r.pick([0xff, 0x7f, 0xfe, 0xe7, 0, 0x3c, r.below(256)]));
  view.setUint32(
    x + 24,
    r.below(2) === 0
      ? r.pick([0x1f80, 0x1fa0])
      : (masks << 7) |
          (r.below(4) << 13) |
          (r.below(4) === 0 ? 0x8040 & Number(r.next() & 0xffffn) : 0) |
          r.pick([0, 0x20, 0x3f & ~masks ? 0 : 0x3f]),
    true,
  );
  for (let n = 0; n < 8; n++) extendedNumber(r, view, x + 32 + 16 * n);
  const floats = group === 'floats' || (group === 'forms' && r.below(2) === 0);
  const word = (): bigint => (floats ? vectorWord(r) : anyWord(r));
  for (let n = 0; n < 256; n += 8) view.setBigUint64(vectorsAt + n, word(), true);
  view.setBigUint64(xsaveHeader, 7n, true);
  const none = r.below(4) === 0;
  for (let n = 0; n < 256; n += 8) view.setBigUint64(uppersAt + n, none ? 0n : word(), true);
  for (let n = 0; n < windowBytes; n += 8)
    view.setBigUint64(memoryAt + n, group === 'x87' ? vectorWord(r) : word(), true);
  special(instruction, view, r, mode);
  if (group === 'x87' && /^fldt?$/.test(name) && instruction.memorySize === 10)
    extendedNumber(r, view, memoryAt + 256);
  // popf would set the trap flag, or have alignment checked; cmpxchg should succeed, too.
  if (/^popf[dq]?$/.test(name)) view.setUint32(memoryAt + 384, r.below(0x1000) & flagsCompared, true);
  if (/^cmpxchg/.test(name) && r.below(2) === 0) {
    view.setBigUint64(state, BigInt.asUintN(mode, view.getBigUint64(memoryAt + 256, true)), true);
    if (name !== 'cmpxchg') {
      const half = name === 'cmpxchg8b' ? 4 : 8;
      view.setBigUint64(
        state + 16,
        half === 8 ? view.getBigUint64(memoryAt + 264, true) : BigInt(view.getUint32(memoryAt + 260, true)),
        true,
      );
    }
  }
  return input;
}

/** What random words would seldom do: texts with few letters, indices that lie in the window. */
function special(i: Decoded, view: DataView, r: Random, mode: Mode): void {
  // Where branches go that take their target from a register or memory.
  if (/^(jmp|call|ret)$/.test(i.name)) {
    const word = (at: number): void =>
      mode === 64 ? view.setBigUint64(at, BigInt(target), true) : view.setUint32(at, target, true);
    view.setBigUint64(state + 24, BigInt(target), true);
    word(memoryAt + 256);
    word(memoryAt + 384);
  }
  if (/pcmp[ei]str/.test(i.name)) {
    const letters = 2 + r.below(4);
    const wide = r.below(2);
    for (const from of [vectorsAt, vectorsAt + 128, memoryAt + 256])
      for (let n = 0; n < 128; n++)
        view.setUint8(from + n, wide && n & 1 ? 0 : r.below(letters + 1) - (r.below(8) === 0 ? 2 : 0));
    for (const register of [0, 2])
      if (r.below(4) > 0)
        view.setBigUint64(state + 8 * register, BigInt.asUintN(mode, BigInt(r.below(40) - 20)), true);
  }
  if (i.name === 'fbld')
    for (let n = 0; n < 9; n++) view.setUint8(memoryAt + 256 + n, r.below(10) * 16 + r.below(10));
  // Of the components that the emulator has: the CPU may have others.
  if (/^x(save|rstor)/.test(i.name)) {
    view.setBigUint64(state, BigInt(r.below(8)), true);
    view.setBigUint64(state + 16, 0n, true);
  }
  if (/^f?xrstor/.test(i.name) && r.below(8) > 0) {
    view.setUint32(memoryAt + 24, view.getUint32(memoryAt + 24, true) & 0xffff, true);
    view.setBigUint64(memoryAt + 512, BigInt(r.below(8)), true);
    view.setBigUint64(memoryAt + 520, 0n, true);
    view.setBigUint64(memoryAt + 528, 0n, true);
  }
  if (/^v?ldmxcsr$/.test(i.name) && r.below(2) === 0)
    view.setUint32(memoryAt + 256, view.getUint32(memoryAt + 256, true) & 0xffff, true);
  const memory = i.operands.find((o) => o.kind === 'memory');
  if (memory?.kind !== 'memory' || memory.vectorIndex === undefined) return;
  const size = /^vp?gatherd/.test(i.name) ? 4 : 8;
  for (let n = 0; n < 32; n += size) {
    const at = (n < 16 ? vectorsAt : uppersAt - 16) + 16 * memory.vectorIndex + n;
    const index = r.below(40) === 0 ? 0x100000 : Math.floor((r.below(480) - 248) / memory.scale);
    if (size === 4) view.setInt32(at, index, true);
    else view.setBigInt64(at, BigInt(index), true);
  }
}

/** The interpreter's answer in the native helper's form. */
class Emulated {
  readonly memory = new Memory(1 << 20);
  readonly cpu: Cpu;
  readonly interpreter: Interpreter;
  /** Tier 1: each instruction is a compiled region. */
  constructor(tier: 0 | 1, mode: Mode) {
    this.cpu = new Cpu(this.memory, mode);
    // As the native helper's C library has it.
    if (mode === 32) [this.cpu.s[GS_SELECTOR], this.cpu.s[TLS_THERE]] = [0x63, 1];
    this.interpreter = new Interpreter(this.cpu, { tier, hot: 1, longest: 1 });
    this.memory.map(anonymous(arena, arena + 4096, 3));
    this.memory.map(anonymous(code, code + 4096, 7));
  }

  run(input: Uint8Array): Uint8Array {
    const { cpu, memory } = this;
    const view = new DataView(input.buffer, input.byteOffset);
    cpu.s[FS_SELECTOR] = 0;
    memory.writeBytes(code, input.slice(0, 16));
    memory.writeBytes(window, input.slice(memoryAt));
    for (let n = 0; n < 16; n++) cpu.q[n] = view.getBigUint64(state + 8 * n, true);
    cpu.setFlags(Number(view.getBigUint64(flagsAt, true)));
    const x = extendedAt;
    const { fpu } = cpu;
    fpu.control = view.getUint16(x, true);
    const status = view.getUint16(x + 2, true);
    fpu.top = (status >> 11) & 7;
    fpu.status = status & 0x477f;
    for (let n = 0; n < 8; n++) {
      const at = (fpu.top + n) & 7;
      fpu.empty[n] = 1 - ((view.getUint8(x + 4) >> n) & 1);
      fpu.significand[at] = view.getBigUint64(x + 32 + 16 * n, true);
      fpu.exponent[at] = view.getUint16(x + 40 + 16 * n, true);
    }
    cpu.s[MXCSR] = view.getUint32(x + 24, true);
    for (let n = 0; n < 16; n++) {
      cpu.vb.set(input.subarray(vectorsAt + 16 * n, vectorsAt + 16 * n + 16), 64 * n);
      cpu.vb.set(input.subarray(uppersAt + 16 * n, uppersAt + 16 * n + 16), 64 * n + 16);
    }
    cpu.s[RIP] = code;
    cpu.s[RIP + 1] = 0;
    const stop = this.interpreter.run(1);
    const output = new Uint8Array(recordBytes);
    const out = new DataView(output.buffer);
    if (stop.kind === 'fault') out.setUint32(0, stop.fault.why === 'beyond' ? 7 : 11, true);
    if (stop.kind === 'trap') out.setUint32(0, signals[stop.trap.kind], true);
    // Where a branch goes to there is a breakpoint.
    const elsewhere = cpu.s[RIP] !== code + view.getUint32(16, true);
    if (stop.kind === 'done' && elsewhere)
      out.setUint32(0, cpu.s[RIP] === target ? signals.breakpoint : -1, true);
    if (stop.kind === 'missing') out.setUint32(0, signals.missing, true);
    for (let n = 0; n < 16; n++) out.setBigUint64(state + 8 * n, cpu.q[n]!, true);
    out.setBigUint64(flagsAt, BigInt(cpu.flags()), true);
    const y = extendedAt;
    out.setUint16(y, fpu.control, true);
    out.setUint16(y + 2, fpu.statusWord(), true);
    let tags = 0;
    for (let n = 0; n < 8; n++) {
      const at = (fpu.top + n) & 7;
      tags |= (1 - fpu.empty[n]!) << n;
      out.setBigUint64(y + 32 + 16 * n, fpu.significand[at]!, true);
      out.setUint16(y + 40 + 16 * n, fpu.exponent[at]!, true);
    }
    out.setUint8(y + 4, tags);
    out.setUint32(y + 24, cpu.s[MXCSR]!, true);
    for (let n = 0; n < 16; n++) {
      output.set(cpu.vb.subarray(64 * n, 64 * n + 16), vectorsAt + 16 * n);
      output.set(cpu.vb.subarray(64 * n + 16, 64 * n + 32), uppersAt + 16 * n);
    }
    output.set(memory.readBytes(window, windowBytes), memoryAt);
    return output;
  }
}

/** The first difference, in words. */
function difference(
  i: Decoded,
  input: Uint8Array,
  native: Uint8Array,
  own: Uint8Array,
  mode: Mode,
): string | undefined {
  const a = new DataView(native.buffer, native.byteOffset);
  const b = new DataView(own.buffer, own.byteOffset);
  const hex = (n: bigint | number): string => n.toString(16);
  if (a.getUint32(0, true) !== b.getUint32(0, true))
    return `signal ${a.getUint32(0, true)}, emulated ${b.getUint32(0, true)}`;
  const faulted = a.getUint32(0, true) !== 0;
  for (let n = 0; n < mode / 4; n++) {
    const [x, y] = [a.getBigUint64(state + 8 * n, true), b.getBigUint64(state + 8 * n, true)];
    if (x !== y) return `register ${n}: ${hex(x)}, emulated ${hex(y)}`;
  }
  const mask = faulted ? 0 : maskOf(i, new DataView(input.buffer, input.byteOffset));
  const [x, y] = [Number(a.getBigUint64(flagsAt, true)) & mask, Number(b.getBigUint64(flagsAt, true)) & mask];
  if (x !== y) return `flags ${hex(x)}, emulated ${hex(y)}`;
  const names = (at: number): string =>
    at < 2
      ? 'x87 control'
      : at < 4
        ? 'x87 status'
        : at < 8
          ? 'x87 tags'
          : at < 32
            ? 'MXCSR'
            : at < 160
              ? `st(${(at - 32) >> 4})`
              : at < 416
                ? `xmm${(at - 160) >> 4}`
                : `upper half of ymm${(at - 576) >> 4}`;
  const registers = mode === 64 ? 16 : 8;
  for (let at = 0; at < 832; at++) {
    if ((at >= 6 && at < 24) || (at >= 28 && at < 32) || (at >= 32 && at < 160 && at % 16 >= 10)) continue;
    if (at >= 160 + 16 * registers && (at < 576 || at >= 576 + 16 * registers)) continue;
    const from = at - (at >= 32 ? at % 16 : at % 2);
    if (native[extendedAt + at] === own[extendedAt + at]) continue;
    const part = (all: Uint8Array): string =>
      [...all.subarray(extendedAt + from, extendedAt + from + (at < 32 ? 2 : 16))]
        .reverse()
        .map((v) => v.toString(16).padStart(2, '0'))
        .join('');
    return `${names(at)} byte ${at % 16}: ${part(native)}, emulated ${part(own)}`;
  }
  for (let n = 0; n < windowBytes; n++) {
    // Which bits of MXCSR there are: AMD's CPUs have one for misaligned operands.
    if (/^f?xsave/.test(i.name) && n >= 28 && n < 32) continue;
    if (native[memoryAt + n] !== own[memoryAt + n])
      return `memory +${n}: ${hex(native[memoryAt + n]!)}, emulated ${hex(own[memoryAt + n]!)}`;
  }
  return undefined;
}

export interface Options {
  readonly tier?: 0 | 1;
  readonly mode?: Mode;
  readonly plant?: (output: Uint8Array) => void;
}

export interface Checked {
  readonly cases: number;
  /** Cases that compiled code executed. */
  readonly compiled: number;
  readonly faults: number;
  /** Cases in which the emulator stopped because it lacks something. */
  readonly missing: number;
  /** Texts of such cases. */
  readonly lacking: ReadonlySet<string>;
  /** Of the instructions that were compared. */
  readonly names: ReadonlySet<string>;
  /** One line each: text, seed, difference. */
  readonly differences: readonly string[];
}

/** Assembles texts; each gets 16 bytes. */
function assemble(folder: string, texts: readonly string[], mode: Mode): Uint8Array[] {
  const source = join(folder, 'cases.s');
  writeFileSync(source, texts.map((text) => `.p2align 4, 0xcc\n${text}\n`).join('') + '.p2align 4, 0xcc\n');
  execFileSync('as', [`--${mode}`, source, '-o', join(folder, 'cases.o')]);
  execFileSync('objcopy', [
    '-O',
    'binary',
    '-j',
    '.text',
    join(folder, 'cases.o'),
    join(folder, 'cases.bin'),
  ]);
  const bytes = readFileSync(join(folder, 'cases.bin'));
  return texts.map((_, n) => new Uint8Array(bytes.subarray(16 * n, 16 * n + 16)));
}

/** Runs each text `rounds` times; the state depends on the seed, the text's place and the round. `plant` spoils the emulator's answer. */
export function check(
  group: string,
  texts: readonly string[],
  seed: number,
  rounds: number,
  { tier = 0, mode = 64, plant = () => undefined }: Options = {},
): Checked {
  const folder = mkdtempSync(join(tmpdir(), 'emulate-'));
  try {
    const binary = join(folder, 'native');
    execFileSync('gcc', [
      `-m${mode}`,
      '-O2',
      '-std=gnu11',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-fno-pie',
      '-no-pie',
      '-fcf-protection=none',
      join(here, 'native.c'),
      '-o',
      binary,
    ]);
    const codes = assemble(folder, texts, mode);
    const emulated = new Emulated(tier, mode);
    const differences: string[] = [];
    const names = new Set<string>();
    const lacking = new Set<string>();
    let cases = 0;
    let faults = 0;
    let missing = 0;
    for (let round = 0; round < rounds; round++) {
      const decoded = codes.map((bytes) => decode(bytes, BigInt(code), mode)!);
      const inputs = codes.map((bytes, n) =>
        makeInput(
          decoded[n]!,
          bytes.subarray(0, decoded[n]!.length),
          new Random(BigInt(seed) * 1000003n + BigInt(round) * 65537n + BigInt(n)),
          group,
          mode,
        ),
      );
      const native = spawnSync(binary, { input: Buffer.concat(inputs), maxBuffer: 1 << 30 });
      if (native.status !== 0)
        throw new Error(`the native helper ended with ${native.status ?? native.signal}`);
      inputs.forEach((input, n) => {
        const real = new Uint8Array(native.stdout.subarray(n * recordBytes, (n + 1) * recordBytes));
        const own = emulated.run(input);
        plant(own);
        // What the emulator says it does not have is no difference; it is counted.
        if (new DataView(own.buffer).getUint32(0, true) === signals.missing) {
          missing++;
          lacking.add(texts[n]!);
          return;
        }
        forgive(decoded[n]!, real, own);
        forgiveFunctions(decoded[n]!, new DataView(real.buffer, real.byteOffset), new DataView(own.buffer));
        const why =
          isUndefined(decoded[n]!, input) || isPartial(decoded[n]!, real)
            ? undefined
            : difference(decoded[n]!, input, real, own, mode);
        cases++;
        names.add(decoded[n]!.name);
        if (real[0] !== 0) faults++;
        if (why !== undefined) differences.push(`${texts[n]} [seed ${seed}, round ${round}]: ${why}`);
      });
    }
    return {
      cases,
      compiled: emulated.interpreter.compiled?.executed ?? 0,
      faults,
      missing,
      lacking,
      names,
      differences,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
