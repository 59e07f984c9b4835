// Sites for people: the function, the source line, the statement and what it becomes. Pure.
import type { Code } from './analyze/code.js';
import { createPlaceTracker } from './analyze/places.js';
import type { SiteEdit } from './instrument/instrument.js';
import { positionOf } from './parse/position.js';
import type { SourceFile } from './parse/syntax.js';

export interface SiteInfo {
  /** From 1, in the order of the text. */
  readonly number: number;
  /** The symbol of type function whose label stands before it; empty: none does. */
  readonly function: string;
  /** `file.c:12` by the line information before it (.loc); empty: the text was made without -g. */
  readonly source: string;
  /** Line of the assembly text. */
  readonly line: number;
  readonly statement: string;
  /** What stands in the output for the statement when it is mirrored. */
  readonly mirrored: readonly string[];
}

/** Describes all sites of a file. */
export function describeSites(file: SourceFile, code: Code, sites: readonly SiteEdit[]): SiteInfo[] {
  const described: SiteInfo[] = [];
  const places = createPlaceTracker(file);
  let inFunction = '';
  for (let i = 0; i < file.count && described.length < sites.length; i++) {
    const parsed = file.parsed[i];
    if (parsed === undefined) continue;
    places.upTo(file.starts[i] ?? 0);
    for (const label of parsed.labels)
      if (code.functions.has(label)) {
        inFunction = label;
        places.current = '';
      }
    if (parsed.body.kind === 'directive') places.apply(parsed.body.name, parsed.body.args);
    const site = sites[described.length];
    if (site?.statement !== i) continue;
    const start = (file.starts[i] ?? 0) + parsed.bodyOffset;
    const body = file.text.slice(start, start + parsed.bodyLength);
    described.push({
      number: described.length + 1,
      function: inFunction,
      source: places.current,
      line: positionOf(file, start).line,
      statement: body.trim().replace(/\s+/g, ' '),
      mirrored: [...site.before, ...(site.replace ?? [`\t${body.trim()}`]), ...site.after],
    });
  }
  return described;
}
