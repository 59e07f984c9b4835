// What the check of patterns has to know of each word size.
import type { Mode } from '../../scripts/isa-check/forms.js';
import { atomicRegisters } from './atomics.js';
import type { ProfileName } from '../../src/profile/profile.js';

interface Tail {
  readonly text: string;
}

export interface Target {
  readonly profile: ProfileName;
  readonly threadSegment: 'fs' | 'gs';
  /** The operand of a form in thread-local storage. */
  readonly threadLocal: (text: string) => string;
  /** What the generated forms do not have: each thread-local operand, string sources in another segment, hints of elision. */
  readonly more: readonly string[];
  /** What stands behind the instruction: nothing, or what makes registers dead. */
  readonly tails: readonly [Tail, Tail, Tail];
  /** Forms that the processor leaves to the kernel (UMIP), whose emulation takes no address that wraps. */
  readonly kernelRefuses: RegExp;
  /** Files of the runtime that mirrored code enters. */
  readonly runtime: readonly string[];
}

const kill = (names: string, mov: string): Tail => ({
  text: names
    .split(' ')
    .map((name, i) => `\t${mov}\t$${i + 17}, %${name}\n`)
    .join(''),
});

const x8664: Target = {
  profile: 'linux-x86_64',
  threadSegment: 'fs',
  threadLocal: (text) => text.replace(/(^|[\s,*])((?:-?0x[\da-f]+|-?\d+)?\(%r[ds]i)/, '$1%fs:$2'),
  more: [
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
    'lock btrw %bx, %fs:(%rdi)',
    'lock btsl %ebx, (%edi)',
    'lock btcq %rbx, middle(%rip)',
    ...atomicRegisters(),
    'ds vmaskmovdqu %xmm1, %xmm2',
  ],
  tails: [
    { text: '' },
    kill('rax rcx rdx rbx rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15', 'movq'),
    { text: [8, 9, 10, 11, 12, 13, 14, 15].map((n) => `\tpxor\t%xmm${n}, %xmm${n}\n`).join('') },
  ],
  kernelRefuses: /^$/,
  runtime: ['runtime/x86_64/atomic.S'],
};

const i386: Target = {
  profile: 'linux-i386',
  threadSegment: 'gs',
  threadLocal: (text) => text.replace(/(^|[\s,*])((?:-?0x[\da-f]+|-?\d+)?\(%e[ds]i)/, '$1%gs:$2'),
  more: [
    'movsb %gs:(%esi), %es:(%edi)',
    'rep movsl %gs:(%esi), %es:(%edi)',
    'rep movsb %ss:(%esi), %es:(%edi)',
    'xacquire lock addl %ebx, (%edi)',
    'xrelease movl %ebx, (%edi)',
    'pushl %gs:0x40(%esi,%ecx,4)',
    'popl %gs:(%edi)',
    'pushl %gs:(%edi)',
    'enterl $16, $3',
    'enterl $0, $31',
    'enterl $0, $0',
    'call 1f; 1:',
    'lock btsl %ebx, (%edi)',
    'lock btcl %ebx, 8(%esp)',
    'lock btrl %ebx, 0x40(%esi,%ecx,4)',
    'ds vmaskmovdqu %xmm1, %xmm2',
  ],
  tails: [
    { text: '' },
    kill('eax ecx edx ebx ebp esi edi', 'movl'),
    // None that has a part of 8 bits.
    kill('ebp esi edi', 'movl'),
  ],
  kernelRefuses: /^(sgdt|sidt|sldt|smsw|str)[lw]?\b.*%gs:/,
  runtime: ['runtime/i386/atomic.S'],
};

export const targets: Readonly<Record<Mode, Target>> = { 32: i386, 64: x8664 };
