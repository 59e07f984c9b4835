// Shifts and rotates (SDM vol. 2, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD). A count of 0 changes no flag. OF is defined for a count of 1
// only; here it is always what the last single shift would give.
import type { Decoded } from '../instruction.js';
import { modify, operand, place, sizeOf } from '../operands.js';
import type { Builder, Op, Read, Table } from '../operands.js';
import { AF, CF, HI, OF, PF, SF, ZR } from '../state.js';
import type { Cpu } from '../state.js';

/** Of 1 to 63; the upper word goes to s[HI]. CF, and OF in its sign bit, are stored; the result's flags are the caller's. */
type Shift64 = (s: Int32Array, lo: number, hi: number, n: number) => number;
/** Of 8, 16 or 32 bits, zero-extended (a signed word), by 1 to 31. */
type Shift = (s: Int32Array, value: number, n: number, bits: number) => number;

function shiftLeft64(s: Int32Array, lo: number, hi: number, n: number): number {
  s[CF] = bit64(lo, hi, 64 - n);
  const rh = n < 32 ? (hi << n) | (lo >>> (32 - n)) : lo << (n - 32);
  s[HI] = rh;
  s[OF] = rh ^ -(s[CF] ?? 0);
  return n < 32 ? lo << n : 0;
}

function bit64(lo: number, hi: number, n: number): number {
  return n < 32 ? (lo >>> n) & 1 : (hi >>> (n - 32)) & 1;
}

function shiftRight64(s: Int32Array, lo: number, hi: number, n: number): number {
  s[CF] = bit64(lo, hi, n - 1);
  s[OF] = n === 1 ? hi : 0;
  if (n < 32) {
    s[HI] = hi >>> n;
    return (lo >>> n) | (hi << (32 - n));
  }
  s[HI] = 0;
  return hi >>> (n - 32);
}

function shiftArithmetic64(s: Int32Array, lo: number, hi: number, n: number): number {
  s[CF] = bit64(lo, hi, n - 1);
  s[OF] = 0;
  s[HI] = n < 32 ? hi >> n : hi >> 31;
  return n < 32 ? (lo >>> n) | (hi << (32 - n)) : hi >> (n - 32);
}

const left: Shift = (s, value, n, bits) => {
  const r = n >= bits && bits < 32 ? 0 : value << n;
  s[CF] = n > bits ? 0 : (value >>> (bits - n)) & 1;
  s[OF] = (r << (32 - bits)) ^ -(s[CF] ?? 0);
  return r;
};

const right: Shift = (s, value, n, bits) => {
  s[CF] = (value >>> (n - 1)) & 1;
  s[OF] = n === 1 ? value << (32 - bits) : 0;
  return value >>> n;
};

const arithmetic: Shift = (s, value, n, bits) => {
  const signed = (value << (32 - bits)) >> (32 - bits);
  s[CF] = (signed >> (n - 1)) & 1;
  s[OF] = 0;
  return signed >> n;
};

/** The count: masked to 5 bits, 6 for a 64-bit operand. */
function countOf(cpu: Cpu, i: Decoded, n: number, mask: number): Read {
  const o = i.operands[n];
  if (!o) return () => 1;
  const { read } = place(cpu, i, n, o.kind === 'immediate' ? 1 : sizeOf(i, n));
  return () => read() & mask;
}

/** A register of 32 or 64 bits by a constant: nearly all there are. */
function fast(cpu: Cpu, i: Decoded, narrow: Shift, wide: Shift64): Op | undefined {
  const [to, by] = i.operands;
  if (to?.kind !== 'register' || to.size < 4 || by?.kind !== 'immediate') return undefined;
  const n = by.lo & (to.size === 8 ? 63 : 31);
  if (n === 0) return undefined;
  const s = cpu.s;
  const d = 2 * to.number;
  if (to.size === 4)
    return () => {
      const r = narrow(s, s[d] ?? 0, n, 32);
      s[PF] = s[ZR] = s[SF] = r;
      s[AF] = 0;
      s[d] = r;
      s[d + 1] = 0;
    };
  return () => {
    const r = wide(s, s[d] ?? 0, s[d + 1] ?? 0, n);
    const rh = s[HI] ?? 0;
    s[PF] = r;
    s[ZR] = r | rh;
    s[SF] = rh;
    s[AF] = 0;
    s[d] = r;
    s[d + 1] = rh;
  };
}

