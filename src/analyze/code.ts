// The instructions of a file's executable sections, with their effects and successors: what liveness and the patterns work on.
import { createAddresses, namesOf, valuesOf } from './addresses.js';
import type { Addresses, OpenRun, Values } from './addresses.js';
import type { Effects } from '../isa/effects.js';
import { lookup } from '../isa/lookup.js';
import type { Mode } from '../isa/rows.js';
import type { Directive, Instruction, SourceFile } from '../parse/syntax.js';
import { spelledInstruction } from './byte-idioms.js';
import { changedByThunk } from './conventions.js';
import { classify } from './classify.js';
import type { WriteKind } from './classify.js';
import { directiveAction } from './directives.js';
import type { DirectiveAction } from './directives.js';
import type { Diagnostic, DiagnosticCode } from './diagnostic.js';
import { createLabels } from './labels.js';
import type { Labels } from './labels.js';
import { createSectionTracker } from './sections.js';

/** An instruction with all that holds of it wherever it stands: those that are alike share it. */
export interface Unit {
  /** Place in the code's `distinct`. */
  readonly number: number;
  readonly instruction: Instruction;
  /** `instruction` says in other words what the text says, and has to stand for it when code is inserted. */
  readonly respelled: boolean;
  readonly effects: Effects;
  readonly kind: WriteKind;
  /** The canonical frame address is computed from the stack pointer here, so moving that must be told to the unwinder. */
  readonly cfaOnStackPointer: boolean;
  /** Part of a function that changes no register but its result, whatever the ABI allows. */
  readonly keepsRegisters: boolean;
}

/** How control leaves a unit, as numbers: what is asked most of all is asked of an array. */
export const flow = {
  next: 0,
  jump: 1,
  branch: 2,
  'indirect-jump': 3,
  call: 4,
  return: 5,
  syscall: 6,
  interrupt: 7,
  stop: 8,
} as const satisfies Record<Effects['flow'], number>;

export interface Code {
  readonly mode: Mode;
  readonly units: readonly Unit[];
  readonly distinct: readonly Unit[];
  /** By unit: statements `first` to `statement` (they differ where prefixes such as `lock;` stand alone). */
  readonly first: Int32Array;
  readonly statement: Int32Array;
  /** How control leaves each unit, one of `flow`. */
  readonly flow: Uint8Array;
  /** Unit reached by falling through, or -1. */
  readonly next: Int32Array;
  /** Unit a direct branch goes to, -1 none, -2 outside the file or unknown. */
  readonly target: Int32Array;
  /** Units at which a symbol of type function begins. */
  readonly functionEntries: ReadonlySet<number>;
  /** Units at which a label stands that other files or a pointer may know: a call may come there. */
  readonly callable: ReadonlySet<number>;
  /** Names of symbols of type function that are defined in this file. */
  readonly functions: ReadonlySet<string>;
  readonly labels: Labels;
  /** Where addresses of labels are taken. */
  readonly addresses: Addresses;
  readonly diagnostics: readonly Diagnostic[];
}

const notes: Partial<Record<DiagnosticCode, string>> = {
  M001: 'the statement is not GNU as AT&T syntax as far as this program knows; please report it',
  M002: 'an instruction that is not known may write memory; please report it',
  M003: 'assemble this file natively and list it as unprotected, or expand it first',
  M004: 'bytes in code may be instructions that write; write them as instructions or move data to .rodata, or accept with --allow=data-in-code',
  M008: 'use a label',
};

/** What holds of an instruction text wherever it stands. */
type Known =
  | {
      readonly ok: true;
      readonly effects: Effects;
      readonly leaves: number;
      readonly kind: WriteKind;
      readonly fromHere: string;
      readonly names: readonly string[];
    }
  | { readonly ok: false; readonly reason: string };

/** The longest instruction there is (AMD64 APM volume 3, 1.1). */
const INSTRUCTION_BYTES = 15;

/** Labels that leave no symbol behind: only this file's code can know them. */
const isLocalLabel = (name: string): boolean => name.startsWith('.L') || /^\d/.test(name);

/** What is open in one section while its statements go by. */
interface Place {
  /** Labels that the section's next instruction gets, and their statements. */
  readonly labels: string[];
  readonly statements: number[];
  /** The section's last instruction so far, or -1. */
  last: number;
  keepsRegisters: boolean;
  /** The data that grows at its end. */
  run: OpenRun;
}

