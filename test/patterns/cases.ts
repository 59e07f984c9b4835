// Memory-writing instruction forms with the registers they can run with, each as it stands and mirrored, as one program.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as iced from 'iced-x86';
import { assemble, SLOT } from '../../scripts/isa-check/assemble.js';
import { missing, planOf } from '../../scripts/isa-check/cpu.js';
import type { Plan } from '../../scripts/isa-check/cpu.js';
import { ALL_CODES, ARENA, casesOf, CODE_END, MIDDLE } from '../../scripts/isa-check/forms.js';
import { classify } from '../../src/analyze/classify.js';
import type { WriteKind } from '../../src/analyze/classify.js';
import type { Effects } from '../../src/isa/effects.js';
import { lookup } from '../../src/isa/lookup.js';
import { parse } from '../../src/parse/parse.js';
import type { Instruction } from '../../src/parse/syntax.js';
import { rewrite } from '../../src/rewrite.js';
import type { RewriteResult } from '../../src/rewrite.js';

/** Where harness.c has the thread's base. */
const THREAD = ARENA + 0x3800;
/** Where cpu.ts lets indirect calls go. */
const TARGET = CODE_END - 0x800;

/** What the generated forms do not have: each `%fs:` in front of the operand, string sources in another segment, hints of elision. */
const more: readonly string[] = [
  'movsb %fs:(%rsi), %es:(%rdi)',
  'rep movsq %fs:(%rsi), %es:(%rdi)',
  'rep movsb %ss:(%rsi), %es:(%rdi)',
  'xacquire lock addl %ebx, (%rdi)',
  'xrelease movl %ebx, (%rdi)',
  'pushq %fs:0x40(%rsi,%rcx,4)',
  'popq %fs:(%rdi)',
  'pushq %fs:(%rdi)',
  'enterq $16, $3',
  'enterq $0, $31',
  'call 1f; 1:',
  'lock btsq %rbx, (%rdi)',
  'lock btcl %ebx, 8(%rsp)',
];

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

