// AES, SHA, carry-less products and CRC-32C (SDM vol. 2, by name; FIPS 197, FIPS 180-4).
import type { Builder, Table } from '../operands.js';
import { place, sizeOf } from '../operands.js';
import { HI } from '../state.js';
import { apart, lanes, lanesBy, placeOf, source, unaligned, withVex } from './vector.js';
import type { Lane } from './vector.js';

/** In the field of AES, x^8 + x^4 + x^3 + x + 1. */
export function product(a: number, b: number): number {
  let result = 0;
  for (let n = 0; n < 8; n++) {
    if ((b >> n) & 1) result ^= a;
    a = (a << 1) ^ (a & 128 ? 0x11b : 0);
  }
  return result;
}

/** n^254, the product of n's powers by 2, 4, to 128; of 0 it is 0. */
function inverseInField(n: number): number {
  let inverse = 1;
  for (let k = 1, power = n; k < 8; k++) {
    power = product(power, power);
    inverse = product(inverse, power);
  }
  return inverse;
}

export const inverses = Uint8Array.from({ length: 256 }, (_, n) => inverseInField(n));

const substitution = new Uint8Array(256);
const inverse = new Uint8Array(256);
for (let n = 0; n < 256; n++) {
  const power = inverses[n] ?? 0;
  let value = power;
  for (let k = 1; k < 5; k++) value ^= (power << k) | (power >> (8 - k));
  value = (value & 255) ^ 0x63;
  substitution[n] = value;
  inverse[value] = n;
}
const times = (by: number): Uint8Array => Uint8Array.from({ length: 256 }, (_, n) => product(n, by));
type Tables = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const mixing: Tables = [times(2), times(3), times(1), times(1)];
const unmixing: Tables = [times(14), times(11), times(13), times(9)];

/** Of the bytes in `vb` at `from`, those of a column rotated row by row. */
const mixColumns = (vb: Uint8Array, to: number, from: number, tables: Tables): void => {
  for (let column = 0; column < 16; column += 4)
    for (let row = 0; row < 4; row++) {
      let value = 0;
      tables.forEach((table, k) => {
        value ^= table[vb[from + column + ((row + k) & 3)] ?? 0] ?? 0;
      });
      vb[to + column + row] = value;
    }
};

const state = new Uint8Array(16);
/** A round: rows shifted, bytes substituted, columns mixed unless it is the last, the key added. */
const round = (table: Uint8Array, step: 1 | -1, tables?: Tables): Lane =>
  apart(({ vb }, to, a, b) => {
    for (let n = 0; n < 16; n++) state[n] = table[vb[a + ((n + step * 4 * (n & 3)) & 15)] ?? 0] ?? 0;
    if (tables) mixColumns(vb, to, copied(vb, to), tables);
    else vb.set(state, to);
    for (let n = 0; n < 16; n++) vb[to + n] = (vb[to + n] ?? 0) ^ (vb[b + n] ?? 0);
  });

/** The state behind the place of the result. */
function copied(vb: Uint8Array, to: number): number {
  vb.set(state, to + 16);
  return to + 16;
}

const inverseMix: Lane = apart(({ vb }, to, _, b) => {
  mixColumns(vb, to, b, unmixing);
});

const rotate = (v: number, n: number): number => (v >>> n) | (v << (32 - n));
const substituteWord = (v: number): number =>
  [0, 8, 16, 24].reduce((all, n) => all | ((substitution[(v >>> n) & 255] ?? 0) << n), 0);

const keyAssist = (control: number): Lane =>
  apart(({ vi }, to, _, b) => {
    const d = to >> 2;
    [1, 3].forEach((word, n) => {
      const value = substituteWord(vi[(b >> 2) + word] ?? 0);
      vi[d + 2 * n] = value;
      vi[d + 2 * n + 1] = rotate(value, 8) ^ control;
    });
  });

const carryless = (control: number): Lane =>
  apart(({ vq }, to, a, b) => {
    const x = vq[(a >> 3) + (control & 1)] ?? 0n;
    const y = vq[(b >> 3) + ((control >> 4) & 1)] ?? 0n;
    let result = 0n;
    for (let n = 0n; n < 64n; n++) if ((y >> n) & 1n) result ^= x << n;
    vq[to >> 3] = BigInt.asUintN(64, result);
    vq[(to >> 3) + 1] = result >> 64n;
  });

/** Four words of a place, the lowest first. */
const wordsAt = (vi: Int32Array, at: number): [number, number, number, number] => [
  vi[at >> 2] ?? 0,
  vi[(at >> 2) + 1] ?? 0,
  vi[(at >> 2) + 2] ?? 0,
  vi[(at >> 2) + 3] ?? 0,
];
type Words = readonly [number, number, number, number];
const onWords = (f: (a: Words, b: Words) => Words): Lane =>
  apart(({ vi }, to, a, b) => {
    vi.set(f(wordsAt(vi, a), wordsAt(vi, b)), to >> 2);
  });

