// A block as it is compiled: what becomes of each instruction, and where it goes on. A region is made of those that are reached from a hot one.
import type { Block } from '../block.js';
import { effectsOf } from '../instruction.js';
import type { Decoded, Operand } from '../instruction.js';
import { conditions } from '../ops/conditions.js';
import { endsBlock } from '../ops/control.js';
import { arithmetic } from './arithmetic.js';
import { bits } from './bits.js';
import { bmi } from './bmi.js';
import { conversions } from './conversions.js';
import type { Emitter } from './emitter.js';
import { floats } from './floats.js';
import { fused } from './fused.js';
import { masks } from './masks.js';
import { moves } from './moves.js';
import { products } from './products.js';
import { isPlace } from './row.js';
import type { Row } from './row.js';
import { shifts } from './shifts.js';
import { rowName, strings } from './strings.js';
import { texts } from './text.js';
import { vectorIntegers } from './vector-integers.js';
import { vectorMoves } from './vector-moves.js';
import { vectorPermutes } from './vector-permutes.js';
import { vectorShuffles } from './vector-shuffles.js';

const rows: ReadonlyMap<string, Row> = new Map(
  [
    arithmetic,
    bits,
    bmi,
    moves,
    products,
    shifts,
    strings,
    masks,
    vectorIntegers,
    vectorMoves,
    vectorPermutes,
    vectorShuffles,
    floats,
    conversions,
    fused,
    texts,
  ].flatMap((table) => Object.entries(table)),
);
const branches: ReadonlyMap<string, string> = new Map(
  Object.keys(conditions).map((name) => [`j${name}`, name]),
);

const mostBlocks = 64;
const mostInstructions = 500;
/** A region that is entered is not compiled again as part of another one, unless it is small. */
const mostCopied = 64;

/** What becomes of an instruction. */
export interface Step {
  readonly i: Decoded;
  readonly row: Row | undefined;
  /** Undefined: called. */
  readonly emit: ((e: Emitter) => void) | undefined;
}

export type End =
  | { readonly kind: 'branch'; readonly condition: string; readonly to: bigint; readonly next: bigint }
  | { readonly kind: 'go'; readonly to: bigint }
  | { readonly kind: 'call'; readonly to: bigint; readonly next: bigint; readonly i: Decoded }
  | { readonly kind: 'callAt'; readonly from: Operand; readonly next: bigint; readonly i: Decoded }
  | { readonly kind: 'jumpTo'; readonly from: Operand; readonly i: Decoded }
  | { readonly kind: 'return'; readonly i: Decoded }
  /** Left to the interpreter. */
  | { readonly kind: 'stop'; readonly at: bigint };

export interface Node {
  readonly block: Block;
  readonly instructions: readonly Decoded[];
  readonly address: bigint;
  readonly steps: readonly Step[];
  readonly end: End;
  /** Instructions that are compiled, the last one included. */
  readonly length: number;
}

function targetOf(i: Decoded): bigint | undefined {
  const [o] = i.operands;
  return o?.kind === 'target' ? o.address : undefined;
}

function endOf(i: Decoded): End | undefined {
  const to = targetOf(i);
  const condition = branches.get(i.name);
  const [o] = i.operands;
  if (condition !== undefined && to !== undefined) return { kind: 'branch', condition, to, next: i.next };
  // An instruction pointer of 16 bits.
  if (i.narrow && i.bits === 32) return undefined;
  switch (i.name) {
    case 'jmp':
      if (to !== undefined) return { kind: 'go', to };
      return o && isPlace(o) ? { kind: 'jumpTo', from: o, i } : undefined;
    case 'call':
      if (to !== undefined) return { kind: 'call', to, next: i.next, i };
      return o && isPlace(o) ? { kind: 'callAt', from: o, next: i.next, i } : undefined;
    case 'ret':
      return { kind: 'return', i };
    default:
      return undefined;
  }
}

/** Whether compiled code does it itself, most of the time at least. */
export const isCompiled = (i: Decoded): boolean => rows.get(rowName(i))?.plan(i) !== undefined;

const addressOfBlock = ({ lo, hi }: Block): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);

function nodeOf(block: Block, instructions: readonly Decoded[]): Node {
  const steps: Step[] = [];
  const address = addressOfBlock(block);
  let end: End | undefined;
  let length = 0;
  for (const i of instructions) {
    if (endsBlock(i.name)) {
      end = endOf(i);
      if (end) length++;
      else end = { kind: 'stop', at: i.address };
      break;
    }
    const row = rows.get(rowName(i));
    const emit = row?.plan(i);
    steps.push({ i, row: emit ? row : undefined, emit });
    length++;
  }
  const last = instructions.at(-1);
  return {
    block,
    instructions,
    address,
    steps,
    end: end ?? { kind: 'go', to: last?.next ?? address },
    length,
  };
}

/** Where blocks come from. */
export interface Source {
  /** Undefined: not executed often enough to be worth it. */
  readonly find: (address: bigint) => Block | undefined;
  readonly instructions: (block: Block) => readonly Decoded[];
}

export function targets({ end, block }: Node): bigint[] {
  const seen = (block.targets ?? []).map(addressOfBlock);
  switch (end.kind) {
    case 'branch':
      return [end.next, end.to];
    case 'go':
      return [end.to];
    case 'call':
      return [end.to, end.next];
    case 'callAt':
      return [...seen, end.next];
    case 'jumpTo':
      return seen;
    case 'return':
    case 'stop':
      return [];
  }
}

/** Nodes in the order in which they are found; the first is the hot block. */
export function collect(head: Block, { find, instructions: of }: Source): Node[] {
  const nodes = [nodeOf(head, of(head))];
  const seen = new Set([nodes[0]?.address]);
  let instructions = nodes[0]?.length ?? 0;
  for (let n = 0; n < nodes.length; n++) {
    const from = nodes[n];
    if (!from) break;
    for (const address of targets(from)) {
      if (seen.has(address) || nodes.length >= mostBlocks || instructions >= mostInstructions) continue;
      const block = find(address);
      if (!block || (block.compiled?.size ?? 0) > mostCopied) continue;
      const node = nodeOf(block, of(block));
      if (node.length === 0) continue;
      seen.add(address);
      nodes.push(node);
      instructions += node.length;
    }
  }
  return nodes;
}

/** Whether an instruction may leave the region, or meets the interpreter's registers. */
export function mayLeave({ i, row, emit }: Step): boolean {
  return !emit || row?.leaves === true || i.operands.some((o) => o.kind === 'memory');
}

/** By instruction: whether its flags may be looked at before all are set again. Every way out of the region looks at them. */
export function flagsThatMatter(node: Node): boolean[] {
  const matters: boolean[] = [];
  let live = true;
  for (let n = node.steps.length - 1; n >= 0; n--) {
    const step = node.steps[n];
    if (!step) break;
    matters[n] = live;
    const { i, row } = step;
    if (!row || row.reads === true || row.leaves === true || i.operands.some((o) => o.kind === 'memory'))
      live = true;
    else if (row.sets === 'all') live = false;
  }
  return matters;
}

/** Whether an instruction that the interpreter executes may change general registers. */
export function usesRegisters(i: Decoded): boolean {
  const files = i.operands.flatMap((o) => (o.kind === 'register' ? [o.file] : []));
  const isOfOthers = files.includes('vector') || files.includes('x87');
  return files.includes('general') || !isOfOthers || effectsOf(i.code).registers;
}
