// Flags that an instruction leaves undefined, so that CPUs may differ: AMD APM vol. 3, chapter 3, "rFLAGS affected" of each; Intel SDM vol. 2 agrees.
const CF = 1;
const PF = 4;
const AF = 16;
const ZF = 64;
const SF = 128;
const OF = 0x800;

/** By name; `count` is the masked shift count, `bits` the operand's width. */
type Rule = (count: number, bits: number) => number;

const always =
  (...flags: readonly number[]): Rule =>
  () =>
    flags.reduce((a, b) => a | b, 0);
/** OF for a count of 1 only; AF after any shift that is not of 0; CF of shl and shr when the count reaches the width. */
const shift: Rule = (count, bits) =>
  count === 0 ? 0 : AF | (count === 1 ? 0 : OF) | (count >= bits ? CF : 0);
const rotate: Rule = (count) => (count <= 1 ? 0 : OF);
const doubleShift: Rule = (count, bits) =>
  count === 0 ? 0 : count > bits ? CF | PF | AF | ZF | SF | OF : AF | (count === 1 ? 0 : OF);

export const undefinedFlags: Readonly<Record<string, Rule>> = {
  aaa: always(PF, ZF, SF, OF),
  aad: always(CF, AF, OF),
  aam: always(CF, AF, OF),
  aas: always(PF, ZF, SF, OF),
  and: always(AF),
  andn: always(AF, PF),
  bextr: always(AF, PF, SF),
  blsi: always(AF, PF),
  blsmsk: always(AF, PF),
  blsr: always(AF, PF),
  bsf: always(CF, PF, AF, SF, OF),
  bsr: always(CF, PF, AF, SF, OF),
  bt: always(PF, AF, SF, OF),
  btc: always(PF, AF, SF, OF),
  btr: always(PF, AF, SF, OF),
  bts: always(PF, AF, SF, OF),
  bzhi: always(AF, PF),
  daa: always(OF),
  das: always(OF),
  div: always(CF, PF, AF, ZF, SF, OF),
  idiv: always(CF, PF, AF, ZF, SF, OF),
  imul: always(PF, AF, ZF, SF),
  lzcnt: always(PF, AF, SF, OF),
  mul: always(PF, AF, ZF, SF),
  or: always(AF),
  rcl: rotate,
  rcr: rotate,
  rol: rotate,
  ror: rotate,
  sal: shift,
  sar: (count) => (count === 0 ? 0 : AF | (count === 1 ? 0 : OF)),
  shl: shift,
  shld: doubleShift,
  shr: shift,
  shrd: doubleShift,
  test: always(AF),
  tzcnt: always(PF, AF, SF, OF),
  xor: always(AF),
};
