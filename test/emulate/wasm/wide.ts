// Instructions on vector and mask registers that compiled code has itself, as texts with places for registers: %x, %y, %z and %k become one of a few, M memory of
// their size, wherever it lies.
import type { Random } from './sequences.js';

const integers =
  'pand pandn por pxor paddb paddw paddd paddq psubb psubw psubd psubq paddsb paddusw psubusb psubsw pminub pmaxub pminsw pmaxsd pminud pmulld pmullw pmulhw ' +
  'pmulhuw pmuludq pmuldq pmaddwd pmaddubsw pmulhrsw psadbw pavgb packuswb packusdw packssdw punpcklbw punpckhwd punpckldq punpckhqdq pshufb phaddw phsubd psignb ' +
  'psignd pcmpeqb pcmpeqw pcmpeqd pcmpeqq pcmpgtb pcmpgtw pcmpgtd pcmpgtq psllw pslld psrlq psrad psraw';
/** Without a form of EVEX under that name. */
const vexOnly = /^(pand|pandn|por|pxor|psadbw|phaddw|phsubd|psignb|psignd|pcmp.*)$/;
const floats = ['add', 'sub', 'mul', 'div', 'min', 'max'];
/** Of the last operand alone. */
const ofOne = 'pabsb pabsd movshdup movddup movaps movapd movups movupd'.split(' ');
const byImmediate = 'pshufd pshufhw pshuflw'.split(' ');
const ofTwoByImmediate = 'palignr shufps shufpd'.split(' ');

/** Those that count where their operand is 16 bytes, whatever the others are. */
const counted = /^ps(ll|rl|ra)/;

function* legacy(): Generator<string> {
  for (const op of integers.split(' ')) yield* [`${op} %x, %x`, `${op} M, %x`];
  for (const op of floats)
    for (const form of ['ps', 'pd', 'ss', 'sd']) yield* [`${op}${form} %x, %x`, `${op}${form} M, %x`];
  for (const op of ofOne) yield* [`${op} %x, %x`, `${op} M, %x`];
  for (const op of [...byImmediate, ...ofTwoByImmediate, 'pblendw', 'blendps', 'insertps'])
    yield* [`${op} $0x1b, %x, %x`, `${op} $0xe4, M, %x`];
  for (const op of ['sqrtps', 'sqrtsd', 'cvtps2pd', 'cvtpd2ps', 'cvtdq2ps', 'cvtdq2pd', 'cvtps2dq', 'cvttpd2dq', 'cvtsd2ss', 'cvtss2sd'])
    yield* [`${op} %x, %x`, `${op} M, %x`]; // prettier-ignore
  for (const op of ['cmpltpd', 'cmpneqps', 'cmpordsd', 'cmpless']) yield* [`${op} %x, %x`, `${op} M, %x`];
  for (const op of ['roundsd', 'roundps']) for (const n of [0, 1, 2, 3, 4]) yield `${op} $${n}, %x, %x`;
  for (const pair of ['bw', 'bd', 'bq', 'wd', 'wq', 'dq'])
    yield* [`pmovsx${pair} %x, %x`, `pmovzx${pair} M, %x`];
  yield* ['movaps %x, M', 'movups %x, M', 'movdqu %x, M', 'movq %x, M', 'movhps %x, M', 'movss %x, M', 'movlps M, %x', 'movsd M, %x'];
  yield* ['ptest %x, %x', 'ptest M, %x', 'ucomisd %x, %x', 'comiss %x, %x', 'pblendvb %xmm0, %x, %x', 'blendvpd %xmm0, M, %x'];
  yield* ['pextrb $11, %x, %eax', 'pextrw $3, %x, M', 'pextrd $2, %x, %edx', 'extractps $1, %x, M', 'pinsrb $9, %ecx, %x', 'pinsrd $1, M, %x'];
  yield* ['pmovmskb %x, %eax', 'movmskpd %x, %edx', 'movd %eax, %x', 'movd %x, %ecx', 'cvtsi2sd %ecx, %x', 'cvttsd2si %x, %eax'];
  yield* ['pcmpistri $0x12, M, %x', 'pcmpistri $0x38, %x, %x', 'psllw $3, %x', 'psrad $40, %x', 'psrldq $5, %x', 'pslldq $18, %x'];
} // prettier-ignore

