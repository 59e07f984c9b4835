// A sample without knowing how many there will be (Li 1994, "Reservoir-sampling algorithms of time complexity O(n(1 + log(N/n)))", algorithm L): what is not
// taken is passed over, so that a run of items costs no more than what is taken of it. Repeatable by its seed.
import { RandomBytes } from '../linux/random.js';

export class Sample<T> {
  readonly kept: T[] = [];
  seen = 0;
  private readonly random: RandomBytes;
  private weight = 1;
  /** The number of the next item to take, once there are as many as there may be. */
  private next = 0;

  constructor(
    private readonly size: number,
    seed: number,
  ) {
    this.random = RandomBytes.seeded(seed);
  }

  add(item: T): void {
    this.addRun(1, () => item);
  }

  /** `count` items, of which `item(0)` is the first. */
  addRun(count: number, item: (n: number) => T): void {
    const from = this.seen;
    this.seen += count;
    for (let n = 0; n < count && this.kept.length < this.size; n++) {
      this.kept.push(item(n));
      this.next = from + n;
      if (this.kept.length === this.size) this.pass();
    }
    if (this.size === 0 || this.kept.length < this.size) return;
    while (this.next < this.seen) {
      this.kept[Math.floor(this.chance() * this.size)] = item(this.next - from);
      this.pass();
    }
  }

  private pass(): void {
    this.weight *= Math.exp(Math.log(this.chance()) / this.size);
    this.next += Math.floor(Math.log(this.chance()) / Math.log1p(-this.weight)) + 1;
  }

  /** Above 0, below 1. */
  private chance(): number {
    return (Buffer.from(this.random.next(6)).readUIntLE(0, 6) + 0.5) / 2 ** 48;
  }
}
