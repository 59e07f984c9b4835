// A refused construct: what a stage says instead of guessing.

/** Codes never change their meaning; docs/architecture.md lists them. */
export type DiagnosticCode =
  | 'M001' // malformed statement
  | 'M002' // unknown instruction
  | 'M003' // directive not supported
  | 'M004' // data in an executable section
  | 'M005' // write without a pattern
  | 'M006' // use of %gs
  | 'M007' // instruction no user program may execute
  | 'M008' // code address arithmetic
  | 'M009' // no register can be had
  | 'M010' // a write that got no mirror store
  | 'M011' // unreadable input
  | 'M012'; // a macro, conditional, loop or include that cannot be expanded

export interface Diagnostic {
  readonly statement: number;
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly note: string;
}
