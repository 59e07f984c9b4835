// Flags in compiled code: not computed, but kept as the operation and the operands that they follow from, until something looks at them. Compilers
// of WebAssembly sink what is only needed at an exit into that exit.
//
// Four local variables: `kind`, the operands `a` and `b` (of logic: the result, nothing), and `over`, with CF and OF of instructions that
// change only these (1, 2: their values; 4, 8: valid). Kind 0: the flags are the interpreter's words in memory (state.ts).
import { CF, OF, PF, SF, ZR } from '../state.js';
import { lazyAt, stateAt } from '../layout.js';
import { access, op } from './encode.js';
import type { Code } from './encode.js';

/** Operations, in bits 4 and up of a kind; bits 2 and 3 are the logarithm of the operand size, bit 0 is the carry that adc and sbb began with. */
export const family = { memory: 0, result: 1, add: 2, sub: 3, adc: 4, sbb: 5 } as const;
export type Family = (typeof family)[keyof typeof family];
export const kindOf = (of: Family, size: number): number => (of << 4) | (Math.log2(size) << 2);

export const overCarry = 4;
export const overBoth = 12;

export const lazy = { kind: lazyAt, over: lazyAt + 4, a: lazyAt + 8, b: lazyAt + 16 } as const;
export const word = (n: number): number => stateAt + 4 * n;

/** What is known of the flags at a place while it is compiled. */
export interface Known {
  /** Undefined: only the variable tells. */
  readonly family: Family | undefined;
  readonly size: number;
  /** Whether `over` has CF, and OF. */
  readonly carry: boolean | undefined;
  readonly overflow: boolean | undefined;
}
export const unknown: Known = { family: undefined, size: 8, carry: undefined, overflow: undefined };

export function sameKnown(a: Known, b: Known): boolean {
  return a.family === b.family && a.size === b.size && a.carry === b.carry && a.overflow === b.overflow;
}

/** What is known where two ways meet: what both leave. */
export function joined(a: Known, b: Known): Known {
  const isSame = a.family === b.family && a.size === b.size;
  return {
    family: isSame ? a.family : undefined,
    size: a.size,
    carry: isSame && a.carry === b.carry ? a.carry : undefined,
    overflow: isSame && a.overflow === b.overflow ? a.overflow : undefined,
  };
}

export interface FlagLocals {
  readonly kind: number;
  readonly over: number;
  readonly a: number;
  readonly b: number;
}

/** Reads flags of an operation that is known; each pushes an i32. */
export class FlagReader {
  private readonly wide: boolean;
  private readonly bits: number;

  constructor(
    private readonly c: Code,
    private readonly locals: FlagLocals,
    private readonly known: Known,
  ) {
    this.wide = known.size === 8;
    this.bits = 8 * known.size;
  }

  private load(at: number): void {
    this.c.i32(0);
    this.c.memory(access.i32_load, word(at));
  }

  private value(local: number): void {
    this.c.get(local);
    if (!this.wide) this.c.do(op.i32_wrap_i64);
  }

  private a(): void {
    this.value(this.locals.a);
  }

  private b(): void {
    this.value(this.locals.b);
  }

  private both(narrow: number, wide: number): void {
    this.c.do(this.wide ? wide : narrow);
  }

  /** The result, whose bits above the operand's size are anything. */
  private r(): void {
    const { c } = this;
    this.a();
    switch (this.known.family) {
      case family.add:
      case family.adc:
        this.b();
        this.both(op.i32_add, op.i64_add);
        break;
      case family.sub:
      case family.sbb:
        this.b();
        this.both(op.i32_sub, op.i64_sub);
        break;
      default:
        return;
    }
    if (this.known.family !== family.adc && this.known.family !== family.sbb) return;
    c.get(this.locals.kind);
    c.i32(1);
    c.do(op.i32_and);
    if (this.wide) c.do(op.i64_extend_i32_u);
    if (this.known.family === family.adc) this.both(op.i32_add, op.i64_add);
    else this.both(op.i32_sub, op.i64_sub);
  }

