// Which page an error hits.
import { pageBytes } from './layout.js';
import type { Copy, Kind, Range } from './layout.js';
import { pick } from './random.js';
import type { Random } from './random.js';

export interface Wanted {
  readonly kinds: readonly Kind[];
  readonly copies: readonly Copy[];
}

/** A page to be lost: its native address, and which copy of it. */
export interface Target {
  readonly address: number;
  readonly kind: Kind;
  readonly copy: Copy;
}

/** Whether each page of a range can be lost and brought back: both copies have contents. */
export type Whole = (range: Range) => readonly boolean[];

/**
 * A page that has contents, or undefined where there is none of what is wanted. A copy, then a kind, then a page of that kind, each as likely as
 * the others of its sort: a large heap must not hide the stack.
 */
export function choosePage(
  ranges: readonly Range[],
  whole: Whole,
  wanted: Wanted,
  random: Random,
): Target | undefined {
  const copy = pick(random, wanted.copies);
  if (copy === undefined) return undefined;
  const pages = new Map<Kind, number[]>();
  for (const range of ranges) {
    if (!wanted.kinds.includes(range.kind)) continue;
    const there = whole(range);
    const found = pages.get(range.kind) ?? [];
    for (let page = 0; page < there.length; page++)
      if (there[page]) found.push(range.low - (range.low % pageBytes) + page * pageBytes);
    if (found.length > 0) pages.set(range.kind, found);
  }
  const kind = pick(random, [...pages.keys()]);
  const address = kind === undefined ? undefined : pick(random, pages.get(kind) ?? []);
  return kind === undefined || address === undefined ? undefined : { address, kind, copy };
}
