// Which pattern mirrors which kind of write, by target.
import { refusedHere } from '../analyze/classify.js';
import type { WriteKind } from '../analyze/classify.js';
import type { DiagnosticCode } from '../analyze/diagnostic.js';
import type { ProfileName } from '../profile/profile.js';
import { mirrorAtomic } from './atomic.js';
import { boundarySyscall, widenBranch } from './control.js';
import type { Expansion, Site } from './site.js';
import * as i386Stack from './stack-i386.js';
import { mirrorBitString } from './bits.js';
import { mirrorLine, mirrorLineToRegister, mirrorMaskMove } from './line.js';
import { NoPattern } from './site.js';
import { mirrorCall, mirrorEnter, mirrorPop, mirrorPush, mirrorPushFlags } from './stack.js';
import { copyAfter, mirrorFloatPop, mirrorModify, mirrorState, mirrorStore } from './store.js';
import { mirrorScatter } from './scatter.js';
import { mirrorMovs, mirrorStos } from './string.js';

type Pattern = (site: Site) => Expansion;

/** Nothing to do. */
export const unchanged = { before: [], replace: null, after: [], window: 0 } satisfies Expansion;

export const REPORT = 'please report it with this line';

/** What is done with a kind of write: a pattern, or the reason why there is none. */
export type Row =
  Pattern | { readonly code: DiagnosticCode; readonly message: string; readonly note: string };

const noPattern: Row = { code: 'M005', message: 'this write has no mirror pattern yet', note: REPORT };

/** One row a kind of write. */
const linuxX8664: Record<WriteKind, Row> = {
  none: () => unchanged,
  'locked-nothing': () => unchanged,
  store: mirrorStore,
  modify: mirrorModify,
  push: mirrorPush,
  pop: mirrorPop,
  call: mirrorCall,
  'float-pop': mirrorFloatPop,
  copy: copyAfter,
  'push-flags': mirrorPushFlags,
  'bit-string': mirrorBitString,
  line: mirrorLine,
  'line-to-register': mirrorLineToRegister,
  'mask-move': mirrorMaskMove,
  scatter: mirrorScatter,
  state: mirrorState,
  'push-all': noPattern,
  enter: mirrorEnter,
  atomic: mirrorAtomic,
  stos: mirrorStos,
  movs: mirrorMovs,
  syscall: boundarySyscall,
  'short-branch': widenBranch,
  'fast-entry': {
    code: 'M005',
    message: 'a way into the kernel that the runtime does not know',
    note: 'use syscall',
  },
  gs: {
    code: 'M006',
    message: 'the program uses %gs, which mirrored code needs for itself',
    note: 'build it without this use of %gs, or leave this file native',
  },
  privileged: {
    code: 'M007',
    message: 'a privileged instruction',
    note: 'only user programs are mirrored by this profile',
  },
  refused: (site) => {
    const { instruction, effects } = site.unit;
    const reason = refusedHere(instruction, effects) ?? '';
    throw new NoPattern(`'${instruction.mnemonic}' is refused: ${reason}`, 'M005', 'leave this file native');
  },
  unsupported: noPattern,
};

/** What differs where there is neither a segment for the mirror nor a red zone. */
const linuxI386: Record<WriteKind, Row> = {
  ...linuxX8664,
  call: i386Stack.mirrorCall,
  enter: i386Stack.mirrorEnter,
  'fast-entry': {
    code: 'M005',
    message: 'a way into the kernel that the runtime does not know',
    note: 'use int $0x80',
  },
  push: i386Stack.mirrorPush,
  'push-all': i386Stack.mirrorPushMany,
  'push-flags': i386Stack.mirrorPushMany,
  syscall: i386Stack.boundaryInterrupt,
};

/** The rows of each target. */
export const patternsOf: Readonly<Record<ProfileName, Readonly<Record<WriteKind, Row>>>> = {
  'linux-i386': linuxI386,
  'linux-x86_64': linuxX8664,
};
