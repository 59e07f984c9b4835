// What compilers write among code for debuggers makes no statements; whatever may be anything else does.
import { parse } from '../../src/parse/parse.js';
import { rewrite } from '../../src/rewrite.js';

/** The statements of a text. */
const statements = (text: string): string[] => {
  const { count, starts, ends } = parse('x.s', text);
  return Array.from({ length: count }, (_, i) => text.slice(starts[i], ends[i]));
};

test('line information, and labels that only it names, are left out, and the text stays as it is', () => {
  const text =
    '\t.text\nf:\n.LVL0:\n\t.loc 1 2 3 is_stmt 0 view -0\n\tmovl\t%eax, (%rdi)\n.LBB12:\n.LBE12:\n\t.loc 1 3 1 prologue_end # x.c:3:1\n.L3:\n\tret\n';
  expect(statements(text)).toEqual(['.text', 'f:', 'movl\t%eax, (%rdi)', '.L3:', 'ret']);
  const file = parse('x.s', text);
  expect([...file.places].map((at) => text.slice(at, text.indexOf('\n', at)))).toEqual([
    '\t.loc 1 2 3 is_stmt 0 view -0',
    '\t.loc 1 3 1 prologue_end # x.c:3:1',
  ]);
  const result = rewrite('x.s', text, {
    profile: 'linux-x86_64',
    callMirror: undefined,
    abi: 'sysv',
    breakAt: 0,
    allow: [],
    expand: { readInclude: () => undefined },
  });
  expect(result).toMatchObject({
    ok: true,
    text: text.replace('\tmovl', '\tmovl\t%eax, %gs:(%rdi)\n\tmovl'),
  });
});

test.each([
  ['a statement behind it', '\t.loc 1 2 3; nop'],
  ['a string', '\t.loc 1 2 "a'],
  ['a comment of another form', '\t.loc 1 /* 2\n*/ 2'],
  ['another name', '\t.loc_mark_labels 1'],
  ['a label before it', 'x: .loc 1 2'],
  ['a label before a statement', '.LVL1: nop'],
  ['a label of another name', '.LBB0_3:'],
  ['the same of a function', '.LFB3:'],
  ['a number on its own', '1:'],
])('a line with %s is a statement', (_, line) => {
  expect(statements(`\tnop\n${line}\n`).length).toBeGreaterThan(1);
});

test.each(['jmp\t.LVL7', 'leaq\t.LVL7(%rip), %rax', '.long\t.LVL7-.Ltext0', '.set a, .LVL7'])(
  'a label that is named elsewhere is a statement: %s',
  (naming) => {
    const all = ['.text', '.LVL7:', 'movl\t%eax, (%rdi)', naming, '.LBB1:'];
    expect(statements(all.join('\n') + '\n')).toEqual(all);
  },
);

test('names that only begin as theirs do bring none of them back', () => {
  expect(statements('.text\n.LVL7:\n\tjmp\t.LVL7_1\n\tjmp\t.LBB0_2\n')).toEqual([
    '.text',
    'jmp\t.LVL7_1',
    'jmp\t.LBB0_2',
  ]);
});

test('in Intel syntax the labels stay statements', () => {
  expect(statements('.intel_syntax noprefix\n.LVL7:\n\tjmp\t.LVL7\n')).toEqual([
    '.intel_syntax noprefix',
    '.LVL7:',
    'jmp\t.LVL7',
  ]);
});
