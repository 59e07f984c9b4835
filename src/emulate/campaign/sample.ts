// A sample without knowing how many there will be (Vitter 1985, "Random sampling with a reservoir", algorithm R). Repeatable by its seed.
import { RandomBytes } from '../linux/random.js';

export class Sample<T> {
  readonly kept: T[] = [];
  seen = 0;
  private readonly random: RandomBytes;

  constructor(
    private readonly size: number,
    seed: number,
  ) {
    this.random = RandomBytes.seeded(seed);
  }

  add(item: T): void {
    this.seen++;
    if (this.kept.length < this.size) {
      this.kept.push(item);
      return;
    }
    const bytes = this.random.next(6);
    const at = Buffer.from(bytes).readUIntLE(0, 6) % this.seen;
    if (at < this.size) this.kept[at] = item;
  }
}
