// The routines: one row each, by what record.ts calls them. None changes anything before it knows that its memory can be accessed.
import { conditions } from '../ops/conditions.js';
import { stateAt } from '../layout.js';
import { AF, CF, OF, RAX, RBP, RDX, RIP, RSP } from '../state.js';
import { access, op } from '../wasm/encode.js';
import { simd } from '../wasm/simd.js';
import { field, way } from './record.js';
import { functions } from './writer.js';
import type { Size, Writer } from './writer.js';

export type Routine = (w: Writer) => void;

const sizes: readonly Size[] = [1, 2, 4, 8];
const wide: readonly (4 | 8)[] = [4, 8];
const full = (size: Size): bigint => 64n - 8n * BigInt(size);

/** From `a` and `b` to `r`, with flags. */
type Operation = (w: Writer, size: Size) => void;

/** Moved up to the sign bit, words of all sizes carry and overflow alike. */
const sum =
  (kind: 'add' | 'sub', carries: boolean): Operation =>
  (w, size) => {
    const { c, a, b, r } = w;
    const up = full(size);
    const adds = kind === 'add';
    const top = (local: number): void => {
      c.get(local);
      if (up === 0n) return;
      c.i64(up);
      c.do(op.i64_shl);
    };
    const down = (): void => {
      c.get(r);
      if (up === 0n) return;
      c.i64(up);
      c.do(op.i64_shr_u);
    };
    w.setWord(AF, () => {
      // Of the result below: with the operands it gives what was carried.
      top(a);
      top(b);
      c.do(adds ? op.i64_add : op.i64_sub);
      if (carries) {
        c.i32(0);
        c.memory(access.i64_load32_u, 4 * CF);
        if (up !== 0n) {
          c.i64(up);
          c.do(op.i64_shl);
        }
        c.do(adds ? op.i64_add : op.i64_sub);
      }
      c.set(r);
      down();
      c.get(a);
      c.get(b);
      c.do(op.i64_xor, op.i64_xor, op.i32_wrap_i64);
    });
    w.setWord(CF, () => {
      if (!carries) {
        if (adds) c.get(r);
        else top(a);
        top(adds ? a : b);
        c.do(op.i64_lt_u);
        return;
      }
      // The carry out of a full adder, or the borrow, by its operands and its sum (H. S. Warren, Hacker's Delight, 2-13).
      const first = (): void => {
        top(a);
        if (adds) return;
        c.i64(-1n);
        c.do(op.i64_xor);
      };
      first();
      top(b);
      c.do(op.i64_and);
      first();
      top(b);
      c.do(op.i64_or);
      c.get(r);
      if (adds) {
        c.i64(-1n);
        c.do(op.i64_xor);
      }
      c.do(op.i64_and, op.i64_or);
      c.i64(63n);
      c.do(op.i64_shr_u, op.i32_wrap_i64);
    });
    w.setWord(OF, () => {
      top(a);
      if (adds) c.get(r);
      else top(b);
      c.do(op.i64_xor);
      if (adds) top(b);
      else top(a);
      c.get(r);
      c.do(op.i64_xor, op.i64_and);
      c.i64(32n);
      c.do(op.i64_shr_u, op.i32_wrap_i64);
    });
    down();
    c.set(r);
    w.resultFlags(size);
  };

const logic =
  (code: number): Operation =>
  (w, size) => {
    const { c, a, b, r } = w;
    c.get(a);
    c.get(b);
    c.do(code);
    c.set(r);
    w.clearCarries();
    w.resultFlags(size);
  };

const second: Operation = ({ c, b, r }) => {
  c.get(b);
  c.set(r);
};

const withB =
  (value: bigint, then: Operation): Operation =>
  (w, size) => {
    w.c.i64(value);
    w.c.set(w.b);
    then(w, size);
  };

