// What the facts of a machine mean for mirrored programs, and what to do about it: one row a check.
import type { Facts, Trial } from './facts.js';

export type Level = 'ok' | 'warning' | 'error';

export interface Finding {
  readonly check: string;
  readonly level: Level;
  /** What was found. */
  readonly found: string;
  /** What it means; empty where all is well. */
  readonly meaning: string;
  /** What to do; empty where nothing has to be done. */
  readonly advice: string;
}

type Verdict = Omit<Finding, 'check'>;

interface Row {
  readonly check: string;
  readonly judge: (facts: Facts) => Verdict | undefined;
}

const ok = (found: string): Verdict => ({ level: 'ok', found, meaning: '', advice: '' });
const bad = (level: Exclude<Level, 'ok'>, found: string, meaning: string, advice: string): Verdict => ({
  level,
  found,
  meaning,
  advice,
});

/** HWCAP2_FSGSBASE (Linux, arch/x86/include/uapi/asm/hwcap2.h). */
const hwcap2Fsgsbase = 2;
/** Flags of personality(2). */
const noRandomize = 0x0040000;
const compatLayout = 0x0200000;
const limit3GiB = 0x8000000;

const MiB = 2 ** 20;
/** A 32-bit program's stack counts as no larger (docs/architecture.md, runtime). */
const largestStack32 = 256 * MiB;
/** Linux' own default of vm.max_map_count; each mapping of a mirrored program needs a second one. */
const usualMaps = 65530;

function versionOf(text: string): readonly [major: number, minor: number] {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(text) ?? [];
  return [Number(major), Number(minor)];
}

const before = (text: string, major: number, minor: number): boolean => {
  const [foundMajor, foundMinor] = versionOf(text);
  return foundMajor < major || (foundMajor === major && foundMinor < minor);
};

function judgeTrial(trial: Trial | undefined): Verdict | undefined {
  if (trial === undefined) return undefined;
  if (trial.error === '' && (trial.bytesChecked ?? 0) > 0)
    return ok(`a program was built and ran; ${trial.bytesChecked ?? 0} bytes checked, 0 differ`);
  return bad(
    'error',
    trial.error === '' ? 'nothing was checked' : trial.error,
    `a ${trial.bits}-bit program cannot be built and run mirrored here`,
    'deal with the other findings first; if none explains it, please report this with the output of mirrorasm doctor --json',
  );
}

