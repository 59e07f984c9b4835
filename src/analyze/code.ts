// The instructions of a file's executable sections, with their effects and successors: what liveness and the patterns work on.
import type { Effects } from '../isa/effects.js';
import { lookup } from '../isa/lookup.js';
import type { Instruction, SourceFile } from '../parse/syntax.js';
import { directiveRole } from './directives.js';
import type { Diagnostic, DiagnosticCode } from './diagnostic.js';
import { createSectionTracker } from './sections.js';

/** One instruction: statement `first` to `statement` (they differ where prefixes such as `lock;` stand alone). */
export interface Unit {
  readonly first: number;
  readonly statement: number;
  readonly instruction: Instruction;
  readonly effects: Effects;
  /** The canonical frame address is computed from %rsp here, so moving %rsp must be told to the unwinder. */
  readonly cfaOnStackPointer: boolean;
}

export interface Code {
  readonly units: readonly Unit[];
  /** Unit reached by falling through, or -1. */
  readonly next: Int32Array;
  /** Unit a direct branch goes to, -1 none, -2 outside the file or unknown. */
  readonly target: Int32Array;
  /** Units at which a symbol of type function begins. */
  readonly functionEntries: ReadonlySet<number>;
  /** Names of symbols of type function that are defined in this file. */
  readonly functions: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
}

const notes: Partial<Record<DiagnosticCode, string>> = {
  M001: 'the statement is not GNU as AT&T syntax as far as this program knows; please report it',
  M002: 'an instruction that is not known may write memory; please report it',
  M003: 'assemble this file natively and list it as unprotected, or expand it first',
  M004: 'bytes in code may be instructions that write; write them as instructions or move data to .rodata, or accept with --allow=data-in-code',
};

/** Numeric local labels: their definitions, in order. */
interface NumericLabels {
  readonly statements: number[];
  readonly units: number[];
}

