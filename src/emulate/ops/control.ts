// Branches, calls, the stack, flags as a whole, and what stands at the system's edge. RIP holds the next instruction's address when one of
// these runs, which is the last of its block (`endsBlock`).
import type { Decoded } from '../instruction.js';
import { operand, place, sizeOf, words } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import { CF, DF, FS, GS, HI, R11, RAX, RBP, RBX, RCX, RDX, RIP, RSP, Trap } from '../state.js';
import type { Cpu } from '../state.js';
import { cpuid } from '../cpuid.js';
import { extendedControl } from '../xsave.js';
import { conditions } from './conditions.js';
import type { Condition } from './conditions.js';

function target(i: Decoded, n = 0): readonly [number, number] {
  const o = operand(i, n);
  if (o.kind !== 'target') throw new Error(`${i.name} without a target`);
  return words(o.address);
}

const jump =
  (test: Condition): Builder =>
  (cpu, i) => {
    const [lo, hi] = target(i);
    const s = cpu.s;
    return () => {
      if (!test(s)) return;
      s[RIP] = lo;
      s[RIP + 1] = hi;
    };
  };

const jmp: Builder = (cpu, i) => {
  const s = cpu.s;
  if (operand(i, 0).kind === 'target') {
    const [lo, hi] = target(i);
    return () => {
      s[RIP] = lo;
      s[RIP + 1] = hi;
    };
  }
  const { read } = place(cpu, i, 0);
  return () => {
    s[RIP] = read();
    s[RIP + 1] = s[HI] ?? 0;
  };
};

/** As push64, of 2 bytes. */
function push16(cpu: Cpu, value: number): void {
  const s = cpu.s;
  const old = s[RSP] ?? 0;
  const at = (old - 2) | 0;
  const up = (s[RSP + 1] ?? 0) - (old >>> 0 < 2 ? 1 : 0);
  cpu.memory.write16(at, up, value);
  s[RSP] = at;
  s[RSP + 1] = up;
}

/** Stores at rsp - 8 and moves rsp then: a fault leaves it. */
function push64(cpu: Cpu, lo: number, hi: number): void {
  const s = cpu.s;
  const old = s[RSP] ?? 0;
  const at = (old - 8) | 0;
  const up = (s[RSP + 1] ?? 0) - (old >>> 0 < 8 ? 1 : 0);
  cpu.memory.write64(at, up, lo, hi);
  s[RSP] = at;
  s[RSP + 1] = up;
}

/** The low word; the upper one in memory.high. rsp moves. */
function pop64(cpu: Cpu): number {
  const s = cpu.s;
  const at = s[RSP] ?? 0;
  const lo = cpu.memory.read64(at, s[RSP + 1] ?? 0);
  move(s, 8);
  return lo;
}

function move(s: Int32Array, by: number): void {
  const at = s[RSP] ?? 0;
  s[RSP] = at + by;
  s[RSP + 1] = (s[RSP + 1] ?? 0) + (by >> 31) + ((s[RSP] ?? 0) >>> 0 < at >>> 0 ? 1 : 0);
}

const call: Builder = (cpu, i) => {
  const s = cpu.s;
  const [backLo, backHi] = words(i.next);
  if (operand(i, 0).kind === 'target') {
    const [lo, hi] = target(i);
    return () => {
      push64(cpu, backLo, backHi);
      s[RIP] = lo;
      s[RIP + 1] = hi;
    };
  }
  const { read } = place(cpu, i, 0);
  return () => {
    const lo = read();
    const hi = s[HI] ?? 0;
    push64(cpu, backLo, backHi);
    s[RIP] = lo;
    s[RIP + 1] = hi;
  };
};

const ret: Builder = (cpu, i) => {
  const s = cpu.s;
  const o = i.operands[0];
  const extra = o?.kind === 'immediate' ? o.lo & 0xffff : 0;
  return () => {
    s[RIP] = pop64(cpu);
    s[RIP + 1] = cpu.memory.high;
    if (extra !== 0) move(s, extra);
  };
};

