// Which routine executes an instruction, and with which operands: one encoder a kind of instruction, by name.
import { stateAt, vectorsAt } from '../layout.js';
import type { Decoded, MemoryOperand, Operand, RegisterOperand } from '../instruction.js';
import { conditions } from '../ops/conditions.js';
import type { Encoded } from './record.js';

type Bits = 32 | 64;
/** Undefined: this form is left to the instruction's closure. */
type Encoder = (i: Decoded, bits: Bits) => Encoded | undefined;

const isSize = (size: number): boolean => size === 1 || size === 2 || size === 4 || size === 8;

function registerAt(o: Operand | undefined): number | undefined {
  return o?.kind === 'register' && o.file === 'general'
    ? stateAt + 8 * o.number + (o.high ? 1 : 0)
    : undefined;
}

function vectorAt(o: Operand | undefined): number | undefined {
  return o?.kind === 'register' && o.file === 'vector' ? vectorsAt + 64 * o.number : undefined;
}

function isGeneral(o: Operand | undefined): o is RegisterOperand {
  return o?.kind === 'register' && o.file === 'general';
}

/** Of 32 or 64 bits. */
function isWide(o: Operand | undefined): o is RegisterOperand {
  return isGeneral(o) && o.size >= 4;
}

/** Memory whose address is a sum of registers of the program's width. */
function isPlain(o: Operand | undefined, bits: Bits): o is MemoryOperand {
  if (o?.kind !== 'memory' || o.vectorIndex !== undefined || o.addressSize !== bits) return false;
  return o.segment === undefined || (bits === 64 && o.segment !== 'cs');
}

const immediateOf = (o: Operand | undefined): bigint | undefined =>
  o?.kind === 'immediate' ? (BigInt(o.hi >>> 0) << 32n) | BigInt(o.lo >>> 0) : undefined;

/** Where a source that is no memory lies; immediates in the record itself. */
function source(o: Operand | undefined): Pick<Encoded, 'from' | 'immediate'> | undefined {
  const immediate = immediateOf(o);
  if (immediate !== undefined) return { immediate };
  const from = registerAt(o);
  return from === undefined ? undefined : { from };
}

/** A destination, and a register, memory or constant. */
const pair: Encoder = (i, bits) => {
  const [a, b] = i.operands;
  if (i.lock || (a?.kind !== 'register' && a?.kind !== 'memory') || !isSize(a.size)) return undefined;
  const to = registerAt(a);
  if (to !== undefined && isPlain(b, bits)) return { routine: `${i.name} rm${a.size}`, to, memory: b };
  const given = source(b);
  if (!given) return undefined;
  if (to !== undefined) return { routine: `${i.name} rr${a.size}`, to, ...given };
  return isPlain(a, bits) ? { routine: `${i.name} mr${a.size}`, memory: a, ...given } : undefined;
};

const single: Encoder = (i, bits) => {
  const [a] = i.operands;
  if (i.lock) return undefined;
  if (isGeneral(a)) return { routine: `${i.name} r${a.size}`, to: registerAt(a) };
  return isPlain(a, bits) && isSize(a.size) ? { routine: `${i.name} m${a.size}`, memory: a } : undefined;
};

/** One operand that is only read, with the accumulator. */
const withAccumulator: Encoder = (i, bits) => {
  const [a] = i.operands;
  if (isWide(a)) return { routine: `${i.name} r${a.size}`, from: registerAt(a) };
  return isPlain(a, bits) && a.size >= 4 ? { routine: `${i.name} m${a.size}`, memory: a } : undefined;
};

/** Of a register, by 1, a constant or cl; a constant of 0 is rare. */
const shift: Encoder = (i) => {
  const [a, b] = i.operands;
  if (!isGeneral(a)) return undefined;
  const to = registerAt(a);
  if (isGeneral(b)) return { routine: `${i.name} c${a.size}`, to, from: registerAt(b) };
  const by = (immediateOf(b) ?? 1n) & (a.size === 8 ? 63n : 31n);
  return by === 0n ? undefined : { routine: `${i.name} i${a.size}`, to, immediate: by };
};

