// One statement's text to its typed form: labels, directive or mnemonic by hand, operands by the grammar.
import { createPlainReader } from './convert-plain.js';
import { convertIntelInstruction } from './intel.js';
import { computesRegister, isAssignment, withRegisters } from './dialect.js';
import type { Dialect } from './dialect.js';
import { parseOperand, splitOperands } from './operand.js';
import { blankComments, isBlank, isOpen } from './split.js';
import type { Instruction, Operand, Parsed, StatementBody } from './syntax.js';

const label = /(?:([\w.$\u0080-\u00ff]+)[ \t]*|"((?:[^"\\]|\\[^])*)"):(?![:=])/y;
const assignment = /([\w.$\u0080-\u00ff]+|"(?:[^"\\]|\\[^])*")[ \t\r\n\v\f]*==?(?!=)/y;
const directive = /\.[\w.$]+/y;
const word = /[A-Za-z][\w.]*|\{[^}]*\}/y;

/** Words that may stand before a mnemonic, or alone (GNU as manual 9.16.6). `wait` is an instruction of its own. */
const prefixNames: ReadonlySet<string> = new Set(
  'addr16 addr32 bnd cs data16 data32 ds es fs gs lock notrack rep repe repne repnz repz ss xacquire xrelease'.split(
    ' ',
  ),
);
const rexPrefix = /^rex(64|\.w?r?x?b?|64?x?y?z?|x?y?z?)?$/;

/** Mnemonics whose bare operand is where they go, not what they read. */
const branch = /^(j[a-z]+|call[lqw]?|loop[a-z]*|xbegin)(,p[nt]|\.d8|\.d32|\.s)?$/;

/** `jne,pt`: likely taken or not, a prefix that is spelled as part of the mnemonic. */
const hint = /,p[nt](?=\s)/iy;

interface Implied {
  readonly others: number;
  readonly last: boolean;
  readonly operand: Operand;
}

/** The base of decimal adjustment is ten when nothing tells another one. */
const ten: Implied = { others: 0, last: false, operand: { kind: 'immediate', expression: '10' } };

/** Operands that may be left out, in front or last, when there are this many others: the only register the form takes. */
const implied: ReadonlyMap<string, Implied> = new Map<string, Implied>([
  ['aad', ten],
  ['aam', ten],
  ...[
    { names: ['in', 'inl'], others: 1, register: 'eax', last: true },
    { names: ['inb'], others: 1, register: 'al', last: true },
    { names: ['inw'], others: 1, register: 'ax', last: true },
    { names: ['out', 'outl'], others: 1, register: 'eax' },
    { names: ['outb'], others: 1, register: 'al' },
    { names: ['outw'], others: 1, register: 'ax' },
    { names: ['fnstsw', 'fstsw'], others: 0, register: 'ax' },
    {
      names: ['shld', 'shldl', 'shldq', 'shldw', 'shrd', 'shrdl', 'shrdq', 'shrdw'],
      others: 2,
      register: 'cl',
    },
  ].flatMap(({ names, others, register, last = false }) =>
    names.map(
      (name) =>
        [name, { others, last, operand: { kind: 'register', name: register, decoration: '' } }] as const,
    ),
  ),
]);

const blanks = /[ \t\r\n\v\f]*/y;
const empty: StatementBody = { kind: 'empty' };

const malformed = (reason: string): StatementBody => ({ kind: 'malformed', reason });

const convertPlain = createPlainReader({
  isMnemonic: (word) => !prefixNames.has(word) && !word.startsWith('rex') && !implied.has(word),
  isBranch: (word) => branch.test(word),
  isDirective: (name) => /^\.[a-z\d_.$]+$/.test(name) && !isAssignment(name),
});

/**
 * Parses one statement.
 *
 * @param statement as split() gives it: no surrounding blanks, no separator outside strings
 * @param dialect of Intel syntax; undefined for AT&T
 */
export function convert(statement: string, dialect?: Dialect): Parsed {
  return (dialect === undefined ? convertPlain(statement) : undefined) ?? convertAny(statement, dialect);
}

