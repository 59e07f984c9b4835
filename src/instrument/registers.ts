// Spellings of the general registers by hardware number and size (AMD64 APM volume 1, 3.1.2).
import type { Instruction } from '../parse/syntax.js';

const byBytes: Readonly<Record<number, readonly string[]>> = {
  8: 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' '),
  4: 'eax ecx edx ebx esp ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d'.split(' '),
  2: 'ax cx dx bx sp bp si di r8w r9w r10w r11w r12w r13w r14w r15w'.split(' '),
  1: 'al cl dl bl spl bpl sil dil r8b r9b r10b r11b r12b r13b r14b r15b'.split(' '),
};

const numbers = new Map<string, number>();
for (const names of Object.values(byBytes)) names.forEach((name, number) => numbers.set(name, number));
['ah', 'ch', 'dh', 'bh'].forEach((name, number) => numbers.set(name, number));

/** `%`-spelling of general register `number` (0..15) at 1, 2, 4 or 8 bytes. */
export function spell(number: number, bytes: number): string {
  const name = byBytes[bytes]?.[number];
  if (name === undefined) throw new RangeError(`no ${bytes}-byte register ${number}`);
  return `%${name}`;
}

/** Size of the register with this name, of those `spell` makes. */
export function bytesOf(name: string): number {
  for (const [bytes, names] of Object.entries(byBytes)) if (names.includes(name)) return Number(bytes);
  throw new RangeError(`no general register ${name}`);
}

/** Hardware number of a general register name, or -1. */
export function generalNumber(name: string): number {
  return numbers.get(name) ?? -1;
}

/** ah, bh, ch, dh cannot be encoded beside a REX prefix (APM volume 3, 1.2.7). */
export function isHighByte(name: string): boolean {
  return name.length === 2 && name.endsWith('h');
}

/** Whether an operand is one of them. */
export function hasHighByte({ operands }: Instruction): boolean {
  return operands.some((operand) => operand.kind === 'register' && isHighByte(operand.name));
}

/** GAS suffix of an integer operand size. */
export function suffix(bytes: number): string {
  switch (bytes) {
    case 1:
      return 'b';
    case 2:
      return 'w';
    case 4:
      return 'l';
    case 8:
      return 'q';
    default:
      throw new RangeError(`no suffix for ${bytes} bytes`);
  }
}
