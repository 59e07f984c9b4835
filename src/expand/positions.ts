// How far labels of data are apart. Nothing is ever put between the data of a section without code, so `. - table` is a fixed number there,
// as long as only data of known size was emitted in between. Everything else, alignment too, begins a new stretch.
import { QUOTE, isEnd, readString, skipBlanks } from './characters.js';
import { evaluate } from './expression.js';
import type { Scope, Spot } from './expression.js';

/** Bytes an operand (GNU as manual chapter 7). */
const sizes = new Map<string, number>();
for (const [size, names] of [
  [1, '.byte .dc.b'],
  [2, '.2byte .hword .short .value .word'],
  [4, '.4byte .float .int .long .single'],
  [8, '.8byte .double .quad'],
  [16, '.octa'],
] as const)
  for (const name of names.split(' ')) sizes.set(name, size);

/** Directives that emit nothing. */
const silent = new Set(
  '.att_mnemonic .comm .common .equ .equiv .eqv .file .global .globl .hidden .ident .intel_mnemonic .intel_syntax .att_syntax .internal .lcomm .local .loc .print .protected .set .size .symver .type .warning .weak .weakref'.split(
    ' ',
  ),
);

const dataSection = /^\.(?:data|rodata|bss|tdata|tbss)(?:\.|$)/;

export class Positions {
  private stretch = 0;
  private offset = 0n;
  private inData = false;

  /** The place where the next byte goes; undefined in code. */
  here(): Spot | undefined {
    return this.inData ? { stretch: this.stretch, offset: this.offset } : undefined;
  }

  /** A statement that stays in the text: a directive's name and operands, or an instruction. */
  pass(name: string, operands: string, scope: Scope): void {
    if (
      name === '.data' ||
      name === '.bss' ||
      name === '.section' ||
      name === '.pushsection' ||
      name === '.text'
    ) {
      this.begin(name === '.data' || name === '.bss' || (name !== '.text' && isData(operands)));
      return;
    }
    if (!this.inData || silent.has(name)) return;
    const size = sizeOf(name, operands, scope);
    if (size !== undefined) this.offset += size;
    else
      this.begin(
        name.startsWith('.') && this.inData && !/^\.(pop|previous|sub|struct|offset|org)/.test(name),
      );
  }

  /** Nothing is known about what lies before this place. */
  private begin(inData: boolean): void {
    this.stretch++;
    this.offset = 0n;
    this.inData = inData;
  }
}

/** Whether the operands of .section name a section without code: by its flags, or by its name when it has none. */
function isData(operands: string): boolean {
  const [, name = '', flags] = /^\s*"?([^",\s]+)"?\s*(?:,\s*"([^"]*)")?/.exec(operands) ?? [];
  return flags === undefined
    ? dataSection.test(name) && !operands.includes(',')
    : !flags.includes('x') && !/[?\d]/.test(flags);
}

function sizeOf(name: string, operands: string, scope: Scope): bigint | undefined {
  const size = sizes.get(name);
  if (size !== undefined) return listSize(operands, size);
  if (name === '.ascii' || name === '.asciz' || name === '.string')
    return stringSize(operands, name === '.ascii' ? 0 : 1);
  if (name !== '.zero' && name !== '.skip' && name !== '.space') return undefined;
  const { value, end } = evaluate(operands, 0, scope);
  const single = isEnd(operands.charCodeAt(skipBlanks(operands, end)));
  return value.kind === 'constant' && single && value.value >= 0n && value.value < 1n << 32n
    ? value.value
    : undefined;
}

function listSize(operands: string, size: number): bigint | undefined {
  if (operands.trim() === '') return 0n;
  if (/[":'\\]/.test(operands)) return undefined;
  let depth = 0;
  let count = 1;
  let empty = true;
  for (const c of operands) {
    if (c === ',' && depth === 0) {
      if (empty) return undefined;
      count++;
      empty = true;
    } else if (c !== ' ') {
      empty = false;
      if (c === '(' || c === '[') depth++;
      else if (c === ')' || c === ']') depth--;
    }
  }
  return empty || depth !== 0 ? undefined : BigInt(count * size);
}

function stringSize(operands: string, terminator: number): bigint | undefined {
  let size = 0;
  let at = skipBlanks(operands, 0);
  for (;;) {
    const string = operands.charCodeAt(at) === QUOTE ? readString(operands, at) : undefined;
    if (!string || operands.slice(at, string.end).includes('\n')) return undefined;
    size += string.value.length + terminator;
    at = skipBlanks(operands, string.end);
    if (at >= operands.length) return BigInt(size);
    if (operands[at] !== ',') return undefined;
    at = skipBlanks(operands, at + 1);
  }
}
