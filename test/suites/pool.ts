// Work done by a fixed number of runners, in order of start.

export async function pool<T, R>(
  items: readonly T[],
  runners: number,
  work: (item: T) => Promise<R>,
  done: (result: R) => void,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: runners }, async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) done(await work(item));
    }),
  );
}
