// x87 (SDM vol. 2, by name). All arithmetic is softfloat.ts's, to 80 bits. Sines, logarithms and powers are x87-functions.ts's.
import { operand, place } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import * as soft from '../softfloat.js';
import type { Environment, Operation, Soft } from '../softfloat.js';
import { AF, CF, OF, PF, SF, ZR } from '../state.js';
import type { Cpu } from '../state.js';
import { C0, C1, C2, C3, extended, largerNan, unpack80 } from '../x87.js';
import { conditions } from './conditions.js';
import { load, loadNumber, stack, store, storeInteger } from './x87-transfer.js';

/** A waiting instruction: pending exceptions first, C1 cleared. */
const waiting =
  (make: Builder): Builder =>
  (cpu, i) => {
    const op = make(cpu, i);
    const { fpu } = cpu;
    return () => {
      fpu.wait();
      op();
    };
  };

const reversed =
  (op: Operation): Operation =>
  (a, b, f, env) =>
    op(b, a, f, env);

/** Arithmetic in all its forms: with memory, st0 and st(i), st(i) and st0, popping. */
const arithmetic =
  (op: Operation, pops = false, integer = false): Builder =>
  (cpu, i) => {
    const { fpu } = cpu;
    const memory = operand(i, 0).kind === 'memory';
    const get = memory ? loadNumber(cpu, i, integer) : undefined;
    const to = memory ? 0 : stack(i, 0);
    const from = memory ? 0 : stack(i, 1);
    return () => {
      let env = fpu.environment();
      const value = get?.(env);
      fpu.status &= ~C1;
      let result: Soft = soft.defaultNan;
      if (fpu.isEmpty(to) || (!value && fpu.isEmpty(from))) {
        env = fpu.environment();
        fpu.stackFault(env);
      } else {
        const own = fpu.get(to, env);
        const other = value ?? fpu.get(from, env);
        result = largerNan(own, other, env) ?? op(own, other, fpu.format(), env);
      }
      if (!fpu.settle(env)) return;
      fpu.set(to, result);
      if (pops) fpu.pop();
    };
  };

/** C3 C2 C0 by the relation of st0 to the other: greater, less, equal, unordered. */
function relationBits(r: number | undefined): number {
  if (r === undefined) return C3 | C2 | C0;
  return r > 0 ? 0 : r < 0 ? C0 : C3;
}

function relate(a: Soft, b: Soft, quiet: boolean, env: Environment): number | undefined {
  if (a.kind === 'nan' || b.kind === 'nan') {
    if (!quiet || a.signaling === true || b.signaling === true) env.flags |= soft.INVALID;
    return undefined;
  }
  soft.noteDenormals(env, a, b);
  return soft.compare(a, b);
}

/** fcom, fucom, ficom, ftst and their popping forms. */
const comparison =
  (quiet: boolean, pops: 0 | 1 | 2, other: 'operand' | 'integer' | 'zero' = 'operand'): Builder =>
  (cpu, i) => {
    const { fpu } = cpu;
    const memory = i.operands[0]?.kind === 'memory';
    const get = memory ? loadNumber(cpu, i, other === 'integer') : undefined;
    const n = memory || other === 'zero' ? 0 : i.operands.length === 0 ? 1 : stack(i, i.operands.length - 1);
    return () => {
      const env = fpu.environment();
      const value = get?.(env);
      let r: number | undefined;
      if (fpu.isEmpty(0) || (!value && fpu.isEmpty(n))) {
        env.flags = 0;
        fpu.stackFault(env);
      } else
        r = relate(
          fpu.get(0, env),
          other === 'zero' ? soft.zero(false) : (value ?? fpu.get(n, env)),
          quiet,
          env,
        );
      fpu.status = (fpu.status & ~(C0 | C1 | C2 | C3)) | relationBits(r);
      if (!fpu.settle(env)) return;
      for (let k = 0; k < pops; k++) fpu.pop();
    };
  };

/** fcomi, fucomi: into the CPU's flags. */
const comparisonFlags =
  (quiet: boolean, pops: boolean): Builder =>
  (cpu, i) => {
    const { fpu, s } = cpu;
    const n = stack(i, 1);
    return () => {
      const env = fpu.environment();
      fpu.status &= ~C1;
      let r: number | undefined;
      if (fpu.isEmpty(0) || fpu.isEmpty(n)) fpu.stackFault(env);
      else r = relate(fpu.get(0, env), fpu.get(n, env), quiet, env);
      // AMD's CPUs set the flags even if an exception is not masked.
      const done = fpu.settle(env);
      s[ZR] = r === 0 || r === undefined ? 0 : 1;
      s[PF] = r === undefined ? 0 : 1;
      s[CF] = r === undefined || r < 0 ? 1 : 0;
      s[OF] = s[SF] = s[AF] = 0;
      if (done && pops) fpu.pop();
    };
  };

