// mul, imul, mulx, div, idiv (SDM vol. 2). SF, ZF, AF, PF are undefined behind them and left alone.
import { place, sizeOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { CF, HI, OF, RAX, RDX, Trap } from '../state.js';
import type { Cpu } from '../state.js';

const join = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
const lowOf = (v: bigint): number => Number(BigInt.asIntN(32, v));
const highOf = (v: bigint): number => Number(BigInt.asIntN(32, v >> 32n));

function carryAndOverflow(s: Int32Array, lost: boolean): void {
  s[CF] = lost ? 1 : 0;
  s[OF] = lost ? -1 : 0;
}

/** The accumulator of a width, then rdx:rax or ax. */
function accumulator(cpu: Cpu, size: number): bigint {
  const q = cpu.q[0] ?? 0n;
  return BigInt.asUintN(8 * size, q);
}

function storePair(cpu: Cpu, size: number, low: bigint, high: bigint): void {
  const { s, w, q } = cpu;
  if (size === 1) w[0] = Number((BigInt.asUintN(8, high) << 8n) | BigInt.asUintN(8, low));
  else if (size === 2) {
    w[0] = Number(BigInt.asUintN(16, low));
    w[8] = Number(BigInt.asUintN(16, high));
  } else if (size === 4) {
    s[RAX] = lowOf(low);
    s[RDX] = lowOf(high);
    s[RAX + 1] = s[RDX + 1] = 0;
  } else {
    q[0] = BigInt.asUintN(64, low);
    q[2] = BigInt.asUintN(64, high);
  }
}

const multiply =
  (signed: boolean): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const bits = 8 * size;
    const { read } = place(cpu, i, 0);
    const s = cpu.s;
    return () => {
      const lo = read();
      const a = accumulator(cpu, size);
      const b = BigInt.asUintN(bits, join(lo, s[HI] ?? 0));
      const product = signed ? BigInt.asIntN(bits, a) * BigInt.asIntN(bits, b) : a * b;
      storePair(cpu, size, product, product >> BigInt(bits));
      carryAndOverflow(s, signed ? product !== BigInt.asIntN(bits, product) : product >> BigInt(bits) !== 0n);
    };
  };

/** The forms of imul with a destination. */
const multiplyTo: Builder = (cpu, i) => {
  const size = sizeOf(i, 0);
  const to = place(cpu, i, 0);
  const three = i.operands.length === 3;
  const a = place(cpu, i, three ? 1 : 0);
  const b = place(cpu, i, three ? 2 : 1, size);
  const s = cpu.s;
  if (size === 4)
    return () => {
      const bl = b.read();
      const al = a.read();
      const r = Math.imul(al, bl);
      // Exact below 2^53; beyond, the difference is too large to be rounded away.
      carryAndOverflow(s, al * bl !== r);
      to.write(r, 0);
    };
  if (size === 2)
    return () => {
      const bl = (b.read() << 16) >> 16;
      const al = (a.read() << 16) >> 16;
      const r = al * bl;
      carryAndOverflow(s, r !== (r << 16) >> 16);
      to.write(r, 0);
    };
  return () => {
    const bl = b.read();
    const bh = s[HI] ?? 0;
    const al = a.read();
    const ah = s[HI] ?? 0;
    carryAndOverflow(s, isTooLarge(al, ah, bl, bh));
    const high = upperProduct(al, bl) + Math.imul(al, bh) + Math.imul(ah, bl);
    to.write(Math.imul(al, bl), high | 0);
  };
};

/** The upper 32 bits of the product of unsigned words. */
function upperProduct(a: number, b: number): number {
  const [al, ah] = [a & 0xffff, a >>> 16];
  const [bl, bh] = [b & 0xffff, b >>> 16];
  const low = al * bh;
  const high = ah * bl;
  const middle = ((al * bl) >>> 16) + (low & 0xffff) + (high & 0xffff);
  return ah * bh + (low >>> 16) + (high >>> 16) + (middle >>> 16);
}

/** Whether a signed product has more than 64 bits. A double's product is wrong by 2^-51 of it at most, so that it decides nearly always. */
function isTooLarge(al: number, ah: number, bl: number, bh: number): boolean {
  const product = (ah * 0x100000000 + (al >>> 0)) * (bh * 0x100000000 + (bl >>> 0));
  const share = Math.abs(product) / 0x8000000000000000;
  if (share < 1 - 2 ** -48) return false;
  if (share > 1 + 2 ** -48) return true;
  const exact = BigInt.asIntN(64, join(al, ah)) * BigInt.asIntN(64, join(bl, bh));
  return exact !== BigInt.asIntN(64, exact);
}

const mulx: Builder = (cpu, i) => {
  const size = sizeOf(i, 0);
  const bits = 8 * size;
  const high = place(cpu, i, 0);
  const low = place(cpu, i, 1);
  const from = place(cpu, i, 2);
  const s = cpu.s;
  return () => {
    const lo = from.read();
    const product = BigInt.asUintN(bits, cpu.q[2] ?? 0n) * BigInt.asUintN(bits, join(lo, s[HI] ?? 0));
    low.write(lowOf(product), highOf(product));
    const upper = product >> BigInt(bits);
    high.write(lowOf(upper), highOf(upper));
  };
};

const divide =
  (signed: boolean): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const bits = 8 * size;
    const { read } = place(cpu, i, 0);
    const s = cpu.s;
    return () => {
      const lo = read();
      let divisor = BigInt.asUintN(bits, join(lo, s[HI] ?? 0));
      if (divisor === 0n) throw new Trap('divide');
      const upper = size === 1 ? BigInt(cpu.b[1] ?? 0) : BigInt.asUintN(bits, cpu.q[2] ?? 0n);
      let dividend = (upper << BigInt(bits)) | accumulator(cpu, size);
      if (signed) {
        divisor = BigInt.asIntN(bits, divisor);
        dividend = BigInt.asIntN(2 * bits, dividend);
      }
      const quotient = dividend / divisor;
      if (quotient !== (signed ? BigInt.asIntN(bits, quotient) : BigInt.asUintN(bits, quotient)))
        throw new Trap('divide');
      storePair(cpu, size, quotient, dividend % divisor);
    };
  };

/** Without large numbers where both halves are small: what compilers divide mostly. */
const divideFast =
  (signed: boolean): Builder =>
  (cpu, i) => {
    const slow = divide(signed)(cpu, i);
    if (sizeOf(i, 0) !== 4 || signed) return slow;
    const { read } = place(cpu, i, 0);
    const s = cpu.s;
    return () => {
      const d = read() >>> 0;
      if (d === 0 || s[RDX] !== 0) {
        slow();
        return;
      }
      const n = (s[RAX] ?? 0) >>> 0;
      s[RAX] = (n / d) >>> 0;
      s[RDX] = n % d;
      s[RAX + 1] = s[RDX + 1] = 0;
    };
  };

export const multiplies: Table = {
  div: divideFast(false),
  idiv: divideFast(true),
  imul: (cpu, i) => (i.operands.length === 1 ? multiply(true)(cpu, i) : multiplyTo(cpu, i)),
  mul: multiply(false),
  mulx,
};