function* vex(): Generator<string> {
  for (const op of integers.split(' '))
    for (const r of ['%x', '%y'])
      yield* counted.test(op)
        ? [`v${op} %x, ${r}, ${r}`, `v${op} M, ${r}, ${r}`]
        : [`v${op} ${r}, ${r}, ${r}`, `v${op} M, ${r}, ${r}`];
  for (const op of floats) {
    for (const r of ['%x', '%y'])
      for (const form of ['ps', 'pd']) yield* [`v${op}${form} ${r}, ${r}, ${r}`, `v${op}${form} M, ${r}, ${r}`];
    for (const form of ['ss', 'sd']) yield* [`v${op}${form} %x, %x, %x`, `v${op}${form} M, %x, %x`];
  }
  for (const op of ofOne) for (const r of ['%x', '%y']) yield* [`v${op} ${r}, ${r}`, `v${op} M, ${r}`];
  for (const r of ['%x', '%y']) {
    for (const op of byImmediate) yield* [`v${op} $0x72, ${r}, ${r}`, `v${op} $0x1b, M, ${r}`];
    for (const op of ofTwoByImmediate) yield* [`v${op} $0x72, ${r}, ${r}, ${r}`, `v${op} $0x1b, M, ${r}, ${r}`];
    for (const op of ['movdqu', 'movdqa', 'movups', 'movapd', 'movntdq']) yield `v${op} ${r}, M`;
    yield* [`vlddqu M, ${r}`, `vsqrtpd ${r}, ${r}`, `vcvttps2dq M, ${r}`, `vcvtdq2pd %x, ${r}`, `vcvtps2pd M, ${r}`, `vcmpngeps ${r}, ${r}, ${r}`];
    yield* [`vpbroadcastb M, ${r}`, `vpbroadcastw %x, ${r}`, `vpbroadcastd %x, ${r}`, `vpbroadcastq M, ${r}`, `vbroadcastss M, ${r}`];
    yield* [`vpsllw $3, ${r}, ${r}`, `vpsrlq $70, ${r}, ${r}`, `vpsraw $20, ${r}, ${r}`, `vpslldq $3, ${r}, ${r}`, `vpmovmskb ${r}, %eax`, `vmovmskps ${r}, %edx`];
    yield* [`vptest M, ${r}`, `vptest ${r}, ${r}`, `vpblendvb ${r}, ${r}, ${r}, ${r}`, `vblendpd $9, ${r}, ${r}, ${r}`, `vpblendd $0x5a, M, ${r}, ${r}`];
    yield* [`vpsllvd ${r}, ${r}, ${r}`, `vpsrlvq M, ${r}, ${r}`, `vpsravd ${r}, ${r}, ${r}`, `vpmovzxbw %x, ${r}`, `vpmovsxwd M, ${r}`, `vroundpd $2, M, ${r}`];
    yield* [`vpermilps $0x1e, M, ${r}`, `vpermilpd $0xa, ${r}, ${r}`];
  }
  for (const op of ['fmadd132', 'fmsub213', 'fnmadd231', 'fnmsub132', 'fmaddsub213', 'fmsubadd231'])
    for (const r of ['%x', '%y']) yield* [`v${op}pd ${r}, ${r}, ${r}`, `v${op}ps M, ${r}, ${r}`];
  for (const op of ['fmadd213', 'fnmadd132', 'fmsub231']) yield* [`v${op}sd %x, %x, %x`, `v${op}ss M, %x, %x`];
  yield* ['vinserti128 $1, %x, %y, %y', 'vinsertf128 $0, M, %y, %y', 'vextracti128 $1, %y, %x', 'vextractf128 $1, %y, M', 'vbroadcasti128 M, %y'];
  yield* ['vpermd %y, %y, %y', 'vpermps M, %y, %y', 'vcvttss2si M, %ecx', 'vextracti32x8 $1, %z, M', 'vinsertf32x8 $1, %y, %z, %z'];
  yield* ['vpermq $0x1b, %y, %y', 'vpermpd $0xe1, M, %y', 'vperm2i128 $0x31, %y, %y, %y', 'vperm2f128 $0x82, M, %y, %y', 'vcvtpd2psy M, %x', 'vcvttpd2dq %y, %x'];
  yield* ['vmovd %eax, %x', 'vmovd %x, %ecx', 'vmovq M, %x', 'vmovq %x, M', 'vmovsd %x, %x, %x', 'vmovss M, %x', 'vmovhps M, %x, %x', 'vmovlhps %x, %x, %x'];
  yield* ['vcvtsi2sd %ecx, %x, %x', 'vcvttsd2si %x, %eax', 'vcvtsd2ss %x, %x, %x', 'vcvtss2sd M, %x, %x', 'vsqrtsd %x, %x, %x', 'vucomisd M, %x', 'vcomiss %x, %x'];
  yield* ['vpinsrw $3, %ecx, %x, %x', 'vpextrd $1, %x, M', 'vinsertps $0x4d, %x, %x, %x', 'vroundsd $1, %x, %x, %x', 'vcmpltsd %x, %x, %x', 'vzeroupper'];
} // prettier-ignore

