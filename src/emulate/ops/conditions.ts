// The sixteen conditions (SDM vol. 2, appendix B.1.4.7), by the suffix that iced's names have.
import { CF, OF, parity, PF, SF, ZR } from '../state.js';

export type Condition = (s: Int32Array) => boolean;

const less: Condition = (s) => ((s[SF] ?? 0) ^ (s[OF] ?? 0)) < 0;

export const conditions: Readonly<Record<string, Condition>> = {
  a: (s) => s[CF] === 0 && s[ZR] !== 0,
  ae: (s) => s[CF] === 0,
  b: (s) => s[CF] !== 0,
  be: (s) => s[CF] !== 0 || s[ZR] === 0,
  e: (s) => s[ZR] === 0,
  g: (s) => s[ZR] !== 0 && ((s[SF] ?? 0) ^ (s[OF] ?? 0)) >= 0,
  ge: (s) => ((s[SF] ?? 0) ^ (s[OF] ?? 0)) >= 0,
  l: less,
  le: (s) => s[ZR] === 0 || ((s[SF] ?? 0) ^ (s[OF] ?? 0)) < 0,
  ne: (s) => s[ZR] !== 0,
  no: (s) => (s[OF] ?? 0) >= 0,
  np: (s) => parity[(s[PF] ?? 0) & 255] === 0,
  ns: (s) => (s[SF] ?? 0) >= 0,
  o: (s) => (s[OF] ?? 0) < 0,
  p: (s) => parity[(s[PF] ?? 0) & 255] === 1,
  s: (s) => (s[SF] ?? 0) < 0,
};
