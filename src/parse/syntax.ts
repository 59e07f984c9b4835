// Typed form of one assembler statement: what the parse stage gives to all later stages.

/** A register operand: lower case, without `%`. */
export interface RegisterOperand {
  readonly kind: 'register';
  readonly name: string;
  /** AVX-512 decorations as written, for example `{%k1}` or `{%k1}{z}`; empty when there are none. */
  readonly decoration: string;
}

export interface ImmediateOperand {
  readonly kind: 'immediate';
  /** Expression text without the `$`. */
  readonly expression: string;
}

/** `segment:displacement(base,index,scale)`, every part optional. */
export interface MemoryOperand {
  readonly kind: 'memory';
  /** Segment register without `%`, or empty. */
  readonly segment: string;
  /** Displacement expression as written (trimmed), or empty. */
  readonly displacement: string;
  /** Base register without `%` (may be `rip`), or empty. */
  readonly base: string;
  readonly index: string;
  /** 1, 2, 4 or 8. */
  readonly scale: number;
  readonly decoration: string;
  /** The size that Intel syntax gives (`dword ptr`), to be held against what the instruction accesses; AT&T syntax has none. */
  readonly bytes?: number;
}

/** The target of a direct branch or call: an operand without `$`, `%`, `(`, of a branch mnemonic. */
export interface TargetOperand {
  readonly kind: 'target';
  readonly expression: string;
}

/** `*%rax`, `*8(%rdi)`: an indirect branch. */
export interface IndirectOperand {
  readonly kind: 'indirect';
  readonly inner: RegisterOperand | MemoryOperand;
}

/** `{sae}`, `{rn-sae}` and the like as an operand of its own. */
export interface DecoratorOperand {
  readonly kind: 'decorator';
  readonly text: string;
}

export type Operand =
  RegisterOperand | ImmediateOperand | MemoryOperand | TargetOperand | IndirectOperand | DecoratorOperand;

export interface Instruction {
  readonly kind: 'instruction';
  /** Lower-case prefixes in order: `lock`, `rep`, `repz`, `data16`, `{vex}`, `notrack`, ... */
  readonly prefixes: readonly string[];
  /** Lower case, as written otherwise (in AT&T syntax; an Intel one is translated); empty for a statement that is nothing but prefixes (`lock;`). */
  readonly mnemonic: string;
  /** In AT&T order, destination last. */
  readonly operands: readonly Operand[];
}

export interface Directive {
  readonly kind: 'directive';
  /** With the dot, lower case: `.type`. */
  readonly name: string;
  /** Argument text, trimmed, comments removed. */
  readonly args: string;
}

/** `symbol = expression`, or `symbol == expression`. */
export interface Assignment {
  readonly kind: 'assignment';
  readonly symbol: string;
  readonly expression: string;
}

export interface Empty {
  readonly kind: 'empty';
}

/** A text the grammar does not take; refused where it stands in code. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly reason: string;
}

export type StatementBody = Instruction | Directive | Assignment | Empty | Malformed;

/** A statement: zero or more labels, then a body. `labels` holds names without the colon; numeric ones as digits. */
export interface Parsed {
  readonly labels: readonly string[];
  /** Offset of the body (after labels and blanks) relative to the statement's start. */
  readonly bodyOffset: number;
  /** Length of the body without trailing blanks and comments. */
  readonly bodyLength: number;
  readonly body: StatementBody;
}

/** What a statement is written in: AT&T or Intel, with registers named with and without `%`. */
export type Syntax = 'att' | 'att noprefix' | 'intel noprefix' | 'intel prefix';

/** What the text is assembled for: it decides which names are registers. */
export type WordSize = 32 | 64;

/**
 * A whole file. Statement i spans text[starts[i], ends[i]); `parsed[i]` is shared between statements of equal text.
 * Bytes between statements (separators, comments, blank lines) belong to no statement and are kept by emit.
 */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly parsed: readonly Parsed[];
  /** By statement: a number below `kindCount`; where it is the same, `parsed` is. */
  readonly kinds: Int32Array;
  readonly kindCount: number;
  /** The syntax of each statement; null where all are AT&T. */
  readonly syntaxes: readonly Syntax[] | null;
  /** Where lines of line information (`.loc`) begin that make no statement, ascending. */
  readonly places: Int32Array;
}
