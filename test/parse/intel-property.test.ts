// What holds of every Intel text: nothing is thrown, nothing is lost, what is rewritten is what GNU as reads.
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectCode } from '../../src/analyze/code.js';
import { emit } from '../../src/emit/emit.js';
import { parse } from '../../src/parse/parse.js';
import { rewrite } from '../../src/rewrite.js';
import { announce, anyText, seed } from './fragments.js';
import { checkIntel } from './intel-oracle.js';

const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-intel-'));
afterAll(() => rmSync(folder, { recursive: true }));

const words = (text: string): string[] => text.split(' ');
const registers = words(
  'rax eax al ah r8 r15d xmm1 ymm2 zmm3 st st(1) k1 fs gs cs rip rsp %rbx riz flat cr0',
);
const mnemonics = words(
  'mov movzx movsx movsxd add shl lea push pop call jmp jne fld fsub fsubp fild movsd cmpsd movd stos movs cvtsi2sd vaddps vcvtpd2ps lock rep',
);
const pieces = [
  ...registers,
  ...mnemonics,
  ...words(
    'byte word DWORD qword tbyte xmmword ptr PTR bcst offset short near far and or not shl mod eq $ .',
  ),
  ...words(
    '[ ] ( ) + - * , : { } {k1} {z} {1to8} {sae} 5 0x1f 0ffh 1b 4 8 sym sym@GOTPCREL "a b" \'a ~ ! << ==',
  ),
  ...[
    '\n',
    ';',
    '\n.att_syntax\n',
    '\n.intel_syntax noprefix\n',
    '\n.intel_syntax prefix\n',
    'x = 5\n',
    'f:',
  ],
];
const mixture = fc
  .array(fc.constantFrom(...pieces), { maxLength: 30 })
  .chain((parts) => fc.constantFrom('', ' ').map((blank) => parts.join(blank)));
const intel = fc
  .tuple(fc.constantFrom('noprefix', 'prefix', ''), fc.oneof(mixture, anyText))
  .map(([kind, text]) => `.intel_syntax ${kind}\n${text}`);

const options = {
  profile: 'linux-x86_64',
  abi: 'none',
  callMirror: 'site',
  breakAt: 0,
  allow: [],
  expand: { readInclude: () => undefined },
} as const;

test('any Intel text: no exception, statements are spans, no edits mean no change', () => {
  announce(20_000);
  fc.assert(
    fc.property(intel, (text) => {
      const file = parse('a.s', text);
      expect(emit(file, [])).toBe(text);
      expect(file.parsed).toHaveLength(file.count);
      expect(file.syntaxes).toHaveLength(file.count);
      file.parsed.forEach((parsed, i) => {
        expect(parsed.bodyOffset + parsed.bodyLength).toBe(file.ends[i]! - file.starts[i]!);
      });
      collectCode(file, new Set());
    }),
    { seed, numRuns: 20_000 },
  );
});

test('any Intel text: rewriting gives text or reasons', () => {
  fc.assert(
    fc.property(intel, (text) => {
      const result = rewrite('a.s', text, options);
      if (!result.ok) expect(result.diagnostics.length).toBeGreaterThan(0);
    }),
    { seed, numRuns: 5_000 },
  );
});

const memory = fc
  .tuple(
    fc.constantFrom('', 'fs:', 'ds:', 'sym', '8', '-4', 'sym+4'),
    fc.array(
      fc.constantFrom(
        'rax',
        'rbx*4',
        '2*rcx',
        'rsp',
        'r13',
        '8',
        '-8',
        'sym',
        '(4+4)',
        'rax*1',
        'offset sym',
        'rip',
      ),
      { minLength: 1, maxLength: 4 },
    ),
    fc.constantFrom('+', ' + ', '][', '-'),
  )
  .map(([head, parts, sign]) => `${head}[${parts.join(sign).replaceAll('+-', '-').replaceAll('--', '+')}]`);
const size = fc.constantFrom(
  '',
  '',
  'byte ptr ',
  'WORD PTR ',
  'dword ptr ',
  'QWORD PTR ',
  'tbyte ptr ',
  'xmmword ptr ',
);
const operand = fc.oneof(
  fc.tuple(size, memory).map(([word, address]) => word + address),
  fc.constantFrom(
    'rax',
    'eax',
    'ax',
    'al',
    'cl',
    'xmm0',
    'xmm1',
    'st',
    'st(1)',
    '5',
    '-1',
    'sym',
    'offset sym',
  ),
);
const places = [
  ...[
    'mov eax, @',
    'mov @, al',
    'add dword ptr @, 5',
    'lea rax, @',
    'call @',
    'jmp @',
    'push @',
    'xchg @, rbx',
  ],
  ...['movzx eax, byte ptr @', 'fild word ptr @', 'fstp TBYTE PTR @', 'cmp @, rbx', 'movd xmm0, dword ptr @'],
  ...[
    'imul eax, @, 3',
    'shl QWORD PTR @, cl',
    'vaddps zmm0, zmm1, dword bcst @',
    'cvtsi2sd xmm0, DWORD PTR @',
  ],
];
const statement = fc.oneof(
  fc
    .tuple(fc.constantFrom(...mnemonics), fc.array(operand, { minLength: 1, maxLength: 3 }))
    .map(([mnemonic, operands]) => `${mnemonic} ${operands.join(', ')}`),
  fc.tuple(fc.constantFrom(...places), memory).map(([place, address]) => place.replace('@', () => address)),
);

// GNU as computes with what it knows: names that have their values by now, or get them later.
const known = fc.tuple(fc.constantFrom(...places), memory, fc.boolean()).map(([place, address, ahead]) => {
  let count = 0;
  const names = ahead ? ['1f', '(2f-1f)', '2f'] : ['1b', '(2b-1b)', '2b'];
  const text = place.replace('@', () => address.replaceAll('sym', () => names[count++ % 3] ?? ''));
  return ahead ? `${text}; 1: nop; 2: nop` : `1: nop; 2: nop; ${text}`;
});

test.each([
  ['names known nowhere', statement],
  ['names known', known],
])(
  'random statements: GNU as makes the same of the Intel text and of the AT&T text, or one of both is refused: %s',
  (_, texts) => {
    // movd of 64 bits is an encoding of its own, of another length than that of movq.
    const statements = [...new Set(fc.sample(texts, { seed, numRuns: 30_000 }))].filter(
      (text) => !/^movd .*qword/i.test(text),
    );
    const outcomes = checkIntel(folder, statements);
    const different = outcomes.flatMap((outcome, i) =>
      outcome.kind === 'different' ? [`${statements[i]}: ${JSON.stringify(outcome)}`] : [],
    );
    expect(different).toEqual([]);
    const taken = outcomes.filter(({ kind }) => kind === 'same' || kind === 'equal').length;
    const refused = outcomes.filter(({ kind }) => kind === 'refused').length;
    process.stderr.write(
      `seed ${seed}: ${taken} of ${statements.length} taken, ${refused} refused here only\n`,
    );
    expect(taken).toBeGreaterThan(1_000);
  },
);