/**
 * Collects the instructions of all executable sections. Pure.
 *
 * @param allow opt-outs by name
 * @param mode word size the text is assembled for
 */
export function collectCode(file: SourceFile, allow: ReadonlySet<string>, mode: Mode = 64): Code {
  const units: Unit[] = [];
  const distinct: Unit[] = [];
  const firstOf = new Int32Array(file.count);
  const statementOf = new Int32Array(file.count);
  const flowOf = new Uint8Array(file.count);
  const next = new Int32Array(file.count).fill(-1);
  const diagnostics: Diagnostic[] = [];
  const sections = createSectionTracker();
  const places = new Map<string, Place>();
  const labels = createLabels();
  const addresses = createAddresses();
  const functions = new Set<string>();
  const callable = new Set<number>();
  // By kind of statement.
  const actions = new Array<DirectiveAction | undefined>(file.kindCount).fill(undefined);
  const values = new Array<Values | undefined>(file.kindCount).fill(undefined);
  const known = new Array<Known | undefined>(file.kindCount).fill(undefined);
  /** By kind of statement, and the two facts that depend on where it stands. */
  const shared = new Array<Unit | undefined>(4 * file.kindCount).fill(undefined);
  const cfaStack: boolean[] = [];
  let cfaOnStackPointer = false;
  let prefixes: string[] = [];
  let prefixStart = -1;
  const currentPlace = (): Place => {
    let found = places.get(sections.current);
    if (found === undefined) {
      const run = addresses.open(sections.current);
      places.set(
        sections.current,
        (found = { labels: [], statements: [], last: -1, keepsRegisters: false, run }),
      );
    }
    return found;
  };
  let place = currentPlace();

  const refuse = (
    statement: number,
    code: DiagnosticCode,
    message: string,
    note = notes[code] ?? '',
  ): void => {
    diagnostics.push({ statement, code, message, note });
  };

  function directive(i: number, body: Directive, kind: number): void {
    switch ((actions[kind] ??= directiveAction(body.name, mode))) {
      case 'nothing':
        return;
      case 'unknown':
        return refuse(i, 'M003', `unknown directive '${body.name}'`);
      case 'refused':
        return refuse(i, 'M003', `directive '${body.name}' is not supported`);
      case 'section':
        if (!sections.apply(body.name, body.args))
          refuse(i, 'M003', `cannot follow '${body.name} ${body.args}'`);
        place = currentPlace();
        return;
      case 'data': {
        const spelled = sections.executable ? spelledInstruction(body.name, body.args) : undefined;
        if (spelled !== undefined) return instruction(i, spelled, kind);
        if (sections.executable && !allow.has('data-in-code'))
          refuse(i, 'M004', `'${body.name}' puts data into the executable section ${sections.current}`);
        addresses.data(place.run, (values[kind] ??= valuesOf(body.name, body.args)), i);
        return;
      }
      case 'layout':
        place.run = addresses.behind(place.run);
        return;
      case 'syntax':
        if (!/^((no)?prefix)?$/.test(body.args))
          refuse(
            i,
            'M003',
            `directive '${body.name} ${body.args}' is not supported`,
            'write registers with %, or use Intel syntax',
          );
        return;
      case 'assign':
        addresses.data(addresses.open(sections.current), valuesOf(body.name, body.args), i);
        return;
      case 'type': {
        const comma = body.args.indexOf(',');
        if (/[@%"]?(function|gnu_indirect_function|STT_FUNC)\b/.test(body.args.slice(comma + 1)))
          functions.add(body.args.slice(0, comma).trim());
        return;
      }
      case 'frame':
        if (body.name === '.cfi_remember_state') cfaStack.push(cfaOnStackPointer);
        else if (body.name === '.cfi_restore_state') cfaOnStackPointer = cfaStack.pop() ?? false;
        else cfaOnStackPointer = cfaAfter(body.name, body.args, cfaOnStackPointer, mode);
    }
  }

  function instruction(i: number, body: Instruction, kind: number): void {
    if (!sections.executable)
      return refuse(
        i,
        'M003',
        `instruction in the section ${sections.current}, which is not executable`,
        'give the section the flag "x"',
      );
    if (body.mnemonic === '') {
      if (prefixStart < 0) prefixStart = i;
      prefixes = [...prefixes, ...body.prefixes];
      if (prefixes.length < INSTRUCTION_BYTES) return;
      prefixes = [];
      return refuse(i, 'M001', 'more prefixes than an instruction can have', '');
    }
    const alone = prefixes.length === 0;
    const whole = alone ? body : { ...body, prefixes: [...prefixes, ...body.prefixes] };
    const first = prefixStart < 0 ? i : prefixStart;
    if (!alone) prefixes = [];
    prefixStart = -1;
    const facts = alone ? (known[kind] ??= study(whole, mode)) : study(whole, mode);
    if (!facts.ok) return refuse(i, 'M002', facts.reason);
    const here = facts.fromHere === '' ? undefined : nameHere(whole, place.labels.at(-1));
    if (facts.fromHere !== '' && here === undefined)
      refuse(i, 'M008', `'${facts.fromHere}' counts bytes of code from here, and their number changes`);
    const index = units.length;
    if (place.labels.length > 0) labelled(index);
    const at = 4 * kind + (cfaOnStackPointer ? 2 : 0) + (place.keepsRegisters ? 1 : 0);
    let unit = alone && here === undefined ? shared[at] : undefined;
    if (unit === undefined) {
      unit = {
        number: distinct.length,
        instruction: here ?? whole,
        respelled: here !== undefined,
        effects: facts.effects,
        kind: facts.kind,
        cfaOnStackPointer,
        keepsRegisters: place.keepsRegisters,
      };
      distinct.push(unit);
      if (alone && here === undefined) shared[at] = unit;
    }
    units.push(unit);
    firstOf[index] = first;
    statementOf[index] = i;
    flowOf[index] = facts.leaves;
    if (facts.names.length > 0) addresses.mentions.push({ unit: index, names: facts.names });
    if (place.last >= 0) next[place.last] = index;
    place.last = index;
  }

  /** The labels that are open stand before this unit. */
  function labelled(unit: number): void {
    const { labels: names, statements } = place;
    for (let l = 0; l < names.length; l++) {
      const name = names[l] ?? '';
      labels.define(name, statements[l] ?? 0, unit);
      if (isLocalLabel(name)) continue;
      callable.add(unit);
      place.keepsRegisters = changedByThunk(name) !== 0;
    }
    names.length = statements.length = 0;
  }

  for (let i = 0; i < file.count; i++) {
    const parsed = file.parsed[i];
    if (!parsed) continue;
    const { body } = parsed;
    if (parsed.labels.length > 0) {
      for (const name of parsed.labels) {
        place.labels.push(name);
        place.statements.push(i);
        place.run = addresses.label(place.run, name);
      }
      if (prefixStart >= 0)
        refuse(i, 'M001', 'a label between a prefix and its instruction', 'put the label before the prefix');
    }
    switch (body.kind) {
      case 'empty':
        break;
      case 'assignment':
        addresses.data(addresses.open(sections.current), valuesOf(body.symbol, body.expression), i);
        break;
      case 'malformed':
        refuse(i, 'M001', body.reason);
        break;
      case 'directive':
        directive(i, body, file.kinds[i] ?? 0);
        break;
      case 'instruction':
        instruction(i, body, file.kinds[i] ?? 0);
        break;
    }
  }
  if (prefixStart >= 0) refuse(prefixStart, 'M001', 'a prefix without an instruction', '');

  const target = new Int32Array(units.length).fill(-1);
  for (let i = 0; i < units.length; i++) {
    const leaves = flowOf[i];
    if (
      leaves === flow.jump ||
      leaves === flow['indirect-jump'] ||
      leaves === flow.return ||
      leaves === flow.stop
    )
      next[i] = -1;
    if (leaves !== flow.jump && leaves !== flow.branch && leaves !== flow.call) continue;
    const operand = units[i]?.instruction.operands[0];
    target[i] = operand?.kind === 'target' ? labels.resolve(operand.expression, statementOf[i] ?? 0) : -2;
  }
  const functionEntries = new Set<number>();
  for (const name of functions) {
    const unit = labels.resolve(name, file.count);
    if (unit >= 0) functionEntries.add(unit);
  }
  const count = units.length;
  return {
    mode,
    units,
    distinct,
    first: firstOf.subarray(0, count),
    statement: statementOf.subarray(0, count),
    flow: flowOf.subarray(0, count),
    next: next.subarray(0, count),
    target,
    functionEntries,
    callable,
    functions,
    labels,
    addresses,
    diagnostics,
  };
}

/** Units at which a local label stands whose address is data or an operand: hand-written code may call it there. */
export function addressedUnits({ labels, addresses, statement }: Code): ReadonlySet<number> {
  const addressed = new Set<number>();
  const address = (name: string, from: number): void => {
    const unit = isLocalLabel(name) ? labels.resolve(name, from) : -1;
    if (unit >= 0) addressed.add(unit);
  };
  for (const { entries } of addresses.runs)
    for (const entry of entries) for (const name of entry.names) address(name, entry.statement);
  for (const { unit, names } of addresses.mentions)
    for (const name of names) address(name, statement[unit] ?? 0);
  return addressed;
}

function study(instruction: Instruction, mode: Mode): Known {
  const found = lookup(instruction, mode);
  if (!found.ok) return found;
  const { effects } = found;
  const operand = instruction.operands[effects.memoryOperand];
  const memory = operand?.kind === 'indirect' ? operand.inner : operand;
  // Intel syntax says how many bytes it means: what GNU as would make of other ones is not guessed.
  if (memory?.kind === 'memory' && memory.bytes !== undefined && effects.memorySizeKnown)
    if (memory.bytes !== effects.memoryBytes && effects.memoryBytes > 0)
      return {
        ok: false,
        reason: `'${instruction.mnemonic}' accesses ${effects.memoryBytes} bytes, the operand says ${memory.bytes}`,
      };
  return {
    ok: true,
    effects,
    leaves: flow[effects.flow],
    kind: kindOf(instruction, effects, mode),
    fromHere: usesDot(instruction),
    names: namesOf(instruction),
  };
}

/** All that decides on the kind is in the effects, or was told apart for them. */
const kinds = new Map<Effects, WriteKind>();

function kindOf(instruction: Instruction, effects: Effects, mode: Mode): WriteKind {
  let kind = kinds.get(effects);
  if (kind === undefined) kinds.set(effects, (kind = classify(instruction, effects, mode)));
  return kind;
}

const dot = /(^|[^\w.$@"])\.($|[^\w.$@])/;

/**
 * `$x-.` with the label that stands right before the instruction in place of `.`: the address of the label is what the program has in mind
 * (musl: `call 1f; 1: addl $f-., (%esp)`). undefined: there is no label, or `.` is used in another way.
 */
function nameHere(instruction: Instruction, label: string | undefined): Instruction | undefined {
  if (label === undefined) return undefined;
  const name = /^\d+$/.test(label) ? `${label}b` : label;
  const operands = instruction.operands.map((operand) => {
    const found = operand.kind === 'immediate' ? /^([^-]+)-\s*\.$/.exec(operand.expression) : null;
    return operand.kind === 'immediate' && found !== null
      ? { ...operand, expression: `${found[1]?.trim() ?? ''}-${name}` }
      : operand;
  });
  const named = { ...instruction, operands };
  return usesDot(named) === '' ? named : undefined;
}

/** The operand that uses `.`, the current address, which changes its meaning when code is inserted; or nothing. */
function usesDot(instruction: Instruction): string {
  for (const operand of instruction.operands) {
    const text =
      operand.kind === 'target' || operand.kind === 'immediate'
        ? operand.expression
        : operand.kind === 'memory'
          ? operand.displacement
          : '';
    // `$_GLOBAL_OFFSET_TABLE_+[.-1b]`: relative to the instruction itself, so that `.` falls out.
    if (text.includes('.') && dot.test(text.replace(/^_GLOBAL_OFFSET_TABLE_ *\+ *[[(] *\. *-/, '')))
      return text;
  }
  return '';
}

/** The stack pointer in .cfi_ directives: a number of its psABI's table of DWARF registers, or a name. */
const stackPointerName: Readonly<Record<Mode, RegExp>> = { 64: /^(7|%?rsp)\b/, 32: /^(4|%?esp)\b/ };

/** Whether the CFA is computed from the stack pointer after one .cfi_ directive (GNU as manual 7.12). */
function cfaAfter(name: string, args: string, before: boolean, mode: Mode): boolean {
  switch (name) {
    case '.cfi_startproc':
      return args !== 'simple';
    case '.cfi_endproc':
    case '.cfi_escape': // an expression may define the CFA: leave it alone
      return false;
    case '.cfi_def_cfa':
    case '.cfi_def_cfa_register':
      return stackPointerName[mode].test(args);
    default:
      return before;
  }
}
