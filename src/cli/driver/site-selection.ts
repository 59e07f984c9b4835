// MIRROR_SITES: which sites of which files are mirrored.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SiteChoice } from '../../instrument/instrument.js';

/** `NAME:FROM-TO`, or `FROM-TO` for every file. */
interface Item {
  readonly name: string | undefined;
  readonly range: readonly [from: number, to: number];
}

export interface SiteSelection {
  readonly items: readonly Item[];
  /** See SiteChoice. */
  readonly clobber: Item | undefined;
}

/** What tells one file of a build from another of the same name: its text. */
export const keyOf = (name: string, text: string): string =>
  `${name}#${createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 12)}`;

function readItem(text: string): Item {
  const [, name, from = '', to = from] = /^(?:(.+):)?(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (from === '') throw new RangeError(`MIRROR_SITES or --mirror-sites takes [FILE:]FROM-TO, not '${text}'`);
  return { name, range: [Number(from), Number(to)] };
}

/**
 * @param sites items with commas between them, or `@file` with one item a line
 * @param clobber `NAME:N`, the site that a test makes wrong
 */
export function readSelection(
  sites: string | undefined,
  clobber: string | undefined,
): SiteSelection | undefined {
  if (sites === undefined && clobber === undefined) return undefined;
  const items =
    sites?.startsWith('@') === true ? readFileSync(sites.slice(1), 'utf8').split('\n') : sites?.split(',');
  return {
    items: items?.filter((item) => item !== '').map(readItem) ?? [{ name: undefined, range: [1, Infinity] }],
    clobber: clobber === undefined ? undefined : readItem(clobber),
  };
}

/** The part of a selection that is about one file: a file is named as its `.file` directive names it, or by its key. */
export function choiceFor(
  selection: SiteSelection | undefined,
  name: string,
  key: string,
): SiteChoice | undefined {
  if (selection === undefined) return undefined;
  const mine = (item: Item): boolean => item.name === undefined || item.name === name || item.name === key;
  const { items, clobber } = selection;
  return {
    ranges: items.filter(mine).map(({ range }) => range),
    clobberAt: clobber !== undefined && mine(clobber) ? clobber.range[0] : 0,
  };
}
