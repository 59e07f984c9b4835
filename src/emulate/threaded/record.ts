// Threaded code (J. R. Bell, 1973): an instruction is a record that names the routine which executes it and has its operands' places. A block is a
// header and its records in a row; behind the last one that does not branch stands one that goes on.
import type { Decoded, MemoryOperand, Operand } from '../instruction.js';
import { conditions } from '../ops/conditions.js';
import { FS, GS } from '../state.js';
import { stateAt, vectorsAt, zeroAt } from '../layout.js';

/** Bytes of a record, and of a header. */
export const recordBytes = 64;

/** Places in a record. What is called a place in its turn is one in the shared memory: a register's, or the immediate's. */
export const field = {
  routine: 0,
  header: 4,
  /** Of the destination. */
  to: 8,
  /** Of the source. */
  from: 12,
  base: 16,
  index: 20,
  shift: 24,
  segment: 28,
  displacement: 32,
  immediate: 40,
} as const;

/** A way on to another block: the place of its header, once it is known, and its address. A branch has both, taken and not; others the first. */
export const way = { taken: 48, next: 32, link: 0, address: 8 } as const;

/** Places in a header. */
export const head = {
  /** Instructions. */
  length: 0,
  /** How often it was begun. */
  count: 4,
  /** Not zero: not for threaded code. */
  stop: 8,
  /** Of the block, among all. */
  number: 12,
  address: 16,
} as const;

/** What a record has beside its header's place. Undefined: nothing of the kind. */
export interface Encoded {
  readonly routine: string;
  readonly to?: number;
  /** With an immediate its own place is meant. */
  readonly from?: number | undefined;
  readonly memory?: MemoryOperand;
  readonly immediate?: bigint;
  readonly taken?: bigint;
  readonly next?: bigint;
}

type Size = 1 | 2 | 4 | 8;

const twoOperands = new Set(['adc', 'add', 'and', 'cmp', 'mov', 'or', 'sbb', 'sub', 'test', 'xor']);
const oneOperand = new Set(['dec', 'inc', 'neg', 'not']);
const shifts = new Set(['rol', 'ror', 'sar', 'shl', 'shr']);
const divisions = new Set(['div', 'idiv', 'mul']);
const bitwise = new Map([
  ['andpd', 'pand'],
  ['andps', 'pand'],
  ['orpd', 'por'],
  ['orps', 'por'],
  ['pand', 'pand'],
  ['por', 'por'],
  ['pxor', 'pxor'],
  ['xorpd', 'pxor'],
  ['xorps', 'pxor'],
]);
/** Bytes of a move that clears the rest of a vector register. */
const parts = new Map([
  ['movd', 4],
  ['movq', 8],
  ['movsd', 8],
  ['movss', 4],
]);
const nothing = new Set(['endbr32', 'endbr64', 'lfence', 'mfence', 'nop', 'prefetcht0', 'sfence']);
const wholes = new Map([
  ['lddqu', 'movups'],
  ['movapd', 'movaps'],
  ['movaps', 'movaps'],
  ['movdqa', 'movaps'],
  ['movdqu', 'movups'],
  ['movupd', 'movups'],
  ['movups', 'movups'],
]);
const extensions = new Set(['movsx', 'movsxd', 'movzx']);
const wideners = new Set(['cdq', 'cdqe', 'cqo', 'cwde']);

const isSize = (size: number): size is Size => size === 1 || size === 2 || size === 4 || size === 8;

function registerAt(o: Operand | undefined): number | undefined {
  return o?.kind === 'register' && o.file === 'general'
    ? stateAt + 8 * o.number + (o.high ? 1 : 0)
    : undefined;
}

/** Whether the address is a sum of registers of the program's width. */
function isPlain(m: MemoryOperand, bits: 32 | 64): boolean {
  if (m.vectorIndex !== undefined || m.addressSize !== bits) return false;
  return m.segment === undefined || (bits === 64 && m.segment !== 'cs');
}