/** As an addition or subtraction of 1, which leave CF. */
const step = (kind: 'add' | 'sub'): Operation =>
  withB(1n, (w, size) => {
    const { c } = w;
    const carry = w.kept;
    c.i32(0);
    c.memory(access.i32_load, 4 * CF);
    c.set(carry);
    sum(kind, false)(w, size);
    w.setWord(CF, () => {
      c.get(carry);
    });
  });

const negate: Operation = (w, size) => {
  const { c, a, b } = w;
  c.get(a);
  c.set(b);
  c.i64(0n);
  c.set(a);
  sum('sub', false)(w, size);
};

const invert: Operation = ({ c, a, r }) => {
  c.get(a);
  c.i64(-1n);
  c.do(op.i64_xor);
  c.set(r);
};

interface TwoOperands {
  readonly run: Operation;
  /** Whether the destination is read, and written. */
  readonly reads: boolean;
  readonly writes: boolean;
}

const change = (run: Operation): TwoOperands => ({ run, reads: true, writes: true });
const compare = (run: Operation): TwoOperands => ({ run, reads: true, writes: false });

const twoOperands: Readonly<Record<string, TwoOperands>> = {
  adc: change(sum('add', true)),
  add: change(sum('add', false)),
  and: change(logic(op.i64_and)),
  cmp: compare(sum('sub', false)),
  mov: { run: second, reads: false, writes: true },
  or: change(logic(op.i64_or)),
  sbb: change(sum('sub', true)),
  sub: change(sum('sub', false)),
  test: compare(logic(op.i64_and)),
  xor: change(logic(op.i64_xor)),
};

function register(w: Writer, at: number, size: Size, into: number): void {
  w.field(at);
  w.load(size);
  w.c.set(into);
}

function found(w: Writer, size: Size, into: number): void {
  w.c.get(w.place);
  w.load(size);
  w.c.set(into);
}

function toRegister(w: Writer, size: Size, masked = false): void {
  w.field(field.to);
  w.c.get(w.r);
  if (masked && size === 4) {
    w.c.i64(0xffffffffn);
    w.c.do(op.i64_and);
  }
  w.storeRegister(size);
}

function toMemory(w: Writer, size: Size): void {
  w.c.get(w.place);
  w.c.get(w.r);
  w.store(size);
}

function twoOperandRows(name: string, { run, reads, writes }: TwoOperands): (readonly [string, Routine])[] {
  return sizes.flatMap((size): (readonly [string, Routine])[] => [
    [
      `${name} rr${size}`,
      (w) => {
        register(w, field.from, size, w.b);
        if (reads) register(w, field.to, size, w.a);
        run(w, size);
        if (writes) toRegister(w, size);
      },
    ],
    [
      `${name} rm${size}`,
      (w) => {
        w.find(size, false);
        found(w, size, w.b);
        if (reads) register(w, field.to, size, w.a);
        run(w, size);
        if (writes) toRegister(w, size);
      },
    ],
    [
      `${name} mr${size}`,
      (w) => {
        w.find(size, writes);
        register(w, field.from, size, w.b);
        if (reads) found(w, size, w.a);
        run(w, size);
        if (writes) toMemory(w, size);
      },
    ],
  ]);
}

function oneOperandRows(name: string, run: Operation): (readonly [string, Routine])[] {
  return sizes.flatMap((size): (readonly [string, Routine])[] => [
    [
      `${name} r${size}`,
      (w) => {
        register(w, field.to, size, w.a);
        run(w, size);
        toRegister(w, size, name === 'not');
      },
    ],
    [
      `${name} m${size}`,
      (w) => {
        w.find(size, true);
        found(w, size, w.a);
        run(w, size);
        toMemory(w, size);
      },
    ],
  ]);
}

const signExtend = { 1: op.i64_extend8_s, 2: op.i64_extend16_s, 4: op.i64_extend32_s } as const;

/** Cuts what has been pushed to a size. */
function cut(w: Writer, size: Size): void {
  if (size === 8) return;
  w.c.i64((1n << (8n * BigInt(size))) - 1n);
  w.c.do(op.i64_and);
}

