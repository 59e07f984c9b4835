// What one statement does to memory, registers and flags, and what becomes of it: `mirrorasm explain`. Pure.
import { collectCode } from './analyze/code.js';
import type { Unit } from './analyze/code.js';
import type { WriteKind } from './analyze/classify.js';
import type { Diagnostic } from './analyze/diagnostic.js';
import { computeLiveness } from './analyze/liveness.js';
import type { Edit } from './emit/edit.js';
import { expand } from './expand/expand.js';
import { originOf } from './expand/origins.js';
import { instrument } from './instrument/instrument.js';
import { formatOperand } from './instrument/format.js';
import type { Effects } from './isa/effects.js';
import { describeFlags, describeRegisters } from './isa/describe.js';
import type { Mode } from './isa/rows.js';
import { parse } from './parse/parse.js';
import { positionOf } from './parse/position.js';
import type { SourceFile } from './parse/syntax.js';
import type { Profile } from './profile/profile.js';
import { callMirrorOf, profiles } from './profile/profiles.js';
import type { RewriteOptions } from './rewrite.js';

export interface MemoryWrite {
  /** By an operand, or by what the instruction is. */
  readonly kind: 'explicit' | 'implicit';
  /** The operand as written, or the address before the instruction. */
  readonly location: string;
  /** null: decided when it runs. */
  readonly bytes: number | null;
  readonly conditional: boolean;
}

export interface Explanation {
  readonly text: string;
  readonly profile: string;
  readonly writes: readonly MemoryWrite[];
  /** Registers by their full names, and memory operands. */
  readonly reads: readonly string[];
  /** Registers changed. */
  readonly clobbers: readonly string[];
  readonly flagsIn: readonly string[];
  readonly flagsOut: readonly string[];
  readonly kind: WriteKind | 'directive' | 'unknown';
  readonly why: string;
  readonly refused: string | null;
  /** What stands in the output for the statement. */
  readonly mirrored: readonly string[];
}

const why: Readonly<Record<Explanation['kind'], string>> = {
  atomic: 'an atomic change: a compare-and-swap of both copies, the mirror first',
  'bit-string': 'the bit offset moves the address: done natively, then its word is copied',
  call: 'pushes the return address: its mirror is written directly before, or by the called function',
  copy: 'a store that cannot be done twice: done natively, then its bytes are copied (a window)',
  directive: 'no instruction',
  enter: 'pushes the frame pointer and moves the stack pointer',
  'fast-entry': 'enters the kernel in a way that the runtime does not know',
  'float-pop': 'pops the x87 stack, but has a twin that does not: the mirror goes first',
  gs: 'uses the GS base, which holds the distance to the mirror',
  line: 'zeroes the line that rax points into: the mirror goes first',
  'line-to-register': 'stores 64 bytes to where a register points: the mirror goes first',
  'locked-nothing': 'a locked operation that changes no byte: a fence',
  'mask-move': 'stores to where rdi points: the same store to the mirror goes first',
  modify:
    'reads and writes the same memory: the result is computed in a register, then stored to both copies, the mirror first',
  movs: 'copies memory to memory',
  none: 'writes no memory',
  pop: 'stores what it takes from the stack: the mirror goes first',
  privileged: 'only an operating system may execute it',
  push: 'writes below the stack pointer, which is known before: the mirror goes first',
  'push-all': 'pushes many registers at once: done natively, then copied (a window)',
  'push-flags': 'the flags can be pushed but not stored: done natively, then copied (a window)',
  refused: 'has no mirror',
  scatter: 'a store that clears its mask: the mirror goes first, then the mask is put back',
  'short-branch':
    'writes no memory, but reaches 127 bytes only: it goes through a near jump, because code grows',
  state: 'stores the state of the processor: the mirror goes first',
  stos: 'fills memory: the mirror goes first',
  store: 'a store that may be done twice: the mirror goes first',
  syscall: 'the kernel may write memory: the runtime makes the call and copies what was written',
  unknown: 'not known',
  unsupported: 'writes memory in a way that has no pattern',
};

const nothing = { writes: [], reads: [], clobbers: [], flagsIn: [], flagsOut: [] } as const;

/**
 * Explains the statements of a text, or those that come from one line of it.
 *
 * @param line 1-based; undefined: every statement
 */