/** Where a source that is no memory lies; immediates in the record itself. */
function source(o: Operand | undefined): Pick<Encoded, 'from' | 'immediate'> | undefined {
  if (o?.kind === 'immediate') return { immediate: (BigInt(o.hi >>> 0) << 32n) | BigInt(o.lo >>> 0) };
  const from = registerAt(o);
  return from === undefined ? undefined : { from };
}

function pair(i: Decoded, bits: 32 | 64): Encoded | undefined {
  const [a, b] = i.operands;
  const size = a?.kind === 'register' || a?.kind === 'memory' ? a.size : 0;
  if (!isSize(size) || i.lock) return undefined;
  const to = registerAt(a);
  if (to !== undefined && b?.kind === 'memory')
    return isPlain(b, bits) ? { routine: `${i.name} rm${size}`, to, memory: b } : undefined;
  const given = source(b);
  if (!given) return undefined;
  if (to !== undefined) return { routine: `${i.name} rr${size}`, to, ...given };
  return a?.kind === 'memory' && isPlain(a, bits)
    ? { routine: `${i.name} mr${size}`, memory: a, ...given }
    : undefined;
}

function single(i: Decoded, bits: 32 | 64): Encoded | undefined {
  const [a] = i.operands;
  if (i.lock) return undefined;
  const to = registerAt(a);
  if (a?.kind === 'register' && to !== undefined && isSize(a.size))
    return { routine: `${i.name} r${a.size}`, to };
  if (a?.kind === 'memory' && isSize(a.size) && isPlain(a, bits))
    return { routine: `${i.name} m${a.size}`, memory: a };
  return undefined;
}

/** One operand that is only read, with the accumulator. */
function withAccumulator(i: Decoded, bits: 32 | 64): Encoded | undefined {
  const [a] = i.operands;
  if (a?.kind === 'memory')
    return a.size >= 4 && isPlain(a, bits) ? { routine: `${i.name} m${a.size}`, memory: a } : undefined;
  const from = registerAt(a);
  return from === undefined || a?.kind !== 'register' || a.size < 4
    ? undefined
    : { routine: `${i.name} r${a.size}`, from };
}

function shift(i: Decoded): Encoded | undefined {
  const [a, b] = i.operands;
  const to = registerAt(a);
  if (to === undefined || a?.kind !== 'register') return undefined;
  const mask = a.size === 8 ? 63 : 31;
  const by = b?.kind === 'immediate' ? b.lo & mask : b === undefined ? 1 : undefined;
  if (by === 0) return undefined;
  if (by !== undefined) return { routine: `${i.name} i${a.size}`, to, immediate: BigInt(by) };
  const from = registerAt(b);
  return from === undefined ? undefined : { routine: `${i.name} c${a.size}`, to, from };
}

/** From a register or memory of one size to a register of another. */
function toWider(i: Decoded, bits: 32 | 64): Encoded | undefined {
  const [a, b] = i.operands;
  const to = registerAt(a);
  if (to === undefined || a?.kind !== 'register' || a.size < 4) return undefined;
  const name = i.name === 'movzx' ? 'movzx' : 'movsx';
  if (b?.kind === 'memory')
    return isPlain(b, bits) ? { routine: `${name} m${b.size}r${a.size}`, to, memory: b } : undefined;
  const from = registerAt(b);
  return from === undefined || b?.kind !== 'register'
    ? undefined
    : { routine: `${name} r${b.size}r${a.size}`, to, from };
}

function moveIf(i: Decoded, bits: 32 | 64): Encoded | undefined {
  const [a, b] = i.operands;
  const to = registerAt(a);
  if (to === undefined || a?.kind !== 'register' || a.size < 4) return undefined;
  if (b?.kind === 'memory')
    return isPlain(b, bits) ? { routine: `${i.name} rm${a.size}`, to, memory: b } : undefined;
  const from = registerAt(b);
  return from === undefined ? undefined : { routine: `${i.name} rr${a.size}`, to, from };
}

