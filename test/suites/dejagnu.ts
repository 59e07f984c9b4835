// The directives of DejaGnu tests as far as gcc.c-torture/execute uses them (gcc internals manual, 7.2 Directives, 7.3 Selecting Targets).

export interface Directives {
  readonly options: readonly string[];
  /** Why the test is not for this target or these options; empty: it is. */
  readonly skip: string;
}

/** A Tcl list: words, quoted or not, and lists in braces. */
type Word = string | readonly Word[];

const triplets = { 32: 'i686-pc-linux-gnu', 64: 'x86_64-pc-linux-gnu' } as const;

/** Effective targets that selectors of the suite ask for. Sorted; an unknown one stops, because no answer is safe. */
const effectiveTargets: Readonly<Record<string, (width: 32 | 64) => boolean>> = {
  alloca: () => true,
  fpic: () => true,
  freestanding: () => false,
  ia32: (width) => width === 32,
  int128: (width) => width === 64,
  newlib_nano_io: () => false,
  signal: () => true,
  vxworks_kernel: () => false,
};

function readWords(text: string): Word[] {
  const open: Word[][] = [[]];
  for (const [token] of text.matchAll(/[{}]|"(?:\\.|[^"\\])*"|[^\s{}"]+/g)) {
    if (token === '{') open.push([]);
    else if (token === '}') {
      const list = open.pop();
      if (list) open.at(-1)?.push(list);
    } else open.at(-1)?.push(token.startsWith('"') ? token.slice(1, -1) : token);
  }
  return open[0] ?? [];
}

const glob = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^$()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(text);

/** Whether a selector takes this target: names side by side are alternatives, `!`, `&&` and `||` as in Tcl. */
function selects(selector: Word, width: 32 | 64): boolean {
  if (typeof selector === 'string') {
    if (selector.split('-').length > 2) return glob(selector, triplets[width]);
    const answer = effectiveTargets[selector];
    if (!answer) throw new Error(`dejagnu.ts does not know the effective target '${selector}'`);
    return answer(width);
  }
  const [first, ...rest] = selector;
  if (first === 'target' || first === 'xfail') return selects(rest, width);
  const or = selector.indexOf('||');
  if (or >= 0) return selects(selector.slice(0, or), width) || selects(selector.slice(or + 1), width);
  const and = selector.indexOf('&&');
  if (and >= 0) return selects(selector.slice(0, and), width) && selects(selector.slice(and + 1), width);
  if (first === '!') return !selects(rest, width);
  return selector.some((word) => selects(word, width));
}

/** A list of option patterns takes the options when every word of one of its elements is among them. */
function takes(patterns: Word | undefined, options: readonly string[], otherwise: boolean): boolean {
  if (patterns === undefined) return otherwise;
  const elements = typeof patterns === 'string' ? [patterns] : patterns.map(String);
  return elements.some((element) => {
    const words = element.split(/\s+/).filter((word) => word !== '');
    return words.length > 0 && words.every((word) => options.some((option) => glob(word, option)));
  });
}

/**
 * Reads the directives of one test.
 *
 * @param given options that the test is compiled with anyway: `-O2`
 */
export function readDirectives(source: string, width: 32 | 64, given: readonly string[]): Directives {
  let options: string[] = [];
  let skip = '';
  for (const line of source.split('\n')) {
    const found = /\{\s*(dg-(?:additional-)?options|dg-skip-if)\s.*\}/.exec(line);
    if (!found) continue;
    const [directive] = readWords(found[0].slice(0, endOf(found[0])));
    if (directive === undefined || typeof directive === 'string') continue;
    const [name, argument, selector, include, exclude] = directive;
    if (name === 'dg-skip-if') {
      const all = [...given, ...options];
      if (
        selector !== undefined &&
        selects(selector, width) &&
        takes(include, all, true) &&
        !takes(exclude, all, false)
      )
        skip = `skipped by its own dg-skip-if: ${typeof argument === 'string' ? argument : ''}`;
      continue;
    }
    if (selector !== undefined && !selects(selector, width)) continue;
    const words = (typeof argument === 'string' ? argument : (argument ?? []).map(String).join(' ')).split(
      /\s+/,
    );
    options = name === 'dg-options' ? words : [...options, ...words];
  }
  return { options: options.filter((word) => word !== ''), skip };
}

/** Where the directive's closing brace stands. */
function endOf(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i + 1;
  }
  return text.length;
}
