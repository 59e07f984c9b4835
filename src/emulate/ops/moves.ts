// mov and its extensions, lea, xchg, xadd, cmpxchg, bswap, cmov, set, the sign extensions of rax, sahf, lahf, movbe, xlat.
import * as alu from '../alu.js';
import type { Decoded } from '../instruction.js';
import { address, memoryOf, modify, operand, place, sizeOf, writeMemory } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import { AH, HI, RAX, RBX, RCX, RDX, Trap, ZR } from '../state.js';
import type { Cpu } from '../state.js';
import { conditions } from './conditions.js';
import type { Condition } from './conditions.js';

const mov: Builder = (cpu, i) => {
  const to = operand(i, 0);
  const from = operand(i, 1);
  if (to.kind === 'register' && to.file === 'segment') throw new Error('segment registers are not loaded');
  if (from.kind === 'register' && from.file === 'segment') return movFromSegment(cpu, i, from.number);
  return fastMov(cpu, i) ?? generalMov(cpu, i);
};

function generalMov(cpu: Cpu, i: Decoded): Op {
  const size = sizeOf(i, 0);
  const { write } = place(cpu, i, 0);
  const { read } = place(cpu, i, 1, size);
  const s = cpu.s;
  return () => {
    const lo = read();
    write(lo, s[HI] ?? 0);
  };
}

/** Selectors as Linux gives them to a 64-bit program: cs 0x33, ss 0x2b, the others 0 (arch/x86/include/asm/segment.h). */
function movFromSegment(cpu: Cpu, i: Decoded, number: number): Op {
  const { write } = place(cpu, i, 0);
  const value = number === 1 ? 0x33 : number === 2 ? 0x2b : 0;
  return () => {
    write(value, 0);
  };
}

function fastMov(cpu: Cpu, i: Decoded): Op | undefined {
  const [to, from] = i.operands;
  const s = cpu.s;
  const m = cpu.memory;
  const size = sizeOf(i, 0);
  if (!to || !from || (size !== 4 && size !== 8)) return undefined;
  if (to.kind === 'register') {
    const d = 2 * to.number;
    if (from.kind === 'register') {
      const f = 2 * from.number;
      if (size === 4)
        return () => {
          s[d] = s[f] ?? 0;
          s[d + 1] = 0;
        };
      return () => {
        s[d] = s[f] ?? 0;
        s[d + 1] = s[f + 1] ?? 0;
      };
    }
    if (from.kind === 'immediate') {
      const { lo } = from;
      const hi = size === 4 ? 0 : from.hi;
      return () => {
        s[d] = lo;
        s[d + 1] = hi;
      };
    }
    if (from.kind !== 'memory') return undefined;
    const at = address(cpu, from);
    if (size === 4)
      return () => {
        s[d] = m.read32(at(), s[AH] ?? 0);
        s[d + 1] = 0;
      };
    return () => {
      s[d] = m.read64(at(), s[AH] ?? 0);
      s[d + 1] = m.high;
    };
  }
  if (to.kind !== 'memory') return undefined;
  const at = address(cpu, to);
  if (from.kind === 'register') {
    const f = 2 * from.number;
    if (size === 4)
      return () => {
        m.write32(at(), s[AH] ?? 0, s[f] ?? 0);
      };
    return () => {
      m.write64(at(), s[AH] ?? 0, s[f] ?? 0, s[f + 1] ?? 0);
    };
  }
  return undefined;
}

const movzx: Builder = (cpu, i) => {
  const { read } = place(cpu, i, 1);
  const { write } = place(cpu, i, 0);
  const to = operand(i, 0);
  const s = cpu.s;
  if (to.kind === 'register' && to.size >= 4) {
    const d = 2 * to.number;
    return () => {
      s[d] = read();
      s[d + 1] = 0;
    };
  }
  return () => {
    write(read(), 0);
  };
};

const movsx: Builder = (cpu, i) => {
  const { read } = place(cpu, i, 1);
  const { write } = place(cpu, i, 0);
  const shift = 32 - 8 * sizeOf(i, 1);
  return () => {
    const value = (read() << shift) >> shift;
    write(value, value >> 31);
  };
};

const lea: Builder = (cpu, i) => {
  const at = address(cpu, memoryOf(i), true);
  const { write } = place(cpu, i, 0);
  const to = operand(i, 0);
  const s = cpu.s;
  if (to.kind === 'register' && to.size === 8) {
    const d = 2 * to.number;
    return () => {
      s[d] = at();
      s[d + 1] = s[AH] ?? 0;
    };
  }
  return () => {
    write(at(), 0);
  };
};

