// Shifts and rotates of registers.
import { AF, CF, OF } from '../state.js';
import { access, op } from '../wasm/encode.js';
import { field } from './record.js';
import { cut, register, signExtend, sizes, toRegister, wide } from './routine.js';
import type { Operation, Routine, Rows } from './routine.js';
import type { Size, Writer } from './writer.js';

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

function rowsOf(name: string, run: Operation, isRotate: boolean): Rows {
  return sizes.flatMap((size): Rows => {
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

/** Of two registers by a constant in `r`: what is moved out of the first comes from the second. */
const double =
  (to: 'left' | 'right', size: 4 | 8): Routine =>
  (w) => {
    const { c, a, b, r } = w;
    const bits = 8n * BigInt(size);
    register(w, field.to, size, a);
    register(w, field.from, size, b);
    w.immediate();
    c.set(r);
    const moved = (): void => {
      c.i64(bits);
      c.get(r);
      c.do(op.i64_sub);
    };
    w.setWord(CF, () => {
      c.get(a);
      if (to === 'left') moved();
      else {
        c.get(r);
        c.i64(1n);
        c.do(op.i64_sub);
      }
      c.do(op.i64_shr_u, op.i32_wrap_i64);
      c.i32(1);
      c.do(op.i32_and);
    });
    c.get(a);
    c.get(r);
    c.do(to === 'left' ? op.i64_shl : op.i64_shr_u);
    c.get(b);
    moved();
    c.do(to === 'left' ? op.i64_shr_u : op.i64_shl, op.i64_or);
    cut(w, size);
    c.set(r);
    w.setWord(OF, () => {
      for (const local of [r, a]) {
        c.get(local);
        w.signWord(size);
      }
      c.do(op.i32_xor);
    });
    w.setWord(AF, () => {
      c.i32(0);
    });
    w.resultFlags(size);
    toRegister(w, size);
  };

export const shiftRoutines: Rows = [
  ...Object.entries(shifts).flatMap(([name, run]) => rowsOf(name, run, false)),
  ...Object.entries(rotates).flatMap(([name, run]) => rowsOf(name, run, true)),
  ...wide.flatMap((size): Rows => [
    [`shld ${size}`, double('left', size)],
    [`shrd ${size}`, double('right', size)],
  ]),
];