/** The same for statements of every form. */
export function convertAny(statement: string, dialect?: Dialect): Parsed {
  // Comments inside a statement count as a blank each, and keep their length so that offsets stay true.
  const text = statement.includes('/*') ? blankComments(statement) : statement;
  const labels: string[] = [];
  let at = 0;
  for (;;) {
    label.lastIndex = at;
    const found = label.exec(text);
    if (!found) break;
    // `01:` defines the label that `1b` means.
    labels.push((found[1] ?? found[2] ?? '').replace(/^0+(?=\d+$)/, ''));
    at = skipBlanks(text, label.lastIndex);
  }
  const end = text.length;
  let body = at >= end ? empty : convertBody(text.slice(at), dialect);
  if (text !== statement && joinsWords(statement, text, at)) body = malformed('a comment joins two words');
  if (/["']/.test(text) && isOpen(text)) body = malformed('a string or character constant without its end');
  return {
    labels,
    bodyOffset: at,
    bodyLength: end - at,
    body,
  };
}

const nameCharacter = /[\w.$\u0080-\u00ff]/;

/**
 * Whether a comment stands between two words of the body. GNU as takes it for nothing, and behind a prefix or another comment the blanks
 * before it too, so that `push` and `f` with a comment between are `pushf`. A directive's name with a blank behind it stays one.
 *
 * @param text the statement with its comments as blanks
 */
function joinsWords(statement: string, text: string, from: number): boolean {
  for (let i = from; i < text.length; i++) {
    if (statement[i] === text[i]) continue;
    let before = i; // the comment's first character became a blank
    while (before > from && isBlank(text.charCodeAt(before - 1))) before--;
    const after = skipBlanks(text, i);
    const separated = text[from] === '.' && before < i;
    if (
      !separated &&
      before > from &&
      nameCharacter.test(text.charAt(before - 1)) &&
      nameCharacter.test(text.charAt(after))
    )
      return true;
    i = after;
  }
  return false;
}

function skipBlanks(text: string, at: number): number {
  blanks.lastIndex = at;
  blanks.exec(text);
  return blanks.lastIndex;
}

function convertBody(text: string, dialect: Dialect | undefined): StatementBody {
  if (text.includes('\0')) return malformed('binary data');
  directive.lastIndex = assignment.lastIndex = 0;
  // Only a look at whether there is a `=` at all: most statements have none.
  const assigned = text.includes('=') ? assignment.exec(text) : null;
  if (assigned)
    return convertAssignment(assigned[1] ?? '', text.slice(skipBlanks(text, assignment.lastIndex)), dialect);
  const named = directive.exec(text);
  if (named) return convertDirective(named[0].toLowerCase(), text.slice(directive.lastIndex), dialect);

  const prefixes: string[] = [];
  let at = 0;
  for (;;) {
    word.lastIndex = at;
    const found = word.exec(text);
    if (!found) {
      if (at >= text.length && prefixes.length > 0)
        return { kind: 'instruction', prefixes, mnemonic: '', operands: [] };
      return malformed(`'${text}' is not a statement`);
    }
    hint.lastIndex = word.lastIndex;
    const hinted = hint.exec(text);
    const name = `${found[0]}${hinted?.[0] ?? ''}`.toLowerCase();
    if (hinted) word.lastIndex = hint.lastIndex;
    const next = text[word.lastIndex];
    const isPrefix =
      name.startsWith('{') || prefixNames.has(name) || (name.startsWith('rex') && rexPrefix.test(name));
    // `lock/addl` is the same as `lock addl`.
    if (isPrefix && next === '/') {
      prefixes.push(name);
      at = word.lastIndex + 1;
      if (!/[A-Za-z{]/.test(text[at] ?? '')) return malformed(`'${text}' is not a statement`);
      continue;
    }
    if (next !== undefined && !isBlank(next.charCodeAt(0))) return malformed(`'${text}' is not a statement`);
    at = skipBlanks(text, word.lastIndex);
    if (isPrefix) {
      prefixes.push(name);
      continue;
    }
    const operands = dialect === undefined ? text.slice(at) : withRegisters(text.slice(at), dialect);
    const body = dialect?.intel
      ? convertIntelInstruction(prefixes, name, branch.test(name), operands, dialect)
      : convertInstruction(prefixes, name, operands);
    return body.kind === 'instruction' ? completed(body) : body;
  }
}

function convertAssignment(symbol: string, expression: string, dialect: Dialect | undefined): StatementBody {
  if (computesRegister(expression, dialect))
    return malformed(`'${symbol}' would name a register and something else`);
  const value = parseOperand(expression);
  const isRegister = typeof value !== 'string' && value.kind === 'register' && value.decoration === '';
  if (
    !isRegister &&
    (typeof value === 'string' || value.kind !== 'memory' || value.displacement !== expression)
  )
    return malformed(`'${expression}' is no value for a symbol`);
  // `. = e` is what `.org e` does; as a symbol's definition it would look harmless.
  if (symbol === '.') return { kind: 'directive', name: '.org', args: expression };
  return { kind: 'assignment', symbol, expression };
}

function convertDirective(name: string, rest: string, dialect: Dialect | undefined): StatementBody {
  // A name that goes on with other characters is a macro's, or none.
  if (rest !== '' && !/^[ \t\r\n\v\f(,%$\\<{[+-]/.test(rest))
    return malformed(`'${name}${rest}' is not a directive`);
  const args = rest.slice(skipBlanks(rest, 0));
  if (isAssignment(name) && computesRegister(args.slice(args.indexOf(',') + 1), dialect))
    return malformed(`'${name} ${args}' would make a symbol the name of a register and something else`);
  return { kind: 'directive', name, args };
}

const quoted = /"(?:[^"\\]|\\[^])*"|'(?:\\[^]|[^\\])'?/g;

function convertInstruction(prefixes: readonly string[], mnemonic: string, text: string): StatementBody {
  const operands: Operand[] = [];
  if (text !== '') {
    const isBranch = branch.test(mnemonic);
    for (const part of splitOperands(text)) {
      const operand = parseOperand(part);
      if (typeof operand === 'string') return malformed(operand);
      // An operator of assignments only.
      if (part.includes('=') && /=/.test(part.replace(quoted, '')))
        return malformed(`'=' in the operand '${part}'`);
      const bare = isBranch && operand.kind === 'memory' && operand.displacement === part;
      operands.push(bare ? { kind: 'target', expression: part } : operand);
    }
  }
  return { kind: 'instruction', prefixes, mnemonic, operands };
}

function completed(instruction: Instruction): Instruction {
  const left = implied.get(instruction.mnemonic);
  if (left?.others !== instruction.operands.length) return instruction;
  const { operands } = instruction;
  return { ...instruction, operands: left.last ? [...operands, left.operand] : [left.operand, ...operands] };
}
