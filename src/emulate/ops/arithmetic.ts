// add to xor, test, inc, dec, neg, not, and the carry chains of BMI and ADX.
import * as alu from '../alu.js';
import type { Alu } from '../alu.js';
import type { Decoded } from '../instruction.js';
import { address, modify, operand, place, sizeOf } from '../operands.js';
import type { Builder, Op, Place, Table } from '../operands.js';
import { AH, CF, HI, OF } from '../state.js';
import type { Cpu } from '../state.js';

/** Runs a two-operand operation of any width; `keep` writes the result. */
function general(cpu: Cpu, size: number, op: Alu, to: Place, from: Place, keep: boolean): Op {
  const s = cpu.s;
  const { read, write } = to;
  const source = from.read;
  if (size === 8) {
    const wide = op.wide;
    if (!keep)
      return () => {
        const bl = source();
        const bh = s[HI] ?? 0;
        const al = read();
        wide(s, al, s[HI] ?? 0, bl, bh);
      };
    return () => {
      const bl = source();
      const bh = s[HI] ?? 0;
      const al = read();
      const r = wide(s, al, s[HI] ?? 0, bl, bh);
      write(r, s[HI] ?? 0);
    };
  }
  const narrow = size === 4 ? op.word : op.narrow(size === 1 ? 24 : 16);
  if (!keep)
    return () => {
      const b = source();
      narrow(s, read(), b);
    };
  return () => {
    const b = source();
    const a = read();
    write(narrow(s, a, b), 0);
  };
}

/** The register forms of 32 and 64 bits are most of what runs. */
function fast(cpu: Cpu, i: Decoded, size: number, op: Alu, keep: boolean): Op | undefined {
  const [to, from] = i.operands;
  if (to?.kind !== 'register' || !from || (size !== 4 && size !== 8)) return undefined;
  const s = cpu.s;
  const d = 2 * to.number;
  const { word, wide } = op;
  if (from.kind === 'register') {
    const f = 2 * from.number;
    if (size === 4)
      return keep
        ? () => {
            s[d] = word(s, s[d] ?? 0, s[f] ?? 0);
            s[d + 1] = 0;
          }
        : () => {
            word(s, s[d] ?? 0, s[f] ?? 0);
          };
    return keep
      ? () => {
          s[d] = wide(s, s[d] ?? 0, s[d + 1] ?? 0, s[f] ?? 0, s[f + 1] ?? 0);
          s[d + 1] = s[HI] ?? 0;
        }
      : () => {
          wide(s, s[d] ?? 0, s[d + 1] ?? 0, s[f] ?? 0, s[f + 1] ?? 0);
        };
  }
  if (from.kind === 'immediate') {
    const { lo, hi } = from;
    if (size === 4)
      return keep
        ? () => {
            s[d] = word(s, s[d] ?? 0, lo);
            s[d + 1] = 0;
          }
        : () => {
            word(s, s[d] ?? 0, lo);
          };
    return keep
      ? () => {
          s[d] = wide(s, s[d] ?? 0, s[d + 1] ?? 0, lo, hi);
          s[d + 1] = s[HI] ?? 0;
        }
      : () => {
          wide(s, s[d] ?? 0, s[d + 1] ?? 0, lo, hi);
        };
  }
  if (from.kind !== 'memory') return undefined;
  const at = address(cpu, from);
  const m = cpu.memory;
  if (size === 4)
    return keep
      ? () => {
          s[d] = word(s, s[d] ?? 0, m.read32(at(), s[AH] ?? 0));
          s[d + 1] = 0;
        }
      : () => {
          word(s, s[d] ?? 0, m.read32(at(), s[AH] ?? 0));
        };
  return keep
    ? () => {
        const lo = m.read64(at(), s[AH] ?? 0);
        s[d] = wide(s, s[d] ?? 0, s[d + 1] ?? 0, lo, m.high);
        s[d + 1] = s[HI] ?? 0;
      }
    : () => {
        const lo = m.read64(at(), s[AH] ?? 0);
        wide(s, s[d] ?? 0, s[d + 1] ?? 0, lo, m.high);
      };
}

const binary =
  (op: Alu, keep = true): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    return (
      fast(cpu, i, size, op, keep) ??
      general(cpu, size, op, keep ? modify(cpu, i, 0) : place(cpu, i, 0), place(cpu, i, 1, size), keep)
    );
  };

const unary =
  (op: Alu): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const o = operand(i, 0);
    const s = cpu.s;
    if (o.kind === 'register' && size >= 4) {
      const d = 2 * o.number;
      const { word, wide } = op;
      if (size === 4)
        return () => {
          s[d] = word(s, s[d] ?? 0, 0);
          s[d + 1] = 0;
        };
      return () => {
        s[d] = wide(s, s[d] ?? 0, s[d + 1] ?? 0, 0, 0);
        s[d + 1] = s[HI] ?? 0;
      };
    }
    const none: Place = { read: () => 0, write: () => undefined };
    return general(cpu, size, op, modify(cpu, i, 0), none, true);
  };

const not: Builder = (cpu, i) => {
  const { read, write } = modify(cpu, i, 0);
  const s = cpu.s;
  return () => {
    const lo = read();
    write(~lo, ~(s[HI] ?? 0));
  };
};

/** adcx and adox: one flag as carry, no other changed. */
const carryChain =
  (get: (s: Int32Array) => number, set: (s: Int32Array, carry: number) => void): Builder =>
  (cpu, i) => {
    const s = cpu.s;
    const size = sizeOf(i, 0);
    const to = place(cpu, i, 0);
    const from = place(cpu, i, 1);
    return () => {
      const bl = from.read();
      const bh = s[HI] ?? 0;
      const al = to.read();
      const ah = s[HI] ?? 0;
      const lo = (al >>> 0) + (bl >>> 0) + get(s);
      const c = lo > 0xffffffff ? 1 : 0;
      if (size === 4) {
        to.write(lo | 0, 0);
        set(s, c);
      } else {
        const hi = (ah >>> 0) + (bh >>> 0) + c;
        to.write(lo | 0, hi | 0);
        set(s, hi > 0xffffffff ? 1 : 0);
      }
    };
  };

export const arithmetic: Table = {
  adc: binary(alu.adc),
  adcx: carryChain(
    (s) => s[CF] ?? 0,
    (s, carry) => {
      s[CF] = carry;
    },
  ),
  add: binary(alu.add),
  adox: carryChain(
    (s) => (s[OF] ?? 0) >>> 31,
    (s, carry) => {
      s[OF] = -carry;
    },
  ),
  and: binary(alu.and),
  cmp: binary(alu.sub, false),
  dec: unary(alu.dec),
  inc: unary(alu.inc),
  neg: unary(alu.neg),
  not,
  or: binary(alu.or),
  sbb: binary(alu.sbb),
  sub: binary(alu.sub),
  test: binary(alu.and, false),
  xor: binary(alu.xor),
};