const push: Builder = (cpu, i) => {
  const o = operand(i, 0);
  const size = o.kind === 'immediate' ? (i.narrow ? 2 : 8) : sizeOf(i, 0);
  const s = cpu.s;
  if (size === 2) {
    const { read } = place(cpu, i, 0, 2);
    return () => {
      push16(cpu, read());
    };
  }
  if (o.kind === 'register' && o.file === 'general') {
    const r = 2 * o.number;
    return () => {
      push64(cpu, s[r] ?? 0, s[r + 1] ?? 0);
    };
  }
  if (o.kind === 'register')
    return () => {
      // FS and GS: selector 0.
      push64(cpu, 0, 0);
    };
  const { read } = place(cpu, i, 0, 8);
  return () => {
    const lo = read();
    push64(cpu, lo, s[HI] ?? 0);
  };
};

/** pop to memory: the address is computed with rsp already moved; a fault takes the move back. */
const pop: Builder = (cpu, i) => {
  const o = operand(i, 0);
  const s = cpu.s;
  const size = sizeOf(i, 0);
  if (o.kind === 'register' && o.file === 'general' && size === 8) {
    const r = 2 * o.number;
    return () => {
      const lo = pop64(cpu);
      s[r] = lo;
      s[r + 1] = cpu.memory.high;
    };
  }
  const { write } = place(cpu, i, 0);
  return () => {
    const at = s[RSP] ?? 0;
    const up = s[RSP + 1] ?? 0;
    const lo = size === 2 ? cpu.memory.read16(at, up) : cpu.memory.read64(at, up);
    const hi = cpu.memory.high;
    move(s, size);
    try {
      write(lo, hi);
    } catch (fault) {
      s[RSP] = at;
      s[RSP + 1] = up;
      throw fault;
    }
  };
};

/** Of 16 bits it takes all of rbp for the stack, and changes bp alone. */
const leave: Builder = (cpu, i) => {
  const { s, w, memory } = cpu;
  return () => {
    const at = s[RBP] ?? 0;
    const up = s[RBP + 1] ?? 0;
    const lo = i.narrow ? memory.read16(at, up) : memory.read64(at, up);
    s[RSP] = at;
    s[RSP + 1] = up;
    move(s, i.narrow ? 2 : 8);
    if (i.narrow) {
      w[2 * RBP] = lo;
      return;
    }
    s[RBP] = lo;
    s[RBP + 1] = memory.high;
  };
};

const enter: Builder = (cpu, i) => {
  const [first, second] = i.operands;
  const bytes = first?.kind === 'immediate' ? first.lo & 0xffff : 0;
  const level = second?.kind === 'immediate' ? second.lo & 31 : 0;
  const { s, w, memory: m } = cpu;
  const size = i.narrow ? 2 : 8;
  const push = (lo: number, hi: number): void => {
    if (i.narrow) push16(cpu, lo);
    else push64(cpu, lo, hi);
  };
  return () => {
    const saved = s.slice(RSP, RSP + 4);
    const [, , base = 0, baseUp = 0] = saved;
    try {
      push(base, baseUp);
      const frame = [s[RSP] ?? 0, s[RSP + 1] ?? 0] as const;
      for (let n = 1; n < level; n++) {
        const at = (base - size * n) | 0;
        const up = baseUp - (base >>> 0 < size * n ? 1 : 0);
        const lo = i.narrow ? m.read16(at, up) : m.read64(at, up);
        push(lo, m.high);
      }
      if (level > 0) push(frame[0], frame[1]);
      if (i.narrow) w[2 * RBP] = frame[0];
      else {
        s[RBP] = frame[0];
        s[RBP + 1] = frame[1];
      }
      move(s, -bytes);
      // The new top must be writable (SDM vol. 2, ENTER).
      m.probeWrite(s[RSP] ?? 0, s[RSP + 1] ?? 0, 1);
    } catch (fault) {
      s.set(saved, RSP);
      throw fault;
    }
  };
};

