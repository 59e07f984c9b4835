// Memory-writing instruction forms with the registers they can run with, each as it stands and mirrored, as one program.
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as iced from 'iced-x86';
import { assemble, SLOT } from '../../scripts/isa-check/assemble.js';
import { cpuFlags, missing } from '../../scripts/isa-check/cpu.js';
import { ALL_CODES, ARENA, casesOf, CODE_END, MIDDLE, type Mode } from '../../scripts/isa-check/forms.js';
import { planOf } from '../../scripts/isa-check/plan.js';
import type { Plan } from '../../scripts/isa-check/plan.js';
import { classify } from '../../src/analyze/classify.js';
import type { WriteKind } from '../../src/analyze/classify.js';
import type { Effects } from '../../src/isa/effects.js';
import { lookup } from '../../src/isa/lookup.js';
import { parse } from '../../src/parse/parse.js';
import type { Instruction } from '../../src/parse/syntax.js';
import { rewrite } from '../../src/rewrite.js';
import type { RewriteResult } from '../../src/rewrite.js';
import { referenceData, referenceOf } from './reference.js';
import { targets } from './targets.js';
import type { Target } from './targets.js';

/** Where harness.c has the thread's base. */
const THREAD = ARENA + 0x3800;
/** Where cpu.ts lets indirect calls go. */
const TARGET = CODE_END - 0x800;

export interface Form {
  readonly text: string;
  readonly instruction: Instruction;
  readonly effects: Effects;
  readonly kind: WriteKind;
}

/** Kinds that no pattern takes, or that leave the program. */
const NOT_HERE: ReadonlySet<WriteKind> = new Set([
  'none',
  'locked-nothing',
  'short-branch',
  'gs',
  'privileged',
  'refused',
  'syscall',
  'fast-entry',
]);

/** Every form that writes memory in code of this word size. */
export function writingForms(mode: Mode): Form[] {
  const target = targets[mode];
  const { more, threadSegment: thread } = target;
  const texts = new Set<string>(more);
  for (const code of ALL_CODES)
    for (const { text } of casesOf(code, mode)) {
      const own = text.replaceAll('%gs:', `%${thread}:`).replace(/-?(0x)?[\da-f]+\(%rip\)/i, 'middle(%rip)');
      texts.add(own);
      if (!own.includes(thread)) texts.add(target.threadLocal(own));
    }
  const strings = new RegExp(`^\\S*(stos|movs[bwlq]?)\\b.*%${thread}`);
  return [...texts]
    .filter((text) => !text.includes('.+') && (!strings.test(text) || more.includes(text)))
    .flatMap((text) => formOf(mode, text));
}

/** The form that a text is, or none where it writes no memory that a pattern takes. */
export function formOf(mode: Mode, text: string): Form[] {
  const instruction = parse('form.s', text.split(';')[0] ?? '').parsed[0]?.body;
  if (instruction?.kind !== 'instruction') return [];
  const found = lookup(instruction, mode);
  if (!found.ok) return [];
  const kind = classify(instruction, found.effects, mode);
  return NOT_HERE.has(kind) ? [] : [{ text, instruction, effects: found.effects, kind }];
}

export interface Case {
  readonly form: Form;
  readonly plan: Plan;
}

export interface Planned {
  readonly cases: readonly Case[];
  /** Not executed, by reason. */
  readonly left: ReadonlyMap<string, readonly Form[]>;
}

/** The forms that this CPU has, with registers and memory to run with. */
export function planAll(
  mode: Mode,
  forms: readonly Form[],
  folder: string,
  flags: ReadonlySet<string> = cpuFlags(),
): Planned {
  const target = targets[mode];
  const { bytes, accepted } = assemble(
    folder,
    mode,
    forms.map(({ text }) => text.replace('middle', `${MIDDLE - CODE_END}`)),
  );
  const left = new Map<string, Form[]>();
  const leave = (form: Form, why: string): void => void left.set(why, [...(left.get(why) ?? []), form]);
  const cases: Case[] = [];
  const taken = new Set(accepted);
  forms.forEach((form, i) => {
    if (!taken.has(i)) leave(form, 'not taken by GNU as');
  });
  accepted.forEach((index, slot) => {
    const form = forms[index];
    if (form === undefined) return;
    const code = bytes.subarray(slot * SLOT, (slot + 1) * SLOT);
    const decoder = new iced.Decoder(mode, code, iced.DecoderOptions.None);
    const first = new iced.Instruction();
    decoder.decodeOut(first);
    // `fstenv` is `fwait` and `fnstenv`.
    const skip = first.mnemonic === iced.Mnemonic.Wait ? first.length : 0;
    if (skip > 0) decoder.decodeOut(first);
    decoder.position = skip;
    decoder.ip = BigInt(CODE_END - first.length);
    const instruction = decoder.decode();
    const lacks = missing(instruction, flags);
    if (lacks !== '' && referenceOf(mode, form) === undefined) return leave(form, `the CPU has no ${lacks}`);
    if (target.kernelRefuses.test(form.text)) return leave(form, 'the kernel does not emulate it there');
    const plan = planOf(
      mode,
      form.text,
      code.subarray(0, skip + instruction.length),
      instruction,
      form.effects,
      'middle',
      THREAD,
    );
    if (plan === undefined) return leave(form, 'no address to be had');
    cases.push({ form, plan });
  });
  return { cases, left };
}

