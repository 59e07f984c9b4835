// pcmpestri and its like (SDM vol. 2, 4.1): every element of one text against every one of the other.
import type { Builder, Table } from '../operands.js';
import { immediateOf } from '../operands.js';
import { AF, CF, OF, PF, RAX, RCX, RDX, SF, ZR } from '../state.js';
import type { Cpu } from '../state.js';
import { placeOf, registerBytes, source } from './vector.js';

/** Bits of the immediate. */
const words = 1;
const isSigned = 2;
const kind = 12;
const negated = 16;
const onlyValid = 32;
/** The last match's number, or a mask of elements. */
const mostOrElements = 64;

/** Of a length in a register, how many elements: its absolute value, as many as there are. */
function lengthIn(s: Int32Array, register: number, wide: boolean, most: number): number {
  const lo = s[register] ?? 0;
  const value = wide ? (s[register + 1] ?? 0) * 0x100000000 + (lo >>> 0) : lo;
  return Math.min(most, Math.abs(value));
}

function elements({ vb, vw }: Cpu, at: number, control: number): number[] {
  const count = control & words ? 8 : 16;
  return Array.from({ length: count }, (_, n) => {
    const value = (control & words ? vw[(at >> 1) + n] : vb[at + n]) ?? 0;
    const shift = control & words ? 16 : 24;
    return control & isSigned ? (value << shift) >> shift : value;
  });
}

const untilZero = (all: readonly number[]): number => {
  const at = all.indexOf(0);
  return at < 0 ? all.length : at;
};

/** By the second text's elements: which of them match. What lies behind a text's end compares as each kind of comparison says (table 4-7). */
function matches(a: readonly number[], b: readonly number[], control: number, m: number, n: number): number {
  const most = a.length;
  const at = (all: readonly number[], k: number): number => all[k] ?? 0;
  let result = 0;
  for (let j = 0; j < most; j++) {
    let found = false;
    const value = at(b, j);
    switch (control & kind) {
      case 0:
        for (let k = 0; k < m && j < n; k++) found ||= at(a, k) === value;
        break;
      case 4:
        for (let k = 0; k + 1 < m && j < n; k += 2) found ||= value >= at(a, k) && value <= at(a, k + 1);
        break;
      case 8:
        found = j < m && j < n ? at(a, j) === value : j >= m && j >= n;
        break;
      default:
        found = true;
        for (let k = 0; k < m && j + k < most; k++) found &&= j + k < n && at(a, k) === at(b, j + k);
    }
    if (found) result |= 1 << j;
  }
  if (control & negated) result ^= control & onlyValid ? (1 << n) - 1 : (1 << most) - 1;
  return result;
}

const comparing =
  (lengths: 'implicit' | 'explicit' | 'explicit64', mask: boolean): Builder =>
  (cpu, i) => {
    const control = immediateOf(i, 2).lo & 255;
    const first = placeOf(i, 0);
    const { at, load } = source(cpu, i, 1, false);
    const { s, vi, vb } = cpu;
    const most = control & words ? 8 : 16;
    const wide = lengths === 'explicit64';
    return () => {
      load?.();
      const a = elements(cpu, first, control);
      const b = elements(cpu, at, control);
      const m = lengths === 'implicit' ? untilZero(a) : lengthIn(s, RAX, wide, most);
      const n = lengths === 'implicit' ? untilZero(b) : lengthIn(s, RDX, wide, most);
      const found = matches(a, b, control, m, n);
      s[CF] = found === 0 ? 0 : 1;
      s[ZR] = n < most ? 0 : 1;
      s[SF] = m < most ? -1 : 0;
      s[OF] = found & 1 ? -1 : 0;
      s[AF] = 0;
      s[PF] = 1;
      if (!mask) {
        const number = control & mostOrElements ? 31 - Math.clz32(found) : Math.clz32(found & -found) ^ 31;
        s[RCX] = found === 0 ? most : number;
        s[RCX + 1] = 0;
        return;
      }
      vb.fill(0, 0, i.vex ? registerBytes : 16);
      if (!(control & mostOrElements)) vi[0] = found;
      else for (let k = 0; k < 16; k++) vb[k] = (found >> (control & words ? k >> 1 : k)) & 1 ? 255 : 0;
    };
  };

export const vectorTexts: Table = Object.fromEntries(
  ['', 'v'].flatMap((prefix) => [
    [`${prefix}pcmpestri`, comparing('explicit', false)],
    [`${prefix}pcmpestri64`, comparing('explicit64', false)],
    [`${prefix}pcmpestrm`, comparing('explicit', true)],
    [`${prefix}pcmpestrm64`, comparing('explicit64', true)],
    [`${prefix}pcmpistri`, comparing('implicit', false)],
    [`${prefix}pcmpistrm`, comparing('implicit', true)],
  ]),
);
