// The table's answer against iced-x86's, field by field.
import * as iced from 'iced-x86';
import type { Effects } from '../../src/isa/effects.js';
import { lookup } from '../../src/isa/lookup.js';
import { parse } from '../../src/parse/parse.js';
import type { Instruction } from '../../src/parse/syntax.js';
import { SLOT, type Assembled } from './assemble.js';
import type { Mode } from './forms.js';
import { normalize, tell, type Told } from './iced.js';

export type Field = keyof Told | 'refused' | 'parse' | 'length';

export interface Difference {
  readonly mode: Mode;
  readonly text: string;
  readonly field: Field;
  readonly mine: string;
  readonly theirs: string;
}

/** What the table says, in iced's terms. */
export function tableTold(effects: Effects, instruction: Instruction): Told {
  const explicit = effects.memoryOperand >= 0;
  return dropRead({
    integerRead: effects.integerRead,
    integerWritten: effects.integerWritten,
    integerKilled: effects.integerKilled,
    vectorRead: effects.vectorRead,
    vectorWritten: effects.vectorWritten,
    vectorKilled: effects.vectorKilled,
    otherRead: effects.otherRead,
    otherWritten: effects.otherWritten,
    otherKilled: effects.otherKilled,
    memoryAccess: explicit ? (effects.access[effects.memoryOperand] ?? '') : '',
    memoryBytes: effects.memoryBytes,
    implicitMemoryWrite: effects.implicitMemoryWrite,
    implicitMemoryRead: effects.implicitMemoryRead,
    implicitMemory: normalize(
      effects.implicitMemory.map((item) => ({
        ...item,
        base: item.operand < 0 ? item.base : registerNumber(instruction, item.operand),
      })),
    ),
    flow: effects.flow,
    privileged: effects.privileged,
  });
}

/** A register that is killed and read says nothing more than one that is written and read. */
function dropRead(told: Told): Told {
  told.integerKilled &= ~told.integerRead;
  told.vectorKilled &= ~told.vectorRead;
  told.otherKilled &= ~told.otherRead;
  return told;
}

const GENERAL = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];

function registerNumber(instruction: Instruction, i: number): number {
  const operand = instruction.operands[i];
  if (operand?.kind !== 'register') return -1;
  const legacy = GENERAL.indexOf(operand.name.replace(/^[re]/, ''));
  return legacy >= 0 ? legacy : Number(/\d+/.exec(operand.name)?.[0] ?? '-1');
}

/** The instruction of a statement, as src/parse reads it; undefined where it does not. */
export function parseOne(text: string): Instruction | undefined {
  const file = parse('isa-check', `${text}\n`);
  const bodies = file.parsed.map((parsed) => parsed.body);
  const [first] = bodies;
  const [last] = bodies.slice(-1);
  if (bodies.length === 1) return first?.kind === 'instruction' ? first : undefined;
  // `rep; ret`: a prefix on its own, then the instruction.
  if (bodies.length !== 2 || first?.kind !== 'instruction' || last?.kind !== 'instruction') return undefined;
  return first.mnemonic === '' ? { ...last, prefixes: [...first.prefixes, ...last.prefixes] } : undefined;
}

/** The same, for tests: throws where it is none. */
export function readInstruction(text: string): Instruction {
  const read = parseOne(text);
  if (!read) throw new Error(`not an instruction: ${text}`);
  return read;
}

export interface Compared {
  /** Decoded from the object file, in the order of `accepted`; the caller frees them. */
  readonly decoded: readonly iced.Instruction[];
  readonly effects: readonly (Effects | undefined)[];
  readonly differences: readonly Difference[];
  /** Statements lookup refuses: index to reason. */
  readonly refused: ReadonlyMap<number, string>;
}

/** Compares every accepted statement. */
export function compare(mode: Mode, statements: readonly string[], assembled: Assembled): Compared {
  const { accepted, bytes } = assembled;
  const instructions = accepted.map((i) => parseOne(statements[i] ?? ''));
  const factory = new iced.InstructionInfoFactory();
  const decoder = new iced.Decoder(mode, bytes, iced.DecoderOptions.MPX);
  const decoded: iced.Instruction[] = [];
  const all: (Effects | undefined)[] = [];
  const differences: Difference[] = [];
  const refused = new Map<number, string>();
  accepted.forEach((index, at) => {
    const text = statements[index] ?? '';
    const add = (field: Field, mine: unknown, theirs: unknown): void => {
      differences.push({ mode, text, field, mine: String(mine), theirs: String(theirs) });
    };
    decoder.position = at * SLOT;
    decoder.ip = BigInt(at * SLOT);
    let one = decoder.decode();
    // GNU as puts a wait of its own before finit, fstcw and their like.
    if (one.code === iced.Code.Wait && !text.endsWith('wait')) {
      one.free();
      one = decoder.decode();
    }
    decoded.push(one);
    const end = decoder.position;
    const instruction = instructions[at];
    if (instruction === undefined) {
      all.push(undefined);
      return void add('parse', 'not an instruction', text);
    }
    const found = lookup(instruction, mode);
    if (!found.ok) {
      all.push(undefined);
      refused.set(index, found.reason);
      return;
    }
    const { effects } = found;
    all.push(effects);
    if (bytes.subarray(end, (at + 1) * SLOT).some((byte) => byte !== 0xcc))
      add('length', 'one instruction', 'more');
    const mine = tableTold(effects, instruction);
    const theirs = dropRead(tell(one, factory, mode));
    for (const field of Object.keys(theirs) as (keyof Told)[]) {
      if (mine[field] === theirs[field]) continue;
      // Sizes iced cannot know, and those of operands that access nothing.
      if (field === 'memoryBytes' && (!effects.memorySizeKnown || mine.memoryAccess === 'a')) continue;
      add(field, mine[field], theirs[field]);
    }
  });
  decoder.free();
  factory.free();
  return { decoded, effects: all, differences, refused };
}
