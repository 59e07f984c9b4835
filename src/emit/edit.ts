// What instrument says and emit does.

/** Change at one statement. All texts are whole lines without leading or trailing newline. */
export interface Edit {
  readonly statement: number;
  /** Goes between the statement's labels and its body; empty: nothing. */
  readonly before: string;
  /** Stands in place of the body; null keeps it. */
  readonly replace: string | null;
  /** Goes behind the body. */
  readonly after: string;
}
