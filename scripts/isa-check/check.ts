// The whole comparison of one mode: every statement, every exception, everything that is left out.
import { assemble, type Assembled } from './assemble.js';
import { compare, type Compared, type Difference } from './compare.js';
import { mnemonicsOfAs, otherSpellings, unknownMnemonics, unreached } from './coverage.js';
import { ICED_EXCEPTIONS, REFUSED_BY_RULE } from './exceptions.js';
import { ALL_CODES, casesOf, PREFIX, type Case, type Mode } from './forms.js';
import { refusedNames, refusedReason } from '../../src/isa/refused.js';

export interface TableCheck {
  readonly mode: Mode;
  readonly cases: readonly Case[];
  readonly assembled: Assembled;
  readonly compared: Compared;
  /** Differences no exception names. */
  readonly disagreements: readonly Difference[];
  /** Exceptions that were needed: name to how many statements. */
  readonly exceptions: ReadonlyMap<string, number>;
  /** Refusals by reason: to how many statements. */
  readonly refused: ReadonlyMap<string, number>;
  /** Refused statements no rule names. */
  readonly unexplained: readonly string[];
  /** Codes without a statement: name to reason. */
  readonly unreached: ReadonlyMap<string, string>;
  readonly mnemonics: number;
  /** Mnemonics of GNU as that lookup does not know. */
  readonly unknown: readonly string[];
}

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

/**
 * The data file of what no statement reaches or lookup refuses by name: one line each, `modes name: reason`.
 * Kept in left-out.txt, so that a change of it is seen.
 */
export function leftOut(checks: readonly TableCheck[]): string {
  const lines = new Map<string, Mode[]>();
  const add = (mode: Mode, line: string): void => {
    const modes = lines.get(line);
    if (modes) modes.push(mode);
    else lines.set(line, [mode]);
  };
  for (const { mode, unreached: codes } of checks) {
    for (const [name, reason] of codes) add(mode, `code ${name}: ${reason}`);
    for (const [name, reason] of refusedNames(mode)) add(mode, `refused ${name}: ${reason}`);
  }
  for (const { name, reason } of REFUSED_BY_RULE) lines.set(`refused (${name}): ${reason}`, [64, 32]);
  return [...lines]
    .map(([line, modes]) => `${line}${modes.length === 1 ? ` (${modes[0]}-bit mode)` : ''}\n`)
    .sort()
    .join('');
}

/** Exceptions and rules that explained nothing: they have to go. */
export function stale(checks: readonly TableCheck[]): string[] {
  const used = new Set(checks.flatMap((check) => [...check.exceptions.keys(), ...check.refused.keys()]));
  return [...ICED_EXCEPTIONS, ...REFUSED_BY_RULE]
    .map((entry) => entry.name)
    .filter((name) => !used.has(name));
}

/** Splits differences into those an exception names (how often) and the rest. */
export function explain(differences: readonly Difference[]): {
  readonly disagreements: readonly Difference[];
  readonly exceptions: ReadonlyMap<string, number>;
} {
  const exceptions = new Map<string, number>();
  const disagreements = differences.filter((difference) => {
    const { text, field } = difference;
    const bare = text.replace(PREFIX, '');
    const known = ICED_EXCEPTIONS.find(
      ({ statement, fields }) => fields.includes(field) && (statement.test(text) || statement.test(bare)),
    );
    if (known) count(exceptions, known.name);
    return !known;
  });
  return { disagreements, exceptions };
}

/** Builds the statements of a mode, assembles them, and compares the table with iced-x86. */
export function checkTable(folder: string, mode: Mode): TableCheck {
  const names = mnemonicsOfAs(folder, mode);
  const printed = ALL_CODES.flatMap((code) => casesOf(code, mode));
  const seen = new Set<string>();
  const cases = [...printed, ...otherSpellings(names, printed, mode)].filter(
    (item) => !seen.has(item.text) && seen.add(item.text),
  );
  const statements = cases.map((item) => item.text);
  const assembled = assemble(folder, mode, statements);
  const compared = compare(mode, statements, assembled);
  const { disagreements, exceptions } = explain(compared.differences);
  const refused = new Map<string, number>();
  const unexplained: string[] = [];
  for (const [i, reason] of compared.refused) {
    const text = statements[i] ?? '';
    const word = /'([^']+)' is refused: /.exec(reason)?.[1] ?? '';
    const rule = REFUSED_BY_RULE.find((entry) => entry.why.test(reason));
    if (word !== '' && refusedReason(word, mode) !== undefined) count(refused, word);
    else if (word !== '') count(refused, reason);
    else if (rule) count(refused, rule.name);
    else unexplained.push(`${text}: ${reason}`);
  }
  return {
    mode,
    cases,
    assembled,
    compared,
    disagreements,
    exceptions,
    refused,
    unexplained,
    unreached: unreached(mode, printed, cases, assembled),
    mnemonics: names.length,
    unknown: unknownMnemonics(names, mode),
  };
}
