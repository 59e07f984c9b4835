// What the expander takes and gives.
import type { Origins } from './origins.js';

/** A macro, loop or included file that a line came through. */
export interface Use {
  /** The macro's name, or the directive: `.rept`, `.irp`, `.irpc`, `.include`. */
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The statement that cannot be expanded. */
  readonly text: string;
  readonly message: string;
  /** The way out. */
  readonly note: string;
  /** Innermost use first. */
  readonly uses: readonly Use[];
}

export interface ExpandOptions {
  /**
   * The text of an included file, or undefined when there is none. GNU as 2.40 looks in the current folder, then in the `-I` folders,
   * in order; not in the folder of the file that includes.
   */
  readonly readInclude: (path: string) => { readonly name: string; readonly text: string } | undefined;
  /** `--defsym` values. */
  readonly defsym?: ReadonlyMap<string, bigint>;
  /** Most characters that macros, loops and included files may add up to; 256 MiB unless told. */
  readonly limit?: number;
}

export type Expansion =
  | { readonly ok: true; readonly text: string; readonly origins: Origins }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Why a statement cannot be expanded; expand() catches it and adds the place. Nothing else in this folder throws. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly note: string,
  ) {
    super(message);
  }
}
