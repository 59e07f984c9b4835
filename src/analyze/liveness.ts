// Which registers still matter before and after each instruction: backward data flow over basic blocks.
import type { Effects } from '../isa/effects.js';
import type { Mode } from '../isa/rows.js';
import { flow } from './code.js';
import type { Code, Unit } from './code.js';
import { changedByThunkCall, readByName } from './conventions.js';
import { groupsOf } from './groups.js';
import type { Groups } from './groups.js';
import { resolveIndirect } from './indirect.js';
import { losesR11, USES, WRITES } from './lost.js';
import type { Operand } from '../parse/syntax.js';
import {
  ALL_INTEGER,
  ALL_VECTOR,
  CALL_READS_32,
  EXCHANGED,
  PASSED_VECTOR_32,
  R11,
  RETURN_READS_32,
  SYSCALL_READS,
} from './sets.js';

/** `sysv`: compiler output that keeps the psABI at every call; `none`: hand-written text, where nothing is assumed. */
export type Abi = 'sysv' | 'none';

/** Bit sets by unit index; encoding in src/isa/effects.ts. */
export interface Liveness {
  readonly integerIn: Int32Array;
  readonly integerOut: Int32Array;
  readonly vectorIn: Int32Array;
  readonly vectorOut: Int32Array;
}

/** What is live where control leaves for code that is not in view. */
interface Convention {
  readonly callReads: number;
  readonly returnReads: number;
  readonly syscallReads: number;
  /** What is read by an interrupt: on i386 that is a system call. */
  readonly interruptReads: number;
  /** Vector registers that calls and returns read. */
  readonly vectorReads: number;
}

const nothingKnown: Convention = {
  callReads: ALL_INTEGER,
  returnReads: ALL_INTEGER,
  syscallReads: SYSCALL_READS,
  interruptReads: 0,
  vectorReads: ALL_VECTOR,
};

const conventions: Record<Mode, Record<Abi, Convention>> = {
  64: {
    sysv: { ...nothingKnown, callReads: EXCHANGED, returnReads: EXCHANGED },
    none: nothingKnown,
  },
  32: {
    sysv: {
      callReads: CALL_READS_32,
      returnReads: RETURN_READS_32,
      syscallReads: ALL_INTEGER,
      interruptReads: ALL_INTEGER,
      vectorReads: ALL_VECTOR,
    },
    none: { ...nothingKnown, syscallReads: ALL_INTEGER, interruptReads: ALL_INTEGER },
  },
};

function conventionOf({ mode, distinct }: Code, abi: Abi): Convention {
  const convention = conventions[mode][abi];
  const scalar = mode === 32 && abi === 'sysv' && distinct.every(({ effects }) => namesNoVector(effects));
  return scalar ? { ...convention, vectorReads: PASSED_VECTOR_32 } : convention;
}

const namesNoVector = ({ vectorRead, vectorKilled, vectorWritten }: Effects): boolean =>
  (vectorRead | vectorKilled | vectorWritten) === 0;

/** First units of basic blocks, ascending. */
export function blockStarts({ units, flow: leaves, next, target }: Code): Int32Array {
  const count = units.length;
  const leader = new Uint8Array(count);
  let blocks = 0;
  const lead = (i: number): void => {
    blocks += leader[i] === 0 ? 1 : 0;
    leader[i] = 1;
  };
  if (count > 0) lead(0);
  for (let i = 0; i < count; i++) {
    const branch = target[i] ?? -1;
    const onward = next[i] ?? -1;
    if (branch >= 0) lead(branch);
    if (i + 1 < count && (leaves[i] !== flow.next || onward !== i + 1)) lead(i + 1);
    if (onward >= 0 && onward !== i + 1) lead(onward);
  }
  const starts = new Int32Array(blocks);
  for (let i = 0, block = 0; i < count; i++) if (leader[i]) starts[block++] = i;
  return starts;
}

