// Where a program spent its time, by function. Pure.

/** Samples by function. */
export type Profile = ReadonlyMap<string, number>;

/**
 * Reads a profile: a function a line, one for each sample as `perf script -F sym` prints them, or with the number of its samples before it.
 * Throws a RangeError on anything else.
 */
export function parseProfile(text: string): Profile {
  const samples = new Map<string, number>();
  for (const [i, line] of text.split('\n').entries()) {
    const words = line.trim();
    if (words === '' || words.startsWith('#')) continue;
    // perf writes [unknown] where it has no symbol, and may write where in it (`f+0x12`).
    const [, count, name] = /^(?:(\d+)\s+)?([^\s+]+)(?:\+0x[0-9a-f]+)?$/.exec(words) ?? [];
    if (name === undefined)
      throw new RangeError(
        `line ${i + 1} of the profile is no function and no number with a function: '${words.slice(0, 60)}'`,
      );
    samples.set(name, (samples.get(name) ?? 0) + Number(count ?? 1));
  }
  return samples;
}
