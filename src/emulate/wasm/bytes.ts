// Bytes in the making: an array of numbers would take eight times the memory, and each copy of it again.
export class Bytes {
  private data = new Uint8Array(64);
  length = 0;

  push(byte: number): void {
    if (this.length === this.data.length) this.grow(this.length + 1);
    this.data[this.length++] = byte;
  }

  append(bytes: ArrayLike<number>): void {
    const length = this.length + bytes.length;
    if (length > this.data.length) this.grow(length);
    this.data.set(bytes, this.length);
    this.length = length;
  }

  /** Takes away what stands from a place on. */
  cut(at: number): Uint8Array {
    const behind = this.data.slice(at, this.length);
    this.length = at;
    return behind;
  }

  /** As they are now: only to be read, and before there are more. */
  get all(): Uint8Array {
    return this.data.subarray(0, this.length);
  }

  private grow(length: number): void {
    const grown = new Uint8Array(Math.max(length, 2 * this.data.length));
    grown.set(this.all);
    this.data = grown;
  }
}