/** A number known beforehand, to 64 bits and what rounding needs beyond (SDM vol. 2, FLD1 and its like). */
const constant =
  (significand: bigint, exponent: number): Builder =>
  ({ fpu }) =>
  () => {
    fpu.status &= ~C1;
    const env = { ...fpu.environment() };
    const value = soft.round(false, significand, exponent, extended, env);
    fpu.push(value);
  };

const move =
  (name: string): Builder =>
  (cpu, i) => {
    const test = conditions[name];
    if (!test) throw new Error(`no condition ${name}`);
    const { fpu, s } = cpu;
    const n = stack(i, 1);
    return () => {
      fpu.status &= ~C1;
      const env = fpu.environment();
      if (fpu.isEmpty(0) || fpu.isEmpty(n)) {
        fpu.stackFault(env);
        if (fpu.settle(env)) fpu.set(0, soft.defaultNan);
        return;
      }
      if (!test(s)) return;
      const at = (fpu.top + n) & 7;
      fpu.significand[fpu.top] = fpu.significand[at] ?? 0n;
      fpu.exponent[fpu.top] = fpu.exponent[at] ?? 0;
    };
  };

const sign =
  (change: (word: number) => number): Builder =>
  ({ fpu }) =>
  () => {
    fpu.status &= ~C1;
    const env = fpu.environment();
    if (fpu.isEmpty(0)) {
      const value = fpu.get(0, env);
      if (fpu.settle(env)) fpu.set(0, value);
    } else fpu.exponent[fpu.top] = change(fpu.exponent[fpu.top] ?? 0);
  };

/** An operation on st0 alone. */
const unary =
  (run: (value: Soft, env: Environment, cpu: Cpu) => Soft): Builder =>
  (cpu) => {
    const { fpu } = cpu;
    return () => {
      fpu.status &= ~C1;
      const env = fpu.environment();
      const value = fpu.get(0, env);
      const result = largerNan(value, value, env) ?? run(value, env, cpu);
      if (fpu.settle(env)) fpu.set(0, result);
    };
  };

function toWhole(v: Soft, env: Environment): Soft {
  if (v.kind !== 'finite' || v.exponent >= 0) return v;
  soft.noteDenormals(env, v);
  const n = soft.toInteger(v, 128, env) ?? 0n;
  return n === 0n ? soft.zero(v.negative) : { ...v, significand: n < 0n ? -n : n, exponent: 0 };
}

const exchange: Builder = (cpu, i) => {
  const { fpu } = cpu;
  const n = stack(i, 1);
  return () => {
    fpu.status &= ~C1;
    const env = fpu.environment();
    // What is no number is exchanged as it stands.
    const empty = [0, n].filter((k) => fpu.isEmpty(k));
    if (empty.length > 0) {
      fpu.stackFault(env);
      if (!fpu.settle(env)) return;
      for (const k of empty) fpu.set(k, soft.defaultNan);
    }
    const at = (fpu.top + n) & 7;
    const t = fpu.top;
    [fpu.significand[t], fpu.significand[at]] = [fpu.significand[at] ?? 0n, fpu.significand[t] ?? 0n];
    [fpu.exponent[t], fpu.exponent[at]] = [fpu.exponent[at] ?? 0, fpu.exponent[t] ?? 0];
  };
};

/** The class of st0 in C3 C2 C0, its sign in C1. */
const examine: Builder =
  ({ fpu }) =>
  () => {
    const env = fpu.environment();
    const word = fpu.exponent[fpu.top] ?? 0;
    const v = unpack80(fpu.significand[fpu.top] ?? 0n, word, env);
    let bits = C2;
    if (fpu.isEmpty(0)) bits = C3 | C0;
    else if (env.flags !== 0) bits = 0;
    else if (v.kind === 'nan') bits = C0;
    else if (v.kind === 'infinite') bits = C2 | C0;
    else if (v.kind === 'zero') bits = C3;
    else if (v.denormal === true) bits = C3 | C2;
    fpu.status = (fpu.status & ~(C0 | C1 | C2 | C3)) | bits | (word >> 15 ? C1 : 0);
  };

