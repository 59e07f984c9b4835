// Where the addresses of labels are taken: what an indirect jump may go to.
import type { Instruction } from '../parse/syntax.js';
import { splitArguments } from './sections.js';

/** One value in data, and the names in it. */
interface Value {
  readonly expression: string;
  readonly names: readonly string[];
}

/** What a directive's data is worth here: it is the same wherever the directive stands. */
export interface Values {
  /** It can hold no address. */
  readonly plain: boolean;
  readonly all: readonly Value[];
}

/** A value that names something, with the statement it stands in (numeric labels are counted from there). */
export interface Entry extends Value {
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
  /** It is in the list of runs. */
  listed: boolean;
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

/** The values of a data directive, or of an assignment. */
export function valuesOf(directive: string, args: string): Values {
  if (NO_ADDRESS.test(directive) || !HAS_NAME.test(args) || NUMBER.test(args))
    return { plain: true, all: [] };
  const all = splitArguments(args).map((expression) => ({ expression, names: namesIn(expression) }));
  return { plain: false, all };
}

/** Collects runs while a file's statements go by. */
export function createAddresses(): {
  readonly runs: DataRun[];
  readonly mentions: Mention[];
  /** A run without labels or data, for a section. */
  open(section: string): OpenRun;
  /** The run behind an alignment. */
  behind(run: OpenRun): OpenRun;
  /** The run that a label in front of data begins: `run` itself while nothing stands in it. */
  label(run: OpenRun, name: string): OpenRun;
  data(run: OpenRun, values: Values, statement: number): void;
} {
  const runs: DataRun[] = [];
  const open = (section: string): OpenRun => ({
    section,
    labels: [],
    entries: [],
    mixed: false,
    listed: false,
  });
  return {
    runs,
    mentions: [],
    open,
    behind: (run) =>
      run.labels.length === 0 && run.entries.length === 0 && !run.mixed ? run : open(run.section),
    label(run, name) {
      const mine = run.entries.length > 0 || run.mixed ? open(run.section) : run;
      mine.labels.push(name);
      return mine;
    },
    data(run, { plain, all }, statement) {
      if (plain) {
        run.mixed = true;
        return;
      }
      if (NOT_LOADED.test(run.section)) return;
      if (!run.listed) {
        run.listed = true;
        runs.push(run);
      }
      for (const { expression, names } of all) {
        if (names.length === 0) run.mixed = true;
        else run.entries.push({ expression, names, statement });
      }
    },
  };
}