/** Of two registers by a constant. */
const double: Encoder = ({ name, operands: [a, b, c] }) => {
  if (!isWide(a)) return undefined;
  const by = (immediateOf(c) ?? 0n) & (a.size === 8 ? 63n : 31n);
  if (by === 0n) return undefined;
  return { routine: `${name} ${a.size}`, to: registerAt(a), from: registerAt(b), immediate: by };
};

/** From a register or memory of one size to a register of another. */
const extension: Encoder = (i, bits) => {
  const [a, b] = i.operands;
  if (!isWide(a)) return undefined;
  const name = i.name === 'movzx' ? 'movzx' : 'movsx';
  const to = registerAt(a);
  if (isGeneral(b)) return { routine: `${name} r${b.size}r${a.size}`, to, from: registerAt(b) };
  return isPlain(b, bits) ? { routine: `${name} m${b.size}r${a.size}`, to, memory: b } : undefined;
};

const moveIf: Encoder = (i, bits) => (isWide(i.operands[0]) ? pair(i, bits) : undefined);

const setIf: Encoder = ({ name, operands: [a] }) =>
  isGeneral(a) ? { routine: name, to: registerAt(a) } : undefined;

const jumpIf: Encoder = ({ name, narrow, operands: [a], next }, bits) =>
  a?.kind === 'target' && !(narrow && bits === 32) ? { routine: name, taken: a.address, next } : undefined;

/** With two or three operands: the last one of three is a constant. */
const multiply: Encoder = (i, bits) => {
  const [a, b, c] = i.operands;
  if (!isWide(a) || !b) return undefined;
  const to = registerAt(a);
  const immediate = immediateOf(c);
  const factor = { to, ...(immediate === undefined ? {} : { immediate }) };
  const form = `${c ? 'i' : 'r'}${a.size}`;
  if (isGeneral(b)) return { routine: `imul r${form}`, ...factor, from: registerAt(b) };
  return isPlain(b, bits) ? { routine: `imul m${form}`, ...factor, memory: b } : undefined;
};

const imul: Encoder = (i, bits) => (i.operands.length > 1 ? multiply(i, bits) : undefined);

const ofWideRegister: Encoder = ({ name, operands: [a] }) =>
  isWide(a) ? { routine: `${name} ${a.size}`, to: registerAt(a) } : undefined;

const lea: Encoder = ({ operands: [a, b] }, bits) => {
  const memory = b?.kind === 'memory' ? { ...b, segment: undefined } : undefined;
  return isWide(a) && isPlain(memory, bits)
    ? { routine: `lea ${a.size}`, to: registerAt(a), memory }
    : undefined;
};

const plain: Encoder = ({ name }) => ({ routine: name });
const nothing: Encoder = () => ({ routine: 'nop' });

/** Of a whole vector register, from or to anywhere. */
const whole =
  (name: 'movaps' | 'movups'): Encoder =>
  (i, bits) => {
    const [a, b] = i.operands;
    const [to, from] = [vectorAt(a), vectorAt(b)];
    if (i.vex) return undefined;
    if (to !== undefined && from !== undefined) return { routine: 'movaps rr', to, from };
    if (to !== undefined && isPlain(b, bits)) return { routine: `${name} rm`, to, memory: b };
    return from !== undefined && isPlain(a, bits) ? { routine: `${name} mr`, memory: a, from } : undefined;
  };

const bitwise =
  (routine: 'pand' | 'por' | 'pxor'): Encoder =>
  (i) => {
    const [to, from] = i.operands.map(vectorAt);
    return i.vex || to === undefined || from === undefined ? undefined : { routine, to, from };
  };

/** Between a vector register, whose rest is cleared, and memory or a general register. */
const part =
  (bytes: 4 | 8): Encoder =>
  (i, bits) => {
    const [a, b] = i.operands;
    const [to, from] = [vectorAt(a), vectorAt(b)];
    if (i.vex) return undefined;
    if (to !== undefined && isPlain(b, bits)) return { routine: `part vm${bytes}`, to, memory: b };
    if (from !== undefined && isPlain(a, bits)) return { routine: `mov mr${bytes}`, memory: a, from };
    if (to !== undefined && isGeneral(b)) return { routine: `part vr${bytes}`, to, from: registerAt(b) };
    if (from !== undefined && isGeneral(a)) return { routine: `mov rr${bytes}`, to: registerAt(a), from };
    return undefined;
  };