/** In the order in which they are shown: what others depend on goes first. */
const rows: readonly Row[] = [
  {
    check: 'architecture',
    judge: ({ architecture }) =>
      architecture === 'x64'
        ? ok('x86-64')
        : bad('error', architecture, 'programs for x86-64 and i386 are made', 'use an x86-64 machine'),
  },
  {
    check: 'kernel',
    judge: ({ kernel }) =>
      before(kernel, 5, 9)
        ? bad(
            'error',
            `Linux ${kernel}`,
            'programs may not set the GS base themselves before Linux 5.9',
            'use Linux 5.9 or newer; 32-bit programs run on older ones',
          )
        : ok(`Linux ${kernel}`),
  },
  {
    check: 'fsgsbase',
    judge: ({ cpuHasFsgsbase, hwcap2 }) => {
      if ((hwcap2 & hwcap2Fsgsbase) !== 0) return ok('the instruction wrgsbase can be used');
      const meaning = '64-bit mirrored programs stop at their start';
      return cpuHasFsgsbase
        ? bad(
            'error',
            'the CPU has fsgsbase, the kernel does not let programs use it',
            meaning,
            'boot without the kernel parameter nofsgsbase, with Linux 5.9 or newer',
          )
        : bad(
            'error',
            'the CPU has no fsgsbase',
            meaning,
            'use a CPU from 2012 (Intel) or 2017 (AMD) on; in a virtual machine give the guest the CPU feature fsgsbase',
          );
    },
  },
  {
    check: 'address space limit',
    judge: ({ addressSpaceLimit: limit }) =>
      limit === undefined
        ? ok('none')
        : bad(
            'error',
            `${Math.round(limit / MiB)} MiB (ulimit -v)`,
            'the space for the mirror, 42 TiB of addresses without memory behind them, cannot be reserved',
            'ulimit -v unlimited; limit memory with a control group instead',
          ),
  },
  {
    check: 'stack limit',
    judge: ({ stackLimit: limit }) => {
      if (limit === undefined)
        return bad(
          'warning',
          'none (ulimit -s unlimited)',
          'Linux then places memory where its mirror has no room',
          'ulimit -s 8192, or any other number',
        );
      if (limit > largestStack32)
        return bad(
          'warning',
          `${Math.round(limit / MiB)} MiB`,
          'in 32-bit programs it counts as 256 MiB',
          'ulimit -s 262144, if 32-bit programs matter',
        );
      return ok(`${Math.round(limit / MiB)} MiB`);
    },
  },
  {
    check: 'overcommit',
    judge: ({ overcommitMemory, overcommitRatio }) =>
      overcommitMemory === 2
        ? bad(
            'warning',
            `vm.overcommit_memory is 2, with a ratio of ${overcommitRatio} %`,
            'a mirrored program is charged for all its writable memory twice',
            'raise vm.overcommit_ratio, or set vm.overcommit_memory to 0',
          )
        : ok(`vm.overcommit_memory is ${overcommitMemory}`),
  },
  {
    check: 'mappings',
    judge: ({ maxMapCount }) =>
      maxMapCount < usualMaps
        ? bad(
            'warning',
            `vm.max_map_count is ${maxMapCount}`,
            'each mapping has a mirror, so a program can have half as many',
            `sysctl vm.max_map_count=${2 * usualMaps}`,
          )
        : ok(`vm.max_map_count is ${maxMapCount}`),
  },
  {
    check: 'layout',
    judge: ({ personality, randomize }) => {
      if ((personality & compatLayout) !== 0)
        return bad(
          'error',
          'the old layout of memory (setarch -L)',
          'mappings then lie where their mirror has no room',
          'run without setarch -L',
        );
      if ((personality & limit3GiB) !== 0)
        return bad(
          'warning',
          '3 GiB of addresses (setarch -3)',
          '32-bit programs have 1 GiB; those made with -pie do not fit',
          'run without setarch -3',
        );
      const fixed = randomize === 0 || (personality & noRandomize) !== 0;
      return ok(fixed ? 'as usual, not randomized' : 'as usual, randomized');
    },
  },
  {
    check: 'lost pages',
    judge: ({ memoryFailureRecovery, userfaultfd }) => {
      const trials = userfaultfd === undefined ? '' : '; errors can be tried out with userfaultfd';
      if (memoryFailureRecovery === undefined)
        return bad(
          'warning',
          `the kernel does not report lost pages to programs${trials}`,
          'a memory error ends the machine or goes unseen, so that a mirror cannot help',
          'use a kernel with CONFIG_MEMORY_FAILURE, on a machine with ECC memory',
        );
      return memoryFailureRecovery === 0
        ? bad(
            'warning',
            'vm.memory_failure_recovery is 0: a lost page is a panic',
            'a memory error ends the machine, so that a mirror cannot help',
            'sysctl vm.memory_failure_recovery=1',
          )
        : ok(`reported to the program${trials}`);
    },
  },
  {
    check: 'gcc',
    judge: ({ gcc, clang }) => {
      if (gcc !== undefined) return ok(gcc);
      return clang === undefined
        ? bad('error', 'no compiler', 'mirrorcc runs gcc or clang', 'apt-get install gcc')
        : bad(
            'warning',
            'not found',
            'mirrorcc runs gcc if not told otherwise',
            'apt-get install gcc, or set MIRROR_CC=clang',
          );
    },
  },
  {
    check: 'clang',
    judge: ({ clang }) => (clang === undefined ? undefined : ok(clang)),
  },
  {
    check: 'assembler',
    judge: ({ assembler }) => {
      if (assembler === undefined)
        return bad(
          'error',
          'not found',
          'the rewritten text is assembled by GNU as',
          'apt-get install binutils',
        );
      if (!assembler.includes('GNU'))
        return bad('error', assembler, 'the rewritten text is for GNU as', 'name GNU as in MIRROR_AS');
      const version = assembler.replace(/^.*\)/, '');
      return before(version, 2, 40)
        ? bad('warning', assembler, 'versions before 2.40 are not tested', 'use Debian 12 or newer')
        : ok(assembler);
    },
  },
  {
    check: 'libraries',
    judge: ({ libraries }) =>
      libraries[64]
        ? ok(
            `mirrored C library${libraries.cxx ? ', mirrored C++ library' : '; none for C++ (npm run setup -- --c++)'}`,
          )
        : bad('error', 'no mirrored C library', 'nothing can be linked', 'npm run setup'),
  },
  {
    check: '32-bit libraries',
    judge: ({ libraries, gcc32 }) => {
      if (libraries[32]) return ok('mirrored C library');
      return bad(
        'warning',
        gcc32 ? 'no mirrored C library' : 'gcc -m32 does not work',
        'programs cannot be built with -m32',
        gcc32 ? 'npm run setup' : 'apt-get install gcc-multilib, then npm run setup',
      );
    },
  },
  { check: '64-bit program', judge: ({ trials }) => judgeTrial(trials.find(({ bits }) => bits === 64)) },
  { check: '32-bit program', judge: ({ trials }) => judgeTrial(trials.find(({ bits }) => bits === 32)) },
];

/** Judges a machine: every check that applies, in the order in which to read them. */
export function findingsOf(facts: Facts): Finding[] {
  return rows.flatMap(({ check, judge }) => {
    const verdict = judge(facts);
    return verdict === undefined ? [] : [{ check, ...verdict }];
  });
}

/** Whether 64-bit programs can be built and run: no finding is an error. */
export const isFit = (findings: readonly Finding[]): boolean =>
  findings.every(({ level }) => level !== 'error');
