// Operands and addresses of atomic operations.
import { RSP } from '../../src/analyze/sets.js';
import { spell } from '../../src/instrument/registers.js';

/** Each register that the runtime's compare-and-swap takes, and others, as operand and in the address of atomic operations. */
export function atomicRegisters(): string[] {
  const names = [0, 1, 2, 3, 4, 8, 9, 10, 11];
  const texts: string[] = [];
  for (const base of names)
    for (const seg of base === RSP ? [''] : ['', '%fs:']) {
      const memory = `${seg}8(${spell(base, 8)})`;
      if (base > 3) texts.push(`lock cmpxchg8b ${memory}`, `lock cmpxchg16b ${memory}`);
      texts.push(`lock decw ${memory}`, `lock notb ${memory}`);
      const operands = names.filter((n) => n !== RSP);
      for (const r of operands) {
        texts.push(`lock cmpxchgq ${spell(r, 8)}, ${memory}`, `lock xaddl ${spell(r, 4)}, ${memory}`);
        texts.push(`lock adcq ${spell(r, 8)}, ${memory}`, `xchgw ${spell(r, 2)}, ${memory}`);
        texts.push(`lock orb ${spell(r, 1)}, (${spell(base, 8)},%rsi)`, `aaddq ${spell(r, 8)}, ${memory}`);
        texts.push(`lock btcl ${spell(r, 4)}, ${memory}`);
        const other = operands[(names.indexOf(base) + 2 * r + 1) % operands.length] ?? 0;
        texts.push(`cmplexadd ${spell(r, 8)}, ${spell(other, 8)}, ${memory}`);
      }
    }
  return texts;
}
