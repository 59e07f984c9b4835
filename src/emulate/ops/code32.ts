// What 32-bit code does in its own way: the stack by slots of 4 or 2 bytes, indirect branches, segment registers, int, bound.
import type { Decoded } from '../instruction.js';
import { memoryOf, operand, place, readMemory, sizeOf, words, address } from '../operands.js';
import type { Builder, Op, Table } from '../operands.js';
import { codeSelector, loadSegment, selectorOf } from '../segments.js';
import { interrupt } from './control.js';
import { OF, RBP, RIP, RSP, Trap } from '../state.js';
import type { Cpu } from '../state.js';
import { moves } from './moves.js';

const SS = 2;
const DS = 3;
const systemCall = 0x80;

/** Stores below the stack pointer and moves it then: a fault leaves it. */
function push(cpu: Cpu, size: 2 | 4, value: number): void {
  const s = cpu.s;
  const at = ((s[RSP] ?? 0) - size) | 0;
  if (size === 4) cpu.memory.write32(at, 0, value);
  else cpu.memory.write16(at, 0, value);
  s[RSP] = at;
}

function pop(cpu: Cpu, size: 2 | 4): number {
  const s = cpu.s;
  const at = s[RSP] ?? 0;
  const value = size === 4 ? cpu.memory.read32(at, 0) : cpu.memory.read16(at, 0);
  s[RSP] = at + size;
  return value;
}

const slotOf = (i: Decoded): 2 | 4 => (i.narrow ? 2 : 4);

/** An instruction pointer of 16 bits leads nowhere that a program could be. */
function noNarrow(i: Decoded): void {
  if (i.narrow) throw new Error(`${i.name} of 16 bits`);
}

function targetOf(i: Decoded): number | undefined {
  const o = operand(i, 0);
  return o.kind === 'target' ? words(o.address)[0] : undefined;
}

const jmp: Builder = (cpu, i) => {
  noNarrow(i);
  const s = cpu.s;
  const target = targetOf(i);
  const read = target === undefined ? place(cpu, i, 0, 4).read : (): number => target;
  if (target === undefined && sizeOf(i, 0) !== 4) throw new Error('a far jump');
  return () => {
    s[RIP] = read();
    s[RIP + 1] = 0;
  };
};

const call: Builder = (cpu, i) => {
  noNarrow(i);
  const s = cpu.s;
  const [back] = words(i.next);
  const target = targetOf(i);
  if (target !== undefined)
    return () => {
      push(cpu, 4, back);
      s[RIP] = target;
      s[RIP + 1] = 0;
    };
  if (sizeOf(i, 0) !== 4) throw new Error('a far call');
  const { read } = place(cpu, i, 0);
  return () => {
    const to = read();
    push(cpu, 4, back);
    s[RIP] = to;
    s[RIP + 1] = 0;
  };
};

const ret: Builder = (cpu, i) => {
  noNarrow(i);
  const s = cpu.s;
  const [o] = i.operands;
  const extra = o?.kind === 'immediate' ? o.lo & 0xffff : 0;
  return () => {
    s[RIP] = pop(cpu, 4);
    s[RIP + 1] = 0;
    s[RSP] = (s[RSP] ?? 0) + extra;
  };
};

const pushed: Builder = (cpu, i) => {
  const o = operand(i, 0);
  const size = slotOf(i);
  if (o.kind === 'register' && o.file === 'segment')
    return () => {
      push(cpu, size, selectorOf(cpu.s, o.number));
    };
  const { read } = place(cpu, i, 0, size);
  return () => {
    push(cpu, size, read());
  };
};

/** mov and pop: nothing interrupts between SS and the stack pointer (SDM vol. 3, 6.8.3). */
function loadByItself(cpu: Cpu, register: number, selector: number): void {
  loadSegment(cpu.s, register, selector);
  if (register === SS) cpu.trapless = true;
}

