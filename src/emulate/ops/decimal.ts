// Decimal arithmetic of 32-bit code (SDM vol. 2: AAA, AAD, AAM, AAS, DAA, DAS), and salc. Flags that it leaves undefined are left as they follow.
import { immediateOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { logicFlags } from '../alu.js';
import { AF, CF, Trap } from '../state.js';
import type { Cpu } from '../state.js';

/** ZF, SF and PF of al; CF, AF and OF become 0. */
function alFlags({ s, b }: Cpu): void {
  const al = b[0] ?? 0;
  logicFlags(s, al << 24, al << 24, al);
}

/** aaa, aas. */
const unpacked =
  (sign: 1 | -1): Builder =>
  (cpu) => {
    const { s, b, w } = cpu;
    return () => {
      const adjusts = ((b[0] ?? 0) & 15) > 9 || ((s[AF] ?? 0) & 16) !== 0;
      if (adjusts) w[0] = (w[0] ?? 0) + sign * 0x106;
      b[0] = (b[0] ?? 0) & 15;
      alFlags(cpu);
      s[CF] = adjusts ? 1 : 0;
      s[AF] = adjusts ? 16 : 0;
    };
  };

/** daa, das. */
const packed =
  (sign: 1 | -1): Builder =>
  (cpu) => {
    const { s, b } = cpu;
    return () => {
      const old = b[0] ?? 0;
      const carry = s[CF] ?? 0;
      const low = (old & 15) > 9 || ((s[AF] ?? 0) & 16) !== 0;
      const high = old > 0x99 || carry === 1;
      let al = old;
      let out = 0;
      if (low) {
        al += 6 * sign;
        // das alone keeps the borrow of its first step.
        if (sign === -1 && (al < 0 || carry === 1)) out = 1;
      }
      if (high) {
        al += 0x60 * sign;
        out = 1;
      }
      b[0] = al;
      alFlags(cpu);
      s[CF] = out;
      s[AF] = low ? 16 : 0;
    };
  };

const aam: Builder = (cpu, i) => {
  const base = immediateOf(i, 0).lo & 255;
  const { b } = cpu;
  return () => {
    if (base === 0) throw new Trap('divide', 'aam');
    const al = b[0] ?? 0;
    b[1] = Math.floor(al / base);
    b[0] = al % base;
    alFlags(cpu);
  };
};

const aad: Builder = (cpu, i) => {
  const base = immediateOf(i, 0).lo & 255;
  const { b } = cpu;
  return () => {
    b[0] = (b[0] ?? 0) + (b[1] ?? 0) * base;
    b[1] = 0;
    alFlags(cpu);
  };
};

export const decimal: Table = {
  aaa: unpacked(1),
  aad,
  aam,
  aas: unpacked(-1),
  daa: packed(1),
  das: packed(-1),
  salc: ({ s, b }) => {
    return () => {
      b[0] = s[CF] === 1 ? 255 : 0;
    };
  },
};