const choose = (b: number, c: number, d: number): number => (b & c) ^ (~b & d);
const odd = (b: number, c: number, d: number): number => b ^ c ^ d;
const majority = (b: number, c: number, d: number): number => (b & c) ^ (b & d) ^ (c & d);
/** By the immediate: function and constant of twenty rounds each. */
const sha1Rounds = [
  [choose, 0x5a827999],
  [odd, 0x6ed9eba1],
  [majority, 0x8f1bbcdc],
  [odd, 0xca62c1d6],
] as const;

const sha1Four = (control: number): Lane => {
  const [f, constant] = sha1Rounds[control & 3] ?? sha1Rounds[0];
  return onWords(([d0, c0, b0, a0], [w3, w2, w1, w0]) => {
    let [a, b, c, d, e] = [a0, b0, c0, d0, 0];
    for (const w of [w0, w1, w2, w3]) {
      // The first word has e in it already.
      const next = (f(b, c, d) + rotate(a, 27) + w + e + constant) | 0;
      [a, b, c, d, e] = [next, a, rotate(b, 2), c, d];
    }
    return [d, c, b, a];
  });
};

const sigma = (v: number, x: number, y: number, shift: number): number =>
  rotate(v, x) ^ rotate(v, y) ^ (v >>> shift);

const sha1Message1 = onWords(([w3, w2, w1, w0], [, , w5, w4]) => [w5 ^ w3, w4 ^ w2, w3 ^ w1, w2 ^ w0]);
const sha1Message2 = onWords(([a19, a18, a17, a16], [w15, w14, w13]) => {
  const w16 = rotate(a16 ^ w13, 31);
  return [rotate(a19 ^ w16, 31), rotate(a18 ^ w15, 31), rotate(a17 ^ w14, 31), w16];
});
const sha1Next = onWords(([, , , a], [b0, b1, b2, b3]) => [b0, b1, b2, b3 + rotate(a, 2)]);

/** Two rounds; the words with their constants are in xmm0. */
const sha256Rounds: Builder = (cpu, i) => {
  const to = placeOf(i, 0);
  const { at, load } = source(cpu, i, 1, false);
  const { vi } = cpu;
  return () => {
    load?.();
    let [h, g, d, c] = wordsAt(vi, to);
    let [f, e, b, a] = wordsAt(vi, at);
    for (const w of [vi[0] ?? 0, vi[1] ?? 0]) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const first = (h + s1 + choose(e, f, g) + w) | 0;
      const next = (first + s0 + majority(a, b, c)) | 0;
      [a, b, c, d, e, f, g, h] = [next, a, b, c, (d + first) | 0, e, f, g];
    }
    vi.set([f, e, b, a], to >> 2);
  };
};
const sha256Message1 = onWords(([w0, w1, w2, w3], [w4]) => [
  w0 + sigma(w1, 7, 18, 3),
  w1 + sigma(w2, 7, 18, 3),
  w2 + sigma(w3, 7, 18, 3),
  w3 + sigma(w4, 7, 18, 3),
]);
const sha256Message2 = onWords(([a0, a1, a2, a3], [, , w14, w15]) => {
  const w16 = (a0 + sigma(w14, 17, 19, 10)) | 0;
  const w17 = (a1 + sigma(w15, 17, 19, 10)) | 0;
  return [w16, w17, a2 + sigma(w16, 17, 19, 10), a3 + sigma(w17, 17, 19, 10)];
});

const crcBytes = Int32Array.from({ length: 256 }, (_, n) => {
  let v = n;
  for (let k = 0; k < 8; k++) v = v & 1 ? (v >>> 1) ^ 0x82f63b78 : v >>> 1;
  return v;
});
const crc32: Builder = (cpu, i) => {
  const to = place(cpu, i, 0);
  const { read } = place(cpu, i, 1);
  const bytes = sizeOf(i, 1);
  const { s } = cpu;
  return () => {
    const lo = read();
    const hi = s[HI] ?? 0;
    let crc = to.read();
    for (let n = 0; n < bytes; n++)
      crc = (crc >>> 8) ^ (crcBytes[(crc ^ ((n < 4 ? lo : hi) >>> (8 * (n & 3)))) & 255] ?? 0);
    to.write(crc, 0);
  };
};

export const crypto: Table = {
  ...withVex({
    aesdec: lanes(round(inverse, -1, unmixing)),
    aesdeclast: lanes(round(inverse, -1)),
    aesenc: lanes(round(substitution, 1, mixing)),
    aesenclast: lanes(round(substitution, 1)),
    aesimc: lanes(inverseMix, true),
    aeskeygenassist: lanesBy(keyAssist, true),
    pclmulqdq: lanesBy(carryless),
  }),
  crc32,
  // AMD's CPUs have SHA's operands anywhere in memory, though not AES's.
  sha1msg1: unaligned(lanes(sha1Message1)),
  sha1msg2: unaligned(lanes(sha1Message2)),
  sha1nexte: unaligned(lanes(sha1Next)),
  sha1rnds4: unaligned(lanesBy(sha1Four)),
  sha256msg1: unaligned(lanes(sha256Message1)),
  sha256msg2: unaligned(lanes(sha256Message2)),
  sha256rnds2: sha256Rounds,
};
