// Every statement of statements.txt is assembled by GNU as, decoded by iced-x86, and compared with lookup().
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lookup } from '../../src/isa/lookup.js';
import { readInstruction } from './att.js';
import { askIced, type Told } from './oracle.js';

const statements = readFileSync(join(__dirname, 'statements.txt'), 'utf8').split('\n').filter(Boolean);

// Where lookup and iced-x86 disagree, and why lookup is right. An entry that explains nothing any more fails the test.
const REVIEWED: readonly { statement: RegExp; fields: readonly (keyof Told)[]; reason: string }[] = [
  {
    statement: /^(ro[lr]|s[ah][lr]|rc[lr]|sh[lr]d)[bwlq]? %cl,/,
    fields: ['integerRead', 'integerKilled'],
    reason: 'a count of zero in %cl leaves the flags as they were',
  },
  {
    statement: /^rep\S* (cmps|scas)/,
    fields: ['integerRead', 'integerKilled'],
    reason: 'a count of zero in %rcx leaves the flags as they were',
  },
  {
    statement: /^v?pcmpeqd %xmm0, ?%xmm0/,
    fields: ['vectorRead'],
    reason: 'equal sources give ones; iced knows only the zeroing idioms',
  },
  {
    statement: /^(clflush|clflushopt|nop[wl]) /,
    fields: ['memoryAccess', 'integerRead'],
    reason: 'address only; the operands of a long nop are kept as reads',
  },
  {
    statement: /^ud[01] /,
    fields: ['integerRead'],
    reason: 'the address registers are harmless as reads',
  },
  {
    statement: /^xchg %ax, ?%ax/,
    fields: ['integerRead', 'integerWritten'],
    reason: 'encoded as nop; read as what it says',
  },
  {
    statement: /^clzero/,
    fields: ['implicitMemoryWrite'],
    reason: 'it writes the line at %rax, of which iced says nothing',
  },
  {
    statement: /^xlat/,
    fields: ['memoryAccess', 'memoryBytes', 'implicitMemoryRead'],
    reason: 'iced has an operand for (%rbx,%al)',
  },
  {
    statement: /^(fxsave|fxrstor|xsave|xsavec|xrstor)(64)? /,
    fields: ['vectorRead', 'vectorWritten'],
    reason: 'the vector registers are saved or loaded as a whole, of which iced says nothing',
  },
  {
    statement: /^vp?(gather|blendm).*\{%k\d\}/,
    fields: ['vectorKilled'],
    reason: 'masked elements keep what they were; also read, so that no liveness answer differs',
  },
];

test('lookup agrees with iced-x86 on what the assembler makes of each statement', () => {
  const used = new Set<RegExp>();
  const differences: string[] = [];
  const told = askIced(statements);
  statements.forEach((text, i) => {
    const found = lookup(readInstruction(text));
    if (!found.ok) return void differences.push(`${text}: ${found.reason}`);
    const { effects } = found;
    const explicit = effects.memoryOperand >= 0;
    const mine: Told = {
      ...effects,
      memoryAccess: explicit ? effects.access[effects.memoryOperand]! : '',
    };
    const iced = told[i]!.told;
    for (const field of Object.keys(iced) as (keyof Told)[]) {
      // Sizes iced cannot know, and those of operands that access nothing.
      if (field === 'memoryBytes' && (!effects.memorySizeKnown || mine.memoryAccess === 'a')) continue;
      if (mine[field] === iced[field]) continue;
      const reviewed = REVIEWED.find((entry) => entry.statement.test(text) && entry.fields.includes(field));
      if (reviewed) used.add(reviewed.statement);
      else differences.push(`${text}: ${field} is ${String(mine[field])}, iced says ${String(iced[field])}`);
    }
  });
  expect(differences).toEqual([]);
  expect(REVIEWED.filter((entry) => !used.has(entry.statement))).toEqual([]);
  expect(statements.length).toBeGreaterThan(1500);
});

test('sixty thousand look-ups take a fraction of a second', () => {
  const read = statements.map(readInstruction);
  for (const instruction of read) lookup(instruction);
  const rounds = Math.ceil(60000 / read.length);
  const start = performance.now();
  for (let i = 0; i < rounds; i++) for (const instruction of read) lookup(instruction);
  // About 100 ms on the machine it was written on; the bound only catches a change of order.
  expect(performance.now() - start).toBeLessThan(1500);
});