const loop =
  (test?: Condition): Builder =>
  (cpu, i) => {
    const [lo, hi] = target(i);
    const s = cpu.s;
    const narrow = i.addressSize === 32;
    if (i.addressSize === 16) {
      const { w } = cpu;
      return () => {
        const left = ((s[RCX] ?? 0) - 1) & 0xffff;
        w[2 * RCX] = left;
        if (left === 0 || (test && !test(s))) return;
        s[RIP] = lo;
      };
    }
    return () => {
      const c = s[RCX] ?? 0;
      s[RCX] = c - 1;
      if (narrow) s[RCX + 1] = 0;
      else if (c === 0) s[RCX + 1] = (s[RCX + 1] ?? 0) - 1;
      if (((s[RCX] ?? 0) | (s[RCX + 1] ?? 0)) === 0 || (test && !test(s))) return;
      s[RIP] = lo;
      s[RIP + 1] = hi;
    };
  };

/** cx, ecx or rcx. */
const jumpIfZero =
  (size: 2 | 4 | 8): Builder =>
  (cpu, i) => {
    const [lo, hi] = target(i);
    const s = cpu.s;
    const counted = size === 2 ? 0xffff : -1;
    return () => {
      if (((s[RCX] ?? 0) & counted) !== 0 || (size === 8 && s[RCX + 1] !== 0)) return;
      s[RIP] = lo;
      s[RIP + 1] = hi;
    };
  };

const setCarry =
  (change: (carry: number) => number): Builder =>
  ({ s }) =>
  () => {
    s[CF] = change(s[CF] ?? 0);
  };

const setDirection =
  (value: number): Builder =>
  ({ s }) =>
  () => {
    s[DF] = value;
  };

const nothing: Builder = () => () => undefined;
const trap =
  (kind: Trap['kind']): Builder =>
  (_, i) =>
  () => {
    throw new Trap(kind, i.name);
  };

/** int: 3 and 4 are those that a program may use; a system call of 32-bit code's is not among these. */
export const interrupt: Builder = (_, i) => {
  const o = operand(i, 0);
  const number = o.kind === 'immediate' ? o.lo & 255 : 0;
  if (number === 0x80) throw new Error('a system call of 32-bit code');
  const kind = number === 3 ? 'breakpoint' : number === 4 ? 'overflow' : 'protection';
  // Into the interrupt table (SDM vol. 3, 6.13).
  const error = kind === 'protection' ? 8 * number + 2 : 0;
  return () => {
    throw new Trap(kind, `int $${number}`, error, i.length);
  };
};

/** rdfsbase and its like. */
const readBase =
  (base: number): Builder =>
  (cpu, i) => {
    const { write } = place(cpu, i, 0);
    const s = cpu.s;
    return () => {
      write(s[base] ?? 0, s[base + 1] ?? 0);
    };
  };

const writeBase =
  (base: number): Builder =>
  (cpu, i) => {
    const { read } = place(cpu, i, 0);
    const wide = sizeOf(i, 0) === 8;
    const s = cpu.s;
    return () => {
      const lo = read();
      const hi = wide ? (s[HI] ?? 0) : 0;
      if (hi >> 15 !== hi >> 31) throw new Trap('protection', 'a base that is not canonical');
      s[base] = lo;
      s[base + 1] = hi;
    };
  };

/** The counter is the number of instructions: repeatable. */
function counter(cpu: Cpu): Op {
  const s = cpu.s;
  return () => {
    const now = cpu.executed + cpu.position;
    s[RAX] = now | 0;
    s[RDX] = (now / 0x100000000) | 0;
    s[RAX + 1] = s[RDX + 1] = 0;
  };
}

