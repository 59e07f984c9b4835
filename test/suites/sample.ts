// The part of the suites that CI runs: always the same cases, of every suite, level and word size.
import { levels } from './types.js';
import type { Case } from './types.js';

interface Share {
  /** One case in so many, by its place among the cases of its level and word size; the levels take turns. */
  readonly every: number;
  readonly names: RegExp;
}

/** SQLite's fuzzcheck takes minutes at each level. */
const shares: Readonly<Record<string, Share>> = {
  'c-torture': { every: 30, names: /./ },
  csmith: { every: 5, names: /^seed-\d$|^seed-1\d$/ },
  lua: { every: 5, names: /./ },
  sqlite: { every: 5, names: /^speedtest1$/ },
  zlib: { every: 5, names: /./ },
};

/** Chooses from all cases of a suite. Pure. */
export function sampleOf(cases: readonly Case[]): readonly Case[] {
  const seen = new Map<string, number>();
  return cases.filter((one) => {
    const share = shares[one.suite];
    if (!share?.names.test(one.name)) return false;
    const group = `${one.suite} ${one.level} ${one.width}`;
    const place = seen.get(group) ?? 0;
    seen.set(group, place + 1);
    // Which level a place belongs to; -O2 has the first.
    const turn = (levels.indexOf(one.level) + levels.length - levels.indexOf('-O2')) % levels.length;
    return place % share.every === Math.round((turn * share.every) / levels.length);
  });
}
