// The words of Intel syntax: operators, sizes, registers. GNU as takes them in any case, and a symbol of such a name cannot be used.
import * as terms from './generated/intel.terms.js';
import type { WordSize } from './syntax.js';

/** Size words in front of `ptr` and their bytes (GNU as manual 9.16.3; `near`, `far` tell the kind of a branch instead). */
export const sizeWords: ReadonlyMap<string, number> = new Map([
  ['byte', 1],
  ['dword', 4],
  ['far', 0],
  ['fword', 6],
  ['mmword', 8],
  ['near', 0],
  ['oword', 16],
  ['qword', 8],
  ['tbyte', 10],
  ['word', 2],
  ['xmmword', 16],
  ['ymmword', 32],
  ['zmmword', 64],
]);

/** Word operators (GNU as 2.40) and the sign each stands for; where AT&T syntax has none, an empty text. */
const operators: ReadonlyMap<string, readonly [term: number, sign: string]> = new Map([
  ['and', [terms.And, '&']],
  ['eq', [terms.Eq, '==']],
  ['ge', [terms.Ge, '>=']],
  ['gt', [terms.Gt, '>']],
  ['le', [terms.Le, '<=']],
  ['lt', [terms.Lt, '<']],
  ['mod', [terms.Mod, '%']],
  ['ne', [terms.Ne, '<>']],
  ['not', [terms.Not, '~']],
  ['offset', [terms.Offset, '']],
  ['or', [terms.Or, '|']],
  ['shl', [terms.Shl, '<<']],
  ['short', [terms.Short, '']],
  ['shr', [terms.Shr, '>>']],
  ['xor', [terms.Xor, '^']],
]);

/** For the grammar: the term that a word is, or -1. */
export const keyword: (word: string, stack?: unknown) => number = (word) => {
  const name = word.toLowerCase();
  return sizeWords.has(name) ? terms.Size : (operators.get(name)?.[0] ?? -1);
};

/** For the grammar: what may stand behind a size. */
export const behindSize: (word: string, stack?: unknown) => number = (word) => {
  const name = word.toLowerCase();
  return name === 'ptr' ? terms.Ptr : name === 'bcst' ? terms.Bcst : -1;
};

/** A word operator as AT&T syntax writes it; other operators as they are. */
export function signOf(operator: string): string {
  return operators.get(operator.toLowerCase())?.[1] ?? operator;
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const spelled = (text: string): string[] => text.split(' ');

/** Bytes of each general register. */
const general: ReadonlyMap<string, number> = new Map(
  [
    ...spelled('al ah axl bl bh bxl bpl cl ch cxl dl dh dxl dil sil spl'),
    ...numbered('r', 16).map((name) => `${name}b`),
  ]
    .map((name): [string, number] => [name, 1])
    .concat(
      [...spelled('ax bx bp cx dx di si sp'), ...numbered('r', 16).map((name) => `${name}w`)].map((name) => [
        name,
        2,
      ]),
      [...spelled('eax ebx ebp ecx edx edi esi esp'), ...numbered('r', 16).map((name) => `${name}d`)].map(
        (name) => [name, 4],
      ),
      [...spelled('rax rbx rbp rcx rdx rdi rsi rsp'), ...numbered('r', 16)].map((name) => [name, 8]),
    )
    .filter(([name]) => !/^r[0-7][bwd]?$/.test(name)),
);

/** Every name that GNU as 2.40 takes for a register. */
const registers: ReadonlySet<string> = new Set([
  ...general.keys(),
  ...spelled('cs ds eip eiz es flat fs gs rip riz ss st'),
  ...['xmm', 'ymm', 'zmm'].flatMap((prefix) => numbered(prefix, 32)),
  ...['cr', 'db', 'dr'].flatMap((prefix) => numbered(prefix, 16)),
  ...['k', 'mm', 'tmm', 'tr'].flatMap((prefix) => numbered(prefix, 8)),
  ...numbered('bnd', 4),
]);

/** Names that are registers in 64-bit code only, and symbols in 32-bit code. */
const wide = /^(r.*|[sd]il|[sb]pl|[a-d]xl|[xyz]mm([89]|\d\d)|d[rb]([89]|1\d)|eip|tmm\d)$/;
/** The other way round. */
const narrow = /^tr\d$/;

export function isRegister(name: string, wordSize: WordSize): boolean {
  const lower = name.toLowerCase();
  return registers.has(lower) && !(wordSize === 64 ? narrow : wide).test(lower);
}

/** Bytes of a general register; 0 for other names. */
export const generalBytes = (name: string): number => general.get(name) ?? 0;

/** Bytes of a vector register; 0 for other names. */
export function vectorBytes(name: string): number {
  const found = /^([xyz])mm\d/.exec(name);
  return found === null ? 0 : { x: 16, y: 32, z: 64 }[found[1] as 'x' | 'y' | 'z'];
}