function multiply(i: Decoded, bits: 32 | 64): Encoded | undefined {
  const [a, b, c] = i.operands;
  const to = registerAt(a);
  if (to === undefined || a?.kind !== 'register' || a.size < 4 || b === undefined) return undefined;
  // With three operands the last one is a constant.
  const factor = c ? 'i' : 'r';
  const given: Partial<Encoded> = c?.kind === 'immediate' ? (source(c) ?? {}) : {};
  if (b.kind === 'memory')
    return isPlain(b, bits) ? { routine: `imul m${factor}${a.size}`, to, memory: b, ...given } : undefined;
  const from = registerAt(b);
  return from === undefined ? undefined : { routine: `imul r${factor}${a.size}`, to, ...given, from };
}

function vectorAt(o: Operand | undefined): number | undefined {
  return o?.kind === 'register' && o.file === 'vector' ? vectorsAt + 64 * o.number : undefined;
}

function ofVectors(i: Decoded, bits: 32 | 64): Encoded | undefined {
  if (i.vex) return undefined;
  const [a, b] = i.operands;
  const to = vectorAt(a);
  const from = vectorAt(b);
  const logic = bitwise.get(i.name);
  if (logic !== undefined)
    return to === undefined || from === undefined ? undefined : { routine: logic, to, from };
  const part = parts.get(i.name);
  if (part !== undefined) return partOf(i, part, bits);
  const name = wholes.get(i.name);
  if (name === undefined) return undefined;
  if (to !== undefined && from !== undefined) return { routine: 'movaps rr', to, from };
  if (to !== undefined && b?.kind === 'memory' && isPlain(b, bits))
    return { routine: `${name} rm`, to, memory: b };
  if (from !== undefined && a?.kind === 'memory' && isPlain(a, bits))
    return { routine: `${name} mr`, memory: a, from };
  return undefined;
}

/** Between a vector register and memory or a general register. */
function partOf(i: Decoded, bytes: number, bits: 32 | 64): Encoded | undefined {
  const [a, b] = i.operands;
  const to = vectorAt(a);
  const from = vectorAt(b);
  if (to !== undefined && b?.kind === 'memory')
    return isPlain(b, bits) ? { routine: `part vm${bytes}`, to, memory: b } : undefined;
  if (from !== undefined && a?.kind === 'memory')
    return isPlain(a, bits) ? { routine: `mov mr${bytes}`, memory: a, from } : undefined;
  const [general, other] = [registerAt(a), registerAt(b)];
  if (to !== undefined && other !== undefined) return { routine: `part vr${bytes}`, to, from: other };
  if (general !== undefined && from !== undefined) return { routine: `mov rr${bytes}`, to: general, from };
  return undefined;
}

/** push, pop, call, jmp, ret, leave: slots of the program's width. */
function stackOrBranch(i: Decoded, bits: 32 | 64): Encoded | undefined {
  const [a] = i.operands;
  const bytes = bits / 8;
  if (i.narrow) return undefined;
  switch (i.name) {
    case 'push': {
      if (a?.kind === 'register' && a.size !== bytes) return undefined;
      const given = source(a);
      return given && { routine: 'push', ...given };
    }
    case 'pop': {
      const to = registerAt(a);
      return to === undefined || a?.kind !== 'register' || a.size !== bytes
        ? undefined
        : { routine: 'pop', to };
    }
    case 'leave':
      return { routine: 'leave' };
    case 'ret':
      return { routine: 'ret', immediate: a?.kind === 'immediate' ? BigInt(a.lo & 0xffff) : 0n };
    case 'call':
    case 'jmp': {
      const immediate = i.next;
      if (a?.kind === 'target') return { routine: i.name, immediate, taken: a.address };
      if (a?.kind === 'memory')
        return a.size === bytes && isPlain(a, bits)
          ? { routine: `${i.name} m`, memory: a, immediate }
          : undefined;
      const from = registerAt(a);
      return from === undefined || a?.kind !== 'register' || a.size !== bytes
        ? undefined
        : { routine: `${i.name} r`, from, immediate };
    }
    default:
      return undefined;
  }
}