/** Where control goes from the end of each block, as blocks; -1 none. */
interface Edges {
  readonly next: Int32Array;
  readonly target: Int32Array;
  /** The callee of a call of code in view. */
  readonly called: Int32Array;
  /** Groups whose returns are concerned: a return's own (`returns` is 1), or that of a call's or tail call's target. */
  readonly group: Int32Array;
  readonly returns: Uint8Array;
  /** The block's own group. */
  readonly own: Int32Array;
  /** Targets of indirect jumps. */
  readonly more: ReadonlyMap<number, readonly number[]>;
  /** What is read behind it in code that is not in view. */
  readonly out: Int32Array;
  readonly vectorOut: Int32Array;
  /** Number of groups. */
  readonly groups: number;
}

function edgesOf(
  code: Code,
  abi: Abi,
  convention: Convention,
  blockOf: Int32Array,
  lastOf: Int32Array,
  groups: Groups,
): Edges {
  const { groupOf, size } = groups;
  const indirect = abi === 'sysv' ? resolveIndirect(code, groups) : new Map<number, never>();
  const elsewhere = convention.callReads | convention.returnReads;
  const blocks = lastOf.length;
  const none = (): Int32Array => new Int32Array(blocks).fill(-1);
  const more = new Map<number, readonly number[]>();
  const edges = {
    next: none(),
    target: none(),
    called: none(),
    group: none(),
    returns: new Uint8Array(blocks),
    own: none(),
    out: new Int32Array(blocks),
    vectorOut: new Int32Array(blocks),
  };
  for (let b = 0; b < blocks; b++) {
    const last = lastOf[b] ?? 0;
    const unit = code.units[last];
    const next = code.next[last] ?? -1;
    const target = code.target[last] ?? -1;
    const leaving = code.flow[last];
    const leaves = (reads: number): void => {
      edges.out[b] = (edges.out[b] ?? 0) | reads;
      edges.vectorOut[b] = convention.vectorReads;
    };
    edges.own[b] = groupOf(last);
    if (next >= 0) edges.next[b] = blockOf[next] ?? 0;
    const jump = indirect.get(last);
    if (jump !== undefined) {
      more.set(b, [...new Set(jump.targets.map((to) => blockOf[to] ?? 0))]);
      if (jump.elsewhere) leaves(elsewhere);
    } else if (leaving === flow.return) {
      edges.returns[b] = 1;
      edges.group[b] = groupOf(last);
    } else if (next < 0 && leaving === flow.call) {
      leaves(elsewhere); // it does not return
    } else if (next < 0 && leaving !== flow.jump && leaving !== flow.stop) {
      // Falls off the end of what is in view, or jumps to a computed place.
      leaves(ALL_INTEGER);
    }
    if (leaving === flow.call) {
      // A thunk keeps registers whatever its callers read, and reads none of theirs.
      if (target < 0 || changedByThunkCall(unit?.instruction.operands[0]) !== 0) continue;
      edges.called[b] = blockOf[target] ?? 0;
      edges.group[b] = groupOf(target);
      continue;
    }
    if (target >= 0) edges.target[b] = blockOf[target] ?? 0;
    // A function may be replaced by one of the same name, which reads other arguments.
    const tail = target >= 0 && isFunction(code, unit);
    if (tail) edges.group[b] = groupOf(target);
    if (tail || target === -2) leaves(elsewhere);
  }
  return { ...edges, more, groups: size };
}

/** What each unit reads and overwrites. */
interface Facts {
  readonly read: Int32Array;
  readonly kill: Int32Array;
  readonly vectorRead: Int32Array;
  readonly vectorKill: Int32Array;
}