const repeated =
  (kind: 'movs' | 'stos'): Encoder =>
  (i, bits) =>
    (i.rep || i.repne) && i.addressSize === bits && i.segment === undefined
      ? { routine: `rep ${kind}`, immediate: BigInt(i.memorySize) }
      : undefined;

/** movsd is a vector instruction, too. */
const movsd: Encoder = (i, bits) =>
  i.operands.every(({ kind }) => kind === 'memory') ? repeated('movs')(i, bits) : part(8)(i, bits);

/** Whether an operand is a slot of the stack, and such instructions have no prefix for others. */
const isSlot = (o: Operand | undefined, i: Decoded, bits: Bits): boolean =>
  !i.narrow &&
  (o === undefined ||
    o.kind === 'immediate' ||
    (o.kind !== 'far' && (o.kind === 'target' || 8 * o.size === bits)));

const push: Encoder = (i, bits) => {
  const [a] = i.operands;
  const given = isSlot(a, i, bits) ? source(a) : undefined;
  return given && { routine: 'push', ...given };
};

const pop: Encoder = (i, bits) => {
  const [a] = i.operands;
  return isGeneral(a) && isSlot(a, i, bits) ? { routine: 'pop', to: registerAt(a) } : undefined;
};

const leave: Encoder = (i) => (i.narrow ? undefined : { routine: 'leave' });

const ret: Encoder = (i) =>
  i.narrow ? undefined : { routine: 'ret', immediate: (immediateOf(i.operands[0]) ?? 0n) & 0xffffn };

/** call and jmp; a call stores the immediate. */
const go: Encoder = (i, bits) => {
  const [a] = i.operands;
  const immediate = i.next;
  if (!isSlot(a, i, bits)) return undefined;
  if (a?.kind === 'target') return { routine: i.name, immediate, taken: a.address };
  if (isPlain(a, bits)) return { routine: `${i.name} m`, memory: a, immediate };
  return isGeneral(a) ? { routine: `${i.name} r`, from: registerAt(a), immediate } : undefined;
};

const each = (names: string, encoder: Encoder): (readonly [string, Encoder])[] =>
  names.split(' ').map((name) => [name, encoder]);
const byCondition = (prefix: string, encoder: Encoder): (readonly [string, Encoder])[] =>
  Object.keys(conditions).map((name) => [prefix + name, encoder]);

const encoders: ReadonlyMap<string, Encoder> = new Map([
  ...each('adc add and cmp mov or sbb sub test xor', pair),
  ...each('dec inc neg not', single),
  ...each('div idiv mul', withAccumulator),
  ...each('rol ror sar shl shr', shift),
  ...each('shld shrd', double),
  ...each('movsx movsxd movzx', extension),
  ...each('cdq cdqe cqo cwde', plain),
  ...each('endbr32 endbr64 lfence mfence nop pause prefetcht0 sfence', nothing),
  ...each('call jmp', go),
  ...each('movapd movaps movdqa', whole('movaps')),
  ...each('lddqu movdqu movupd movups', whole('movups')),
  ...each('andpd andps pand', bitwise('pand')),
  ...each('orpd orps por', bitwise('por')),
  ...each('pxor xorpd xorps', bitwise('pxor')),
  ...each('movd movss', part(4)),
  ['movq', part(8)],
  ...each('movsb movsw movsq', repeated('movs')),
  ...each('stosb stosd stosq stosw', repeated('stos')),
  ...byCondition('cmov', moveIf),
  ...byCondition('j', jumpIf),
  ...byCondition('set', setIf),
  ['bswap', ofWideRegister],
  ['imul', imul],
  ['lea', lea],
  ['leave', leave],
  ['movsd', movsd],
  ['pop', pop],
  ['push', push],
  ['ret', ret],
]);

/** Undefined: the instruction's own closure executes it. */
export function encoded(i: Decoded, bits: Bits): Encoded | undefined {
  return i.evex || i.foreign ? undefined : encoders.get(i.name)?.(i, bits);
}