const xchg: Builder = (cpu, i) => {
  // The memory operand comes first: it may fault.
  const [first, second] = operand(i, 0).kind === 'memory' ? [0, 1] : [1, 0];
  const a = modify(cpu, i, first);
  const b = place(cpu, i, second);
  const s = cpu.s;
  return () => {
    const al = a.read();
    const ah = s[HI] ?? 0;
    const bl = b.read();
    a.write(bl, s[HI] ?? 0);
    b.write(al, ah);
  };
};

const xadd: Builder = (cpu, i) => {
  const to = modify(cpu, i, 0);
  const from = place(cpu, i, 1);
  const size = sizeOf(i, 0);
  const s = cpu.s;
  const narrow = size === 4 ? alu.add.word : alu.add.narrow(size === 1 ? 24 : 16);
  return () => {
    const al = to.read();
    const ah = s[HI] ?? 0;
    const bl = from.read();
    const bh = s[HI] ?? 0;
    const r = size === 8 ? alu.add.wide(s, al, ah, bl, bh) : narrow(s, al, bl);
    const upper = s[HI] ?? 0;
    // xadd %eax, %eax leaves the sum: the register source is written first.
    from.write(al, ah);
    to.write(r, upper);
  };
};

const cmpxchg: Builder = (cpu, i) => {
  const size = sizeOf(i, 0);
  const to = modify(cpu, i, 0);
  const from = place(cpu, i, 1);
  const s = cpu.s;
  const narrow = size === 4 ? alu.sub.word : alu.sub.narrow(size === 1 ? 24 : 16);
  const mask = size === 1 ? 255 : size === 2 ? 65535 : -1;
  const memory = operand(i, 0).kind === 'memory';
  return () => {
    const dl = to.read();
    const dh = s[HI] ?? 0;
    const al = (s[RAX] ?? 0) & mask;
    if (size === 8) alu.sub.wide(s, al, s[RAX + 1] ?? 0, dl, dh);
    else narrow(s, al, dl);
    if (s[ZR] === 0) {
      const bl = from.read();
      to.write(bl, s[HI] ?? 0);
      return;
    }
    // The destination is written in any case (SDM: a failed compare writes it back); a register of 32 bits keeps its upper half then.
    if (memory) to.write(dl, dh);
    if (size === 1) cpu.b[0] = dl;
    else if (size === 2) cpu.w[0] = dl;
    else {
      s[RAX] = dl;
      s[RAX + 1] = size === 8 ? dh : 0;
    }
  };
};

/** cmpxchg8b and cmpxchg16b: only ZF changes. */
const pair =
  (size: 8 | 16): Builder =>
  (cpu, i) => {
    const at = address(cpu, memoryOf(i));
    const s = cpu.s;
    const m = cpu.memory;
    const half = size / 2;
    const set = (register: number, lo: number, hi: number): void => {
      s[register] = lo;
      s[register + 1] = hi;
    };
    return () => {
      const lo = at();
      const hi = s[AH] ?? 0;
      if (size === 16 && lo & 15) throw new Trap('protection', 'cmpxchg16b of a misaligned operand');
      m.probeWrite(lo, hi, size);
      const next = (lo + half) | 0;
      const nextHi = hi + (next >>> 0 < lo >>> 0 ? 1 : 0);
      const wide = size === 16;
      const al = wide ? m.read64(lo, hi) : m.read32(lo, hi);
      const ah = wide ? m.high : 0;
      const dl = wide ? m.read64(next, nextHi) : m.read32(next, nextHi);
      const dh = wide ? m.high : 0;
      const equal = s[RAX] === al && s[RDX] === dl && (!wide || (s[RAX + 1] === ah && s[RDX + 1] === dh));
      const flags = cpu.flags();
      cpu.setArithmeticFlags(equal ? flags | 64 : flags & ~64);
      if (equal) {
        if (wide) {
          m.write64(lo, hi, s[RBX] ?? 0, s[RBX + 1] ?? 0);
          m.write64(next, nextHi, s[RCX] ?? 0, s[RCX + 1] ?? 0);
        } else m.write64(lo, hi, s[RBX] ?? 0, s[RCX] ?? 0);
      } else {
        if (wide) {
          m.write64(lo, hi, al, ah);
          m.write64(next, nextHi, dl, dh);
        } else m.write64(lo, hi, al, dl);
        set(RAX, al, ah);
        set(RDX, dl, dh);
      }
    };
  };

