// Stores that only AVX-512 has, of each kind: the sample of the test may leave any of them out.
import type { Mode } from '../../scripts/isa-check/forms.js';

/** Mnemonics by the vectors that they store, each with and without a mask. */
const STORES: Readonly<Record<string, readonly string[]>> = {
  'xmm ymm zmm': [
    ...['vmovdqu8', 'vmovdqu16', 'vmovdqu32', 'vmovdqu64', 'vmovdqa32', 'vmovdqa64'],
    ...['vmovups', 'vmovupd', 'vmovaps', 'vmovapd'],
    ...['vpcompressb', 'vpcompressw', 'vpcompressd', 'vpcompressq', 'vcompressps', 'vcompresspd'],
    ...['b', 'w', 'd'].flatMap((to) => [`vpmovq${to}`, `vpmovsq${to}`, `vpmovusq${to}`]),
    ...['b', 'w'].flatMap((to) => [`vpmovd${to}`, `vpmovsd${to}`, `vpmovusd${to}`]),
    ...['vpmovwb', 'vpmovswb', 'vpmovuswb', 'vcvtps2ph $4,'],
  ],
  'ymm zmm': ['vextractf32x4 $1,', 'vextracti32x4 $1,', 'vextractf64x2 $1,', 'vextracti64x2 $1,'],
  zmm: ['vextractf32x8 $1,', 'vextracti32x8 $1,', 'vextractf64x4 $1,', 'vextracti64x4 $1,'],
};
const UNMASKED = ['vmovntps', 'vmovntpd', 'vmovntdq'];
const SCALARS = ['vmovss', 'vmovsd'];
/** Of registers from 16 on these, too, are new. */
const HIGH = [
  'vmovd',
  'vmovq',
  'vmovlps',
  'vmovhpd',
  'vextractps $2,',
  'vpextrb $3,',
  'vpextrw $3,',
  'vpextrd $3,',
  'vpextrq $1,',
];
const MASKS = ['kmovb', 'kmovw', 'kmovd', 'kmovq'];
/** The lengths of the index, then of the source. */
const SCATTERS: Readonly<Record<string, readonly string[]>> = {
  'xmm xmm, ymm ymm, zmm zmm': ['vpscatterdd', 'vscatterdps', 'vpscatterqq', 'vscatterqpd'],
  'xmm xmm, xmm ymm, ymm zmm': ['vpscatterdq', 'vscatterdpd'],
  'xmm xmm, ymm xmm, zmm ymm': ['vpscatterqd', 'vscatterqps'],
};

const ADDRESSES: Readonly<Record<Mode, readonly string[]>> = {
  32: ['(%edi)', '0x40(%esi,%ecx,4)', '%gs:(%edi)', '8(%esp)', '0x10002000'],
  64: ['(%rdi)', '0x40(%rsi,%rcx,4)', '%fs:(%rdi)', '8(%rsp)', 'middle(%rip)'],
};
const vsib = (mode: Mode, index: string): string[] => {
  const [base, thread] = mode === 32 ? ['%edi', '%gs:'] : ['%rdi', '%fs:'];
  return [
    `(${base},${index})`,
    `0x40(${base},${index},8)`,
    `0x10002000(,${index})`,
    `${thread}(${base},${index},4)`,
  ];
};

/** All of them, as far as code of this word size has their registers. */
export function avx512Stores(mode: Mode): string[] {
  const [low, high] = mode === 32 ? [2, 6] : [2, 29];
  const texts: string[] = [];
  let turn = 0;
  // Each address comes up with each kind of store.
  const store = (mnemonic: string, source: string, masks: readonly string[]): void => {
    const all = ADDRESSES[mode];
    for (const mask of masks) texts.push(`${mnemonic} ${source}, ${all[turn++ % all.length] ?? ''}${mask}`);
  };
  for (const [vectors, mnemonics] of Object.entries(STORES))
    for (const mnemonic of mnemonics)
      for (const vector of vectors.split(' '))
        for (const number of [low, high]) store(mnemonic, `%${vector}${number}`, ['{%k1}', '', '{%k5}']);
  for (const mnemonic of UNMASKED)
    for (const vector of ['xmm', 'ymm', 'zmm']) store(mnemonic, `%${vector}${high}`, ['']);
  for (const mnemonic of SCALARS)
    for (const number of [low, high]) store(mnemonic, `%xmm${number}`, ['{%k1}', '{%k7}']);
  for (const mnemonic of mode === 32 ? [] : HIGH) store(mnemonic, `%xmm${high}`, ['', '', '', '']);
  for (const mnemonic of MASKS) for (const number of [0, 3, 7]) store(mnemonic, `%k${number}`, ['']);
  for (const [lengths, mnemonics] of Object.entries(SCATTERS))
    for (const mnemonic of mnemonics)
      for (const [index = '', source = ''] of lengths.split(', ').map((pair) => pair.split(' ')))
        for (const number of [low, high])
          for (const place of vsib(mode, `%${index}${number + 1}`))
            texts.push(`${mnemonic} %${source}${number}, ${place}{%k${1 + (turn++ % 7)}}`);
  return texts;
}
