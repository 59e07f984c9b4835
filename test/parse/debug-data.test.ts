// Debug information makes no statements; whatever may be anything else does.
import { parse } from '../../src/parse/parse.js';
import { rewrite } from '../../src/rewrite.js';

/** The statements of a text. */
const statements = (text: string): string[] => {
  const { count, starts, ends } = parse('x.s', text);
  return Array.from({ length: count }, (_, i) => text.slice(starts[i], ends[i]));
};

const info = '\t.section\t.debug_info,"",@progbits\n';

test('lines of data and labels behind the directive are left out, and the text stays as it is', () => {
  const data =
    '.Ldebug_info0:\n\t.long\t0x160d6\n\t.uleb128 0x3f\n\t.quad\t.LVL5-.Ltext0\n\t.value\t0x5\t# DWARF\n\t.string\t"a \\"b\\"; nop"\n\t.ascii "\\0"\n';
  const text = `\t.text\nf:\tmovl %eax, (%rdi)\n${info}${data}\t.section\t.debug_str,"MS",@progbits,1\n.LASF0:\n\t.string\t"x"\n\t.ident "gcc"\n\t.byte 1\n`;
  expect(statements(text)).toEqual([
    '.text',
    'f:\tmovl %eax, (%rdi)',
    '.section\t.debug_info,"",@progbits',
    '.section\t.debug_str,"MS",@progbits,1',
    '.ident "gcc"',
    '.byte 1',
  ]);
  const result = rewrite('x.s', text, {
    profile: 'linux-x86_64',
    callMirror: undefined,
    abi: 'sysv',
    breakAt: 0,
    allow: [],
    expand: { readInclude: () => undefined },
  });
  expect(result).toMatchObject({ ok: true, text: expect.stringContaining(info + data) });
});

test.each([
  ['an instruction', 'nop'],
  ['a statement behind another', '.byte 3; nop'],
  ['a label that others know', 'x:'],
  ['a numeric label', '1:'],
  ['another directive', '.align 8'],
  ['a product', '.long 2*3'],
  ['a string over two lines', '.string "a\nb"'],
  ['a line that a backslash goes on', '.long 1 \\'],
])('%s ends them', (_, line) => {
  const all = statements(`${info}\t.byte 1\n\t${line}\n\t.byte 2\n`);
  expect(all).not.toContain('.byte 1');
  expect(all).toContain('.byte 2');
});

test.each([
  ['the section had other flags before', '\t.section .debug_info,"ax",@progbits\n\tnop\n'],
  ['the same with its name in quotes', '\t.section ".debug_info","ax",@progbits\n\tnop\n'],
  ['in any case of letters', '\t.PushSection ".debug_info","ax"\n\tnop\n\t.popsection\n'],
])('code stays code: %s', (_, before) => {
  expect(statements(`${before}${info}\t.byte 1\n`)).toContain('.byte 1');
});

test.each(['"a"', '"ax"', '"w"', '"?"', '"0x6"'])('a section with the flags %s is none', (flags) => {
  expect(statements(`\t.section\t.debug_info,${flags},@progbits\n\t.byte 1\n`)).toContain('.byte 1');
});

test('bytes in a section that is code are refused, whatever its name', () => {
  const text = '\t.section .debug_info,"ax",@progbits\n\tnop\n\t.text\n' + info + '\t.byte 0x89, 0x07\n';
  expect(
    rewrite('x.s', text, {
      profile: 'linux-x86_64',
      callMirror: undefined,
      abi: 'sysv',
      breakAt: 0,
      allow: [],
      expand: { readInclude: () => undefined },
    }),
  ).toMatchObject({ ok: false, diagnostics: [{ code: 'M004' }] });
});