const plain =
  (run: (cpu: Cpu) => void): Builder =>
  (cpu) =>
  () => {
    run(cpu);
  };

const loadControl: Builder = (cpu, i) => {
  const { read } = place(cpu, i, 0, 2);
  return () => {
    cpu.fpu.control = (read() & 0x1f3f) | 0x40;
  };
};
const storeControl: Builder = (cpu, i): Op => {
  const { write } = place(cpu, i, 0, 2);
  return () => {
    write(cpu.fpu.control, 0);
  };
};
const storeStatus: Builder = (cpu, i): Op => {
  const { write } = place(cpu, i, 0, 2);
  return () => {
    write(cpu.fpu.statusWord(), 0);
  };
};
const clear = plain(({ fpu }) => {
  fpu.status &= ~0x80ff;
});
const initialize = plain(({ fpu }) => {
  fpu.reset();
});

const scale = (cpu: Cpu): void => {
  const { fpu } = cpu;
  fpu.status &= ~C1;
  const env = fpu.environment();
  if (fpu.isEmpty(0) || fpu.isEmpty(1)) {
    fpu.stackFault(env);
    if (fpu.settle(env)) fpu.set(0, soft.defaultNan);
    return;
  }
  const by = fpu.get(1, env);
  const value = fpu.get(0, env);
  const nan = largerNan(value, by, env);
  const whole = soft.toInteger(by, 17, { ...env, rounding: 3 });
  let result: Soft = nan ?? value;
  if (!nan) soft.noteDenormals(env, value, by);
  if (!nan && by.kind === 'infinite') {
    if ((by.negative && value.kind === 'infinite') || (!by.negative && value.kind === 'zero')) {
      env.flags |= soft.INVALID;
      result = soft.defaultNan;
    } else if (value.kind === 'finite')
      result = by.negative ? soft.zero(value.negative) : soft.infinity(value.negative);
  } else if (!nan && value.kind === 'finite') {
    const n = whole === undefined ? (by.negative ? -65536 : 65536) : Number(whole);
    result = soft.round(value.negative, value.significand, value.exponent + n, extended, env);
  }
  if (fpu.settle(env)) fpu.set(0, result);
};

/** fprem (towards zero) and fprem1 (nearest): exact. C2: not done yet, as the exponents are too far apart for one step; else the quotient's low bits. */
const remainder =
  (nearest: boolean): Builder =>
  ({ fpu }) =>
  () => {
    fpu.status &= ~(C1 | C2);
    const env = fpu.environment();
    if (fpu.isEmpty(0) || fpu.isEmpty(1)) {
      fpu.stackFault(env);
      if (!fpu.settle(env)) return;
      fpu.set(0, soft.defaultNan);
      return;
    }
    const a = fpu.get(0, env);
    const b = fpu.get(1, env);
    const { value, quotient, partial } = divided(a, b, nearest, env);
    if (!fpu.settle(env)) return;
    fpu.set(0, value);
    // Without a quotient its bits stay.
    if (value.kind === 'nan') return;
    fpu.status &= ~(C0 | C3);
    if (partial) fpu.status |= C2;
    else fpu.status |= (quotient & 4n ? C0 : 0) | (quotient & 2n ? C3 : 0) | (quotient & 1n ? C1 : 0);
  };

function divided(
  a: Soft,
  b: Soft,
  nearest: boolean,
  env: Environment,
): { readonly value: Soft; readonly quotient: bigint; readonly partial: boolean } {
  const whole = (value: Soft): ReturnType<typeof divided> => ({ value, quotient: 0n, partial: false });
  const nan = largerNan(a, b, env);
  if (nan) return whole(nan);
  if (a.kind === 'infinite' || b.kind === 'zero') {
    env.flags |= soft.INVALID;
    return whole(soft.defaultNan);
  }
  soft.noteDenormals(env, a, b);
  if (a.kind === 'zero') return whole(a);
  // A denormal underflows if that traps.
  if (b.kind === 'infinite') return whole(soft.round(a.negative, a.significand, a.exponent, extended, env));
  const distance = a.exponent + soft.bitLength(a.significand) - b.exponent - soft.bitLength(b.significand);
  const partial = distance >= 64;
  // A step of many bits takes a multiple of the divisor by a power of two away.
  const scaled = b.exponent + (partial ? distance - (32 + (distance % 32)) : 0);
  const low = Math.min(a.exponent, scaled);
  const n = a.significand << BigInt(a.exponent - low);
  const d = b.significand << BigInt(scaled - low);
  let quotient = n / d;
  let rest = n % d;
  if (nearest && !partial && (2n * rest > d || (2n * rest === d && (quotient & 1n) === 1n))) {
    quotient++;
    rest -= d;
  }
  const value =
    rest === 0n
      ? soft.zero(a.negative)
      : soft.round(a.negative !== rest < 0n, rest < 0n ? -rest : rest, low, extended, env);
  return { value, quotient, partial };
}