/** @param lost by group: whether a call of it loses r11 */
function factsOf(code: Code, convention: Convention, { groupOf }: Groups, lost: Uint8Array): Facts {
  const count = code.units.length;
  const told = code.distinct.map((unit) => describe(unit, convention, code.mode));
  const read = new Int32Array(count);
  const kill = new Int32Array(count);
  const vectorRead = new Int32Array(count);
  const vectorKill = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const known = told[code.units[i]?.number ?? -1];
    if (known === undefined) continue;
    read[i] = known.read;
    kill[i] = known.kill;
    vectorRead[i] = known.vectorRead;
    vectorKill[i] = known.vectorKill;
    if (known.losesR11) {
      const target = code.target[i] ?? -1;
      if (target < 0 || lost[groupOf(target)] === 1) kill[i] = known.kill | USED_R11;
    } else if (known.mayJump && returnsElsewhere(code, i)) read[i] = known.read | convention.callReads;
  }
  return { read, kill, vectorRead, vectorKill };
}

/** Basic blocks, and what each reads before it overwrites it (`gen`), and lets through (`pass`). */
interface Blocks {
  readonly starts: Int32Array;
  readonly lastOf: Int32Array;
  /** By unit. */
  readonly blockOf: Int32Array;
  readonly gen: Int32Array;
  readonly pass: Int32Array;
  readonly vectorGen: Int32Array;
  readonly vectorPass: Int32Array;
}

function blocksOf({ read, kill, vectorRead, vectorKill }: Facts, starts: Int32Array): Blocks {
  const count = read.length;
  const blocks = starts.length;
  const gen = new Int32Array(blocks);
  const pass = new Int32Array(blocks);
  const vectorGen = new Int32Array(blocks);
  const vectorPass = new Int32Array(blocks);
  const lastOf = new Int32Array(blocks);
  const blockOf = new Int32Array(count);
  for (let b = 0; b < blocks; b++) {
    const from = starts[b] ?? 0;
    const to = b + 1 < blocks ? (starts[b + 1] ?? count) : count;
    lastOf[b] = to - 1;
    let g = 0;
    let p = -1;
    let vg = 0;
    let vp = -1;
    for (let i = to - 1; i >= from; i--) {
      blockOf[i] = b;
      const keep = ~(kill[i] ?? 0);
      const vectorKeep = ~(vectorKill[i] ?? 0);
      g = (read[i] ?? 0) | (g & keep);
      p &= keep;
      vg = (vectorRead[i] ?? 0) | (vg & vectorKeep);
      vp &= vectorKeep;
    }
    gen[b] = g;
    pass[b] = p;
    vectorGen[b] = vg;
    vectorPass[b] = vp;
  }
  return { starts, lastOf, blockOf, gen, pass, vectorGen, vectorPass };
}

/** What is read behind each block. */
interface Behind {
  readonly blockOut: Int32Array;
  readonly vectorBlockOut: Int32Array;
}

/** Sweeps backwards over the blocks until nothing changes. */
function solve({ gen, pass, vectorGen, vectorPass }: Blocks, edges: Edges, lost: Uint8Array): Behind {
  const blocks = gen.length;
  // What callers in this file read after a function's return, by its group: local functions may have conventions of their own.
  const afterReturn = new Int32Array(edges.groups);
  const blockIn = new Int32Array(blocks);
  const blockOut = new Int32Array(blocks);
  const vectorBlockIn = new Int32Array(blocks);
  const vectorBlockOut = new Int32Array(blocks);
  for (let changed = true; changed;) {
    changed = false;
    for (let b = blocks - 1; b >= 0; b--) {
      let out = edges.out[b] ?? 0;
      let vectorOut = edges.vectorOut[b] ?? 0;
      const next = edges.next[b] ?? -1;
      if (next >= 0) {
        out |= blockIn[next] ?? 0;
        vectorOut |= vectorBlockIn[next] ?? 0;
      }
      const called = edges.called[b] ?? -1;
      const group = edges.group[b] ?? -1;
      if (group >= 0) {
        const after = afterReturn[group] ?? 0;
        if (edges.returns[b]) out |= after;
        else {
          // A call gives its callee what is read behind it, a tail call what is read behind its own function.
          const behind = called >= 0 ? out & ~(1 << R11) : (afterReturn[edges.own[b] ?? 0] ?? 0);
          const given = lost[group] ? behind & ~USED_R11 : behind;
          if ((after | given) !== after) {
            afterReturn[group] = after | given;
            changed = true;
          }
        }
      }
      // What a callee in view takes in r11 is used.
      if (called >= 0) {
        out |= (blockIn[called] ?? 0) & ~(1 << R11);
        vectorOut |= vectorBlockIn[called] ?? 0;
      }
      const target = edges.target[b] ?? -1;
      if (target >= 0) {
        out |= blockIn[target] ?? 0;
        vectorOut |= vectorBlockIn[target] ?? 0;
      }
      const more = edges.more.get(b);
      if (more !== undefined)
        for (const to of more) {
          out |= blockIn[to] ?? 0;
          vectorOut |= vectorBlockIn[to] ?? 0;
        }
      const into = (gen[b] ?? 0) | (out & (pass[b] ?? 0));
      const vectorInto = (vectorGen[b] ?? 0) | (vectorOut & (vectorPass[b] ?? 0));
      blockOut[b] = out;
      vectorBlockOut[b] = vectorOut;
      if (into !== blockIn[b] || vectorInto !== vectorBlockIn[b]) {
        blockIn[b] = into;
        vectorBlockIn[b] = vectorInto;
        changed = true;
      }
    }
  }
  return { blockOut, vectorBlockOut };
}