const shift =
  (narrow: Shift, wide: Shift64): Builder =>
  (cpu, i) => {
    const found = fast(cpu, i, narrow, wide);
    if (found) return found;
    const size = sizeOf(i, 0);
    const bits = 8 * size;
    const to = modify(cpu, i, 0);
    const count = countOf(cpu, i, 1, size === 8 ? 63 : 31);
    const s = cpu.s;
    if (size === 8)
      return () => {
        const n = count();
        const lo = to.read();
        const hi = s[HI] ?? 0;
        if (n === 0) {
          to.write(lo, hi);
          return;
        }
        const r = wide(s, lo, hi, n);
        const rh = s[HI] ?? 0;
        s[PF] = r;
        s[ZR] = r | rh;
        s[SF] = rh;
        s[AF] = 0;
        to.write(r, rh);
      };
    const up = 32 - bits;
    return () => {
      const n = count();
      const value = to.read();
      if (n === 0) {
        to.write(value, 0);
        return;
      }
      const r = narrow(s, value, n, bits);
      s[PF] = r;
      s[ZR] = s[SF] = r << up;
      s[AF] = 0;
      to.write(r, 0);
    };
  };

const rotate =
  (direction: 1 | -1): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const bits = 8 * size;
    const to = modify(cpu, i, 0);
    const count = countOf(cpu, i, 1, size === 8 ? 63 : 31);
    const s = cpu.s;
    return () => {
      const raw = count();
      let lo = to.read();
      let hi = s[HI] ?? 0;
      if (raw === 0) {
        to.write(lo, hi);
        return;
      }
      const n = (direction > 0 ? raw : bits - (raw % bits)) % bits;
      let top = 0;
      if (size === 8) {
        if (n >= 32) [lo, hi] = [hi, lo];
        const k = n & 31;
        if (k > 0) [lo, hi] = [(lo << k) | (hi >>> (32 - k)), (hi << k) | (lo >>> (32 - k))];
        top = hi;
      } else if (size === 4) {
        lo = n === 0 ? lo : (lo << n) | (lo >>> (32 - n));
        top = lo;
      } else {
        lo = (lo << n) | (lo >>> (bits - n));
        top = lo << (32 - bits);
      }
      s[CF] = direction > 0 ? lo & 1 : top >>> 31;
      s[OF] = direction > 0 ? top ^ -(lo & 1) : top ^ (top << 1);
      to.write(lo, hi);
    };
  };

/** Rotates through CF: one bit more than the operand has. */
const rotateCarry =
  (direction: 1 | -1): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const bits = BigInt(8 * size);
    const to = modify(cpu, i, 0);
    const count = countOf(cpu, i, 1, size === 8 ? 63 : 31);
    const s = cpu.s;
    return () => {
      const n = BigInt(count()) % (bits + 1n);
      const lo = to.read();
      const hi = s[HI] ?? 0;
      if (n === 0n) {
        to.write(lo, hi);
        return;
      }
      const plain = BigInt.asUintN(Number(bits), join(lo, hi));
      const value = plain | (BigInt(s[CF] ?? 0) << bits);
      const by = direction > 0 ? n : bits + 1n - n;
      const r = BigInt.asUintN(Number(bits) + 1, (value << by) | (value >> (bits + 1n - by)));
      s[CF] = Number(r >> bits);
      const top = Number((r >> (bits - 1n)) & 1n);
      const second = Number((r >> (bits - 2n)) & 1n);
      s[OF] = -(direction > 0 ? top ^ (s[CF] ?? 0) : top ^ second);
      to.write(
        Number(BigInt.asIntN(32, r)),
        Number(BigInt.asIntN(32, BigInt.asUintN(Number(bits), r) >> 32n)),
      );
    };
  };