const formText = ({ text }: Form): string => `\t${text}\n`;
/** The same, or what stands for it where the CPU has no such instruction. */
const nativeText =
  (mode: Mode) =>
  (form: Form): string =>
    referenceOf(mode, form) ?? formText(form);

const textOf = (
  { tails }: Target,
  cases: readonly Case[],
  name: string,
  body: (form: Form) => string = formText,
): string =>
  cases
    .map(({ form }, i) =>
      tails.map(({ text }, v) => `.L${name}_${i}_${v}:\n${body(form)}${text}\tjmp\tleave_case\n`).join(''),
    )
    .join('');

/** Where calls go: on a target whose called functions copy their return addresses it is one of them. */
const callee = '\t.text\n\t.globl\tcallee\ncallee:\n\tjmp\tleave_case\n';

function mirrored(target: Target, cases: readonly Case[]): RewriteResult {
  return rewrite('mirrored.s', `${callee}${textOf(target, cases, 'mirrored')}`, {
    profile: target.profile,
    callMirror: undefined,
    abi: 'none',
    breakAt: 0,
    allow: [],
    expand: { readInclude: () => undefined },
  });
}

function record({ form, plan }: Case, i: number): string {
  const { effects, instruction } = form;
  let fixed = 0;
  const word = (value: bigint | number): string => `${BigInt.asUintN(64, BigInt(value))}`;
  // Two words, as 32-bit objects have no longer address.
  const pair = (value: bigint | number): string =>
    `${BigInt.asUintN(32, BigInt(value))}, ${BigInt.asUintN(32, BigInt(value) >> 32n)}`;
  const exit = (value: bigint | number): string =>
    BigInt(value) === BigInt(TARGET) ? 'callee, 0' : pair(value);
  const registers = plan.gpr.map((value, n) => {
    if (value !== undefined) fixed |= 1 << n;
    return value === undefined ? '0, 0' : exit(value);
  });
  const source = instruction.operands[0];
  const bits = /^bt[src]$/.test(effects.base) && source?.kind === 'register' ? plan.gpr.indexOf(69) : -1;
  const compare =
    /^cmpxchg/.test(effects.base) && plan.gpr[0] === undefined
      ? effects.base === 'cmpxchg8b'
        ? 9
        : effects.memoryBytes
      : 0;
  const patches = [0, 1, 2, 3].map((n) => plan.patches[n]);
  const vectors = [0, 1].map((n) => plan.vectors[n]);
  const names = (kind: string): string => [0, 1, 2].map((v) => `${kind}_${i}_${v}`).join(', ');
  const calls = effects.flow === 'call';
  return [
    `\t.section .rodata.str\n1:\t.asciz ${JSON.stringify(form.text)}\n\t.data`,
    `\t.long 1b, ${calls ? `native_${i}_0, 0, 0` : names('native')}, ${names('mirrored')}, 0`,
    `\t.long ${registers.join(', ')}`,
    `\t.long ${fixed}, ${plan.patches.length}, ${plan.vectors.length}, ${Math.max(bits, 0)}, ${bits < 0 ? 0 : effects.operandBytes}, ${compare}, ${calls ? 1 : 0}, 0`,
    ...patches.map((p) =>
      p ? `\t.long ${p.at - ARENA}, ${p.length}\n\t.long ${exit(p.value)}` : '\t.quad 0, 0',
    ),
    ...vectors.map(
      (v) =>
        `\t.quad ${v ? [v.number, ...v.lanes].map((x) => word(x)).join(', ') : '0, 0, 0, 0, 0, 0, 0, 0, 0'}`,
    ),
  ].join('\n');
}

/** What a program printed, and how it ended otherwise. */
export interface Ran {
  readonly stdout: string;
  readonly ended: string;
}