/** `.` as the current address: changes its meaning when code is inserted. */
const usesDot = /(^|[^\w.$@"])\.($|[^\w.$@])/;

/** Collects the instructions of all executable sections. Pure; `allow` holds the opt-outs by name. */
export function collectCode(file: SourceFile, allow: ReadonlySet<string>): Code {
  const units: Unit[] = [];
  const fall: number[] = [];
  const diagnostics: Diagnostic[] = [];
  const sections = createSectionTracker();
  const lastInSection = new Map<string, number>();
  const pendingLabels = new Map<string, [name: string, statement: number][]>();
  const unitOfLabel = new Map<string, number>();
  const numeric = new Map<string, NumericLabels>();
  const functions = new Set<string>();
  const effectsOf = new Map<Instruction, ReturnType<typeof lookup>>();
  const cfaStack: boolean[] = [];
  let cfaOnStackPointer = false;
  let prefixes: string[] = [];
  let prefixStart = -1;

  const refuse = (
    statement: number,
    code: DiagnosticCode,
    message: string,
    note = notes[code] ?? '',
  ): void => {
    diagnostics.push({ statement, code, message, note });
  };

  for (let i = 0; i < file.count; i++) {
    const parsed = file.parsed[i];
    if (!parsed) continue;
    if (parsed.labels.length > 0) {
      let pending = pendingLabels.get(sections.current);
      if (!pending) pendingLabels.set(sections.current, (pending = []));
      for (const label of parsed.labels) pending.push([label, i]);
      if (prefixStart >= 0)
        refuse(i, 'M001', 'a label between a prefix and its instruction', 'put the label before the prefix');
    }
    const body = parsed.body;
    switch (body.kind) {
      case 'empty':
      case 'assignment':
        continue;
      case 'malformed':
        refuse(i, 'M001', body.reason);
        continue;
      case 'directive': {
        const role = directiveRole(body.name);
        if (role === undefined) refuse(i, 'M003', `unknown directive '${body.name}'`);
        else if (role === 'refused') refuse(i, 'M003', `directive '${body.name}' is not supported`);
        else if (role === 'section') {
          if (!sections.apply(body.name, body.args))
            refuse(i, 'M003', `cannot follow '${body.name} ${body.args}'`);
        } else if (role === 'data') {
          if (sections.executable && !allow.has('data-in-code'))
            refuse(i, 'M004', `'${body.name}' puts data into the executable section ${sections.current}`);
        } else if (body.name === '.type') {
          const comma = body.args.indexOf(',');
          if (/[@%"]?(function|gnu_indirect_function|STT_FUNC)\b/.test(body.args.slice(comma + 1)))
            functions.add(body.args.slice(0, comma).trim());
        } else if (body.name.startsWith('.cfi_')) {
          if (body.name === '.cfi_remember_state') cfaStack.push(cfaOnStackPointer);
          else if (body.name === '.cfi_restore_state') cfaOnStackPointer = cfaStack.pop() ?? false;
          else cfaOnStackPointer = cfaAfter(body.name, body.args, cfaOnStackPointer);
        }
        continue;
      }
      case 'instruction': {
        if (!sections.executable) {
          refuse(
            i,
            'M003',
            `instruction in the section ${sections.current}, which is not executable`,
            'give the section the flag "x"',
          );
          continue;
        }
        if (body.mnemonic === '') {
          if (prefixStart < 0) prefixStart = i;
          prefixes = [...prefixes, ...body.prefixes];
          continue;
        }
        const instruction: Instruction =
          prefixes.length === 0 ? body : { ...body, prefixes: [...prefixes, ...body.prefixes] };
        const first = prefixStart < 0 ? i : prefixStart;
        prefixes = [];
        prefixStart = -1;
        let found = effectsOf.get(instruction);
        if (!found) effectsOf.set(instruction, (found = lookup(instruction)));
        if (!found.ok) {
          refuse(i, 'M002', found.reason);
          continue;
        }
        for (const operand of instruction.operands) {
          const text =
            operand.kind === 'target'
              ? operand.expression
              : operand.kind === 'memory'
                ? operand.displacement
                : '';
          if (text.includes('.') && usesDot.test(text))
            refuse(
              i,
              'M008',
              `'${text}' counts bytes of code from here, and their number changes`,
              'use a label',
            );
        }
        const index = units.length;
        units.push({ first, statement: i, instruction, effects: found.effects, cfaOnStackPointer });
        fall.push(-1);
        const previous = lastInSection.get(sections.current);
        if (previous !== undefined) fall[previous] = index;
        lastInSection.set(sections.current, index);
        const pending = pendingLabels.get(sections.current);
        if (pending && pending.length > 0) {
          for (const [label, statement] of pending) {
            const c = label.charCodeAt(0);
            if (c >= 48 && c <= 57) {
              let definitions = numeric.get(label);
              if (!definitions) numeric.set(label, (definitions = { statements: [], units: [] }));
              definitions.statements.push(statement);
              definitions.units.push(index);
            } else unitOfLabel.set(label, index);
          }
          pending.length = 0;
        }
        continue;
      }
    }
  }
  if (prefixStart >= 0) refuse(prefixStart, 'M001', 'a prefix without an instruction', '');

  const next = Int32Array.from(fall);
  const target = new Int32Array(units.length).fill(-1);
  for (let i = 0; i < units.length; i++) {
    const unit = units[i];
    if (!unit) continue;
    const flow = unit.effects.flow;
    if (flow === 'jump' || flow === 'indirect-jump' || flow === 'return' || flow === 'stop') next[i] = -1;
    if (flow !== 'jump' && flow !== 'branch' && flow !== 'call') continue;
    const operand = unit.instruction.operands[0];
    target[i] = operand?.kind === 'target' ? resolve(operand.expression, unit.statement) : -2;
  }

  function resolve(expression: string, statement: number): number {
    const named = unitOfLabel.get(expression);
    if (named !== undefined) return named;
    const local = /^(\d+)([bf])$/.exec(expression);
    if (!local) return -2;
    const definitions = numeric.get(local[1] ?? '');
    if (!definitions) return -2;
    const { statements, units: at } = definitions;
    if (local[2] === 'f') {
      for (let k = 0; k < statements.length; k++) if ((statements[k] ?? 0) > statement) return at[k] ?? -2;
    } else {
      for (let k = statements.length - 1; k >= 0; k--)
        if ((statements[k] ?? 0) <= statement) return at[k] ?? -2;
    }
    return -2;
  }

  const functionEntries = new Set<number>();
  for (const name of functions) {
    const unit = unitOfLabel.get(name);
    if (unit !== undefined) functionEntries.add(unit);
  }
  return { units, next, target, functionEntries, functions, diagnostics };
}

/** Whether the CFA is computed from %rsp after one .cfi_ directive (GNU as manual 7.12; register 7 is rsp). */
function cfaAfter(name: string, args: string, before: boolean): boolean {
  switch (name) {
    case '.cfi_startproc':
      return args !== 'simple';
    case '.cfi_endproc':
    case '.cfi_escape': // an expression may define the CFA: leave it alone
      return false;
    case '.cfi_def_cfa':
    case '.cfi_def_cfa_register':
      return /^(7|%?rsp)\b/.test(args);
    default:
      return before;
  }
}
