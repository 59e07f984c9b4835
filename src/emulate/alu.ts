// Arithmetic with flags, by width. Each function stores the six words that flags follow from (state.ts) and gives the result; of 64-bit
// ones the low word, the upper one in s[HI].
import { AF, CF, HI, OF, PF, SF, ZR } from './state.js';

export type Narrow = (s: Int32Array, a: number, b: number) => number;
export type Wide = (s: Int32Array, al: number, ah: number, bl: number, bh: number) => number;

export interface Alu {
  /** Of 8 and 16 bits: `shift` is 24 or 16, the distance to the sign bit of a word. Operands are zero-extended. */
  readonly narrow: (shift: number) => Narrow;
  readonly word: Narrow;
  readonly wide: Wide;
}

function addNarrow(s: Int32Array, a: number, b: number, carry: number, shift: number): number {
  const r = a + b + carry;
  s[CF] = (r >> (32 - shift)) & 1;
  s[AF] = a ^ b ^ r;
  s[PF] = r;
  s[ZR] = s[SF] = r << shift;
  s[OF] = ((a ^ r) & (b ^ r)) << shift;
  return r;
}

function subNarrow(s: Int32Array, a: number, b: number, carry: number, shift: number): number {
  const r = a - b - carry;
  s[CF] = r < 0 ? 1 : 0;
  s[AF] = a ^ b ^ r;
  s[PF] = r;
  s[ZR] = s[SF] = r << shift;
  s[OF] = ((a ^ b) & (a ^ r)) << shift;
  return r;
}

function addWord(s: Int32Array, a: number, b: number, carry: number): number {
  const r = (a + b + carry) | 0;
  s[CF] = ((a & b) | ((a | b) & ~r)) >>> 31;
  s[AF] = a ^ b ^ r;
  s[PF] = s[ZR] = s[SF] = r;
  s[OF] = (a ^ r) & (b ^ r);
  return r;
}

function subWord(s: Int32Array, a: number, b: number, carry: number): number {
  const r = (a - b - carry) | 0;
  s[CF] = ((~a & b) | ((~a | b) & r)) >>> 31;
  s[AF] = a ^ b ^ r;
  s[PF] = s[ZR] = s[SF] = r;
  s[OF] = (a ^ b) & (a ^ r);
  return r;
}

function addWide(s: Int32Array, al: number, ah: number, bl: number, bh: number, carry: number): number {
  const lo = (al + bl + carry) | 0;
  const c = ((al & bl) | ((al | bl) & ~lo)) >>> 31;
  const hi = (ah + bh + c) | 0;
  s[CF] = ((ah & bh) | ((ah | bh) & ~hi)) >>> 31;
  s[AF] = al ^ bl ^ lo;
  s[PF] = lo;
  s[ZR] = lo | hi;
  s[SF] = hi;
  s[OF] = (ah ^ hi) & (bh ^ hi);
  s[HI] = hi;
  return lo;
}

function subWide(s: Int32Array, al: number, ah: number, bl: number, bh: number, carry: number): number {
  const lo = (al - bl - carry) | 0;
  const c = ((~al & bl) | ((~al | bl) & lo)) >>> 31;
  const hi = (ah - bh - c) | 0;
  s[CF] = ((~ah & bh) | ((~ah | bh) & hi)) >>> 31;
  s[AF] = al ^ bl ^ lo;
  s[PF] = lo;
  s[ZR] = lo | hi;
  s[SF] = hi;
  s[OF] = (ah ^ bh) & (ah ^ hi);
  s[HI] = hi;
  return lo;
}

/** AF is undefined behind logic; this CPU clears it, as AMD's and Intel's do. */
export function logicFlags(s: Int32Array, zero: number, sign: number, low: number): void {
  s[CF] = 0;
  s[AF] = 0;
  s[OF] = 0;
  s[PF] = low;
  s[ZR] = zero;
  s[SF] = sign;
}

function logic(op: (a: number, b: number) => number): Alu {
  return {
    narrow: (shift) => (s, a, b) => {
      const r = op(a, b);
      logicFlags(s, r << shift, r << shift, r);
      return r;
    },
    word: (s, a, b) => {
      const r = op(a, b);
      logicFlags(s, r, r, r);
      return r;
    },
    wide: (s, al, ah, bl, bh) => {
      const lo = op(al, bl);
      const hi = op(ah, bh);
      logicFlags(s, lo | hi, hi, lo);
      s[HI] = hi;
      return lo;
    },
  };
}

const keepCarry = (s: Int32Array, run: () => number): number => {
  const carry = s[CF] ?? 0;
  const r = run();
  s[CF] = carry;
  return r;
};

export const add: Alu = {
  narrow: (shift) => (s, a, b) => addNarrow(s, a, b, 0, shift),
  word: (s, a, b) => addWord(s, a, b, 0),
  wide: (s, al, ah, bl, bh) => addWide(s, al, ah, bl, bh, 0),
};
export const adc: Alu = {
  narrow: (shift) => (s, a, b) => addNarrow(s, a, b, s[CF] ?? 0, shift),
  word: (s, a, b) => addWord(s, a, b, s[CF] ?? 0),
  wide: (s, al, ah, bl, bh) => addWide(s, al, ah, bl, bh, s[CF] ?? 0),
};
export const sub: Alu = {
  narrow: (shift) => (s, a, b) => subNarrow(s, a, b, 0, shift),
  word: (s, a, b) => subWord(s, a, b, 0),
  wide: (s, al, ah, bl, bh) => subWide(s, al, ah, bl, bh, 0),
};
export const sbb: Alu = {
  narrow: (shift) => (s, a, b) => subNarrow(s, a, b, s[CF] ?? 0, shift),
  word: (s, a, b) => subWord(s, a, b, s[CF] ?? 0),
  wide: (s, al, ah, bl, bh) => subWide(s, al, ah, bl, bh, s[CF] ?? 0),
};
export const and = logic((a, b) => a & b);
export const or = logic((a, b) => a | b);
export const xor = logic((a, b) => a ^ b);

/** One operand: `b` is not looked at. */
export const inc: Alu = {
  narrow: (shift) => (s, a) => keepCarry(s, () => addNarrow(s, a, 1, 0, shift)),
  word: (s, a) => keepCarry(s, () => addWord(s, a, 1, 0)),
  wide: (s, al, ah) => keepCarry(s, () => addWide(s, al, ah, 1, 0, 0)),
};
export const dec: Alu = {
  narrow: (shift) => (s, a) => keepCarry(s, () => subNarrow(s, a, 1, 0, shift)),
  word: (s, a) => keepCarry(s, () => subWord(s, a, 1, 0)),
  wide: (s, al, ah) => keepCarry(s, () => subWide(s, al, ah, 1, 0, 0)),
};
export const neg: Alu = {
  narrow: (shift) => (s, a) => subNarrow(s, 0, a, 0, shift),
  word: (s, a) => subWord(s, 0, a, 0),
  wide: (s, al, ah) => subWide(s, 0, 0, al, ah, 0),
};
