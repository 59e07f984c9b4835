// Random bytes that are the same in every run: xorshift64* (Marsaglia; Vigna 2016, "An experimental exploration of Marsaglia's xorshift generators").

const multiplier = 0x2545f4914f6cdd1dn;

export class RandomBytes {
  constructor(public state: bigint) {}

  static seeded(seed: number): RandomBytes {
    return new RandomBytes(BigInt.asUintN(64, BigInt(seed) * 0x9e3779b97f4a7c15n) | 1n);
  }

  next(length: number): Uint8Array {
    let { state } = this;
    const bytes = Uint8Array.from({ length }, () => {
      state ^= state >> 12n;
      state = BigInt.asUintN(64, state ^ (state << 25n));
      state ^= state >> 27n;
      return Number(BigInt.asUintN(64, state * multiplier) >> 56n);
    });
    this.state = state;
    return bytes;
  }
}
