// Which source line an instruction comes from: `.file` and `.loc` (GNU as manual 7.36, 7.56).
import type { SourceFile } from '../parse/syntax.js';

export interface PlaceTracker {
  /** `file.c:12` by the line information before it; empty: there is none. */
  current: string;
  /** Applies one directive. Returns whether it was a `.loc`. */
  apply(name: string, args: string): boolean;
  /** Applies the line information before an offset that makes no statement. Returns whether there was any. Offsets go up. */
  upTo(offset: number): boolean;
}

export function createPlaceTracker({ text, places }: SourceFile): PlaceTracker {
  const names = new Map<string, string>();
  const tracker: PlaceTracker = { current: '', apply, upTo };
  let applied = 0;

  function apply(name: string, args: string): boolean {
    if (name === '.file') {
      // `.file 1 "name"`, or with a folder between them.
      const [, number = '', path = ''] = /^(\d+)\s.*?"([^"]*)"[^"]*$/.exec(args) ?? [];
      names.set(number, path);
    }
    if (name !== '.loc') return false;
    const [number = '', line = ''] = args.split(/[\s,]+/);
    tracker.current = `${names.get(number) ?? `file ${number}`}:${line}`;
    return true;
  }

  function upTo(offset: number): boolean {
    const from = applied;
    while (applied < places.length && (places[applied] ?? 0) < offset) applied++;
    if (applied === from) return false;
    // The last one holds.
    const at = places[applied - 1] ?? 0;
    return apply('.loc', text.slice(at, text.indexOf('\n', at)).trim().slice('.loc'.length).trim());
  }
  return tracker;
}