  private zeroExtended(push: () => void): void {
    push();
    if (this.bits < 32) {
      this.c.i32((1 << this.bits) - 1);
      this.c.do(op.i32_and);
    }
  }

  private signExtended(push: () => void): void {
    push();
    if (this.bits === 8) this.c.do(op.i32_extend8_s);
    if (this.bits === 16) this.c.do(op.i32_extend16_s);
  }

  /** The sign bit of what was pushed. */
  private sign(): void {
    const { c } = this;
    if (this.wide) {
      c.i64(63n);
      c.do(op.i64_shr_u, op.i32_wrap_i64);
      return;
    }
    c.i32(this.bits - 1);
    c.do(op.i32_shr_u);
    c.i32(1);
    c.do(op.i32_and);
  }

  carry(): void {
    const { c, known } = this;
    if (known.carry === true) {
      c.get(this.locals.over);
      c.i32(1);
      c.do(op.i32_and);
      return;
    }
    const invert = (push: () => void): void => {
      push();
      if (this.wide) c.i64(-1n);
      else c.i32(-1);
      this.both(op.i32_xor, op.i64_xor);
    };
    const a = (): void => {
      this.a();
    };
    const b = (): void => {
      this.b();
    };
    const r = (): void => {
      this.r();
    };
    switch (known.family) {
      case family.memory:
        this.load(CF);
        break;
      case family.add:
        this.zeroExtended(r);
        this.a();
        this.both(op.i32_lt_u, op.i64_lt_u);
        break;
      case family.sub:
        this.a();
        this.b();
        this.both(op.i32_lt_u, op.i64_lt_u);
        break;
      case family.adc:
      case family.sbb: {
        // (a & b) | ((a | b) & ~r), and with ~a and r instead of a and ~r.
        const first = known.family === family.adc ? a : (): void => {
          invert(a);
        }; // prettier-ignore
        first();
        b();
        this.both(op.i32_and, op.i64_and);
        first();
        b();
        this.both(op.i32_or, op.i64_or);
        if (known.family === family.adc) invert(r);
        else r();
        this.both(op.i32_and, op.i64_and);
        this.both(op.i32_or, op.i64_or);
        this.sign();
        break;
      }
      default:
        c.i32(0);
    }
  }

  zero(): void {
    const { c, known } = this;
    if (known.family === family.memory) {
      this.load(ZR);
      c.do(op.i32_eqz);
    } else if (known.family === family.sub) {
      this.a();
      this.b();
      this.both(op.i32_eq, op.i64_eq);
    } else {
      this.zeroExtended(() => {
        this.r();
      });
      this.both(op.i32_eqz, op.i64_eqz);
    }
  }

  negative(): void {
    const { c, known } = this;
    if (known.family === family.memory) {
      this.load(SF);
      c.i32(31);
      c.do(op.i32_shr_u);
      return;
    }
    this.r();
    this.sign();
  }

  overflow(): void {
    const { c, known } = this;
    if (known.overflow === true) {
      c.get(this.locals.over);
      c.i32(1);
      c.do(op.i32_shr_u);
      c.i32(1);
      c.do(op.i32_and);
      return;
    }
    switch (known.family) {
      case family.memory:
        this.load(OF);
        c.i32(31);
        c.do(op.i32_shr_u);
        return;
      case family.add:
      case family.adc:
      case family.sub:
      case family.sbb: {
        const adds = known.family === family.add || known.family === family.adc;
        this.a();
        if (adds) this.r();
        else this.b();
        this.both(op.i32_xor, op.i64_xor);
        if (adds) this.b();
        else this.a();
        this.r();
        this.both(op.i32_xor, op.i64_xor);
        this.both(op.i32_and, op.i64_and);
        this.sign();
        return;
      }
      default:
        c.i32(0);
    }
  }

