// Random code in random states, executed by both tiers: after any number of instructions registers, flags, memory and faults are the same.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Interpreter } from '../../../src/emulate/interpreter.js';
import type { Tiers } from '../../../src/emulate/interpreter.js';
import { Memory } from '../../../src/emulate/memory.js';
import { anonymous } from '../../../src/emulate/regions.js';
import {
  Cpu,
  FS_SELECTOR,
  GS,
  GS_SELECTOR,
  masksAt,
  maskRegisters,
  MXCSR,
  RIP,
  sameRegisters,
} from '../../../src/emulate/state.js';
import { groups, groups32 } from '../cases.js';
import { called, chosen, wide } from './wide.js';

export const page = 4096;
export const arena = 0x10000000;
const readOnly = arena + 4 * page;
export const code = 0x20000000;
const codePages = 3;
/** Code lies over the end of a page. */
const codeStart = code + page - 200;
const conditions = 'a ae b be e g ge l le ne no np ns o p s'.split(' ');

export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = (seed * 0x9e3779b1) | 1;
    for (let n = 0; n < 8; n++) this.word();
  }
  word(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state;
  }
  below(n: number): number {
    return (this.word() >>> 0) % n;
  }
  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }
  wide(): bigint {
    return BigInt.asUintN(64, (BigInt(this.word()) << 32n) ^ BigInt(this.word() >>> 0));
  }
}

const own = [
  'movq %rax, %gs:(%rdi)', 'movl %edx, %gs:8(%rdi)', 'addq $3, %gs:(%rdi)', 'movb %fs:3(%rdi), %al', 'loop 1f\n1:', 'incl %eax', 'decq %rdx',
  'addl $1, (%rdi)', 'cmpl %edx, %eax', 'cmpb $7, %al', 'testq %rax, %rax', 'subw $9, %dx', 'movl 4(%edi), %ebx', 'leaq -8(%rdi,%rcx,2), %r9',
  'rdtsc', 'cpuid',
]; // prettier-ignore

const own32 = [
  'movl %eax, %gs:(%edi)', 'movb %fs:3(%edi), %al', 'addl $3, %gs:(%edi)', 'loop 1f\n1:', 'jecxz 1f\n1:', 'incl %eax', 'decl %edx', 'addl $1, (%edi)',
  'cmpl %edx, %eax', 'cmpb $7, %al', 'testl %eax, %eax', 'subw $9, %dx', 'leal -8(%edi,%ecx,2), %ebx', 'movl %ebx, -0x7fe00000(%edi)', 'pushl $-77',
  'pushl %esp', 'popl %edx', 'pushl (%edi)', 'pushw %ax', 'popw %ax', 'push %gs', 'leave\nmovl %edi, %esp', 'rdtsc', 'endbr32', 'int $0x80',
]; // prettier-ignore

/** What the two sizes of words write differently. */
const texts = {
  64: {
    own,
    more: groups,
    setters: ['adcq %r9, %r10', 'subl %r9d, %r10d', 'testw %r9w, %r10w', 'sbbb %r9b, %r10b', 'incq %r10', 'shlq $3, %r10', 'imull %r9d, %r10d'],
    condition: (name: string) => `set${name} %r8b\nadcq $0, %r10\n`,
    indirect: (to: string, how: string) => `leaq ${to}(%rip), %r11\n${how} *%r11\n`,
  },
  32: {
    own: own32,
    more: groups32,
    setters: ['adcl %eax, %edx', 'subl %eax, %edx', 'testw %ax, %dx', 'sbbb %al, %dl', 'incl %edx', 'shll $3, %edx', 'imull %eax, %edx'],
    condition: (name: string) => `set${name} %dl\nadcl $0, %edx\n`,
    indirect: (to: string, how: string) => `movl $${codeStart} + ${to} - L0, %edx\n${how} *%edx\n`,
  },
} as const; // prettier-ignore

