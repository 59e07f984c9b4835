// Which source line an instruction comes from: `.file` and `.loc` (GNU as manual 7.36, 7.56).

export interface PlaceTracker {
  /** `file.c:12` by the line information before it; empty: there is none. */
  current: string;
  /** Applies one directive. Returns whether it was a `.loc`. */
  apply(name: string, args: string): boolean;
}

export function createPlaceTracker(): PlaceTracker {
  const names = new Map<string, string>();
  const tracker: PlaceTracker = { current: '', apply };

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
  return tracker;
}