/** By the count in `b`, which is not 0 (ops/shifts.ts): OF is what the last single shift gives. */
const shifts: Readonly<Record<string, Operation>> = {
  sar: (w, size) => {
    const { c, a, b, r } = w;
    if (size < 8) {
      c.get(a);
      c.do(signExtend[size as 1 | 2 | 4]);
      c.set(a);
    }
    w.setWord(CF, () => {
      bitBelow(w, op.i64_shr_s);
    });
    c.get(a);
    c.get(b);
    c.do(op.i64_shr_s);
    cut(w, size);
    c.set(r);
    w.setWord(OF, () => {
      c.i32(0);
    });
  },
  shl: (w, size) => {
    const { c, a, b, r } = w;
    w.setWord(CF, () => {
      // Of more than the size: a shift by so many that nothing is left.
      c.get(a);
      c.i64(8n * BigInt(size));
      c.get(b);
      c.do(op.i64_sub, op.i64_shr_u, op.i32_wrap_i64);
      c.i32(1);
      c.do(op.i32_and);
    });
    c.get(a);
    c.get(b);
    c.do(op.i64_shl);
    cut(w, size);
    c.set(r);
    w.setWord(OF, () => {
      c.get(r);
      w.signWord(size);
      c.i32(0);
      c.i32(0);
      c.memory(access.i32_load, 4 * CF);
      c.do(op.i32_sub, op.i32_xor);
    });
  },
  shr: (w, size) => {
    const { c, a, b, r } = w;
    w.setWord(CF, () => {
      bitBelow(w, op.i64_shr_u);
    });
    w.setWord(OF, () => {
      c.get(a);
      w.signWord(size);
      c.i32(0);
      c.get(b);
      c.i64(1n);
      c.do(op.i64_eq, op.select);
    });
    c.get(a);
    c.get(b);
    c.do(op.i64_shr_u);
    c.set(r);
  },
};

/** Of rotates: CF is the bit that came in last, OF whether the sign changed with the last one. */
const rotates: Readonly<Record<string, Operation>> = {
  rol: (w, size) => {
    rotate(w, size, 'left');
  },
  ror: (w, size) => {
    rotate(w, size, 'right');
  },
};

function rotate(w: Writer, size: Size, to: 'left' | 'right'): void {
  const { c, a, b, r } = w;
  const bits = 8n * BigInt(size);
  if (size === 8) {
    c.get(a);
    c.get(b);
    c.do(to === 'left' ? op.i64_rotl : op.i64_rotr);
  } else {
    c.get(b);
    c.i64(bits - 1n);
    c.do(op.i64_and);
    c.set(b);
    const half = (left: boolean): void => {
      c.get(a);
      if (left) c.get(b);
      else {
        c.i64(bits);
        c.get(b);
        c.do(op.i64_sub);
      }
      c.do((to === 'left') === left ? op.i64_shl : op.i64_shr_u);
    };
    half(true);
    half(false);
    c.do(op.i64_or);
    cut(w, size);
  }
  c.set(r);
  const carry = (): void => {
    c.get(r);
    if (to === 'right') {
      c.i64(bits - 1n);
      c.do(op.i64_shr_u);
    }
    c.do(op.i32_wrap_i64);
    c.i32(1);
    c.do(op.i32_and);
  };
  w.setWord(CF, carry);
  w.setWord(OF, () => {
    c.get(r);
    w.signWord(size);
    if (to === 'left') {
      c.i32(0);
      carry();
      c.do(op.i32_sub);
    } else {
      c.get(r);
      c.i64(1n);
      c.do(op.i64_shl);
      w.signWord(size);
    }
    c.do(op.i32_xor);
  });
}

/** Pushes the last bit that goes out to the right. */
function bitBelow({ c, a, b }: Writer, shift: number): void {
  c.get(a);
  c.get(b);
  c.i64(1n);
  c.do(op.i64_sub, shift, op.i32_wrap_i64);
  c.i32(1);
  c.do(op.i32_and);
}