function* evex(): Generator<string> {
  for (const r of ['%v', '%w', '%z']) {
    for (const op of integers.split(' ')) {
      if (vexOnly.test(op)) continue;
      const last = counted.test(op) ? '%v' : r;
      yield* [`v${op} ${last}, ${r}, ${r}`, `v${op} M, ${r}, ${r}%m`, `v${op} ${last}, ${r}, ${r}%m`];
    }
    for (const op of ['pandd', 'pandnq', 'porq', 'pxord', 'pmaxsq', 'pminsq', 'pmullq', 'paddd'])
      yield* [`v${op} ${r}, ${r}, ${r}%m`, `v${op} M, ${r}, ${r}`, `v${op} B, ${r}, ${r}%m`];
    for (const op of floats) yield* [`v${op}pd ${r}, ${r}, ${r}`, `v${op}ps M, ${r}, ${r}`, `v${op}ps B, ${r}, ${r}`];
    for (const op of ['movdqu8', 'movdqu16', 'movdqu32', 'movdqu64', 'movdqa32', 'movdqa64', 'movups', 'movapd'])
      yield* [`v${op} M, ${r}%m`, `v${op} ${r}, ${r}%m`, `v${op} ${r}, M`, `v${op} ${r}, M%n`, `v${op} M, ${r}`];
    for (const size of ['b', 'w', 'd', 'q'])
      yield* [
        `vpcmp${size} $1, ${r}, ${r}, %k`, `vpcmp${size} $6, M, ${r}, %k%n`, `vpcmpu${size} $2, ${r}, ${r}, %k%n`, `vpcmpu${size} $5, M, ${r}, %k`,
        `vpcmpeq${size} M, ${r}, %k`, `vpcmpgt${size} ${r}, ${r}, %k%n`, `vptestm${size} ${r}, ${r}, %k`, `vptestnm${size} M, ${r}, %k%n`,
        `vpbroadcast${size} %x, ${r}%m`, `vpbroadcast${size} M, ${r}`,
      ];
    yield* [`vfmadd231pd ${r}, ${r}, ${r}%m`, `vfnmadd213ps B, ${r}, ${r}`, `vfmsub132pd M, ${r}, ${r}`];
    yield* [`vcmpltpd ${r}, ${r}, %k%n`, `vcmpneqps M, ${r}, %k`, `vrndscaleps $1, ${r}, ${r}%m`, `vpminuq ${r}, ${r}, ${r}%m`];
    for (const size of ['w', 'd', 'q']) yield* [`vpermt2${size} M, ${r}, ${r}%m`, `vpermi2${size} ${r}, ${r}, ${r}`, `vpblendm${size} ${r}, ${r}, ${r}%m`];
    yield* [`vpermw ${r}, ${r}, ${r}%m`, `vpblendmb M, ${r}, ${r}`, `vpmovdw ${r}, ${r === '%z' ? '%y' : '%x'}`, `vpmovwb ${r}, ${r === '%v' ? '%x' : 'M'}`];
    yield* [`vpbroadcastb %eax, ${r}`, `vpbroadcastw %ecx, ${r}%m`, `vpbroadcastd %edx, ${r}%m`, `vpcmpeqd B, ${r}, %k`];
    for (const n of [0xde, 0xfe, 0x96, 0x1b, 0x35, 0x80, 0xf8]) yield* [`vpternlogd $${n}, ${r}, ${r}, ${r}%m`, `vpternlogq $${n}, M, ${r}, ${r}`];
    yield* [`vpmovzxbd M, ${r}`, `vpmovsxdq %w, %z%m`, `vpslld $7, M, ${r}%m`, `vpsraq $9, ${r}, ${r}`, `vpsrlvd ${r}, ${r}, ${r}%m`, `vpabsq ${r}, ${r}%m`];
  }
  yield* ['vinserti32x4 $1, %v, %w, %w%m', 'vinserti64x4 $1, M, %z, %z', 'vextracti32x4 $2, %z, %v', 'vextracti64x4 $1, %z, M', 'vpermq $0x4e, %z, %z%m'];
  for (const op of ['kandd', 'korb', 'kxorq', 'kandnw', 'kxnord', 'kaddq', 'kunpckbw', 'kunpckwd', 'kunpckdq']) yield `${op} %k, %k, %k`;
  yield* ['knotw %k, %k', 'kshiftld $3, %k, %k', 'kshiftrq $70, %k, %k', 'kmovd %eax, %k', 'kmovw %k, %edx', 'kmovb %ecx, %k', 'kmovd %k, %ecx', 'kmovq M, %k'];
  yield* ['kmovw %k, M', 'kmovq %k, %k', 'kortestd %k, %k', 'kortestw %k, %k', 'kortestq %k, %k', 'ktestb %k, %k'];
} // prettier-ignore