export interface Running {
  /** A change of the mirrored text, to show that it is found. */
  readonly plant?: (text: string) => string;
  /** Also let a signal in at each instruction, whose handler never returns, or returns to where the runtime puts the program. */
  readonly signals?: boolean;
  /** States of each case. */
  readonly seeds?: number;
  /** Instead of the CPU. */
  readonly execute?: (program: string) => Ran;
}

function onCpu(program: string, options: readonly string[]): Ran {
  const { stdout, stderr, status, signal } = spawnSync(program, options, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { stdout, ended: `${status ?? signal ?? ''}: ${stdout.slice(-500)}${stderr}` };
}

export interface Outcome {
  readonly executed: number;
  readonly faulted: readonly string[];
  readonly different: readonly string[];
  /** Refused by the pass, text and reason. */
  readonly refused: readonly (readonly [text: string, reason: string])[];
}

/**
 * Builds and runs all cases.
 *
 * @param harness path of harness.c
 */
export function runCases(
  mode: Mode,
  all: readonly Case[],
  folder: string,
  harness: string,
  { plant = (text) => text, signals = false, seeds = 4, execute }: Running = {},
): Outcome {
  let cases = all;
  const refused: (readonly [string, string])[] = [];
  const target = targets[mode];
  let made = mirrored(target, cases);
  // First what analysis refuses, then what patterns do.
  for (let phase = 0; phase < 2 && !made.ok; phase++) {
    const bad = new Map<number, string>();
    const lines = `${callee}${textOf(target, cases, 'mirrored')}`.split('\n');
    const owner: number[] = [];
    let at = -1;
    lines.forEach((line, n) => {
      const label = /^\.Lmirrored_(\d+)_/.exec(line);
      if (label) at = Number(label[1]);
      owner[n] = at;
    });
    for (const d of made.diagnostics) bad.set(owner[d.line - 1] ?? -1, `${d.code} ${d.message}`);
    for (const [i, why] of bad) refused.push([cases[i]?.form.text ?? '', why]);
    cases = cases.filter((_, i) => !bad.has(i));
    made = mirrored(target, cases);
  }
  if (!made.ok) throw new Error(JSON.stringify(made.diagnostics.slice(0, 5)));
  const file = (name: string): string => join(folder, name);
  // Cases are local labels for the pass, and no functions whose entry it would have to copy a return address at.
  const named = (name: string): string =>
    cases
      .flatMap((_, i) => [0, 1, 2].map((v) => `${name}_${i}_${v}`))
      .map((label) => `\t.globl ${label}\n\t.set ${label}, .L${label}\n`)
      .join('');
  writeFileSync(
    file('native.s'),
    `\t.text\n${textOf(target, cases, 'native', nativeText(mode))}${named('native')}${referenceData}`,
  );
  writeFileSync(
    file('mirrored.s'),
    `\t.text\n\t.globl\tmirrored_begin, mirrored_end\nmirrored_begin:\n${plant(made.text)}\t.text\nmirrored_end:\n${named('mirrored')}`,
  );
  writeFileSync(
    file('items.s'),
    `\t.globl middle\n\t.set middle, ${MIDDLE}\n\t.data\n\t.globl items, item_count\n\t.balign 8\nitem_count:\t.long ${cases.length}\n\t.balign 8\nitems:\n${cases.map(record).join('\n')}\n\t.section .note.GNU-stack,"",@progbits\n`,
  );
  const program = file('patterns');
  execFileSync('gcc', [
    ...[
      `-m${mode}`,
      '-O1',
      '-static',
      '-no-pie',
      '-fno-pie',
      '-fno-stack-protector',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-Wa,--noexecstack',
      `-DSEEDS=${seeds}`,
    ],
    ...['native.s', 'mirrored.s', 'items.s'].map(file),
    harness,
    `-I${join(dirname(harness), '../../runtime')}`,
    ...target.runtime.map((path) => join(dirname(harness), '../..', path)),
    ...['-o', program],
  ]);
  const run = execute ? execute(program) : onCpu(program, signals ? ['signals'] : []);
  const done = /^DONE (\d+) (\d+) (\d+)$/m.exec(run.stdout);
  if (!done) throw new Error(`the harness ended with ${run.ended}`);
  const lines = (word: string): string[] =>
    run.stdout
      .split('\n')
      .filter((line) => line.startsWith(word))
      .map((line) => line.slice(word.length + 1));
  return { executed: Number(done[1]), faulted: lines('FAULTS'), different: lines('DIFFERS'), refused };
}