function shiftRows(name: string, run: Operation, isRotate: boolean): (readonly [string, Routine])[] {
  return sizes.flatMap((size): (readonly [string, Routine])[] => {
    const all = (w: Writer): void => {
      register(w, field.to, size, w.a);
      run(w, size);
      if (!isRotate) {
        w.setWord(AF, () => {
          w.c.i32(0);
        });
        w.resultFlags(size);
      }
      toRegister(w, size);
    };
    return [
      [
        `${name} i${size}`,
        (w) => {
          w.immediate();
          w.c.set(w.b);
          all(w);
        },
      ],
      [
        `${name} c${size}`,
        (w) => {
          const { c } = w;
          register(w, field.from, 1, w.b);
          c.get(w.b);
          c.i64(size === 8 ? 63n : 31n);
          c.do(op.i64_and);
          c.tee(w.b);
          c.do(op.i64_eqz);
          c.if();
          // No flag changes, but the upper half of a register of 32 bits does.
          register(w, field.to, size, w.r);
          toRegister(w, size);
          c.else();
          all(w);
          c.end();
        },
      ],
    ];
  });
}

function extensionRows(): (readonly [string, Routine])[] {
  return (['movsx', 'movzx'] as const).flatMap((name) =>
    ([1, 2, 4] as const).flatMap((from) =>
      wide.flatMap((to): (readonly [string, Routine])[] => {
        const finish = (w: Writer): void => {
          w.load(from, name === 'movsx');
          w.c.set(w.r);
          toRegister(w, to, name === 'movsx');
        };
        return [
          [
            `${name} r${from}r${to}`,
            (w) => {
              w.field(field.from);
              finish(w);
            },
          ],
          [
            `${name} m${from}r${to}`,
            (w) => {
              w.find(from, false);
              w.c.get(w.place);
              finish(w);
            },
          ],
        ];
      }),
    ),
  );
}

function conditionRows(name: string): (readonly [string, Routine])[] {
  const moved =
    (size: 4 | 8, load: (w: Writer) => void): Routine =>
    (w) => {
      const { c } = w;
      load(w);
      c.get(w.b);
      w.field(field.to);
      w.load(size);
      w.condition(name);
      c.do(op.select);
      c.set(w.r);
      toRegister(w, size);
    };
  return [
    ...wide.flatMap((size): (readonly [string, Routine])[] => [
      [
        `cmov${name} rr${size}`,
        moved(size, (w) => {
          register(w, field.from, size, w.b);
        }),
      ],
      [
        `cmov${name} rm${size}`,
        moved(size, (w) => {
          w.find(size, false);
          found(w, size, w.b);
        }),
      ],
    ]),
    [
      `set${name}`,
      (w) => {
        w.field(field.to);
        w.condition(name);
        w.c.memory(access.i32_store8);
      },
    ],
    [
      `j${name}`,
      (w) => {
        const { c } = w;
        c.get(w.record);
        c.i32(way.taken);
        c.i32(way.next);
        w.condition(name);
        c.do(op.select, op.i32_add);
        c.set(w.place);
        c.br(w.ways.way);
      },
    ],
  ];
}

