// Random assembly for the property tests: pieces of statements, joined in any order, beside plain bytes.
import fc from 'fast-check';

/** Printed with each run, so that a failure can be repeated: FUZZ_SEED=... npx jest test/parse test/emit */
export const seed = Number(process.env['FUZZ_SEED'] ?? 20_401);
export const announce = (runs: number): void => {
  process.stderr.write(`seed ${seed}, ${runs} runs\n`);
};

const pieces = [
  ...['f:', 'g :', '1:', '.L2:', '"a b":', ':', 'x =', '= 5', '==', '.'],
  ...['nop', 'ret', 'mov', 'movl', 'push', 'f', 'lock', 'rep', 'stosb', '{vex}', 'call', 'jmp', 'data16'],
  ...[
    '%eax',
    '%rax',
    '%st(1)',
    '%fs:',
    '$5',
    '$x',
    '(%rax)',
    '8(%rsp,%rbx,4)',
    '*%rax',
    'x(%rip)',
    '{%k1}',
    '{',
  ],
  ...['.long', '.ascii', '.section', '.globl', '.byte', '.set', '.text', '"a;b"', '"#"', '"\\""', '"', '\\'],
  ...[
    "'a",
    "';",
    '\'"',
    "'",
    "''",
    "'\\",
    "' ",
    '1',
    '0x',
    '+',
    '-',
    '@PLT',
    'à',
    ',',
    ', ',
    '(',
    ')',
    '!',
    '/',
  ],
  ...[
    '/* c */',
    '/*',
    '*/',
    '/* a\n b */',
    '//',
    '#',
    '# c\n',
    ';',
    '; ',
    '\n',
    '\n\t',
    '\r\n',
    ' ',
    '\t',
    '\f',
    '\v',
  ],
].map((piece) => Buffer.from(piece, 'utf8').toString('latin1'));

const mixture = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(''));
const spaced = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(' '));
const bytes = fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array).toString('latin1'));

/** Any text at all. */
export const anyText = fc.oneof(mixture, spaced, bytes);

const lines = [
  ...['nop', 'ret', 'push %rax', 'movl $5, 8(%rsp)', 'call f@PLT', 'lock; incl (%rax)', 'rep stosb', 'pushf'],
  ...[
    '.long 5',
    '.ascii "a;b#c"',
    ".byte ';, 1",
    '.byte \'"',
    '.text',
    '.section .rodata',
    ".byte ' ",
    'x = 5',
  ],
  ...[
    'leaq x(%rip), %rax',
    'mov %fs:0, %rax',
    'jmp *%rax',
    '.string "it\'s"',
    "cmpb $' , (%rax)",
    '.globl f',
  ],
];
const ends = [
  '\n',
  '; ',
  ';',
  '\n\n',
  ' # c; d "\n',
  '\r\n',
  ' /* c */\n',
  ' /* c\n d */ ',
  '\n# c\n',
  '\n/ c\n',
  '\n// c\n',
];
const starts = ['', '\t', ' ', '3: ', '3 : ', '/* c */ ', '3:4:', '\f', '3: / c\n', '3:\n'];
const middles = ['', '', '', ' /**/ ', '  ', '\t'];

/** Text that the assembler often accepts: whole statements in odd dress. */
export const plausible = fc
  .array(
    fc
      .tuple(
        fc.constantFrom(...starts),
        fc.constantFrom(...lines),
        fc.constantFrom(...middles),
        fc.constantFrom(...ends),
      )
      .map(
        ([start, line, middle, end]) =>
          start + line.replace(' ', (blank) => (middle === '' ? blank : middle)) + end,
      ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''));
