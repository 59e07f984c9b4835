// Numbers for equal pieces of one text. A hash table over the text itself: four of five statements of a compiler's output have been
// seen before, and for those not even a string is made.

export interface Interner {
  /** The piece's number: equal pieces have the same, numbers go up from 0. */
  numberOf(start: number, end: number): number;
}

/** Pieces are compared by their characters; `expected` is how many pieces there will be at most. */
export function createInterner(text: string, expected: number): Interner {
  let bits = 4;
  while (1 << bits < expected * 2) bits++;
  const mask = (1 << bits) - 1;
  const slots = new Int32Array(1 << bits).fill(-1);
  const starts = new Int32Array(expected);
  const lengths = new Int32Array(expected);
  const hashes = new Int32Array(expected);
  let count = 0;

  function equal(a: number, b: number, length: number): boolean {
    for (let i = 0; i < length; i++) if (text.charCodeAt(a + i) !== text.charCodeAt(b + i)) return false;
    return true;
  }

  function numberOf(start: number, end: number): number {
    const length = end - start;
    // FNV-1a, with its high bits folded in for the table's index.
    let hash = 0x811c9dc5 | 0;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const number = slots[slot] ?? -1;
      if (number < 0) break;
      if (hashes[number] === hash && lengths[number] === length && equal(starts[number] ?? 0, start, length))
        return number;
      slot = (slot + 1) & mask;
    }
    slots[slot] = count;
    starts[count] = start;
    lengths[count] = length;
    hashes[count] = hash;
    return count++;
  }

  return { numberOf };
}