/** The operand of a form in thread-local storage. */
const threadLocal = (text: string): string =>
  text.replace(/(^|[\s,*])((?:-?0x[\da-f]+|-?\d+)?\(%r[ds]i)/, '$1%fs:$2');

/** Every form that writes memory in 64-bit mode. */
export function writingForms(): Form[] {
  const texts = new Set<string>(more);
  for (const code of ALL_CODES)
    for (const { text } of casesOf(code, 64)) {
      const own = text.replaceAll('%gs:', '%fs:').replace(/-?(0x)?[\da-f]+\(%rip\)/i, 'middle(%rip)');
      texts.add(own);
      if (!own.includes('fs')) texts.add(threadLocal(own));
    }
  const forms: Form[] = [];
  for (const text of texts) {
    if (text.includes('.+')) continue;
    if (/^\S*(stos|movs[bwlq]?)\b.*%fs/.test(text) && !more.includes(text)) continue;
    const instruction = parse('form.s', text.split(';')[0] ?? '').parsed[0]?.body;
    if (instruction?.kind !== 'instruction') continue;
    const found = lookup(instruction);
    if (!found.ok) continue;
    const kind = classify(instruction, found.effects, 64);
    if (!NOT_HERE.has(kind)) forms.push({ text, instruction, effects: found.effects, kind });
  }
  return forms;
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
export function planAll(forms: readonly Form[], folder: string): Planned {
  const flags = new Set(
    (/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '').trim().split(' '),
  );
  const { bytes, accepted } = assemble(
    folder,
    64,
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
    const decoder = new iced.Decoder(64, code, iced.DecoderOptions.None);
    const first = new iced.Instruction();
    decoder.decodeOut(first);
    // `fstenv` is `fwait` and `fnstenv`.
    const skip = first.mnemonic === iced.Mnemonic.Wait ? first.length : 0;
    if (skip > 0) decoder.decodeOut(first);
    decoder.position = skip;
    decoder.ip = BigInt(CODE_END - first.length);
    const instruction = decoder.decode();
    const lacks = missing(instruction, flags);
    if (lacks !== '') return leave(form, `the CPU has no ${lacks}`);
    const plan = planOf(
      64,
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

const general = 'rax rcx rdx rbx rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
/** What stands behind the instruction: nothing, or what makes registers dead. */
const tails = [
  '',
  general.map((name, i) => `\tmovq\t$${i + 17}, %${name}\n`).join(''),
  [8, 9, 10, 11, 12, 13, 14, 15].map((n) => `\tpxor\t%xmm${n}, %xmm${n}\n`).join(''),
];

const textOf = (cases: readonly Case[], name: string): string =>
  cases
    .map(({ form }, i) =>
      tails.map((tail, v) => `${name}_${i}_${v}:\n\t${form.text}\n${tail}\tjmp\tleave_case\n`).join(''),
    )
    .join('');

function mirrored(cases: readonly Case[]): RewriteResult {
  return rewrite('mirrored.s', `\t.text\n${textOf(cases, 'mirrored')}`, {
    profile: 'linux-x86_64',
    callMirror: 'site',
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
  const exit = (value: bigint | number): string =>
    BigInt(value) === BigInt(TARGET) ? 'leave_case' : word(value);
  const registers = plan.gpr.map((value, n) => {
    if (value !== undefined) fixed |= 1 << n;
    return value === undefined ? '0' : exit(value);
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
    `\t.quad 1b, ${calls ? `native_${i}_0, 0, 0` : names('native')}, ${names('mirrored')}`,
    `\t.quad ${registers.join(', ')}`,
    `\t.long ${fixed}, ${plan.patches.length}, ${plan.vectors.length}, ${Math.max(bits, 0)}, ${bits < 0 ? 0 : effects.operandBytes}, ${compare}, ${calls ? 1 : 0}, 0`,
    ...patches.map((p) =>
      p ? `\t.long ${p.at - ARENA}, ${p.length}\n\t.quad ${exit(p.value)}` : '\t.quad 0, 0',
    ),
    ...vectors.map(
      (v) => `\t.quad ${v ? [v.number, ...v.lanes].map((x) => word(x)).join(', ') : '0, 0, 0, 0, 0'}`,
    ),
  ].join('\n');
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
 * @param plant a change of the mirrored text, to show that it is found
 */
export function runCases(
  all: readonly Case[],
  folder: string,
  harness: string,
  plant: (text: string) => string = (text) => text,
): Outcome {
  let cases = all;
  const refused: (readonly [string, string])[] = [];
  let made = mirrored(cases);
  // First what analysis refuses, then what patterns do.
  for (let phase = 0; phase < 2 && !made.ok; phase++) {
    const bad = new Map<number, string>();
    const lines = textOf(cases, 'mirrored').split('\n');
    const owner: number[] = [];
    let at = -1;
    lines.forEach((line, n) => {
      const label = /^mirrored_(\d+)_/.exec(line);
      if (label) at = Number(label[1]);
      owner[n] = at;
    });
    // The first line is .text.
    for (const d of made.diagnostics) bad.set(owner[d.line - 2] ?? -1, `${d.code} ${d.message}`);
    for (const [i, why] of bad) refused.push([cases[i]?.form.text ?? '', why]);
    cases = cases.filter((_, i) => !bad.has(i));
    made = mirrored(cases);
  }
  if (!made.ok) throw new Error(JSON.stringify(made.diagnostics.slice(0, 5)));
  const file = (name: string): string => join(folder, name);
  writeFileSync(
    file('native.s'),
    `\t.globl ${cases.map((_, i) => [0, 1, 2].map((v) => `native_${i}_${v}`).join(', ')).join('\n\t.globl ')}\n\t.text\n${textOf(cases, 'native')}`,
  );
  const globals = cases
    .map((_, i) => `\t.globl ${[0, 1, 2].map((v) => `mirrored_${i}_${v}`).join(', ')}\n`)
    .join('');
  writeFileSync(file('mirrored.s'), `${globals}${plant(made.text)}`);
  writeFileSync(
    file('items.s'),
    `\t.globl middle\n\t.set middle, ${MIDDLE}\n\t.data\n\t.globl items, item_count\n\t.balign 8\nitem_count:\t.long ${cases.length}\n\t.balign 8\nitems:\n${cases.map(record).join('\n')}\n\t.section .note.GNU-stack,"",@progbits\n`,
  );
  const program = file('patterns');
  execFileSync('gcc', [
    ...[
      '-O1',
      '-static',
      '-no-pie',
      '-fno-pie',
      '-fno-stack-protector',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-Wa,--noexecstack',
    ],
    ...['native.s', 'mirrored.s', 'items.s'].map(file),
    harness,
    join(dirname(harness), '../../runtime/x86_64/atomic.S'),
    ...['-o', program],
  ]);
  const run = spawnSync(program, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const done = /^DONE (\d+) (\d+) (\d+)$/m.exec(run.stdout);
  if (!done)
    throw new Error(
      `the harness ended with ${run.status ?? run.signal ?? ''}: ${run.stdout.slice(-500)}${run.stderr}`,
    );
  const lines = (word: string): string[] =>
    run.stdout
      .split('\n')
      .filter((line) => line.startsWith(word))
      .map((line) => line.slice(word.length + 1));
  return { executed: Number(done[1]), faulted: lines('FAULTS'), different: lines('DIFFERS'), refused };
}
