// Which registers still matter before and after each instruction: backward data flow over basic blocks.
import type { Mode } from '../isa/rows.js';
import type { Code, Unit } from './code.js';
import {
  ALL_INTEGER,
  ALL_VECTOR,
  CALL_KILLS,
  CALL_KILLS_32,
  CALL_READS,
  CALL_READS_32,
  CALL_READS_VECTOR,
  RETURN_READS,
  RETURN_READS_32,
  RETURN_READS_VECTOR,
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

/** What is live where control leaves for code that is not in view, and what an instruction reads and kills by convention. */
interface Convention {
  readonly callReads: number;
  readonly callReadsVector: number;
  readonly callKills: number;
  readonly returnReads: number;
  readonly returnReadsVector: number;
  readonly syscallReads: number;
  /** What is read by an interrupt: on i386 that is a system call. */
  readonly interruptReads: number;
}

const nothingKnown: Convention = {
  callReads: ALL_INTEGER,
  callReadsVector: ALL_VECTOR,
  callKills: 0,
  returnReads: ALL_INTEGER,
  returnReadsVector: ALL_VECTOR,
  syscallReads: SYSCALL_READS,
  interruptReads: 0,
};

const conventions: Record<Mode, Record<Abi, Convention>> = {
  64: {
    sysv: {
      callReads: CALL_READS,
      callReadsVector: CALL_READS_VECTOR,
      callKills: CALL_KILLS,
      returnReads: RETURN_READS,
      returnReadsVector: RETURN_READS_VECTOR,
      syscallReads: SYSCALL_READS,
      interruptReads: 0,
    },
    none: nothingKnown,
  },
  32: {
    sysv: {
      callReads: CALL_READS_32,
      callReadsVector: ALL_VECTOR,
      callKills: CALL_KILLS_32,
      returnReads: RETURN_READS_32,
      returnReadsVector: ALL_VECTOR,
      syscallReads: ALL_INTEGER,
      interruptReads: ALL_INTEGER,
    },
    none: { ...nothingKnown, syscallReads: ALL_INTEGER, interruptReads: ALL_INTEGER },
  },
};

/** First units of basic blocks, ascending. */
export function blockStarts(code: Code): Int32Array {
  const count = code.units.length;
  const leader = new Uint8Array(count);
  if (count > 0) leader[0] = 1;
  for (let i = 0; i < count; i++) {
    const target = code.target[i] ?? -1;
    if (target >= 0) leader[target] = 1;
    const flow = code.units[i]?.effects.flow;
    if (i + 1 < count && (flow !== 'next' || code.next[i] !== i + 1)) leader[i + 1] = 1;
    const next = code.next[i] ?? -1;
    if (next >= 0 && next !== i + 1) leader[next] = 1;
  }
  const starts: number[] = [];
  for (let i = 0; i < count; i++) if (leader[i]) starts.push(i);
  return Int32Array.from(starts);
}

/** Computes liveness. Cost: a few sweeps over the blocks, then one over the units. */
export function computeLiveness(code: Code, abi: Abi): Liveness {
  const count = code.units.length;
  const convention = conventions[code.mode][abi];
  const read = new Int32Array(count);
  const kill = new Int32Array(count);
  const vectorRead = new Int32Array(count);
  const vectorKill = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const unit = code.units[i];
    if (unit) describe(unit, convention, i, read, kill, vectorRead, vectorKill);
  }

  const starts = blockStarts(code);
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

  const blockIn = new Int32Array(blocks);
  const blockOut = new Int32Array(blocks);
  const vectorBlockIn = new Int32Array(blocks);
  const vectorBlockOut = new Int32Array(blocks);
  for (let changed = true; changed;) {
    changed = false;
    for (let b = blocks - 1; b >= 0; b--) {
      const last = lastOf[b] ?? 0;
      const next = code.next[last] ?? -1;
      const flow = code.units[last]?.effects.flow;
      const target = flow === 'call' ? -1 : (code.target[last] ?? -1);
      let out = 0;
      let vectorOut = 0;
      if (next >= 0) {
        out |= blockIn[blockOf[next] ?? 0] ?? 0;
        vectorOut |= vectorBlockIn[blockOf[next] ?? 0] ?? 0;
      } else if (flow !== 'jump' && flow !== 'return' && flow !== 'stop') {
        // Falls off the end of what is in view, or jumps to a computed place.
        out = ALL_INTEGER;
        vectorOut = ALL_VECTOR;
      }
      if (target >= 0) {
        out |= blockIn[blockOf[target] ?? 0] ?? 0;
        vectorOut |= vectorBlockIn[blockOf[target] ?? 0] ?? 0;
      } else if (target === -2) {
        out |= convention.callReads | convention.returnReads;
        vectorOut |= convention.callReadsVector | convention.returnReadsVector;
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

  const live: Liveness = {
    integerIn: new Int32Array(count),
    integerOut: new Int32Array(count),
    vectorIn: new Int32Array(count),
    vectorOut: new Int32Array(count),
  };
  for (let b = 0; b < blocks; b++) {
    let out = blockOut[b] ?? 0;
    let vectorOut = vectorBlockOut[b] ?? 0;
    for (let i = lastOf[b] ?? 0; i >= (starts[b] ?? 0); i--) {
      live.integerOut[i] = out;
      live.vectorOut[i] = vectorOut;
      out = (read[i] ?? 0) | (out & ~(kill[i] ?? 0));
      vectorOut = (vectorRead[i] ?? 0) | (vectorOut & ~(vectorKill[i] ?? 0));
      live.integerIn[i] = out;
      live.vectorIn[i] = vectorOut;
    }
  }
  return live;
}

function describe(
  unit: Unit,
  convention: Convention,
  i: number,
  read: Int32Array,
  kill: Int32Array,
  vectorRead: Int32Array,
  vectorKill: Int32Array,
): void {
  const effects = unit.effects;
  read[i] = effects.integerRead;
  kill[i] = effects.integerKilled;
  vectorRead[i] = effects.vectorRead;
  vectorKill[i] = effects.vectorKilled;
  switch (effects.flow) {
    case 'call':
      read[i] = effects.integerRead | convention.callReads;
      vectorRead[i] = effects.vectorRead | convention.callReadsVector;
      kill[i] = effects.integerKilled | convention.callKills;
      return;
    case 'return':
      read[i] = effects.integerRead | (unit.keepsRegisters ? ALL_INTEGER : convention.returnReads);
      vectorRead[i] = effects.vectorRead | convention.returnReadsVector;
      return;
    case 'syscall':
      read[i] = effects.integerRead | convention.syscallReads;
      return;
    case 'interrupt':
      read[i] = effects.integerRead | convention.interruptReads;
      return;
    default:
      return;
  }
}