/** pop to memory: the address is computed with esp already moved; a fault takes the move back. */
const popped: Builder = (cpu, i) => {
  const o = operand(i, 0);
  const size = slotOf(i);
  const s = cpu.s;
  const write =
    o.kind === 'register' && o.file === 'segment'
      ? (value: number): void => {
          loadByItself(cpu, o.number, value & 0xffff);
        }
      : place(cpu, i, 0, size).write;
  return () => {
    const before = s[RSP] ?? 0;
    const value = pop(cpu, size);
    try {
      write(value, 0);
    } catch (thrown) {
      s[RSP] = before;
      throw thrown;
    }
  };
};

/** eax to edi; what is pushed for esp is what it was before. */
const pushAll: Builder = (cpu, i) => {
  const s = cpu.s;
  const size = slotOf(i);
  return () => {
    const before = s[RSP] ?? 0;
    try {
      for (let n = 0; n < 8; n++) push(cpu, size, 2 * n === RSP ? before : (s[2 * n] ?? 0));
    } catch (thrown) {
      s[RSP] = before;
      throw thrown;
    }
  };
};

const popAll: Builder = (cpu, i) => {
  const { s, w, memory } = cpu;
  const size = slotOf(i);
  return () => {
    const from = s[RSP] ?? 0;
    const read = size === 4 ? memory.read32.bind(memory) : memory.read16.bind(memory);
    const values = Array.from({ length: 8 }, (_, n) => read((from + size * (7 - n)) | 0, 0));
    values.forEach((value, n) => {
      if (2 * n === RSP) return;
      if (size === 4) s[2 * n] = value;
      else w[4 * n] = value;
    });
    s[RSP] = from + 8 * size;
  };
};

const pushFlags: Builder = (cpu, i) => {
  const size = slotOf(i);
  return () => {
    push(cpu, size, cpu.flags());
  };
};

const popFlags: Builder = (cpu, i) => {
  const size = slotOf(i);
  const { s, memory } = cpu;
  return () => {
    const at = s[RSP] ?? 0;
    const value = size === 4 ? memory.read32(at, 0) : memory.read16(at, 0);
    s[RSP] = at + size;
    cpu.setFlags(size === 4 ? value : (cpu.flags() & ~0xffff) | value);
  };
};

/** To code of the same segment: there is no other. */
function farTarget(cpu: Cpu): number {
  const { s, memory } = cpu;
  const at = s[RSP] ?? 0;
  const to = memory.read32(at, 0);
  const selector = memory.read32((at + 4) | 0, 0) & 0xffff;
  if (selector !== codeSelector) throw new Trap('missing', `code of selector 0x${selector.toString(16)}`);
  return to;
}

const returnFar: Builder = (cpu, i) => {
  noNarrow(i);
  const s = cpu.s;
  const [o] = i.operands;
  const extra = o?.kind === 'immediate' ? o.lo & 0xffff : 0;
  return () => {
    s[RIP] = farTarget(cpu);
    s[RIP + 1] = 0;
    s[RSP] = (s[RSP] ?? 0) + 8 + extra;
  };
};

const returnFromInterrupt: Builder = (cpu) => {
  const { s, memory } = cpu;
  return () => {
    const to = farTarget(cpu);
    const at = s[RSP] ?? 0;
    const flags = memory.read32((at + 8) | 0, 0);
    s[RIP] = to;
    s[RIP + 1] = 0;
    s[RSP] = at + 12;
    cpu.setFlags(flags);
  };
};

/** ebp, or bp alone. */
function setFrame({ s, w }: Cpu, size: 2 | 4, value: number): void {
  if (size === 4) s[RBP] = value;
  else w[2 * RBP] = value;
}

const leave: Builder = (cpu, i) => {
  const { s, memory } = cpu;
  const size = slotOf(i);
  return () => {
    const at = s[RBP] ?? 0;
    setFrame(cpu, size, size === 4 ? memory.read32(at, 0) : memory.read16(at, 0));
    s[RSP] = at + size;
  };
};