function join(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

const double =
  (direction: 1 | -1): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const bits = 8 * size;
    const to = modify(cpu, i, 0);
    const from = place(cpu, i, 1);
    const count = countOf(cpu, i, 2, size === 8 ? 63 : 31);
    const s = cpu.s;
    return () => {
      const n = count();
      const bl = from.read();
      const b = BigInt.asUintN(bits, join(bl, s[HI] ?? 0));
      const al = to.read();
      const ah = s[HI] ?? 0;
      if (n === 0) {
        to.write(al, ah);
        return;
      }
      const a = BigInt.asUintN(bits, join(al, ah));
      const width = BigInt(bits);
      // 16 bits by more than 16: undefined; on AMD's CPUs the second operand follows itself, and CF is 0 (on Intel's the first one follows it).
      const beyond = n > bits;
      const outer = beyond ? b : a;
      const line = (outer << (2n * width)) | (b << width) | outer;
      const by = BigInt(n);
      const r = BigInt.asUintN(bits, direction > 0 ? line >> (2n * width - by) : line >> by);
      const last = direction > 0 ? (line >> (3n * width - by)) & 1n : (line >> (by - 1n)) & 1n;
      const rl = Number(BigInt.asIntN(32, r));
      const rh = Number(BigInt.asIntN(32, r >> 32n));
      const sign = Number((r >> (width - 1n)) & 1n);
      const before = Number((a >> (width - 1n)) & 1n);
      s[CF] = beyond ? 0 : Number(last);
      s[OF] = -(sign ^ before);
      s[PF] = rl;
      s[ZR] = rl | rh;
      s[SF] = -sign;
      s[AF] = 0;
      to.write(rl, rh);
    };
  };

/** shlx, shrx, sarx: no flags. */
const flagless =
  (narrow: Shift, wide: Shift64): Builder =>
  (cpu, i) => {
    const size = sizeOf(i, 0);
    const to = place(cpu, i, 0);
    const from = place(cpu, i, 1);
    const count = place(cpu, i, 2);
    const s = cpu.s;
    const none = new Int32Array(s.length);
    return () => {
      const lo = from.read();
      const hi = s[HI] ?? 0;
      const n = count.read() & (size === 8 ? 63 : 31);
      if (n === 0) to.write(lo, hi);
      else if (size === 8) {
        const r = wide(none, lo, hi, n);
        to.write(r, none[HI] ?? 0);
      } else to.write(narrow(none, lo, n, 32), 0);
    };
  };

const rorx: Builder = (cpu, i) => {
  const size = sizeOf(i, 0);
  const to = place(cpu, i, 0);
  const from = place(cpu, i, 1);
  const o = operand(i, 2);
  const n = (o.kind === 'immediate' ? o.lo : 0) & (size === 8 ? 63 : 31);
  const s = cpu.s;
  return () => {
    let lo = from.read();
    let hi = s[HI] ?? 0;
    if (size === 4) {
      to.write((lo >>> n) | (lo << (32 - n)), 0);
      return;
    }
    if (n >= 32) [lo, hi] = [hi, lo];
    const k = n & 31;
    if (k > 0) [lo, hi] = [(lo >>> k) | (hi << (32 - k)), (hi >>> k) | (lo << (32 - k))];
    to.write(lo, hi);
  };
};

export const shifts: Table = {
  rcl: rotateCarry(1),
  rcr: rotateCarry(-1),
  rol: rotate(1),
  ror: rotate(-1),
  rorx,
  sal: shift(left, shiftLeft64),
  sar: shift(arithmetic, shiftArithmetic64),
  sarx: flagless(arithmetic, shiftArithmetic64),
  shl: shift(left, shiftLeft64),
  shld: double(1),
  shlx: flagless(left, shiftLeft64),
  shr: shift(right, shiftRight64),
  shrd: double(-1),
  shrx: flagless(right, shiftRight64),
};
