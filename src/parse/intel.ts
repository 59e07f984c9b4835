// One instruction in Intel syntax to the typed form that AT&T syntax has: all later stages know only that.
import type { Dialect } from './dialect.js';
import { attMnemonic, broadcastCount, ignoresSize, keepsOrder } from './intel-mnemonics.js';
import { generalBytes } from './intel-words.js';
import { parseIntelOperand } from './intel-operand.js';
import { endOfQuoted, isBlank } from './split.js';
import type { Operand, StatementBody } from './syntax.js';

const COMMA = 44;
const QUOTE = 34;
const APOSTROPHE = 39;
const opening: ReadonlySet<number> = new Set([40, 91, 123]);
const closing: ReadonlySet<number> = new Set([41, 93, 125]);

/** Cuts an operand list at the commas outside parentheses, brackets, braces, strings and character constants. */
export function splitIntelOperands(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  const end = (to: number): void => {
    let a = from;
    let b = to;
    while (a < b && isBlank(text.charCodeAt(a))) a++;
    while (b > a && isBlank(text.charCodeAt(b - 1))) b--;
    parts.push(text.slice(a, b));
    from = to + 1;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === COMMA && depth === 0) end(i);
    else if (opening.has(c)) depth++;
    else if (closing.has(c)) depth--;
    else if (c === QUOTE || c === APOSTROPHE) i = endOfQuoted(text, i) - 1;
  }
  end(text.length);
  return parts;
}

/**
 * @param branch the mnemonic's bare operand is where it goes
 * @param text the operands
 */
export function convertIntelInstruction(
  prefixes: readonly string[],
  mnemonic: string,
  branch: boolean,
  text: string,
  dialect: Dialect,
): StatementBody {
  const operands: Operand[] = [];
  const refuse = (reason: string): StatementBody => ({ kind: 'malformed', reason });
  const parts = text === '' ? [] : splitIntelOperands(text);
  if (/^l?(call|jmp)$/.test(mnemonic) && parts.length > 1) return refuse(`a far address: '${text}'`);
  if (text === '') return finished(prefixes, mnemonic, operands, dialect, refuse);
  let broadcast = -1;
  for (const part of parts) {
    if (/^\{[^{}]*\}$/.test(part)) {
      operands.push({ kind: 'decorator', text: part });
      continue;
    }
    const read = parseIntelOperand(part, branch, dialect);
    if (typeof read === 'string') return refuse(read);
    if (read.broadcast) broadcast = operands.length;
    const { operand } = read;
    operands.push(operand);
    if (read.rounding === '') continue;
    // It stands next to the last vector register.
    const general = operand.kind === 'register' && generalBytes(operand.name) > 0;
    operands.splice(general ? -1 : operands.length, 0, { kind: 'decorator', text: read.rounding });
  }
  const element = operands[broadcast];
  if (element !== undefined && !(element.kind === 'memory' && element.decoration.includes('1to'))) {
    const count = element.kind === 'memory' ? broadcastCount(mnemonic, operands, element.bytes ?? 0) : 0;
    if (element.kind !== 'memory' || ![2, 4, 8, 16, 32].includes(count))
      return refuse('how often the element is repeated does not follow from the operands');
    operands[broadcast] = { ...element, decoration: `{1to${count}}${element.decoration}` };
  }
  return finished(prefixes, mnemonic, operands, dialect, refuse);
}

function finished(
  prefixes: readonly string[],
  mnemonic: string,
  written: readonly Operand[],
  dialect: Dialect,
  refuse: (reason: string) => StatementBody,
): StatementBody {
  const [to] = written;
  // With a 16-bit destination the source's size is not told.
  const narrow = mnemonic === 'movsxd' && to?.kind === 'register' && generalBytes(to.name) === 2;
  const operands = narrow || ignoresSize(mnemonic) ? written.map(withoutSize) : written;
  const sizes = new Set(operands.map(sizeOf).filter((bytes) => bytes > 0));
  if (sizes.size > 1) return refuse(`'${mnemonic}' with memory operands of two sizes`);
  // GNU as takes another encoding than that of movq.
  if (mnemonic === 'movd' && sizes.has(8)) return refuse(`'movd' of 8 bytes of memory; write movq`);
  const name = attMnemonic(mnemonic, operands, dialect.wordSize);
  if (name === undefined) return refuse(`the size of '${mnemonic}' does not follow from its operands`);
  return {
    kind: 'instruction',
    prefixes,
    mnemonic: name,
    operands: keepsOrder(mnemonic, operands) ? operands : [...operands].reverse(),
  };
}

const sizeOf = (operand: Operand): number => (operand.kind === 'memory' ? (operand.bytes ?? 0) : 0);

function withoutSize(operand: Operand): Operand {
  if (operand.kind !== 'memory') return operand;
  const { kind, segment, displacement, base, index, scale, decoration } = operand;
  return { kind, segment, displacement, base, index, scale, decoration };
}