const enter: Builder = (cpu, i) => {
  const size = slotOf(i);
  const [first, second] = i.operands;
  const bytes = first?.kind === 'immediate' ? first.lo & 0xffff : 0;
  const level = second?.kind === 'immediate' ? second.lo & 31 : 0;
  const { s, memory } = cpu;
  return () => {
    const saved = s.slice(RSP, RSP + 4);
    try {
      const base = s[RBP] ?? 0;
      push(cpu, size, base);
      const frame = s[RSP] ?? 0;
      for (let n = 1; n < level; n++) {
        const at = (base - size * n) | 0;
        push(cpu, size, size === 4 ? memory.read32(at, 0) : memory.read16(at, 0));
      }
      if (level > 0) push(cpu, size, frame);
      setFrame(cpu, size, frame);
      s[RSP] = (s[RSP] ?? 0) - bytes;
      // The new top must be writable (SDM vol. 2, ENTER).
      memory.probeWrite(s[RSP] ?? 0, 0, 1);
    } catch (fault) {
      s.set(saved, RSP);
      throw fault;
    }
  };
};

/** mov of a segment register; all others are as in 64-bit code. */
const mov: Builder = (cpu, i) => {
  const [to, from] = i.operands;
  const s = cpu.s;
  if (to?.kind === 'register' && to.file === 'segment') {
    const { read } = place(cpu, i, 1, 2);
    return () => {
      loadByItself(cpu, to.number, read());
    };
  }
  if (from?.kind === 'register' && from.file === 'segment') {
    const { write } = place(cpu, i, 0);
    return () => {
      write(selectorOf(s, from.number), 0);
    };
  }
  const { mov: other } = moves;
  if (!other) throw new Error('no row');
  return other(cpu, i);
};

/** lds and its like: an offset, and a selector behind it. */
const loadFar =
  (segment: number): Builder =>
  (cpu, i) => {
    noNarrow(i);
    const at = address(cpu, memoryOf(i));
    const { write } = place(cpu, i, 0, 4);
    const { s, memory } = cpu;
    return () => {
      const from = at();
      const offset = memory.read32(from, 0);
      loadSegment(s, segment, memory.read16((from + 4) | 0, 0));
      write(offset, 0);
    };
  };

const bound: Builder = (cpu, i) => {
  const size = slotOf(i);
  const { read } = place(cpu, i, 0, size);
  const at = address(cpu, memoryOf(i));
  let from = 0;
  const limit = readMemory(cpu, size, () => from);
  const shift = size === 4 ? 0 : 16;
  const signed = (value: number): number => (value << shift) >> shift;
  return () => {
    const lower = at();
    const index = signed(read());
    from = lower;
    if (index < signed(limit())) throw new Trap('bound', 'bound');
    from = (lower + size) | 0;
    if (index > signed(limit())) throw new Trap('bound', 'bound');
  };
};

const int: Builder = (cpu, i): Op => {
  const o = operand(i, 0);
  if (o.kind !== 'immediate' || (o.lo & 255) !== systemCall) return interrupt(cpu, i);
  return () => {
    cpu.onSyscall();
  };
};

export const code32: Table = {
  bound,
  call,
  enter,
  int,
  into: ({ s }) => {
    return () => {
      if ((s[OF] ?? 0) < 0) throw new Trap('overflow', 'into');
    };
  },
  jmp,
  lds: loadFar(DS),
  leave,
  les: loadFar(0),
  lfs: loadFar(4),
  lgs: loadFar(5),
  lss: loadFar(2),
  mov,
  pop: popped,
  popa: popAll,
  popad: popAll,
  popf: popFlags,
  popfd: popFlags,
  push: pushed,
  pusha: pushAll,
  pushad: pushAll,
  pushf: pushFlags,
  pushfd: pushFlags,
  iretd: returnFromInterrupt,
  ret,
  retf: returnFar,
};