const jumps: Table = Object.fromEntries(
  Object.entries(conditions).map(([name, test]) => [`j${name}`, jump(test)]),
);

export const control: Table = {
  ...jumps,
  call,
  clc: setCarry(() => 0),
  cld: setDirection(0),
  cli: trap('protection'),
  clflush: nothing,
  clflushopt: nothing,
  clwb: nothing,
  cmc: setCarry((carry) => 1 - carry),
  cpuid: ({ s }) => {
    return () => {
      const answer = cpuid(s[RAX] ?? 0, s[RCX] ?? 0);
      [RAX, RBX, RCX, RDX].forEach((register, n) => {
        s[register] = answer[n] ?? 0;
        s[register + 1] = 0;
      });
    };
  },
  endbr32: nothing,
  endbr64: nothing,
  enter,
  hlt: trap('protection'),
  in: trap('protection'),
  insb: trap('protection'),
  insd: trap('protection'),
  insw: trap('protection'),
  int: interrupt,
  int3: trap('breakpoint'),
  jcxz: jumpIfZero(2),
  jecxz: jumpIfZero(4),
  jmp,
  jrcxz: jumpIfZero(8),
  leave,
  lfence: nothing,
  loop: loop(),
  loope: loop((s) => conditions.e?.(s) ?? false),
  loopne: loop((s) => conditions.ne?.(s) ?? false),
  mfence: nothing,
  nop: nothing,
  out: trap('protection'),
  outsb: trap('protection'),
  outsd: trap('protection'),
  outsw: trap('protection'),
  pause: nothing,
  pop,
  popfq: (cpu) => () => {
    const at = cpu.s[RSP] ?? 0;
    const lo = cpu.memory.read64(at, cpu.s[RSP + 1] ?? 0);
    move(cpu.s, 8);
    cpu.setFlags(lo);
  },
  prefetchnta: nothing,
  prefetcht0: nothing,
  prefetcht1: nothing,
  prefetcht2: nothing,
  prefetchw: nothing,
  push,
  pushfq: (cpu) => () => {
    push64(cpu, cpu.flags(), 0);
  },
  rdfsbase: readBase(FS),
  rdgsbase: readBase(GS),
  rdtsc: counter,
  rdtscp: (cpu) => {
    const read = counter(cpu);
    const s = cpu.s;
    return () => {
      read();
      s[RCX] = s[RCX + 1] = 0;
    };
  },
  reservednop: nothing,
  ret,
  sfence: nothing,
  stc: setCarry(() => 1),
  std: setDirection(1),
  sti: trap('protection'),
  syscall: (cpu) => {
    const s = cpu.s;
    return () => {
      s[RCX] = s[RIP] ?? 0;
      s[RCX + 1] = s[RIP + 1] ?? 0;
      s[R11] = cpu.flags();
      s[R11 + 1] = 0;
      cpu.onSyscall();
    };
  },
  ud0: trap('illegal'),
  ud1: trap('illegal'),
  ud2: trap('illegal'),
  wait: (cpu) => () => {
    cpu.fpu.wait();
  },
  wrfsbase: writeBase(FS),
  wrgsbase: writeBase(GS),
  xgetbv: ({ s }) => {
    return () => {
      if (s[RCX] !== 0) throw new Trap('protection', 'xgetbv of another register than 0');
      s[RAX] = extendedControl;
      s[RDX] = s[RAX + 1] = s[RDX + 1] = 0;
    };
  },
};

/** What must be the last instruction of a block: it changes RIP, or looks at it. */
export function endsBlock(name: string): boolean {
  return name in jumps || enders.has(name);
}
const enders = new Set(
  'call cpuid hlt int int1 int3 into iretd jcxz jecxz jmp jrcxz loop loope loopne rdtsc rdtscp ret retf syscall ud0 ud1 ud2'.split(
    ' ',
  ),
);