/** Signed, of two registers, or of one or memory and a constant. A product of 64 bits that may be too large is the closure's. */
function multiplyRows(): (readonly [string, Routine])[] {
  return (['r', 'm'] as const).flatMap((from) =>
    (['r', 'i'] as const).flatMap((factor) =>
      wide.map((size): readonly [string, Routine] => [
        `imul ${from}${factor}${size}`,
        (w) => {
          const { c, a, b, r } = w;
          const signed = (into: number): void => {
            if (size === 4) c.do(op.i64_extend32_s);
            c.set(into);
          };
          if (from === 'm') {
            w.find(size, false);
            c.get(w.place);
          } else w.field(field.from);
          w.load(size);
          signed(a);
          if (factor === 'i') w.immediate();
          else {
            w.field(field.to);
            w.load(size);
          }
          signed(b);
          if (size === 8) {
            for (const local of [a, b]) {
              c.get(local);
              c.do(op.i64_extend32_s);
              c.get(local);
              c.do(op.i64_ne);
            }
            c.do(op.i32_or);
            c.brIf(w.ways.closure);
          }
          c.get(a);
          c.get(b);
          c.do(op.i64_mul);
          c.set(r);
          for (const flag of [CF, OF])
            w.setWord(flag, () => {
              if (size === 8) {
                c.i32(0);
                return;
              }
              if (flag === OF) c.i32(0);
              c.get(r);
              c.do(op.i64_extend32_s);
              c.get(r);
              c.do(op.i64_ne);
              if (flag === OF) c.do(op.i32_sub);
            });
          toRegister(w, size, true);
        },
      ]),
    ),
  );
}

/** The divisor or factor in `b`, the accumulator's upper half with `a`: what traps, or has more than 64 bits, is the closure's. */
const accumulated: Readonly<Record<string, (w: Writer, size: 4 | 8) => void>> = {
  div: (w, size) => {
    const { c, a, b, r, address } = w;
    dividend(w, size, false);
    c.get(b);
    c.do(op.i64_eqz);
    c.brIf(w.ways.closure);
    c.get(a);
    c.get(b);
    c.do(op.i64_div_u);
    c.tee(r);
    if (size === 4) {
      c.i64(32n);
      c.do(op.i64_shr_u, op.i64_eqz, op.i32_eqz);
      c.brIf(w.ways.closure);
    } else c.do(op.drop);
    c.get(a);
    c.get(b);
    c.do(op.i64_rem_u);
    c.set(address);
    quotientAndRemainder(w);
  },
  idiv: (w, size) => {
    const { c, a, b, r, address } = w;
    if (size === 4) {
      c.get(b);
      c.do(op.i64_extend32_s);
      c.set(b);
    }
    dividend(w, size, true);
    // By 0, and what may overflow.
    c.get(b);
    c.i64(1n);
    c.do(op.i64_add);
    c.i64(2n);
    c.do(op.i64_lt_u);
    c.brIf(w.ways.closure);
    c.get(a);
    c.get(b);
    c.do(op.i64_div_s);
    c.set(r);
    if (size === 4) {
      c.get(r);
      c.do(op.i64_extend32_s);
      c.get(r);
      c.do(op.i64_ne);
      c.brIf(w.ways.closure);
    }
    c.get(a);
    c.get(b);
    c.do(op.i64_rem_s);
    cut(w, size);
    c.set(address);
    c.get(r);
    cut(w, size);
    c.set(r);
    quotientAndRemainder(w);
  },
  mul: (w, size) => {
    const { c, a, b, r, address } = w;
    pushRegister(w, RAX);
    cut(w, size);
    c.set(a);
    if (size === 8) {
      c.get(a);
      c.get(b);
      c.do(op.i64_or);
      c.i64(32n);
      c.do(op.i64_shr_u, op.i64_eqz, op.i32_eqz);
      c.brIf(w.ways.closure);
    }
    c.get(a);
    c.get(b);
    c.do(op.i64_mul);
    c.tee(r);
    if (size === 4) {
      c.i64(32n);
      c.do(op.i64_shr_u);
    } else {
      c.do(op.drop);
      c.i64(0n);
    }
    c.set(address);
    w.setWord(CF, () => {
      c.get(address);
      c.do(op.i64_eqz, op.i32_eqz);
    });
    w.setWord(OF, () => {
      c.i32(0);
      c.get(address);
      c.do(op.i64_eqz, op.i32_eqz, op.i32_sub);
    });
    c.get(r);
    cut(w, size);
    c.set(r);
    quotientAndRemainder(w);
  },
};

