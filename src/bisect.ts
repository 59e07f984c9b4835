// The search for the first of `count` steps that makes things bad, as git bisect does it: a step may be impossible to judge. Pure.

export type Judgement = 'good' | 'bad' | 'skip';

/** Everything up to `good` is good, `bad` is bad; what was skipped between them is not known. */
export interface Search {
  readonly good: number;
  readonly bad: number;
  readonly skipped: ReadonlySet<number>;
}

/** Nothing at all is good, all of `count` is bad. */
export const startSearch = (count: number): Search => ({ good: 0, bad: count, skipped: new Set() });

/** The next step to judge, as near to the middle as may be; undefined: only skipped ones are left between good and bad. */
export function nextStep({ good, bad, skipped }: Search): number | undefined {
  const middle = Math.floor((good + bad) / 2);
  for (let distance = 0; distance < bad - good; distance++)
    for (const step of [middle - distance, middle + distance])
      if (good < step && step < bad && !skipped.has(step)) return step;
  return undefined;
}

export function judged(search: Search, step: number, judgement: Judgement): Search {
  switch (judgement) {
    case 'good':
      return { ...search, good: step };
    case 'bad':
      return { ...search, bad: step };
    case 'skip':
      return { ...search, skipped: new Set([...search.skipped, step]) };
  }
}
