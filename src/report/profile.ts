// Where a program spent its time, by function and by place in it. Pure.

/** Whose an instruction is that was executed, where a profile tells. */
export type Origin = 'native' | 'inserted' | 'runtime' | 'unmarked';

/** What a profile tells of one place of a function. */
export interface PlaceSamples {
  /** Bytes from the function's beginning; undefined: the profile does not tell. */
  readonly offset: number | undefined;
  readonly origin: Origin | undefined;
  readonly samples: number;
}

export interface Profile {
  /** Samples are instructions executed: all of them, none guessed. */
  readonly executed: boolean;
  /** Samples by function. */
  readonly functions: ReadonlyMap<string, number>;
  readonly places: ReadonlyMap<string, readonly PlaceSamples[]>;
}

/** What profiles of `mirrorasm run` begin with. */
export const executedHead = '# instructions executed, by place';

const form = /^(?:(\d+)\s+)?([^\s+]+)(?:\+0x([0-9a-f]+))?(?:\s+(native|inserted|runtime|unmarked))?$/;

/** The address of a sample, as perf pads it; `uniq -c` may have counted them. */
const address = /^(\s*\d+ )?([\t ])(?=[ 0-9a-f]{16} ) *[0-9a-f]+ (?=\S)/;

/**
 * Reads a profile: a function a line, and where in it (`f+0x12`), one line for each sample as `perf script -F ip,sym,symoff` prints them, or with the
 * number of its samples before it. Behind it may stand whose the instruction is. Throws a RangeError on anything else.
 */
export function parseProfile(text: string): Profile {
  const functions = new Map<string, number>();
  const places = new Map<string, Map<string, PlaceSamples>>();
  let frames = 0;
  for (const [i, line] of text.split('\n').entries()) {
    const [, , indent] = address.exec(line) ?? [];
    // Stacks are indented by tabs: the sample is their first line.
    frames = indent === '\t' ? frames + 1 : 0;
    if (frames > 1) continue;
    const words = line.replace(address, '$1').trim();
    if (words === '' || words.startsWith('#')) continue;
    // perf writes [unknown] where it has no symbol.
    const [, count, name, offset, origin] = form.exec(words) ?? [];
    if (name === undefined)
      throw new RangeError(
        `line ${i + 1} of the profile is no function and no number with a function: '${words.slice(0, 60)}'`,
      );
    const samples = Number(count ?? 1);
    functions.set(name, (functions.get(name) ?? 0) + samples);
    let inside = places.get(name);
    if (inside === undefined) places.set(name, (inside = new Map<string, PlaceSamples>()));
    const key = `${offset ?? ''} ${origin ?? ''}`;
    inside.set(key, {
      offset: offset === undefined ? undefined : parseInt(offset, 16),
      origin: origin as Origin | undefined,
      samples: (inside.get(key)?.samples ?? 0) + samples,
    });
  }
  return {
    executed: text.startsWith(executedHead),
    functions,
    places: new Map([...places].map(([name, inside]) => [name, [...inside.values()]])),
  };
}