/** rdx:rax to `a`, where it has no more than 64 bits. */
function dividend(w: Writer, size: 4 | 8, signed: boolean): void {
  const { c, a } = w;
  pushRegister(w, RAX);
  if (size === 4) {
    cut(w, 4);
    pushRegister(w, RDX);
    c.i64(32n);
    c.do(op.i64_shl, op.i64_or);
    c.set(a);
    return;
  }
  c.set(a);
  pushRegister(w, RDX);
  if (signed) {
    c.get(a);
    c.i64(63n);
    c.do(op.i64_shr_s);
  } else c.i64(0n);
  c.do(op.i64_ne);
  c.brIf(w.ways.closure);
}

/** `r` to rax and `address` to rdx. */
function quotientAndRemainder({ c, r, address }: Writer): void {
  c.i32(0);
  c.get(r);
  c.memory(access.i64_store, slotAt(RAX));
  c.i32(0);
  c.get(address);
  c.memory(access.i64_store, slotAt(RDX));
}

function accumulatorRows(
  name: string,
  run: (w: Writer, size: 4 | 8) => void,
): (readonly [string, Routine])[] {
  return wide.flatMap((size): (readonly [string, Routine])[] => [
    [
      `${name} r${size}`,
      (w) => {
        register(w, field.from, size, w.b);
        run(w, size);
      },
    ],
    [
      `${name} m${size}`,
      (w) => {
        w.find(size, false);
        found(w, size, w.b);
        run(w, size);
      },
    ],
  ]);
}

/** Bytes swapped in pairs, pairs in words, words. */
const swapped =
  (size: 4 | 8): Routine =>
  (w) => {
    const { c, r } = w;
    register(w, field.to, size, r);
    for (const [by, mask] of [
      [8n, 0x00ff00ff00ff00ffn],
      [16n, 0x0000ffff0000ffffn],
    ] as const) {
      c.get(r);
      c.i64(mask);
      c.do(op.i64_and);
      c.i64(by);
      c.do(op.i64_shl);
      c.get(r);
      c.i64(by);
      c.do(op.i64_shr_u);
      c.i64(mask);
      c.do(op.i64_and, op.i64_or);
      c.set(r);
    }
    c.get(r);
    c.i64(32n);
    c.do(op.i64_rotl);
    if (size === 4) {
      c.i64(32n);
      c.do(op.i64_shr_u);
    }
    c.set(r);
    toRegister(w, size);
  };

/** What is pushed by `push` becomes the low part of a vector register's 16 bytes. */
function lowPart(w: Writer, push: () => void): void {
  const { c } = w;
  w.field(field.to);
  push();
  c.memory(access.i64_store);
  w.field(field.to);
  c.i64(0n);
  c.memory(access.i64_store, 8);
}

const vectorRows = (): (readonly [string, Routine])[] => [
  ...Object.entries({ pand: simd.v128_and, por: simd.v128_or, pxor: simd.v128_xor }).map(
    ([name, code]): readonly [string, Routine] => [
      name,
      (w) => {
        w.field(field.to);
        w.field(field.to);
        w.c.vector(simd.v128_load);
        w.field(field.from);
        w.c.vector(simd.v128_load);
        w.c.simd(code);
        w.c.vector(simd.v128_store);
      },
    ],
  ),
  ...wide.flatMap((size): (readonly [string, Routine])[] => [
    [
      `part vm${size}`,
      (w) => {
        w.find(size, false);
        lowPart(w, () => {
          w.c.get(w.place);
          w.load(size);
        });
      },
    ],
    [
      `part vr${size}`,
      (w) => {
        lowPart(w, () => {
          w.field(field.from);
          w.load(size);
        });
      },
    ],
  ]),
];

const slotAt = (register: number): number => 4 * register;

function pushRegister(w: Writer, register: number): void {
  w.c.i32(0);
  w.c.memory(access.i64_load, slotAt(register));
}

