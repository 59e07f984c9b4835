// Which memory is lost, how, and what has to come of it.

export const widths = [64, 32] as const;
export type Bits = (typeof widths)[number];

/** What the runtime names as the way in which it heard of the page (`cause` in the report). */
export type Cause = 'BUS_MCEERR_AR' | 'BUS_MCEERR_AO' | 'EFAULT';

/** Rows of victim.c, and what they print first. */
interface Kind {
  readonly name: string;
  readonly what: string;
  /** Never written: without a mirror; made anonymous first, else the kernel reads it again by itself. */
  readonly fromFile?: true;
  /** Nothing is waited for but the loss, which comes from outside. */
  readonly asynchronous?: true;
  /** The page is in two processes, of which either may be the one that runs. */
  readonly twoProcesses?: true;
  /** A system call touches it first. */
  readonly byCall?: true;
  /** Another thread than the main one loses and touches the page. */
  readonly threaded?: true;
  readonly prints?: string;
}
export const kinds: readonly Kind[] = [
  { name: 'anonymous', what: 'private mapping' },
  { name: 'break', what: 'program break area (brk)' },
  { name: 'bss', what: '.bss' },
  { name: 'call', what: 'buffer of write(2)', byCall: true },
  { name: 'child', what: 'private mapping that a child of fork has, too', twoProcesses: true },
  { name: 'code', what: 'code', fromFile: true },
  { name: 'constants', what: 'constants', fromFile: true },
  { name: 'data', what: '.data' },
  { name: 'file', what: 'private mapping of a file' },
  { name: 'frame', what: 'main stack, the frame that runs' },
  { name: 'heap', what: 'malloc' },
  { name: 'hugetlb', what: 'huge page, 2 MiB (MAP_HUGETLB)' },
  { name: 'library', what: "C library's data", prints: 'through a stream that was lost\n' },
  { name: 'local', what: 'thread-local storage, main thread' },
  { name: 'shared', what: 'shared anonymous mapping' },
  { name: 'stack', what: 'main stack' },
  { name: 'storing', what: 'private mapping, amid stores', asynchronous: true },
  { name: 'thp', what: 'transparent huge page' },
  { name: 'thread-block', what: 'thread control block', threaded: true },
  { name: 'thread-frame', what: 'thread stack, the frame that runs', threaded: true },
  { name: 'thread-local', what: 'thread-local storage', threaded: true },
  { name: 'thread-stack', what: 'thread stack', threaded: true },
];

/** Late: without PR_MCE_KILL_EARLY, so that the kernel tells when the page is touched. */
interface Loss {
  readonly name: string;
  readonly by: 'inject' | 'madvise' | 'corrupt-pfn' | 'SRAR' | 'SRAO' | 'none';
  readonly late?: true;
  readonly cause?: Cause;
}
export const losses: readonly Loss[] = [
  { name: 'none', by: 'none' },
  { name: 'inject', by: 'inject', cause: 'BUS_MCEERR_AO' },
  { name: 'inject, late', by: 'inject', late: true, cause: 'BUS_MCEERR_AR' },
  { name: 'madvise', by: 'madvise', cause: 'BUS_MCEERR_AO' },
  { name: 'madvise, late', by: 'madvise', late: true, cause: 'BUS_MCEERR_AR' },
  { name: 'corrupt-pfn', by: 'corrupt-pfn', cause: 'BUS_MCEERR_AO' },
  { name: 'corrupt-pfn, late', by: 'corrupt-pfn', late: true, cause: 'BUS_MCEERR_AR' },
  { name: 'mce SRAR', by: 'SRAR', cause: 'BUS_MCEERR_AR' },
  { name: 'mce SRAO', by: 'SRAO', cause: 'BUS_MCEERR_AO' },
  { name: 'mce SRAO, late', by: 'SRAO', late: true, cause: 'BUS_MCEERR_AR' },
];

export type Copy = 'native' | 'mirror' | 'both';

export interface Case {
  readonly bits: Bits;
  readonly kind: Kind;
  readonly copy: Copy;
  readonly loss: Loss;
}

/** Every kind, copy and loss that there is. */
export function allCases(): Case[] {
  return widths.flatMap((bits) =>
    kinds.flatMap((kind) =>
      losses.flatMap((loss) =>
        (['native', 'mirror', 'both'] as const)
          .filter((copy) => possible(kind, loss, copy))
          .map((copy) => ({ bits, kind, copy, loss })),
      ),
    ),
  );
}

function possible(kind: Kind, loss: Loss, copy: Copy): boolean {
  const own = loss.by === 'inject' || loss.by === 'madvise';
  if (kind.asynchronous && loss.by !== 'corrupt-pfn') return false; // the monitor looks for a short loop
  if (loss.by === 'none') return copy === 'native';
  if (kind.fromFile && (copy !== 'native' || own)) return false; // it is lost from outside, after it was made anonymous
  if (kind.twoProcesses && own) return false; // the other one would not know when
  if (loss.by === 'inject' && kind.name === 'hugetlb') return false; // refused: it loses plain pages
  if (copy !== 'both') return true;
  // Told of the first loss, the runtime repairs before there is a second.
  return kind.name === 'heap' && loss.late === true && !own;
}

/** What the program has to have printed. */
export const outputOf = ({ kind }: Case): string => `${kind.prints ?? ''}${kind.name}: whole\n`;

/** How the runtime has to have heard of the page. */
export function causesOf({ kind, loss, copy }: Case): readonly Cause[] {
  if (loss.cause === undefined) return [];
  // The main thread is told, and this one may touch the page before.
  const raced = kind.threaded && !loss.late;
  // The runtime has the call's frame there, and writes its result into it before it hears of a loss that the call itself has made.
  const touched = loss.by === 'madvise' && kind.name === 'frame' && !loss.late;
  if (kind.twoProcesses || raced || touched) return ['BUS_MCEERR_AR', 'BUS_MCEERR_AO'];
  if (kind.byCall && loss.late && copy === 'native') return ['EFAULT'];
  return [loss.cause];
}
