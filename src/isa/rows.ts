// Reads the generated table: one line is one operand form. Lines are parsed when their mnemonic is first looked up.
import type { Access, Effects, ImplicitMemory, IntegerSet, OtherSet, VectorSet } from './effects.js';
import { TABLE } from './generated/table.js';

/** Operand classes, one bit each: an operand fits a form's slot when their bits meet. */
export const CLASS = {
  r8: 1,
  r16: 1 << 1,
  r32: 1 << 2,
  r64: 1 << 3,
  al: 1 << 4,
  ax: 1 << 5,
  eax: 1 << 6,
  rax: 1 << 7,
  cl: 1 << 8,
  dx: 1 << 9,
  mm: 1 << 10,
  x: 1 << 11,
  y: 1 << 12,
  z: 1 << 13,
  k: 1 << 14,
  st: 1 << 15,
  st0: 1 << 16,
  sg: 1 << 17,
  cr: 1 << 18,
  dr: 1 << 19,
  bnd: 1 << 20,
  tmm: 1 << 21,
  x0: 1 << 22,
  i: 1 << 23,
  rel: 1 << 24,
  /** Memory with an ordinary address. */
  m: 1 << 25,
  /** Memory whose index is an xmm, ymm, zmm register. */
  vx: 1 << 26,
  vy: 1 << 27,
  vz: 1 << 28,
  /** The memory operand of a string instruction: (%rsi), (%rdi); and (%rbx) of xlat. */
  ms: 1 << 29,
} as const;

/** 64-bit or 32-bit mode. */
export type Mode = 32 | 64;

/** One line of the table. */
export interface Form {
  readonly base: string;
  readonly classes: readonly number[];
  readonly access: readonly Access[];
  /** Index of the explicit memory operand; -1 for none and for string operands. */
  readonly memoryOperand: number;
  readonly memoryBytes: number;
  readonly memorySizeKnown: boolean;
  /** Bytes of one element when the memory operand is broadcast; 0 where it cannot be. */
  readonly broadcastBytes: number;
  readonly implicitRead: IntegerSet;
  readonly implicitWritten: IntegerSet;
  readonly implicitKilled: IntegerSet;
  readonly vectorRead: VectorSet;
  readonly vectorWritten: VectorSet;
  readonly vectorKilled: VectorSet;
  readonly otherRead: OtherSet;
  readonly otherWritten: OtherSet;
  readonly otherKilled: OtherSet;
  readonly memory: readonly ImplicitMemory[];
  /** Access to the mask register that decorates the memory operand (gather, scatter), where it is not a mere read. */
  readonly maskAccess: Access;
  /** Index of the operand that stands for two mask registers, or four vector registers; -1 for none. */
  readonly pair: number;
  readonly block: number;
  readonly x87: Effects['x87'];
  readonly flagsRead: IntegerSet;
  readonly flagsWritten: IntegerSet;
  /** The flags change only when the count (masked) is not zero. */
  readonly counted: boolean;
  readonly flow: Effects['flow'];
  readonly operandBytes: number;
  /** The operand size it has when nothing tells another one: push, call, leave, ... */
  readonly natural: boolean;
  readonly repeatable: boolean;
  readonly lockable: boolean;
  readonly privileged: boolean;
  readonly modes: Mode | 0;
  /** Forms with equal keys have equal effects on equal operands. */
  readonly key: string;
}

const FLAG_BITS: Readonly<Record<string, number>> = {
  c: 1 << 16,
  p: 1 << 17,
  a: 1 << 18,
  z: 1 << 19,
  s: 1 << 20,
  d: 1 << 21,
  o: 1 << 22,
};

let offsets: Map<string, number[]> | undefined;

function buildIndex(): Map<string, number[]> {
  const index = new Map<string, number[]>();
  let start = TABLE.indexOf('\n') + 1;
  while (start < TABLE.length) {
    const end = TABLE.indexOf(' ', start);
    for (let from = start; from < end;) {
      const comma = TABLE.indexOf(',', from);
      const to = comma < 0 || comma > end ? end : comma;
      const name = TABLE.slice(from, to);
      const rows = index.get(name);
      if (rows) rows.push(start);
      else index.set(name, [start]);
      from = to + 1;
    }
    start = TABLE.indexOf('\n', start) + 1;
  }
  return index;
}

// `mov` and `movl` share lines: each is parsed once.
const parsed = new Map<number, Form>();

function formAt(start: number): Form {
  const known = parsed.get(start);
  if (known) return known;
  const form = parseRow(TABLE.slice(start, TABLE.indexOf('\n', start)));
  parsed.set(start, form);
  return form;
}

