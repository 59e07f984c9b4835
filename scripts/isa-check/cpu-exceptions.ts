// What the CPU check does not run, what cannot come to an end in a user program, and where CPU and table differ.

export type CpuField =
  | 'never ends'
  | 'privileged'
  | 'flow'
  | 'size'
  | 'register written'
  | 'flag written'
  | 'vector written'
  | 'mmx written'
  | 'opmask written'
  | 'x87 written'
  | 'x87 stack'
  | 'register result'
  | 'flag result'
  | 'vector result'
  | 'mmx result'
  | 'opmask result'
  | 'memory result'
  | 'fault'
  | 'twice'
  | 'memory written'
  | 'memory not written';

export interface CpuEntry {
  readonly name: string;
  readonly reason: string;
  readonly statement: RegExp;
}

/** Never run: they leave the process, the mode, or do not come back. */
export const CPU_SKIPPED: readonly CpuEntry[] = [
  {
    name: 'system calls and hypercalls',
    reason: 'the kernel or the hypervisor would act',
    statement: /^(\S+ )?(syscall|sysenter|vmcall|vmmcall|int\b.*|into|int1|int3|icebp)/,
  },
  {
    name: 'far transfers and returns',
    reason: 'they change the code segment',
    statement: /^((rep\S*|bnd|rex\.w|data16) )?(iret\w*|l(ret|call|jmp)\w*|retf|sysret\w*|sysexit\w*|uiret)/,
  },
  {
    name: 'transactions',
    reason: 'they roll back what the check watches',
    statement: /^x(begin|abort|end|test)/,
  },
  { name: 'waiting for a monitor', reason: 'they may wait for ever', statement: /^(m|u)wait/ },
];

/** Executed, but a user program gets a signal instead of a result. */
export const CPU_FAULTS: readonly CpuEntry[] = [
  { name: 'rdpmc', reason: 'Linux lets only the kernel read performance counters', statement: /^rdpmc/ },
  { name: 'aam $0', reason: 'a division by zero', statement: /^aam \$0$/ },
  { name: 'branches to themselves', reason: 'they go round for ever', statement: /^(jmp|loop|jrcxz) \.$/ },
  {
    name: 'division by its own upper half',
    reason: 'the quotient never fits',
    statement: /^i?div[bwlq]? %([er]?dx|ah)$/,
  },
  {
    name: 'near branches of 16 bits',
    reason: 'the instruction pointer is cut to 16 bits, where nothing can be mapped',
    statement:
      /^(bnd |data16 )*((j\w+|call|loop\w*|ret)w? ?(\$.*|\*%\w\w|\*[^%].*|\.\+20)?|retw.*|callw.*|jmpw.*)$/,
  },
];

/** Differences that stay. */
export const CPU_EXCEPTIONS: readonly (CpuEntry & { readonly fields: readonly CpuField[] })[] = [
  {
    name: 'clocks, counters and random numbers',
    reason: 'two runs give two results',
    statement: /^(rdtscp?|rdrand|rdseed|rdpmc)/,
    fields: ['register result', 'flag result'],
  },
  {
    name: 'masked loads and stores at a page end',
    reason: 'elements whose mask is clear are not accessed',
    statement: /^v?p?maskmov/,
    fields: ['size'],
  },
  {
    name: 'cache line instructions on an unmapped address',
    reason: 'they translate the address, and fault, but access nothing',
    statement: /^(clflush|clflushopt|clwb) /,
    fields: ['size'],
  },
  {
    name: 'fxsave',
    reason:
      'AMD leaves reserved bytes as they were, Intel as well; the 512 bytes are the format (SDM, APM FXSAVE)',
    statement: /^fxsave/,
    fields: ['memory not written'],
  },
  {
    name: 'movsxd to a 16-bit register',
    reason: 'AMD reads 32 bits, Intel 16 (SDM, APM MOVSXD)',
    statement: /^movsxd? .*, ?%\w?\w(x|i|p|w)$/,
    fields: ['size'],
  },
];
