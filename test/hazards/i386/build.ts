// One program of all cases of cases.txt, each as it stands and mirrored, around harness.c.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Abi } from '../../../src/analyze/liveness.js';
import { rewrite } from '../../../src/rewrite.js';

/** The lines of a case file that are cases. */
export function readCases(path: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** Operands of atomic operations in every register, at addresses in every register, beside those of the runtime's compare-and-swap. */
export function atomicCases(): readonly string[] {
  const names = 'eax ecx edx ebx esi edi ebp'.split(' ');
  const bytes = 'al cl dl bl ah ch dh bh'.split(' ');
  const cases: string[] = [];
  for (const base of names)
    for (const memory of [
      `(%${base})`,
      `8(%${base},%${base === 'edi' ? 'esi' : 'edi'},1)`,
      `%gs:4(%${base})`,
    ]) {
      const offset = memory.startsWith('%gs') ? '$0x40' : '%esi';
      const points = memory.includes(',')
        ? `movl $16, %${base === 'edi' ? 'esi' : 'edi'}; movl %ebx, %${base}`
        : `movl ${offset}, %${base}`;
      const all = (body: string): void => void cases.push(`${points}; ${body}`);
      all(`lock incw ${memory}`);
      all(`lock notl ${memory}`);
      if (!/ax|bx|cx|dx/.test(memory)) {
        all(`lock cmpxchg8b ${memory}`);
        if (!memory.includes('gs'))
          all(
            `movl ${memory}, %eax; movl ${memory.startsWith('8') ? memory.replace('8', '12') : `4${memory}`}, %edx; lock cmpxchg8b ${memory}`,
          );
      }
      for (const name of names) {
        all(`lock xaddl %${name}, ${memory}`);
        all(`lock cmpxchgl %${name}, ${memory}`);
        all(`lock sbbl %${name}, ${memory}`);
        all(`xchgw %${name.slice(1)}, ${memory}`);
        if (!memory.includes(name)) all(`movl $-70, %${name}; lock btcl %${name}, ${memory}`);
        if (base !== 'eax' && name !== 'eax') all(`movl ${memory}, %eax; lock cmpxchgl %${name}, ${memory}`);
      }
      for (const name of bytes) {
        all(`xchgb %${name}, ${memory}`);
        all(`lock xaddb %${name}, ${memory}`);
        all(`lock cmpxchgb %${name}, ${memory}`);
        all(`lock adcb %${name}, ${memory}`);
      }
    }
  return cases;
}

/** All cases as functions `native_0`, ... or `mirrored_0`, ..., with what they call. */
function textOf(cases: readonly string[], variant: 'native' | 'mirrored'): string {
  const entry = (name: string, body: string): string =>
    `\t.globl ${name}\n\t.type ${name}, @function\n${name}:\n\t.cfi_startproc\n\t${body}\n\tret\n\t.cfi_endproc\n`;
  const parts = [
    '\t.text\n',
    entry('helper_FN', 'pushl %eax; popl 8(%ebx); incl (%ebx)'),
    entry('__x86.get_pc_thunk.bx_FN', 'movl (%esp), %ebx'),
    ...cases.map((body, i) => entry(`FN_${i}`, body)),
    '\t.data\nhelper_pointer_FN:\t.long helper_FN\n',
  ];
  return parts.join('').replace(/\bFN\b|(?<=_)FN\b|\bFN(?=_)/g, variant);
}

const table = (cases: readonly string[]): string =>
  [
    '\t.section .rodata\n\t.globl cases, case_count\ncase_count:\t.long ' + cases.length + '\ncases:\n',
    ...cases.map(
      (body, i) =>
        `\t.long 1f, native_${i}, mirrored_${i}, ${body.includes('int $') ? 1 : 0}\n\t.pushsection .rodata.str\n1:\t.asciz ${JSON.stringify(body)}\n\t.popsection\n`,
    ),
    // Pages of their own, as the harness maps their mirror.
    '\t.data\n\t.balign 4096\n\t.globl static_begin, static_end, var\nstatic_begin:\nvar:\t.zero 4096\nstatic_end:\n',
    '\t.section .tdata,"awT",@progbits\n\t.globl tls\ntls:\t.long 0\n',
    '\t.section .note.GNU-stack,"",@progbits\n',
  ].join('');

/** Builds the program into `folder`; the input of the pass and its output stay there, too. Throws on a refusal. */
export function buildCases(cases: readonly string[], abi: Abi, harness: string, folder: string): string {
  const result = rewrite('cases.s', textOf(cases, 'mirrored'), {
    profile: 'linux-i386',
    callMirror: undefined,
    abi,
    breakAt: 0,
    allow: [],
    expand: { readInclude: () => undefined },
  });
  if (!result.ok)
    throw new Error(result.diagnostics.map((d) => `${d.line}: ${d.code} ${d.message}: ${d.text}`).join('\n'));
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('native.s'), textOf(cases, 'native'));
  writeFileSync(file('mirrored.s'), result.text);
  writeFileSync(file('table.s'), table(cases));
  const program = file(`cases-${abi}`);
  const runtime = join(dirname(harness), '../../../runtime');
  execFileSync('gcc', [
    ...['-m32', '-O1', '-ffreestanding', '-fno-builtin', '-fno-pie', '-no-pie', '-fno-stack-protector'],
    ...['-nostdlib', '-static', '-Wall', '-Wextra', '-Werror', `-DCOMPARE_ALL=${abi === 'none' ? 1 : 0}`],
    ...['native.s', 'mirrored.s', 'table.s'].map(file),
    ...[harness, `-I${runtime}`, join(runtime, 'i386/atomic.S')],
    ...['-o', program],
  ]);
  return program;
}