/** The forms GAS knows by this very spelling in that mode; empty when there are none. */
export function formsNamed(name: string, mode: Mode): Form[] {
  offsets ??= buildIndex();
  return (offsets.get(name) ?? []).map(formAt).filter((form) => form.modes === 0 || form.modes === mode);
}

/** Every line of the table, for tests. */
export function allRows(): string[] {
  return TABLE.split('\n').filter((line) => line !== '');
}

function flagSet(letters: string): IntegerSet {
  let set = 0;
  for (const letter of letters) set |= FLAG_BITS[letter] ?? 0;
  return set;
}

function classOf(token: string): number {
  const bits = (CLASS as Readonly<Record<string, number>>)[token];
  if (bits !== undefined) return bits;
  if (/^m\d*\??(b\d+)?$/.test(token)) return CLASS.m;
  const vector = /^v([xyz])\d+$/.exec(token);
  if (vector) return { x: CLASS.vx, y: CLASS.vy, z: CLASS.vz }[vector[1] as 'x' | 'y' | 'z'];
  throw new Error(`src/isa/generated/table.ts: operand class '${token}'`);
}

/** `4@-8:8:w;7@0:1:w:64`: base (a register's number, `o` and an operand's, or `-`), displacement, bytes, access, alignment. */
function parseMemory(text: string): ImplicitMemory[] {
  if (text === '') return [];
  return text.split(';').map((part) => {
    const [place = '', bytes = '', access = '', aligned = '1'] = part.split(':');
    const [base = '', displacement = ''] = place.split('@');
    return {
      base: /^\d/.test(base) ? Number(base) : -1,
      operand: base.startsWith('o') ? Number(base.slice(1)) : -1,
      displacement: Number(displacement),
      bytes: Number(bytes),
      access: access as Access,
      aligned: Number(aligned),
    };
  });
}

/** Parses one line: `names base operands attributes...`. */
export function parseRow(line: string): Form {
  const [, base = '', operandText = '-', ...attributes] = line.split(' ');
  const operands = operandText === '-' ? [] : operandText.split(',').map((operand) => operand.split(':'));
  const values = new Map(
    attributes.map((text): [string, string] => {
      const [name = '', value = ''] = text.split('=');
      return [name, value];
    }),
  );
  const hex = (name: string): number => parseInt(values.get(name) ?? '0', 16) | 0;
  const tokens = operands.map(([token = '']) => token);
  const access = operands.map(([, text]) => text as Access);
  const memoryOperand = tokens.findIndex((token) => /^(m[0-9?].*|v[xyz]\d+)$/.test(token));
  const memory = memoryOperand < 0 ? '' : (tokens[memoryOperand] ?? '');
  // Which x87 register is read or written is in no set: `fdiv %st(0), %st` is one of two encodings, both alike;
  // and GAS swaps fsub and fsubr in one of them.
  const told = tokens.map((token, i) => (token.startsWith('st') ? 'st' : access[i]));
  const x87 = tokens.length > 0 && tokens.every((token) => token.startsWith('st'));
  const effects = attributes.filter((name) => name !== 'm32' && name !== 'm64');
  const size = /^[mv][xyz]?(\d+)(\??)(?:b(\d+))?$/.exec(memory);
  return {
    base,
    classes: tokens.map(classOf),
    access,
    memoryOperand,
    memoryBytes: size ? Number(size[1]) : 0,
    memorySizeKnown: memory === '' || (size !== null && size[2] === '' && !memory.startsWith('v')),
    broadcastBytes: size?.[3] === undefined ? 0 : Number(size[3]),
    implicitRead: hex('ir'),
    implicitWritten: hex('iw'),
    implicitKilled: hex('ik'),
    vectorRead: hex('vr'),
    vectorWritten: hex('vw'),
    vectorKilled: hex('vk'),
    otherRead: hex('or'),
    otherWritten: hex('ow'),
    otherKilled: hex('ok'),
    memory: parseMemory(values.get('im') ?? ''),
    maskAccess: (values.get('mask') ?? 'r') as Access,
    pair: Number(values.get('pair') ?? '-1'),
    block: Number(values.get('block') ?? '-1'),
    x87: (values.get('x87') ?? '-') as Effects['x87'],
    flagsRead: flagSet(values.get('fr') ?? ''),
    flagsWritten: flagSet(values.get('fw') ?? ''),
    counted: values.has('count'),
    flow: (values.get('flow') ?? 'next') as Effects['flow'],
    operandBytes: Number(values.get('os') ?? '0'),
    natural: values.has('natural'),
    repeatable: values.has('rep'),
    lockable: values.has('lock'),
    privileged: values.has('priv'),
    modes: values.has('m64') ? 64 : values.has('m32') ? 32 : 0,
    key: [x87 ? 'x87' : base, told.join(), memoryOperand, memory.replace(/b\d+$/, ''), ...effects].join(' '),
  };
}
