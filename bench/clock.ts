// What the programs of bench/programs print of themselves (clock.h). Pure.

export interface Spent {
  /** Seconds. */
  readonly wall: number;
  readonly cpu: number;
}

/** Times by the name of the work; a name that is not there is refused. */
export function clockOf(stdout: string): (name: string) => Spent {
  const all = new Map<string, Spent>();
  for (const [, name = '', wall, cpu] of stdout.matchAll(/^(\w+) (\d+) (\d+)$/gm))
    all.set(name, { wall: Number(wall) / 1e9, cpu: Number(cpu) / 1e9 });
  return (name) => {
    const found = all.get(name);
    if (found === undefined) throw new RangeError(`no time of '${name}' in: ${stdout.slice(0, 200)}`);
    return found;
  };
}
