// Where the addresses of labels are taken: what an indirect jump may go to.
import type { Instruction } from '../parse/syntax.js';
import { splitArguments } from './sections.js';

/** One symbolic value in data, with the statement it stands in (numeric labels are counted from there). */
export interface Entry {
  readonly expression: string;
  readonly statement: number;
}

/** Data between two labels of one section: a jump table where all of it names code. */
export interface DataRun {
  readonly section: string;
  readonly labels: readonly string[];
  readonly entries: readonly Entry[];
  /** Something that names nothing stands in it, too. */
  readonly mixed: boolean;
}

/** An instruction that names symbols other than as the target of a direct branch. */
export interface Mention {
  readonly unit: number;
  readonly names: readonly string[];
}

export interface Addresses {
  readonly runs: readonly DataRun[];
  readonly mentions: readonly Mention[];
}

/** A run while it grows. */
export interface OpenRun {
  readonly section: string;
  readonly labels: string[];
  readonly entries: Entry[];
  mixed: boolean;
}

/** Sections that no program sees: debug information names code everywhere. */
const NOT_LOADED = /^\.(z?debug|gnu\.debug|gnu\.lto|stab|comment)/;

/** Data that cannot hold an address. */
const NO_ADDRESS =
  /^\.(asci[iz]|string\d*|zero|skip|space|fill|incbin|float|double|single|tfloat|ds?b?\..*)$/;

const NAME = /(?:\d+[bf]\b)|[A-Za-z_.$][\w.$]*/g;
const HAS_NAME = /[A-Za-z_.$]/;
const NUMBER = /^[-+~\s(]*(0x[\da-f]+|0b[01]+|\d+)[\s)]*$/i;

/** The names in an expression; relocations (`@GOTPCREL`) are no names. */
export function namesIn(expression: string): readonly string[] {
  return HAS_NAME.test(expression) ? (expression.replace(/@[\w]+/g, '').match(NAME) ?? []) : [];
}

/** The symbols that an instruction's operands name, direct targets left out. */
export function namesOf(instruction: Instruction): readonly string[] {
  const names: string[] = [];
  for (const operand of instruction.operands) {
    const inner = operand.kind === 'indirect' ? operand.inner : operand;
    if (inner.kind === 'memory') names.push(...namesIn(inner.displacement));
    else if (inner.kind === 'immediate' && !NUMBER.test(inner.expression))
      names.push(...namesIn(inner.expression));
  }
  return names;
}

/** Collects runs while a file's statements go by. */
export function createAddresses(): {
  readonly runs: DataRun[];
  readonly mentions: Mention[];
  /** A run without labels or data, for a section or behind an alignment. */
  open(section: string): OpenRun;
  /** The run that a label in front of data begins: `run` itself while nothing stands in it. */
  label(run: OpenRun, name: string): OpenRun;
  data(run: OpenRun, directive: string, args: string, statement: number): void;
} {
  const runs: DataRun[] = [];
  const used = new Set<OpenRun>();
  const open = (section: string): OpenRun => ({ section, labels: [], entries: [], mixed: false });
  return {
    runs,
    mentions: [],
    open,
    label(run, name) {
      const mine = run.entries.length > 0 || run.mixed ? open(run.section) : run;
      mine.labels.push(name);
      return mine;
    },
    data(run, directive, args, statement) {
      if (NO_ADDRESS.test(directive) || !HAS_NAME.test(args) || NUMBER.test(args)) {
        run.mixed = true;
        return;
      }
      if (NOT_LOADED.test(run.section)) return;
      if (!used.has(run)) {
        used.add(run);
        runs.push(run);
      }
      for (const expression of splitArguments(args)) {
        if (namesIn(expression).length === 0) run.mixed = true;
        else run.entries.push({ expression, statement });
      }
    },
  };
}