const swapBytes = (v: number): number =>
  (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24) | 0;

const bswap: Builder = (cpu, i) => {
  const to = place(cpu, i, 0);
  const size = sizeOf(i, 0);
  const s = cpu.s;
  return () => {
    const lo = to.read();
    // 16 bits: undefined; AMD's and Intel's CPUs give 0.
    if (size === 2) to.write(0, 0);
    else if (size === 4) to.write(swapBytes(lo), 0);
    else to.write(swapBytes(s[HI] ?? 0), swapBytes(lo));
  };
};

const movbe: Builder = (cpu, i) => {
  const size = sizeOf(i, 0);
  const { write } = place(cpu, i, 0);
  const { read } = place(cpu, i, 1);
  const s = cpu.s;
  return () => {
    const lo = read();
    if (size === 2) write(((lo & 255) << 8) | (lo >>> 8), 0);
    else if (size === 4) write(swapBytes(lo), 0);
    else write(swapBytes(s[HI] ?? 0), swapBytes(lo));
  };
};

/** A false condition still clears the upper half of a 32-bit destination, and memory is read in any case. */
const cmov =
  (test: Condition): Builder =>
  (cpu, i) => {
    const to = place(cpu, i, 0);
    const from = place(cpu, i, 1);
    const s = cpu.s;
    return () => {
      const lo = from.read();
      const hi = s[HI] ?? 0;
      if (test(s)) to.write(lo, hi);
      else {
        const old = to.read();
        to.write(old, s[HI] ?? 0);
      }
    };
  };

const set =
  (test: Condition): Builder =>
  (cpu, i) => {
    const { write } = place(cpu, i, 0);
    const s = cpu.s;
    return () => {
      write(test(s) ? 1 : 0, 0);
    };
  };

const xlatb: Builder = (cpu, i) => {
  const at = address(cpu, { ...memoryOf(i), base: 3, index: undefined });
  const s = cpu.s;
  return () => {
    const base = at();
    const lo = (base + (cpu.b[0] ?? 0)) | 0;
    cpu.b[0] = cpu.memory.read8(lo, (s[AH] ?? 0) + (lo >>> 0 < base >>> 0 ? 1 : 0));
  };
};

const plain =
  (run: (cpu: Cpu) => void): Builder =>
  (cpu) =>
  () => {
    run(cpu);
  };

/** Stores that bypass the cache are stores. */
const store: Builder = (cpu, i) => {
  const size = sizeOf(i, 0);
  const write = writeMemory(cpu, size, address(cpu, memoryOf(i)));
  const { read } = place(cpu, i, 1);
  const s = cpu.s;
  return () => {
    const lo = read();
    write(lo, s[HI] ?? 0);
  };
};

const byCondition = (prefix: string, make: (test: Condition) => Builder): Table =>
  Object.fromEntries(Object.entries(conditions).map(([name, test]) => [prefix + name, make(test)]));

export const moves: Table = {
  ...byCondition('cmov', cmov),
  ...byCondition('set', set),
  bswap,
  cbw: plain(({ w, b }) => {
    w[0] = ((b[0] ?? 0) << 24) >> 24;
  }),
  cdq: plain(({ s }) => {
    s[RDX] = (s[RAX] ?? 0) >> 31;
    s[RDX + 1] = 0;
  }),
  cdqe: plain(({ s }) => {
    s[RAX + 1] = (s[RAX] ?? 0) >> 31;
  }),
  cmpxchg,
  cmpxchg16b: pair(16),
  cmpxchg8b: pair(8),
  cqo: plain(({ s }) => {
    s[RDX] = s[RDX + 1] = (s[RAX + 1] ?? 0) >> 31;
  }),
  cwd: plain(({ w }) => {
    w[8] = ((w[0] ?? 0) << 16) >> 31;
  }),
  cwde: plain(({ s, w }) => {
    s[RAX] = ((w[0] ?? 0) << 16) >> 16;
    s[RAX + 1] = 0;
  }),
  lahf: plain((cpu) => {
    cpu.b[1] = cpu.flags() & 0xff;
  }),
  lea,
  mov,
  movbe,
  movnti: store,
  movsx,
  movsxd: movsx,
  movzx,
  sahf: plain((cpu) => {
    cpu.setArithmeticFlags(cpu.b[1] ?? 0);
  }),
  xadd,
  xchg,
  xlatb,
};
