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
import {
  Cpu,
  FS_SELECTOR,
  GS_SELECTOR,
  masksAt as cpuMasksAt,
  MXCSR,
  RIP,
  TLS_THERE,
} from '../../src/emulate/state.js';
import {
  anyWord,
  arena,
  code,
  isWide,
  makeInput,
  Pool,
  Random,
  target,
  vectorWord,
  window,
} from './input.js';
import type { Mode } from './input.js';
import {
  state,
  flagsAt,
  extendedAt,
  masksAt,
  memoryAt,
  operandAt,
  placesOf,
  recordBytes,
  windowBytes,
} from './record.js';
import { rowOf } from './rows.js';
import { isUndefined, isPartial, forgiveFunctions, forgive, forgiveGather, maskOf } from './tolerance.js';

const here = typeof __dirname === 'string' ? __dirname : join(process.cwd(), 'test/emulate');
/** Cases that the native helper is given at once. */
const batch = 4000;
const signals = {
  divide: 8,
  float: 8,
  illegal: 4,
  breakpoint: 5,
  step: 5,
  overflow: 11,
  bound: 11,
  protection: 11,
  missing: 99,
} as const;

/** The interpreter's answer in the native helper's form. */
class Emulated {
  readonly memory = new Memory(1 << 20);
  readonly cpu: Cpu;
  readonly interpreter: Interpreter;
  /** Tier 1: each instruction is a compiled region. */
  constructor(tier: 0 | 1, warm: number, mode: Mode) {
    this.cpu = new Cpu(this.memory, mode);
    // As the native helper's C library has it.
    if (mode === 32) [this.cpu.s[GS_SELECTOR], this.cpu.s[TLS_THERE]] = [0x63, 1];
    this.interpreter = new Interpreter(this.cpu, { tier, hot: 1, warm, longest: 1 });
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
    for (let n = 0; n < 32; n++)
      placesOf(n).forEach((at, part) => cpu.vb.set(input.subarray(at, at + 16), 64 * n + 16 * part));
    cpu.vb.set(input.subarray(masksAt, masksAt + 64), cpuMasksAt);
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
    for (let n = 0; n < 32; n++)
      placesOf(n).forEach((at, part) => {
        output.set(cpu.vb.subarray(64 * n + 16 * part, 64 * n + 16 * part + 16), at);
      });
    output.set(cpu.vb.subarray(cpuMasksAt, cpuMasksAt + 64), masksAt);
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
                : at < 832
                  ? `upper half of ymm${(at - 576) >> 4}`
                  : at < 896
                    ? `k${(at - 832) >> 3}`
                    : at < 1408
                      ? `upper half of zmm${(at - 896) >> 5}`
                      : `zmm${16 + ((at - 1408) >> 6)}, from byte ${(at - 1408) & 48}`;
  const registers = mode === 64 ? 16 : 8;
  const end = isWide ? memoryAt - extendedAt : 832;
  for (let at = 0; at < end; at++) {
    if ((at >= 6 && at < 24) || (at >= 28 && at < 32) || (at >= 32 && at < 160 && at % 16 >= 10)) continue;
    if (at >= 160 + 16 * registers && at < 576) continue;
    if (mode === 32 && ((at >= 704 && at < 832) || at >= 1152)) continue;
    const from = at - (at >= 32 ? at % 16 : at % 2);
    if (native[extendedAt + at] === own[extendedAt + at]) continue;
    const part = (all: Uint8Array): string =>
      [...all.subarray(extendedAt + from, extendedAt + from + (at < 32 ? 2 : 16))]
        .reverse()
        .map((v) => v.toString(16).padStart(2, '0'))
        .join('');
    return `${names(at)} byte ${at % 16}: ${part(native)}, emulated ${part(own)}`;
  }
  if (Buffer.compare(native.subarray(memoryAt), own.subarray(memoryAt)) === 0) return undefined;
  for (let n = 0; n < windowBytes; n++) {
    // Which bits of MXCSR there are: AMD's CPUs have one for misaligned operands.
    const mask = i.name.startsWith('fxsave') ? operandAt - 256 + 28 : 28;
    if (/^f?xsave/.test(i.name) && n >= mask && n < mask + 4) continue;
    if (native[memoryAt + n] !== own[memoryAt + n])
      return `memory +${n}: ${hex(native[memoryAt + n]!)}, emulated ${hex(own[memoryAt + n]!)}`;
  }
  return undefined;
}

export interface Options {
  readonly tier?: 0 | 1;
  /** 1: each instruction is threaded code, if there is a routine for it. */
  readonly warm?: number;
  readonly mode?: Mode;
  readonly plant?: (output: Uint8Array) => void;
}

export interface Checked {
  readonly cases: number;
  /** Cases that compiled code executed. */
  readonly compiled: number;
  /** Cases that threaded code executed. */
  readonly threaded: number;
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
  { tier = 0, warm = 0, mode = 64, plant = () => undefined }: Options = {},
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
    const emulated = new Emulated(tier, warm, mode);
    const differences: string[] = [];
    const names = new Set<string>();
    const lacking = new Set<string>();
    let cases = 0;
    let faults = 0;
    let missing = 0;
    const decoded = codes.map((bytes) => decode(bytes, BigInt(code), mode)!);
    for (let round = 0; round < rounds; round++) {
      const words = new Random(BigInt(seed) * 1000003n + BigInt(round));
      const pools = { words: new Pool(words, anyWord), floats: new Pool(words, vectorWord) };
      for (let first = 0; first < codes.length; first += batch) {
        const inputs = codes
          .slice(first, first + batch)
          .map((bytes, n) =>
            makeInput(
              decoded[first + n]!,
              bytes.subarray(0, decoded[first + n]!.length),
              new Random(BigInt(seed) * 1000003n + BigInt(round) * 65537n + BigInt(first + n)),
              group,
              mode,
              pools,
            ),
          );
        const native = spawnSync(binary, { input: Buffer.concat(inputs), maxBuffer: 1 << 30 });
        if (native.status !== 0)
          throw new Error(`the native helper ended with ${native.status ?? native.signal}`);
        inputs.forEach((input, k) => {
          const n = first + k;
          const real = new Uint8Array(native.stdout.subarray(k * recordBytes, (k + 1) * recordBytes));
          const own = emulated.run(input);
          plant(own);
          // What the emulator says it does not have is no difference; it is counted.
          if (new DataView(own.buffer).getUint32(0, true) === signals.missing) {
            missing++;
            lacking.add(texts[n]!);
            return;
          }
          forgive(decoded[n]!, real, own);
          forgiveGather(decoded[n]!, real, own);
          forgiveFunctions(decoded[n]!, new DataView(real.buffer, real.byteOffset), new DataView(own.buffer));
          const why =
            isUndefined(decoded[n]!, input) || isPartial(decoded[n]!, real)
              ? undefined
              : difference(decoded[n]!, input, real, own, mode);
          cases++;
          names.add(rowOf(decoded[n]!));
          if (real[0] !== 0) faults++;
          if (why !== undefined) differences.push(`${texts[n]} [seed ${seed}, round ${round}]: ${why}`);
        });
      }
    }
    return {
      cases,
      compiled: emulated.interpreter.compiled?.executed ?? 0,
      threaded: emulated.interpreter.threaded?.executed ?? 0,
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
