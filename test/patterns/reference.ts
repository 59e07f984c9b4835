// The native side of cases that is not the instruction itself. What instructions do that this CPU does not have, in instructions that it
// has, written from Intel's "Architecture Instruction Set Extensions" (319433), chapters CMPccXADD and RAO-INT; not atomic, as nothing else
// runs. And what stands for `xsaveopt` (src/instrument/store.ts): it also writes components that are in their initial state.
import type { Mode } from '../../scripts/isa-check/forms.js';
import { formatOperand } from '../../src/instrument/format.js';
import { bytesOf, generalNumber, spell, suffix } from '../../src/instrument/registers.js';
import type { Form } from './cases.js';

/** Memory of the reference's own, outside of what is compared. */
export const referenceData = '\t.local\treference_keep\n\t.comm\treference_keep,16,8\n';
const [keep, keepFlags] = ['reference_keep', 'reference_keep+8'];

/** The text for a form, or undefined where it is the form's own. */
export function referenceOf(mode: Mode, { text, instruction, effects }: Form): string | undefined {
  if (/^xsaveopt(64)?$/.test(effects.base)) return `\t${text.replace('xsaveopt', 'xsave')}\n`;
  const remote = /^a(add|and|or|xor)$/.exec(effects.base)?.[1];
  const condition = /^cmp(\w+)xadd$/.exec(effects.base)?.[1];
  if (remote === undefined && condition === undefined) return undefined;
  const operands = instruction.operands.map(formatOperand);
  const names = instruction.operands.flatMap((o) => (o.kind === 'register' ? [o.name] : []));
  const bytes = bytesOf(names[0] ?? 'rax');
  const s = suffix(bytes);
  const [mov, A] = mode === 64 ? ['movq', '%rax'] : ['movl', '%eax'];
  if (remote !== undefined)
    // All flags as before; overflow by 127 + 1.
    return [
      `\t${mov}\t${A}, ${keep}\n\tlahf\n\tseto\t%al\n\tmovl\t%eax, ${keepFlags}\n\t${mov}\t${keep}, ${A}`,
      `\t${remote}${s}\t${operands.join(', ')}`,
      `\t${mov}\t${A}, ${keep}\n\tmovl\t${keepFlags}, %eax\n\taddb\t$127, %al\n\tsahf\n\t${mov}\t${keep}, ${A}\n`,
    ].join('\n');
  const [added = '', compared = '', memory = ''] = operands;
  const free = [15, 14, 13].find((n) => !names.map(generalNumber).includes(n) && !memory.includes(`r${n}`))!;
  const found = spell(free, bytes);
  return [
    `\tmovq\t${spell(free, 8)}, ${keep}\n\tmov${s}\t${memory}, ${found}\n\tcmp${s}\t${compared}, ${found}`,
    `\tj${condition}\t1f\n\tjmp\t2f\n1:\tadd${s}\t${added}, ${memory}\n2:\tcmp${s}\t${compared}, ${found}`,
    `\tmov${s}\t${found}, ${compared}\n\tmovq\t${keep}, ${spell(free, 8)}\n`,
  ].join('\n');
}