/** From blocks to units. */
function spread(facts: Facts, { starts, lastOf }: Blocks, { blockOut, vectorBlockOut }: Behind): Liveness {
  const { read, kill, vectorRead, vectorKill } = facts;
  const count = read.length;
  const blocks = starts.length;
  const integerIn = new Int32Array(count);
  const integerOut = new Int32Array(count);
  const vectorIn = new Int32Array(count);
  const vectorOut = new Int32Array(count);
  for (let b = 0; b < blocks; b++) {
    let out = blockOut[b] ?? 0;
    let vectors = vectorBlockOut[b] ?? 0;
    for (let i = lastOf[b] ?? 0; i >= (starts[b] ?? 0); i--) {
      integerOut[i] = registersIn(out);
      vectorOut[i] = vectors;
      out = (read[i] ?? 0) | (out & ~(kill[i] ?? 0));
      vectors = (vectorRead[i] ?? 0) | (vectors & ~(vectorKill[i] ?? 0));
      integerIn[i] = registersIn(out);
      vectorIn[i] = vectors;
    }
  }
  return { integerIn, integerOut, vectorIn, vectorOut };
}

/** Computes liveness. Cost: a few sweeps over the blocks, then one over the units. */
export function computeLiveness(code: Code, abi: Abi): Liveness {
  const convention = conventionOf(code, abi);
  const groups = groupsOf(code);
  const losing = abi === 'sysv' && code.mode === 64; // r11 is a register of 64-bit code
  const lost = losing ? losesR11(code, groups, r11Of(code)) : new Uint8Array(groups.size);
  const facts = factsOf(code, convention, groups, lost);
  const blocks = blocksOf(facts, blockStarts(code));
  const edges = edgesOf(code, abi, convention, blocks.blockOf, blocks.lastOf, groups);
  return spread(facts, blocks, solve(blocks, edges, lost));
}

const isFunction = (code: Code, unit: Unit | undefined): boolean => {
  const operand = unit?.instruction.operands[0];
  return operand?.kind === 'target' && code.functions.has(operand.expression);
};

/** `mov %rax, (%rsp)`, `push`, `lea 8(%rsp), %rsp` before a return: it jumps, like a call that is the last thing done (retpolines). */
function returnsElsewhere(code: Code, i: number): boolean {
  const unit = code.units[i - 1];
  if (unit === undefined || code.next[i - 1] !== i) return false;
  const { effects, instruction } = unit;
  if (effects.base === 'push') return true;
  const memory = instruction.operands[effects.memoryOperand];
  const onStack = memory?.kind === 'memory' && /^[er]sp$/.test(memory.base);
  return onStack && (effects.base === 'lea' || (effects.access[effects.memoryOperand] ?? '').includes('w'));
}

