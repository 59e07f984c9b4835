// Conditions on a report, for build pipelines: `growth>25%`, `unmirrored>0`, `growth-change>1`. Pure.
import type { Report } from './merge.js';

export interface Metric {
  readonly name: string;
  readonly unit: '%' | '';
  readonly what: string;
  /** null: the report does not say. */
  readonly of: (report: Report) => number | null;
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole);

/** Sorted by name. */
export const metrics: readonly Metric[] = [
  {
    name: 'bytes',
    unit: '%',
    what: 'growth of the code in bytes',
    of: ({ totals: { bytes } }) =>
      bytes === null ? null : share(bytes.mirrored - bytes.native, bytes.native),
  },
  {
    name: 'growth',
    unit: '%',
    what: 'inserted instructions to native ones',
    of: ({ totals }) => share(totals.inserted, totals.native),
  },
  { name: 'inserted', unit: '', what: 'inserted instructions', of: ({ totals }) => totals.inserted },
  {
    name: 'kept',
    unit: '%',
    what: 'sites at which no register was dead',
    of: ({ totals }) => share(totals.keptInVectors + totals.keptOnStack, totals.sites),
  },
  { name: 'sites', unit: '', what: 'writes that are mirrored', of: ({ totals }) => totals.sites },
  { name: 'unmirrored', unit: '', what: 'writes left native', of: ({ totals }) => totals.unmirrored },
  { name: 'windows', unit: '', what: 'writes that an error can lose', of: ({ totals }) => totals.windows },
];

const operators: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

export interface Condition {
  readonly text: string;
  readonly metric: Metric;
  /** The difference from the older report is meant. */
  readonly change: boolean;
  readonly operator: string;
  readonly value: number;
}

/** Throws a RangeError that says what is understood. */
export function parseCondition(text: string): Condition {
  const [, name = '', change, operator = '', value = ''] =
    /^\s*([a-z]+)(-change)?\s*(<=|>=|!=|<|>|=)\s*(-?\d+(?:\.\d+)?)\s*%?\s*$/.exec(text) ?? [];
  const metric = metrics.find((one) => one.name === name);
  if (metric === undefined)
    throw new RangeError(
      `a condition is a name, one of < <= = != > >=, and a number, as in growth>25%; names: ${metrics
        .map((one) => one.name)
        .join(', ')}, each also with -change; not '${text}'`,
    );
  return { text, metric, change: change !== undefined, operator, value: Number(value) };
}

export interface Judgement {
  readonly condition: Condition;
  readonly found: number;
  readonly holds: boolean;
}

/**
 * Judges one condition.
 *
 * @param older what a change is measured from
 * @throws RangeError where the reports do not say
 */
export function judge(condition: Condition, report: Report, older: Report | undefined): Judgement {
  const { metric, change, operator, value, text } = condition;
  const read = (from: Report): number => {
    const number = metric.of(from);
    if (number === null)
      throw new RangeError(`'${text}' cannot be judged: ${metric.what} was not measured for every file`);
    return number;
  };
  if (change && older === undefined) throw new RangeError(`'${text}' needs --against`);
  const found = read(report) - (change && older !== undefined ? read(older) : 0);
  return { condition, found, holds: operators[operator]?.(found, value) ?? false };
}