/** A register of the program's width becomes the sum of `from` and a constant. */
function pushBeyond(w: Writer, from: number, by: number): void {
  const { c } = w;
  pushRegister(w, from);
  c.i64(BigInt(by));
  c.do(op.i64_add);
  if (w.bits === 64) return;
  c.i64(0xffffffffn);
  c.do(op.i64_and);
}

/** Finds the slot below the stack's; the pointer is moved by `pushed`. */
function findBelow(w: Writer): void {
  pushBeyond(w, RSP, -w.slot);
  w.c.tee(w.address);
  w.c.get(w.address);
  w.c.set(w.a);
  w.findPushed(w.slot, true);
}

/** Stores what is in `r` there. */
function pushed(w: Writer): void {
  const { c } = w;
  toMemory(w, w.slot);
  c.i32(0);
  c.get(w.a);
  c.memory(access.i64_store, slotAt(RSP));
}

/** Pops into a variable. */
function popped(w: Writer, from: number, into: number): void {
  const { c } = w;
  pushRegister(w, from);
  w.findPushed(w.slot, false);
  found(w, w.slot, into);
  c.i32(0);
  pushBeyond(w, from, w.slot);
  c.memory(access.i64_store, slotAt(RSP));
}

function goAnywhere(w: Writer): void {
  w.c.get(w.record);
  w.c.i32(way.taken);
  w.c.do(op.i32_add);
  w.c.set(w.place);
  w.c.br(w.ways.anywhere);
}

function goTaken(w: Writer): void {
  w.c.get(w.record);
  w.c.i32(way.taken);
  w.c.do(op.i32_add);
  w.c.set(w.place);
  w.c.br(w.ways.way);
}

function returnAddress(w: Writer): void {
  w.immediate();
  w.c.set(w.r);
}

const toRegisterAddress = (w: Writer): void => {
  register(w, field.from, w.slot, w.b);
};
const toMemoryAddress = (w: Writer): void => {
  w.find(w.slot, false);
  found(w, w.slot, w.b);
};

const jumpTo =
  (target: (w: Writer) => void): Routine =>
  (w) => {
    target(w);
    w.c.get(w.b);
    w.c.set(w.address);
    goAnywhere(w);
  };

const callTo =
  (target: (w: Writer) => void): Routine =>
  (w) => {
    target(w);
    findBelow(w);
    returnAddress(w);
    pushed(w);
    w.c.get(w.b);
    w.c.set(w.address);
    goAnywhere(w);
  };

const branches: Readonly<Record<string, Routine>> = {
  call: (w) => {
    findBelow(w);
    returnAddress(w);
    pushed(w);
    goTaken(w);
  },
  'call m': callTo(toMemoryAddress),
  'call r': callTo(toRegisterAddress),
  jmp: goTaken,
  'jmp m': jumpTo(toMemoryAddress),
  'jmp r': jumpTo(toRegisterAddress),
  ret: (w) => {
    const { c } = w;
    popped(w, RSP, w.address);
    c.i32(0);
    pushRegister(w, RSP);
    w.immediate();
    c.do(op.i64_add);
    if (w.bits === 32) {
      c.i64(0xffffffffn);
      c.do(op.i64_and);
    }
    c.memory(access.i64_store, slotAt(RSP));
    c.get(w.record);
    c.i32(way.taken);
    c.do(op.i32_add);
    c.set(w.place);
    c.br(w.ways.address);
  },
};

/** The accumulator's extensions: from it, by sign, to itself or to rdx. */
const widened =
  (from: 2 | 4 | 8, to: 4 | 8, upper: boolean): Routine =>
  (w) => {
    const { c } = w;
    c.i32(0);
    c.i32(0);
    w.load(from, true);
    if (upper) {
      c.i64(63n);
      c.do(op.i64_shr_s);
    }
    if (to === 4) {
      c.i64(0xffffffffn);
      c.do(op.i64_and);
    }
    c.memory(access.i64_store, slotAt(upper ? RDX : RAX));
  };