/** A few labelled blocks that end in branches, calls and returns among themselves. */
function program(r: Random, mode: 32 | 64): string {
  const { own, more, condition, indirect } = texts[mode];
  const forms = r.below(4) === 0 ? [...more['vectors']!, ...more['integers']!] : more['integers']!;
  const isWide = r.below(2) === 0;
  const form = (): string =>
    isWide && r.below(3) > 0
      ? chosen(r.pick(r.below(12) === 0 ? called : wide), r, mode)
      : r.pick(r.below(3) === 0 ? own : forms);
  const blocks = 4 + r.below(10);
  const label = (): string => `L${r.below(blocks)}`;
  let text = '';
  for (let n = 0; n < blocks; n++) {
    text += `L${n}:\n`;
    // Flags meet what looks at them.
    for (let k = r.below(7); k > 0; k--)
      text += `${form()}\n${r.below(3) === 0 ? condition(r.pick(conditions)) : ''}`;
    text += r.pick([
      () => `j${r.pick(conditions)} ${label()}\n`,
      () => `j${r.pick(conditions)} ${label()}\nj${r.pick(conditions)} ${label()}\n`,
      () => `call ${label()}\n`,
      () => `jmp ${label()}\n`,
      () => 'ret\n',
      () => indirect(label(), 'jmp'),
      () => indirect(label(), 'call'),
      () => '',
    ])();
  }
  return `${text}jmp L0\n`;
}

