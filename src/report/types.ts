// The statistics of one rewritten file, as they are written: docs/stats.schema.json says the same in JSON Schema.

export const statsVersion = 3;

/** Bytes of code, before and after. */
export interface CodeBytes {
  readonly native: number;
  readonly mirrored: number;
}

/** Sites of one kind, and the instructions that mirror them. */
export interface Share {
  readonly sites: number;
  readonly inserted: number;
  /** Sites at which an error may lose data, and the instructions during which. */
  readonly windows: number;
  readonly windowInstructions: number;
}

export interface FunctionStats {
  /** Empty: code before the first label of a function. */
  readonly name: string;
  readonly section: string;
  /** Instructions of the program. */
  readonly native: number;
  readonly inserted: number;
  /** Sites that name the memory they write, and those that write it without (push, call, string instructions, copied return addresses). */
  readonly explicit: number;
  readonly implicit: number;
  /** By kind of write: the row of the patterns that mirrors it. */
  readonly classes: Readonly<Record<string, Share>>;
  /** Sites by mnemonic, without size suffix. */
  readonly mnemonics: Readonly<Record<string, number>>;
  /** Sites at which an error may lose data, and the instructions during which. */
  readonly windows: number;
  readonly windowInstructions: number;
  /** Sites at which no register was dead: one was kept in a vector register, or on the stack. */
  readonly keptInVectors: number;
  readonly keptOnStack: number;
  /** Writes that were left native by request (MIRROR_SITES). */
  readonly unmirrored: number;
  /** null: not measured, or the function has no symbol. */
  readonly bytes: CodeBytes | null;
}

/** Milliseconds of wall time. */
export type Stages = Readonly<Partial<Record<Stage, number>>>;
export type Stage = 'expand' | 'parse' | 'analyze' | 'instrument' | 'emit';

export interface FileStats {
  readonly version: typeof statsVersion;
  /** The source as the compiler names it, which is often without its folder. */
  readonly file: string;
  /** The object file as the assembler was told; empty: none was made. */
  readonly object: string;
  readonly profile: string;
  /** Sums over the functions. */
  readonly native: number;
  readonly inserted: number;
  readonly sites: number;
  readonly windows: number;
  readonly unmirrored: number;
  /** Opt-outs by name (--allow). */
  readonly exemptions: readonly string[];
  /** null: the text was not assembled. */
  readonly bytes: CodeBytes | null;
  readonly stages: Stages;
  /** In the order of the text. */
  readonly functions: readonly FunctionStats[];
}