const wholes: Readonly<Record<string, Routine>> = Object.fromEntries(
  (['movaps', 'movups'] as const).flatMap((name): (readonly [string, Routine])[] => {
    const aligned = (w: Writer): void => {
      if (name === 'movups') return;
      w.c.get(w.place);
      w.c.i32(15);
      w.c.do(op.i32_and);
      w.c.brIf(w.ways.closure);
    };
    return [
      [
        `${name} rm`,
        (w) => {
          w.find(16, false);
          aligned(w);
          w.field(field.to);
          w.c.get(w.place);
          w.c.vector(simd.v128_load);
          w.c.vector(simd.v128_store);
        },
      ],
      [
        `${name} mr`,
        (w) => {
          w.find(16, true);
          aligned(w);
          w.c.get(w.place);
          w.field(field.from);
          w.c.vector(simd.v128_load);
          w.c.vector(simd.v128_store);
        },
      ],
    ];
  }),
);

/** What is left of it is the closure's. */
const repeated =
  (run: number): Routine =>
  ({ c, record, ways }) => {
    c.get(record);
    c.memory(access.i32_load, field.immediate);
    c.call(run);
    c.do(op.i32_eqz);
    c.brIf(ways.closure);
  };

/** All routines but that of closures, which is number 0. */
export const routines: readonly (readonly [string, Routine])[] = [
  ...Object.entries(twoOperands).flatMap(([name, row]) => twoOperandRows(name, row)),
  ...Object.entries({ dec: step('sub'), inc: step('add'), neg: negate, not: invert }).flatMap(([name, run]) =>
    oneOperandRows(name, run),
  ),
  ...Object.entries(shifts).flatMap(([name, run]) => shiftRows(name, run, false)),
  ...Object.entries(rotates).flatMap(([name, run]) => shiftRows(name, run, true)),
  ...extensionRows(),
  ...Object.keys(conditions).flatMap(conditionRows),
  ...multiplyRows(),
  ...Object.entries(accumulated).flatMap(([name, run]) => accumulatorRows(name, run)),
  ...vectorRows(),
  ...Object.entries(branches),
  ...Object.entries(wholes),
  ['bswap 4', swapped(4)],
  ['bswap 8', swapped(8)],
  ['cdq', widened(4, 4, true)],
  ['cdqe', widened(4, 8, false)],
  ['cqo', widened(8, 8, true)],
  ['cwde', widened(2, 4, false)],
  [
    'enter',
    (w) => {
      w.c.i32(stateAt);
      w.c.memory(access.i64_load, 4 * RIP);
      w.c.set(w.address);
      w.c.get(w.record);
      w.c.i32(way.taken);
      w.c.do(op.i32_add);
      w.c.set(w.place);
      w.c.br(w.ways.address);
    },
  ],
  [
    'leave',
    (w) => {
      const { c } = w;
      popped(w, RBP, w.r);
      c.i32(0);
      c.get(w.r);
      c.memory(access.i64_store, slotAt(RBP));
    },
  ],
  ...wide.map((size): readonly [string, Routine] => [
    `lea ${size}`,
    (w) => {
      w.c.get(w.record);
      w.c.call(functions.sum);
      w.c.set(w.r);
      toRegister(w, size, true);
    },
  ]),
  [
    'movaps rr',
    (w) => {
      w.field(field.to);
      w.field(field.from);
      w.c.vector(simd.v128_load);
      w.c.vector(simd.v128_store);
    },
  ],
  ['nop', () => undefined],
  [
    'pop',
    (w) => {
      popped(w, RSP, w.r);
      w.field(field.to);
      w.c.get(w.r);
      w.c.memory(access.i64_store);
    },
  ],
  ['rep movs', repeated(functions.copy)],
  ['rep stos', repeated(functions.fill)],
  [
    'push',
    (w) => {
      findBelow(w);
      register(w, field.from, w.slot, w.r);
      pushed(w);
    },
  ],
];