export function explain(
  name: string,
  text: string,
  line: number | undefined,
  options: RewriteOptions,
): readonly Explanation[] {
  const expansion = expand(name, text, options.expand);
  if (!expansion.ok)
    return expansion.problems.map((problem) => ({
      ...nothing,
      text: problem.text,
      profile: options.profile,
      kind: 'unknown',
      why: why.unknown,
      refused: problem.message,
      mirrored: [],
    }));
  const file = parse(name, expansion.text, profiles[options.profile].mode);
  const profile = profiles[options.profile];
  const code = collectCode(file, new Set(options.allow), profile.mode);
  const { edits, diagnostics } = instrument(code, computeLiveness(code, options.abi), {
    profile,
    abi: options.abi,
    callMirror: callMirrorOf(profile, options.callMirror),
    breakAt: options.breakAt,
    labelPrefix: '.Lmirror',
  });
  const units = new Map(
    code.units.map((unit, i) => [code.statement[i], { unit, first: code.first[i] ?? 0 }]),
  );
  const editOf = new Map(edits.map((edit) => [edit.statement, edit]));
  const refusals = new Map<number, Diagnostic>();
  for (const diagnostic of [...code.diagnostics, ...diagnostics])
    if (!refusals.has(diagnostic.statement)) refusals.set(diagnostic.statement, diagnostic);

  const result: Explanation[] = [];
  for (let i = 0; i < file.count; i++) {
    const body = file.parsed[i]?.body;
    if (body?.kind === 'instruction' && body.mnemonic === '') continue; // a prefix on its own is part of the next statement
    if (line !== undefined) {
      const origin = originOf(expansion.origins, positionOf(file, file.starts[i] ?? 0).line);
      if (origin.file !== name || !(origin.line === line || origin.uses.some((use) => use.line === line)))
        continue;
    }
    result.push(explainOne(file, i, units.get(i), editOf.get(i), refusals.get(i), profile));
  }
  return result;
}

function explainOne(
  file: SourceFile,
  i: number,
  found: { readonly unit: Unit; readonly first: number } | undefined,
  edit: Edit | undefined,
  refusal: Diagnostic | undefined,
  { name: profile, mode }: Profile,
): Explanation {
  const start = file.starts[i] ?? 0;
  const parsed = file.parsed[i];
  const bodyStart = start + (parsed?.bodyOffset ?? 0);
  const labels = file.text.slice(start, bodyStart).trim();
  const body = file.text.slice(bodyStart, bodyStart + (parsed?.bodyLength ?? 0));
  const refused = refusal?.message ?? null;
  const mirrored =
    refused === null
      ? [labels, edit?.before ?? '', edit?.replace ?? body, edit?.after ?? '']
          .flatMap((part) => part.split('\n'))
          .map((part) => part.trim().replace(/\t/g, ' '))
          .filter((part) => part !== '')
      : [];
  const text = file.text.slice(file.starts[found?.first ?? i] ?? start, file.ends[i] ?? start);
  if (!found) {
    const kind =
      parsed?.body.kind === 'instruction' || parsed?.body.kind === 'malformed' ? 'unknown' : 'directive';
    return { ...nothing, text, profile, kind, why: why[kind], refused, mirrored };
  }
  const { unit } = found;
  const { effects, kind } = unit;
  return {
    text,
    profile,
    writes: writesOf(unit, mode),
    reads: [
      ...memoryOf(unit, (access) => access.startsWith('r')),
      ...describeRegisters(effects.integerRead, effects.vectorRead, effects.otherRead, mode),
    ],
    clobbers: describeRegisters(effects.integerWritten, effects.vectorWritten, effects.otherWritten, mode),
    flagsIn: describeFlags(effects.integerRead),
    flagsOut: describeFlags(effects.integerWritten),
    kind,
    why: why[kind],
    refused,
    mirrored,
  };
}

/** The explicit memory operand as written, when its access is of the wanted kind. */
function memoryOf({ instruction, effects }: Unit, wanted: (access: string) => boolean): string[] {
  const operand = instruction.operands[effects.memoryOperand];
  return operand && wanted(effects.access[effects.memoryOperand] ?? '-') ? [formatOperand(operand)] : [];
}

function writesOf(unit: Unit, mode: Mode): MemoryWrite[] {
  const { effects } = unit;
  const conditional = (access: string): boolean => access.includes('c') || effects.conditionalWrite;
  const access = effects.access[effects.memoryOperand] ?? '-';
  const explicit = memoryOf(unit, (a) => a.includes('w')).map((location): MemoryWrite => ({
    kind: 'explicit',
    location,
    bytes: effects.memorySizeKnown ? effects.memoryBytes : null,
    conditional: conditional(access),
  }));
  const implicit = effects.implicitMemory
    .filter((memory) => memory.access.includes('w'))
    .map((memory): MemoryWrite => ({
      kind: 'implicit',
      location: implicitLocation(unit, memory, mode),
      bytes: memory.bytes === 0 ? null : memory.bytes,
      conditional: conditional(memory.access),
    }));
  return [...explicit, ...implicit];
}

function implicitLocation(unit: Unit, memory: Effects['implicitMemory'][number], mode: Mode): string {
  const operand = unit.instruction.operands[memory.operand];
  const base = operand
    ? formatOperand(operand)
    : memory.base < 0
      ? ''
      : `%${describeRegisters(1 << memory.base, 0, 0, mode)[0] ?? ''}`;
  return `${memory.displacement === 0 ? '' : memory.displacement}(${base})`;
}