  parity(): void {
    const { c, known } = this;
    if (known.family === family.memory) this.load(PF);
    else {
      this.r();
      if (this.wide) c.do(op.i32_wrap_i64);
    }
    c.i32(255);
    c.do(op.i32_and, op.i32_popcnt);
    c.i32(1);
    c.do(op.i32_and, op.i32_eqz);
  }

  /** One of the sixteen conditions (ops/conditions.ts). */
  condition(name: string): void {
    const { c } = this;
    if (this.compared(name)) return;
    const positive = name.startsWith('n') ? name.slice(1) : name;
    const inverse: Readonly<Record<string, string>> = { a: 'be', ae: 'b', g: 'le', ge: 'l' };
    const base = inverse[positive] ?? positive;
    switch (base) {
      case 'o':
        this.overflow();
        break;
      case 'b':
        this.carry();
        break;
      case 'e':
        this.zero();
        break;
      case 'be':
        this.carry();
        this.zero();
        c.do(op.i32_or);
        break;
      case 's':
        this.negative();
        break;
      case 'p':
        this.parity();
        break;
      case 'l':
      case 'le':
        this.negative();
        this.overflow();
        c.do(op.i32_xor);
        if (base === 'le') {
          this.zero();
          c.do(op.i32_or);
        }
        break;
      default:
        throw new Error(`no condition ${name}`);
    }
    if (base !== name) c.do(op.i32_eqz);
  }

  /** Behind a comparison the condition is one of WebAssembly's; behind logic it is one with 0. */
  private compared(name: string): boolean {
    const { known } = this;
    if (known.carry !== false || known.overflow !== false) return false;
    const of = known.family === family.sub ? comparisons[name] : undefined;
    const zero = known.family === family.result ? tests[name] : undefined;
    const found = of ?? zero;
    if (!found) return false;
    const extend = (push: () => void): void => {
      if (found.signed) this.signExtended(push);
      else this.zeroExtended(push);
    };
    if (of) {
      extend(() => {
        this.a();
      });
      extend(() => {
        this.b();
      });
    } else {
      extend(() => {
        this.r();
      });
      if (this.wide) this.c.i64(0n);
      else this.c.i32(0);
    }
    this.both(found.narrow, found.wide);
    return true;
  }
}

interface Comparison {
  readonly narrow: number;
  readonly wide: number;
  readonly signed: boolean;
}
const comparison = (narrow: number, wide: number, signed = false): Comparison => ({ narrow, wide, signed });

const comparisons: Readonly<Record<string, Comparison>> = {
  a: comparison(op.i32_gt_u, op.i64_gt_u),
  ae: comparison(op.i32_ge_u, op.i64_ge_u),
  b: comparison(op.i32_lt_u, op.i64_lt_u),
  be: comparison(op.i32_le_u, op.i64_le_u),
  e: comparison(op.i32_eq, op.i64_eq),
  g: comparison(op.i32_gt_s, op.i64_gt_s, true),
  ge: comparison(op.i32_ge_s, op.i64_ge_s, true),
  l: comparison(op.i32_lt_s, op.i64_lt_s, true),
  le: comparison(op.i32_le_s, op.i64_le_s, true),
  ne: comparison(op.i32_ne, op.i64_ne),
};

const tests: Readonly<Record<string, Comparison>> = {
  a: comparison(op.i32_ne, op.i64_ne),
  be: comparison(op.i32_eq, op.i64_eq),
  e: comparison(op.i32_eq, op.i64_eq),
  g: comparison(op.i32_gt_s, op.i64_gt_s, true),
  ge: comparison(op.i32_ge_s, op.i64_ge_s, true),
  l: comparison(op.i32_lt_s, op.i64_lt_s, true),
  le: comparison(op.i32_le_s, op.i64_le_s, true),
  ne: comparison(op.i32_ne, op.i64_ne),
  ns: comparison(op.i32_ge_s, op.i64_ge_s, true),
  s: comparison(op.i32_lt_s, op.i64_lt_s, true),
};
