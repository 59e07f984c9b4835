// Options that ask for a library which is not mirrored, or for code that does not come through the assembler.
import type { Phase, Refusal } from './arguments.js';

interface Row {
  readonly option: RegExp;
  /** Takes the option back, or makes it harmless; where both stand, the row does not apply. */
  readonly unless?: RegExp;
  readonly clangOnly?: boolean;
  /** Only the link needs what is missing; objects may be used with something of the user's. */
  readonly linkOnly: boolean;
  readonly why: string;
  readonly note: string;
}

/** Sorted by option. gcc manual 3.11 to 3.13, 3.19.55; clang manual, "Controlling Code Generation". */
const rows: readonly Row[] = [
  {
    option: /^-(fprofile-arcs|-coverage|f(cs-)?profile-(instr-)?generate(=.*)?)$/,
    unless: /^-fno-profile-(arcs|generate|instr-generate)$/,
    clangOnly: true,
    linkOnly: true,
    why: "clang's library of profiles (compiler-rt) is not mirrored",
    note: 'profile a native build, or use gcc, whose libgcov is mirrored',
  },
  {
    option: /^-flto(=.*)?$/,
    unless: /^-fno-lto$/,
    clangOnly: true,
    linkOnly: false,
    why: "clang's linker plugin makes machine code without an assembler",
    note: 'leave -flto out, or use gcc, whose link-time code is rewritten',
  },
  {
    option: /^-(fopenacc|fopenmp(=.*)?|ftree-parallelize-loops=.*)$/,
    unless: /^-fno-openmp$/,
    linkOnly: true,
    why: 'the library of parallel regions (libgomp) is not mirrored',
    note: 'leave the option out, or use threads',
  },
  {
    option: /^-fsanitize=(?!cfi|safe-stack|shadow-call-stack)/,
    unless: /^-fsanitize-(undefined-trap-on-error|trap(=.*)?)$/,
    linkOnly: true,
    why: "the sanitizers' libraries are not mirrored",
    note: 'with -fsanitize=undefined add -fsanitize-undefined-trap-on-error (gcc) or -fsanitize-trap=undefined (clang), which need none',
  },
  {
    option: /^-fsplit-stack$/,
    unless: /^-fno-split-stack$/,
    linkOnly: false,
    why: 'the C library keeps no limit of the stack for it',
    note: 'leave it out',
  },
  {
    option: /^-(p|pg)$/,
    linkOnly: true,
    why: 'the C library has no mcount',
    note: 'profile with a sampling profiler, or a native build',
  },
];

/** The first option of a command line that cannot be had; undefined where all can. */
export function unsupportedOption(
  args: readonly string[],
  phase: Phase,
  clang: boolean,
): Refusal | undefined {
  if (phase === 'inform') return undefined;
  for (const row of rows) {
    if ((row.linkOnly && phase !== 'link') || (row.clangOnly === true && !clang)) continue;
    const option = args.find((arg) => row.option.test(arg));
    const { unless } = row;
    if (option === undefined || (unless !== undefined && args.some((arg) => unless.test(arg)))) continue;
    return { code: 'M028', message: `${option}: ${row.why}`, note: row.note };
  }
  return undefined;
}