/**
 * r11, where what it holds is used, not just kept by a write of its lower part. A call of the psABI destroys r11; one in this file whose
 * callee keeps it (no_caller_saved_registers), or takes it as its argument, is told from others by the use.
 */
const USED_R11 = 1 << 23;

const registersIn = (set: number): number => (set & USED_R11 ? (set | (1 << R11)) & ~USED_R11 : set);

/** `sete %r11b` and `sbb %r11d, %r11d` read r11, but no value. */
function onlyKeeps({ effects, instruction }: Unit): boolean {
  const [a, b] = instruction.operands;
  if (effects.base === 'sbb') return a?.kind === 'register' && b?.kind === 'register' && a.name === b.name;
  let last = -1;
  instruction.operands.forEach((operand, i) => {
    const names = operand.kind === 'memory' ? [operand.base, operand.index] : [];
    if (operand.kind === 'register') names.push(operand.name);
    if (names.some((name) => /^r11[bwd]?$/.test(name))) last = last === -1 ? i : -2;
  });
  return last >= 0 && instruction.operands[last]?.kind === 'register' && effects.access[last] === 'w';
}

const usesR11 = (unit: Unit | undefined): boolean =>
  unit !== undefined && ((unit.effects.integerRead >> R11) & 1) === 1 && !onlyKeeps(unit);

/** The call of a TLS descriptor changes rax only (Oliva: TLS descriptors, 3). */
const keepsAll = (operand: Operand | undefined): boolean =>
  operand?.kind === 'indirect' &&
  operand.inner.kind === 'memory' &&
  /@TLSCALL\b/i.test(operand.inner.displacement);

/** What a unit reads and overwrites wherever it stands. */
interface Told {
  readonly read: number;
  readonly kill: number;
  readonly vectorRead: number;
  readonly vectorKill: number;
  /** A call: of its target it depends whether it overwrites `USED_R11`. */
  readonly losesR11: boolean;
  /** A return: what stands before it may make a jump of it. */
  readonly mayJump: boolean;
}

function describe(unit: Unit, convention: Convention, mode: Mode): Told {
  const { effects } = unit;
  const operand = unit.instruction.operands[0];
  let read = effects.integerRead;
  let kill = effects.integerKilled;
  let { vectorRead } = effects;
  let losing = false;
  let mayJump = false;
  if ((effects.integerWritten >> R11) & 1) kill |= USED_R11;
  switch (effects.flow) {
    case 'call': {
      const changed = changedByThunkCall(operand);
      kill |= changed;
      if (changed !== 0) {
        if (usesR11(unit)) read |= USED_R11;
        break;
      }
      read |= convention.callReads | readByName(operand, mode);
      vectorRead = convention.vectorReads;
      if (keepsAll(operand)) break;
      kill = effects.integerKilled | (1 << R11);
      losing = true;
      break;
    }
    case 'jump':
    case 'branch':
      read |= readByName(operand, mode);
      break;
    case 'return':
      // An interrupt handler keeps every register.
      if (effects.base !== 'ret' || unit.keepsRegisters) read = ALL_INTEGER | USED_R11;
      else {
        read |= convention.returnReads;
        mayJump = true;
      }
      vectorRead = convention.vectorReads;
      break;
    case 'syscall':
      read |= convention.syscallReads;
      break;
    case 'interrupt':
      read |= convention.interruptReads;
      break;
    default:
      if (usesR11(unit)) read |= USED_R11;
  }
  return { read, kill, vectorRead, vectorKill: effects.vectorKilled, losesR11: losing, mayJump };
}

/** What each unit does with r11. */
function r11Of({ units, distinct }: Code): Uint8Array {
  const told = distinct.map(
    (unit) => (usesR11(unit) ? USES : 0) | ((unit.effects.integerWritten >> R11) & 1 ? WRITES : 0),
  );
  const all = new Uint8Array(units.length);
  for (let i = 0; i < units.length; i++) all[i] = told[units[i]?.number ?? -1] ?? 0;
  return all;
}
