// Places of a page in one buffer: given out, shared with snapshots, and taken back.

export class Frames {
  private readonly free: number[] = [];
  /** By frame: how many have it beside the first. */
  private readonly shares: Uint32Array;
  private next: number;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly size: number,
    private readonly start: number,
  ) {
    this.next = start;
    this.shares = new Uint32Array(bytes.length / size);
  }

  /** The offset of zeros. */
  take(): number {
    const free = this.free.pop();
    if (free !== undefined) return free;
    if (this.next + this.size > this.bytes.length)
      throw new Error(
        `the program uses more than ${Math.floor((this.bytes.length - this.start) / 0x100000)} MiB: raise --memory`,
      );
    const frame = this.next;
    this.next += this.size;
    return frame;
  }

  isShared(frame: number): boolean {
    return this.shares[frame / this.size] !== 0;
  }

  share(frame: number): void {
    const at = frame / this.size;
    this.shares[at] = (this.shares[at] ?? 0) + 1;
  }

  /** What nobody uses any more becomes zeros. */
  letGo(frame: number): void {
    const at = frame / this.size;
    const others = this.shares[at] ?? 0;
    if (others > 0) {
      this.shares[at] = others - 1;
      return;
    }
    this.bytes.fill(0, frame, frame + this.size);
    this.free.push(frame);
  }
}
