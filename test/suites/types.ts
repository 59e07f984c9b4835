// What a suite is, and what comes out of running it: plain data.

export type Width = 32 | 64;
export type Side = 'native' | 'mirrored';

export const levels = ['-O0', '-O1', '-O2', '-O3', '-Os'] as const;
export type Level = (typeof levels)[number];

/** A build of one command: `$CC $CFLAGS options files -o program -Wl,-Map=map -lm`. */
export interface Program {
  readonly options: readonly string[];
  readonly files: readonly string[];
}

/** One program of a suite, at one level and width. */
export interface Case {
  readonly suite: string;
  readonly name: string;
  readonly level: Level;
  readonly width: Width;
  /** Files and folders that the case is made of: a result holds for as long as they stay as they are. */
  readonly sources: readonly string[];
  /** Shell text that prints the source file `path`, which is made once; null: there is none to make. */
  readonly generated: { readonly path: string; readonly command: string } | null;
  /** The same build as data, where it is so simple; null: `build` alone says how. */
  readonly program: Program | null;
  /** Shell text run in an empty folder, with the compiler in $CC and options in $CFLAGS. */
  readonly build: string;
  /** Shell text run behind it in the same folder; its output and exit code are what is compared. */
  readonly run: string;
  /** Seconds that the native run may take. */
  readonly seconds: number;
  /** Why the case is not run at all; empty: it is. */
  readonly excluded: string;
}

/** What the user asked for. */
export interface Choice {
  readonly levels: readonly Level[];
  readonly widths: readonly Width[];
  /** First and last seed of generated programs. */
  readonly seeds: readonly [number, number];
}

export interface Suite {
  readonly name: string;
  readonly cases: (choice: Choice) => readonly Case[];
}

/** What the check at exit said, over all processes of the run. */
export interface Check {
  readonly reports: number;
  readonly bytesChecked: number;
  readonly bytesDiffering: number;
  readonly differences: readonly string[];
  readonly escapes: readonly string[];
}

/** Counts of the rewriter, over all objects of the build. */
export interface Counts {
  readonly native: number;
  readonly inserted: number;
  readonly sites: number;
}

/** One side of a case, built and run. */
export interface Outcome {
  /** What the compiler or the linker said when the build failed; empty: it did not. */
  readonly buildError: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** Hash of all output. */
  readonly output: string;
  /** The beginning of it, for messages. */
  readonly head: string;
  /** mirrorcc was run, too, and made the same program as the pass in this process; null: it was not asked. */
  readonly sameByDriver: boolean | null;
  /** Bytes of the case's own code in the program. */
  readonly codeBytes: number;
  readonly counts: Counts | null;
  readonly check: Check | null;
}

export type Verdict =
  | { readonly kind: 'same'; readonly native: Outcome; readonly mirrored: Outcome }
  | { readonly kind: 'excluded'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }
  | { readonly kind: 'differs'; readonly reason: string; readonly message: string };

export interface Result {
  readonly case: Case;
  readonly verdict: Verdict;
}