/** Most stay in a few registers, so that one has what another one left. */
const files: Readonly<Record<string, readonly [name: string, numbers: readonly number[]]>> = {
  x: ['xmm', [0, 1, 2, 3]],
  y: ['ymm', [0, 1, 2, 3]],
  z: ['zmm', [0, 1, 2, 19]],
  v: ['xmm', [0, 1, 2, 19]],
  w: ['ymm', [0, 1, 2, 19]],
  k: ['k', [1, 2, 3]],
};
const memory = ['(%rdi)', '64(%rdi)', '(%rsi)', '13(%rsi)', '-0x100(%rsi)'];

export const wide: readonly string[] = [...legacy(), ...vex(), ...evex()];

/** What the interpreter is called for: behind it nothing is known of registers. */
export const called: readonly string[] = [
  'vzeroall', 'vhaddpd %y, %y, %y', 'vrcp14ps %z, %z', 'vpcompressd %z, %z%m', 'vpconflictd %w, %w', 'vcvtps2udq %z, %z', 'vpmovswb %z, %y', 'vaddpd {rn-sae}, %z, %z, %z',
  'vpopcntd %z, %z%m', 'vexpandpd M, %w%m', 'vhsubps M, %x, %x', 'vpmaskmovd M, %y, %y', 'pcmpestri $0x18, M, %x', 'vpcmpistri $0x44, %x, %x',
]; // prettier-ignore

/** A text with registers and memory chosen. */
export function chosen(text: string, r: Random, mode: 32 | 64): string {
  const at = r.pick(memory);
  const bytes = /%z/.test(text) ? 64 : /%[yw]/.test(text) ? 32 : 16;
  const count = bytes / (/(pd|pandnq|porq|sq|lq) B/.test(text) ? 8 : 4);
  const full = text
    .replace('M', at)
    .replace('B', `${at}{1to${count}}`)
    .replace('%m', r.pick(['', `{%k${1 + r.below(3)}}`, `{%k${1 + r.below(3)}}{z}`]))
    .replace('%n', `{%k${1 + r.below(3)}}`)
    .replaceAll(/%([xyzvwk])(?![a-z0-9])/g, (_, letter: string) => {
      const [name, numbers] = files[letter]!;
      return `%${name}${r.pick(mode === 64 ? numbers : numbers.filter((n) => n < 8))}`;
    });
  return mode === 64 ? full : full.replaceAll('%rdi', '%edi').replaceAll('%rsi', '%esi');
}
