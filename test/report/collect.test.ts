// What a file's statistics say, for texts short enough to count by hand; and that the published schema says the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { fileStats } from '../../src/report/collect.js';
import type { FileStats } from '../../src/report/types.js';
import { rewrite } from '../../src/rewrite.js';

const schema = JSON.parse(readFileSync(join(__dirname, '../../docs/stats.schema.json'), 'utf8')) as object;
const validate = new Ajv().compile(schema);

function statsOf(text: string, profile: 'linux-x86_64' | 'linux-i386' = 'linux-x86_64'): FileStats {
  let time = 0;
  const result = rewrite('a.s', text, {
    profile,
    callMirror: undefined,
    abi: 'sysv',
    breakAt: 0,
    allow: [],
    clock: () => time++,
    expand: { readInclude: () => undefined },
  });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  const stats = fileStats({ file: 'a.s', object: '' }, profile, result.functions, [], result.stages);
  // What the functions add up to is what the pass counted itself.
  expect(stats).toMatchObject({
    native: result.stats.native,
    inserted: result.stats.inserted,
    sites: result.stats.sites,
    windows: result.stats.windows,
  });
  validate(stats);
  expect(validate.errors).toBe(null);
  return stats;
}

const twoFunctions = `
	.text
	.type	f, @function
f:
	pushq	%rbx
	movl	$1, (%rdi)
	addl	$1, 4(%rdi)
	popq	%rbx
	ret
	.section	.text.unlikely,"ax",@progbits
	.type	g, @function
g:
	fstpt	(%rdi)
	call	f
	ret
`;

test('by function and section', () => {
  const [f, g] = statsOf(twoFunctions).functions;
  expect(f).toMatchObject({
    name: 'f',
    section: '.text',
    native: 5,
    explicit: 2,
    implicit: 1,
    classes: {
      push: { sites: 1, inserted: 1, windows: 0 },
      store: { sites: 1, inserted: 1 },
      modify: { sites: 1, inserted: 3 },
    },
    mnemonics: { push: 1, mov: 1, add: 1 },
    windows: 0,
  });
  expect(g).toMatchObject({
    name: 'g',
    section: '.text.unlikely',
    native: 3,
    explicit: 1,
    implicit: 1,
    windows: 1,
    classes: { call: { windows: 0 }, 'float-pop': { windows: 1 } },
  });
  expect(g?.windowInstructions).toBeGreaterThan(1);
});

test('code that goes back and forth between sections belongs to the function that is open there', () => {
  const { functions } = statsOf(`
	.type	f, @function
f:	movl	$1, (%rdi)
	.pushsection	.text.cold,"ax",@progbits
	movl	$2, (%rdi)
	.popsection
	movl	$3, (%rdi)
	ret
`);
  expect(functions.map(({ name, section, explicit }) => [name, section, explicit])).toEqual([
    ['f', '.text', 2],
    ['', '.text.cold', 1],
  ]);
});

test('where no register is dead, one is kept', () => {
  // Every caller-saved register is read behind the site; the vector registers are not.
  const all = ['rax', 'rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11'];
  const reads = all.map((name) => `\taddq\t%${name}, %rbx\n`).join('');
  const vector = statsOf(`\t.type f, @function\nf:\tincl (%rdi)\n${reads}\tpxor %xmm9, %xmm9\n\tret\n`)
    .functions[0];
  expect(vector).toMatchObject({ keptInVectors: 1, keptOnStack: 0 });
  const stack = statsOf(`\t.type f, @function\nf:\tincl (%rdi)\n${reads}\tret\n`).functions[0];
  expect(stack).toMatchObject({ keptInVectors: 0, keptOnStack: 1 });
});

test('an entry and the write of the same instruction are two', () => {
  const [f] = statsOf('\t.type f, @function\nf:\tpushl\t%ebx\n\tret\n', 'linux-i386').functions;
  expect(f).toMatchObject({
    explicit: 0,
    implicit: 2,
    classes: { entry: { sites: 1, inserted: 0 }, push: { sites: 1, inserted: 3 } },
    mnemonics: { call: 1, push: 1 },
  });
});

test('stages have times', () => {
  expect(Object.keys(statsOf('\tret\n').stages)).toEqual([
    'expand',
    'parse',
    'analyze',
    'instrument',
    'emit',
  ]);
});