const withConditions = (names: Readonly<Record<string, string>>): Table =>
  Object.fromEntries(Object.entries(names).map(([name, condition]) => [name, waiting(move(condition))]));

const waitingTable: Table = {
  fabs: sign((word) => word & 0x7fff),
  fadd: arithmetic(soft.add),
  faddp: arithmetic(soft.add, true),
  fchs: sign((word) => word ^ 0x8000),
  fcom: comparison(false, 0),
  fcomi: comparisonFlags(false, false),
  fcomip: comparisonFlags(false, true),
  fcomp: comparison(false, 1),
  fcompp: comparison(false, 2),
  fdecstp: plain(({ fpu }) => {
    fpu.status &= ~C1;
    fpu.top = (fpu.top - 1) & 7;
  }),
  fdiv: arithmetic(soft.divide),
  fdivp: arithmetic(soft.divide, true),
  fdivr: arithmetic(reversed(soft.divide)),
  fdivrp: arithmetic(reversed(soft.divide), true),
  ffree: (cpu, i) => {
    const n = stack(i, 0);
    return () => {
      cpu.fpu.empty[(cpu.fpu.top + n) & 7] = 1;
    };
  },
  fiadd: arithmetic(soft.add, false, true),
  ficom: comparison(false, 0, 'integer'),
  ficomp: comparison(false, 1, 'integer'),
  fidiv: arithmetic(soft.divide, false, true),
  fidivr: arithmetic(reversed(soft.divide), false, true),
  fild: load(true),
  fimul: arithmetic(soft.multiply, false, true),
  fincstp: plain(({ fpu }) => {
    fpu.status &= ~C1;
    fpu.top = (fpu.top + 1) & 7;
  }),
  fist: storeInteger(false, false),
  fistp: storeInteger(true, false),
  fisub: arithmetic(soft.subtract, false, true),
  fisubr: arithmetic(reversed(soft.subtract), false, true),
  fld: load(false),
  fld1: constant(1n, 0),
  // The bits of these beyond 64 only have to say which way to round.
  fldl2e: constant(0xb8aa3b295c17f0bbben, -71),
  fldl2t: constant(0xd49a784bcd1b8afe49n, -70),
  fldlg2: constant(0x9a209a84fbcff79885n, -73),
  fldln2: constant(0xb17217f7d1cf79abc9n, -72),
  fldpi: constant(0xc90fdaa22168c234c4n, -70),
  fldz: plain(({ fpu }) => {
    fpu.status &= ~C1;
    fpu.push(soft.zero(false));
  }),
  fmul: arithmetic(soft.multiply),
  fmulp: arithmetic(soft.multiply, true),
  fnop: plain(() => undefined),
  fprem: remainder(false),
  fprem1: remainder(true),
  frndint: unary(toWhole),
  fscale: plain(scale),
  fsqrt: unary((v, env, cpu) => soft.squareRoot(v, cpu.fpu.format(), env)),
  fst: store(false),
  fstp: store(true),
  fsub: arithmetic(soft.subtract),
  fsubp: arithmetic(soft.subtract, true),
  fsubr: arithmetic(reversed(soft.subtract)),
  fsubrp: arithmetic(reversed(soft.subtract), true),
  ftst: comparison(false, 0, 'zero'),
  fucom: comparison(true, 0),
  fucomi: comparisonFlags(true, false),
  fucomip: comparisonFlags(true, true),
  fucomp: comparison(true, 1),
  fucompp: comparison(true, 2),
  fxch: exchange,
  fldcw: loadControl,
  fisttp: storeInteger(true, true),
};

export const x87: Table = {
  ...Object.fromEntries(Object.entries(waitingTable).map(([name, make]) => [name, waiting(make)])),
  ...withConditions({
    fcmovb: 'b',
    fcmovbe: 'be',
    fcmove: 'e',
    fcmovnb: 'ae',
    fcmovnbe: 'a',
    fcmovne: 'ne',
    fcmovnu: 'np',
    fcmovu: 'p',
  }),
  fnclex: clear,
  fninit: initialize,
  fnstcw: storeControl,
  fnstsw: storeStatus,
  fxam: examine,
};