const strings = /^(movs|stos)[bwdq]$/;

/** Repeated ones; movsd is a vector instruction, too. */
function stringOf(i: Decoded, bits: 32 | 64): Encoded | undefined {
  const [kind] = strings.exec(i.name)?.slice(1) ?? [];
  if (kind === undefined || !(i.rep || i.repne) || i.addressSize !== bits || i.segment !== undefined)
    return undefined;
  return { routine: `rep ${kind}`, immediate: BigInt(i.memorySize) };
}

/** Undefined: the instruction's own closure executes it. */
export function encoded(i: Decoded, bits: 32 | 64): Encoded | undefined {
  const { name } = i;
  const [a, b] = i.operands;
  if (i.evex || i.foreign) return undefined;
  if (twoOperands.has(name)) return pair(i, bits);
  if (oneOperand.has(name)) return single(i, bits);
  if (shifts.has(name)) return shift(i);
  if (nothing.has(name)) return { routine: 'nop' };
  if (extensions.has(name)) return toWider(i, bits);
  if (wideners.has(name)) return { routine: name };
  if (name.startsWith('cmov')) return moveIf(i, bits);
  if (name === 'imul' && i.operands.length > 1) return multiply(i, bits);
  if (divisions.has(name)) return withAccumulator(i, bits);
  if (name === 'bswap') {
    const to = registerAt(a);
    return to === undefined || a?.kind !== 'register' || a.size < 4
      ? undefined
      : { routine: `bswap ${a.size}`, to };
  }
  if (name === 'lea') {
    const to = registerAt(a);
    if (
      to === undefined ||
      a?.kind !== 'register' ||
      a.size < 4 ||
      b?.kind !== 'memory' ||
      b.addressSize !== bits
    )
      return undefined;
    return { routine: `lea ${a.size}`, to, memory: { ...b, segment: undefined } };
  }
  if (name.startsWith('set') && name.slice(3) in conditions) {
    const to = registerAt(a);
    return to === undefined ? undefined : { routine: name, to };
  }
  if (name.startsWith('j') && name.slice(1) in conditions)
    return a?.kind === 'target' && !(i.narrow && bits === 32)
      ? { routine: name, taken: a.address, next: i.next }
      : undefined;
  return ofVectors(i, bits) ?? stackOrBranch(i, bits) ?? stringOf(i, bits);
}

const segmentAt = { fs: stateAt + 4 * FS, gs: stateAt + 4 * GS, cs: zeroAt } as const;

/** Writes a record, but for its routine's number and its header's place, which the caller has. */
export function write(
  view: DataView,
  at: number,
  { to, from, memory, immediate, taken, next }: Encoded,
): void {
  const put = (place: number, value: number): void => {
    view.setInt32(at + place, value, true);
  };
  put(field.to, to ?? zeroAt);
  put(field.from, from ?? at + field.immediate);
  if (memory) {
    const { base, index, scale, segment, displacement } = memory;
    put(field.base, base === undefined ? zeroAt : stateAt + 8 * base);
    put(field.index, index === undefined ? zeroAt : stateAt + 8 * index);
    put(field.shift, 31 - Math.clz32(scale));
    put(field.segment, segment === undefined ? zeroAt : segmentAt[segment]);
    view.setBigInt64(at + field.displacement, displacement, true);
  }
  if (immediate !== undefined) view.setBigInt64(at + field.immediate, immediate, true);
  for (const [place, address] of [
    [way.taken, taken],
    [way.next, next],
  ] as const)
    if (address !== undefined) {
      put(place + way.link, 0);
      view.setBigInt64(at + place + way.address, address, true);
    }
}
