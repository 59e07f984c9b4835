// CPUID: exactly what the tables in ops/ have. One row a leaf; bits are named where they stand (AMD APM vol. 3, appendix E; SDM vol. 2, CPUID).

import { components, extendedControl, xsaveBytes } from './xsave.js';

type Answer = readonly [eax: number, ebx: number, ecx: number, edx: number];

const text = (s: string): number =>
  s.charCodeAt(0) | (s.charCodeAt(1) << 8) | (s.charCodeAt(2) << 16) | (s.charCodeAt(3) << 24);
const bits = (...n: readonly number[]): number => n.reduce((all, bit) => all | (1 << bit), 0);

/** Also what a program gets as AT_HWCAP. */
export const features1Edx = bits(
  0, // FPU
  4, // TSC
  8, // CMPXCHG8B
  15, // CMOV
  19, // CLFLUSH
  23, // MMX
  24, // FXSR
  25, // SSE
  26, // SSE2
);
const features1Ecx = bits(
  0, // SSE3
  1, // PCLMULQDQ
  9, // SSSE3
  12, // FMA
  13, // CMPXCHG16B
  19, // SSE4.1
  20, // SSE4.2
  22, // MOVBE
  23, // POPCNT
  25, // AES
  26, // XSAVE
  27, // OSXSAVE
  28, // AVX
  29, // F16C
);
const features7Ebx = bits(
  0, // FSGSBASE
  3, // BMI1
  5, // AVX2
  8, // BMI2
  16, // AVX512F
  17, // AVX512DQ
  19, // ADX
  21, // AVX512_IFMA
  23, // CLFLUSHOPT
  24, // CLWB
  28, // AVX512CD
  29, // SHA
  30, // AVX512BW
  31, // AVX512VL
);
const features7Ecx = bits(
  1, // AVX512_VBMI
  6, // AVX512_VBMI2
  8, // GFNI
  9, // VAES
  10, // VPCLMULQDQ
  11, // AVX512_VNNI
  12, // AVX512_BITALG
  14, // AVX512_VPOPCNTDQ
);
const features7Edx = bits(
  8, // AVX512_VP2INTERSECT
);
const features7Eax1 = bits(
  4, // AVX_VNNI
  5, // AVX512_BF16
);
const featuresExtendedEcx = bits(
  0, // LAHF
  5, // LZCNT
  6, // SSE4A
);
const featuresOfState = bits(
  0, // XSAVEOPT
  1, // XSAVEC and the compacted form of XRSTOR
);
// Of state that xsave has: where it is and how long, by the number of its bit.
const states: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [0, [extendedControl, xsaveBytes, xsaveBytes, 0]],
  [1, [featuresOfState, xsaveBytes, 0, 0]],
  ...components.map(({ bit, at, bytes }): [number, Answer] => [bit, [bytes, at, 0, 0]]),
]);
const featuresExtendedEdx = bits(
  11, // SYSCALL
  20, // NX
  29, // long mode
);

/** Leaves that have no row answer zeros. */
// The vendor reads MirrorEmulat.
const leaves: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [0, [13, text('Mirr'), text('ulat'), text('orEm')]],
  [1, [0x00600f00, 0x00000800, features1Ecx, features1Edx]],
  [7, [1, features7Ebx, features7Ecx, features7Edx]],
  [0x80000000 | 0, [0x80000008 | 0, 0, 0, 0]],
  [0x80000001 | 0, [0, 0, featuresExtendedEcx, featuresExtendedEdx]],
  [0x80000008 | 0, [0x3030, 0, 0, 0]],
]);

export function cpuid(leaf: number, subleaf: number): Answer {
  if (leaf === 7 && subleaf !== 0) return [subleaf === 1 ? features7Eax1 : 0, 0, 0, 0];
  if (leaf === 13) return states.get(subleaf) ?? [0, 0, 0, 0];
  return leaves.get(leaf) ?? [0, 0, 0, 0];
}