export function assemble(text: string, mode: 32 | 64): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'sequences-'));
  try {
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('a.s'), text);
    execFileSync('as', [`--${mode}`, at('a.s'), '-o', at('a.o')]);
    execFileSync('objcopy', ['-O', 'binary', '-j', '.text', at('a.o'), at('a.bin')]);
    return new Uint8Array(readFileSync(at('a.bin')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Numbers of floating point at places of 8 bytes: most of them ordinary. */
function numbersInto(r: Random, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 8)
    switch (r.below(8)) {
      case 0:
      case 1:
        view.setFloat64(at, (r.below(4001) - 2000) / r.pick([1, 3, 1000]), true);
        break;
      case 2:
      case 3:
        for (const half of [0, 4]) view.setFloat32(at + half, (r.below(401) - 200) / r.pick([1, 7]), true);
        break;
      case 4:
        view.setFloat64(at, r.pick([0, -0, 5e-324, Infinity, NaN, 1e308, 2 ** 31, 1e-40]), true);
        break;
      case 5:
        view.setInt32(at, -r.below(2), true);
        break;
    }
}

/** Registers, and masks of which some choose all or none. */
function vectorState(r: Random): Uint8Array {
  const bytes = Uint8Array.from({ length: masksAt + 8 * maskRegisters }, () => r.below(256));
  numbersInto(r, bytes);
  for (let n = 0; n < maskRegisters; n++)
    if (r.below(2) === 0) bytes.fill(r.pick([0, 255]), masksAt + 8 * n, masksAt + 8 * (n + 1));
  return bytes;
}

export class Emulated {
  readonly memory = new Memory(1 << 20);
  readonly cpu: Cpu;
  readonly interpreter: Interpreter;

  constructor(tiers: Tiers, mode: 32 | 64) {
    this.cpu = new Cpu(this.memory, mode);
    this.interpreter = new Interpreter(this.cpu, tiers);
    this.memory.map(anonymous(arena, arena + 3 * page, 3));
    this.memory.map(anonymous(readOnly, readOnly + page, 1));
    this.memory.map(anonymous(code, code + codePages * page, 7));
    this.cpu.onSyscall = () => undefined;
  }

  /** As text: everything that the two have to agree in. */
  run(limit: number): string {
    const stop = this.interpreter.run(limit);
    return JSON.stringify(stop, (key, value: unknown) =>
      key === 'trap' ? (value as { kind: string }).kind : value,
    );
  }
}

export interface Compared {
  readonly instructions: number;
  /** Of them executed by compiled code. */
  readonly compiled: number;
  /** And by threaded code. */
  readonly threaded: number;
  readonly stops: number;
  readonly difference: string | undefined;
}

/** How often blocks are begun before they are threaded code, and compiled; undefined: they never are. */
export interface Stages {
  readonly warm?: (r: Random) => number;
  readonly hot?: (r: Random) => number;
}

const often = (r: Random): number => 1 + r.below(3);
export const stages: Readonly<Record<string, Stages>> = {
  compiled: { hot: often },
  threaded: { warm: often },
  'threaded, then compiled': { warm: often, hot: (r) => 3 + r.below(6) },
};

/** An instruction, behind one that sets flags, before one that reads them and others that read registers; again and again. */
export function surrounded(r: Random, mode: 32 | 64, instruction: string): string {
  const { setters, condition } = texts[mode];
  const read = ['eax', 'edx', 'ecx', 'ebp'].map((register) => `addl %${register}, %ebx\nroll $7, %ebx\n`);
  return `L0:\n${r.pick(setters)}\n${instruction}\n${condition(r.pick(conditions))}${read.join('')}jmp L0\n`;
}

export function compareTiers(
  seed: number,
  states: number,
  mode: 32 | 64,
  { warm, hot }: Stages,
  write: (r: Random, mode: 32 | 64) => string = program,
): Compared {
  const r = new Random(seed);
  const text = write(r, mode);
  const bytes = assemble(text, mode);
  const tiers: Tiers = { tier: hot ? 1 : 0, hot: hot?.(r) ?? 1, warm: warm?.(r) ?? 0 };
  const both = [new Emulated({ tier: 0, warm: 0 }, mode), new Emulated(tiers, mode)] as const;
  const [first, second] = both;
  let stops = 0;
  const report = (difference: string | undefined): Compared => ({
    instructions: first.cpu.executed,
    compiled: second.interpreter.compiled?.executed ?? 0,
    threaded: second.interpreter.threaded?.executed ?? 0,
    stops,
    difference,
  });
  for (let state = 0; state < states; state++) {
    const at = r.pick([
      arena + 0x900, arena + 0x900, arena + page - 4, arena + 2 * page - 7, arena + 3 * page - 4, readOnly + 64, codeStart + r.below(bytes.length),
    ]); // prettier-ignore
    const values = Array.from({ length: 16 }, () => (r.below(2) === 0 ? BigInt(r.below(300)) : r.wide()));
    values[4] = BigInt(arena + page + 0x400);
    values[5] = BigInt(arena + 0x800);
    values[6] = BigInt(arena + 0x700);
    values[7] = BigInt(at);
    const flags = r.word() & 0x8d5;
    const data = Uint8Array.from({ length: 3 * page }, () => r.below(256));
    const vectors = vectorState(r);
    numbersInto(r, data);
    const mxcsr = r.pick([0x1f80, 0x1fa0, 0x1fa0, 0x1fa0, 0x3fa0]);
    for (const { memory, cpu } of both) {
      if (Buffer.compare(memory.readBytes(codeStart, bytes.length), bytes) !== 0)
        memory.writeBytes(codeStart, bytes);
      memory.writeBytes(arena, data);
      values.slice(0, mode / 4).forEach((value, n) => (cpu.q[n] = BigInt.asUintN(mode, value)));
      cpu.setFlags(flags);
      cpu.vb.set(vectors);
      cpu.s[MXCSR] = mxcsr;
      cpu.s[GS] = 64;
      // Addresses by way of GS go round, by way of FS nothing is there at times.
      if (mode === 32) {
        [cpu.s[GS_SELECTOR], cpu.s[FS_SELECTOR]] = [0x63, state % 2 ? 0x63 : 0];
        cpu.s[GS] = -64;
      }
      cpu.s[RIP] = codeStart;
      cpu.s[RIP + 1] = 0;
    }
    for (let part = 1 + r.below(6); part > 0; part--) {
      const limit = 1 + r.below(r.pick([5, 50, 2000]));
      const [a, b] = both.map((one) => one.run(limit));
      stops++;
      const where = `seed ${seed}, state ${state}`;
      if (a !== b) return report(`${where}: ${a}, compiled ${b}\n${text}`);
      if (first.cpu.executed !== second.cpu.executed)
        return report(
          `${where}: limit ${limit} ${a} executed ${first.cpu.executed}, compiled ${second.cpu.executed}\n${text}`,
        );
      const [x, y] = both.map(({ cpu }) => cpu.snapshot());
      if (!sameRegisters(x!, y!) || first.cpu.s[RIP] !== second.cpu.s[RIP])
        return report(
          `${where}: registers ${describe(first.cpu)}, compiled ${describe(second.cpu)} behind ${first.cpu.executed}\n${text}`,
        );
      for (const [from, length] of [
        [arena, 3 * page],
        [code, codePages * page],
      ] as const)
        // prettier-ignore
        if (Buffer.compare(first.memory.readBytes(from, length), second.memory.readBytes(from, length)) !== 0)
          return report(`${where}: memory\n${text}`);
      if (JSON.parse(a!).kind !== 'done') break;
    }
  }
  return report(undefined);
}

function describe(cpu: Cpu): string {
  return `${[...cpu.q.subarray(0, 17)].map((v) => v.toString(16)).join(' ')} flags ${cpu.flags().toString(16)}`;
}
