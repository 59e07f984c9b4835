// CPUID says exactly what is there: a bit is set if, and only if, all instructions that it stands for have rows.
import { Code, CodeExt, CpuidFeature, Instruction } from 'iced-x86';
import { cpuid } from '../../src/emulate/cpuid.js';
import { decode } from '../../src/emulate/instruction.js';
import { Memory } from '../../src/emulate/memory.js';
import { builderOf } from '../../src/emulate/ops/table.js';
import { Cpu } from '../../src/emulate/state.js';
import { samplesOf } from './forms.js';

/** By the decoder's name: leaf, subleaf, which of eax, ebx, ecx, edx, bit (SDM vol. 2, CPUID; AMD APM vol. 3, appendix E). */
const places: Readonly<Record<string, readonly [leaf: number, subleaf: number, word: number, bit: number]>> =
  {
    TSC: [1, 0, 3, 4],
    CX8: [1, 0, 3, 8],
    CMOV: [1, 0, 3, 15],
    CLFSH: [1, 0, 3, 19],
    MMX: [1, 0, 3, 23],
    FXSR: [1, 0, 3, 24],
    SSE: [1, 0, 3, 25],
    SSE2: [1, 0, 3, 26],
    SSE3: [1, 0, 2, 0],
    PCLMULQDQ: [1, 0, 2, 1],
    SSSE3: [1, 0, 2, 9],
    FMA: [1, 0, 2, 12],
    CMPXCHG16B: [1, 0, 2, 13],
    SSE4_1: [1, 0, 2, 19],
    SSE4_2: [1, 0, 2, 20],
    MOVBE: [1, 0, 2, 22],
    POPCNT: [1, 0, 2, 23],
    AES: [1, 0, 2, 25],
    XSAVE: [1, 0, 2, 26],
    AVX: [1, 0, 2, 28],
    F16C: [1, 0, 2, 29],
    RDRAND: [1, 0, 2, 30],
    FSGSBASE: [7, 0, 1, 0],
    BMI1: [7, 0, 1, 3],
    AVX2: [7, 0, 1, 5],
    BMI2: [7, 0, 1, 8],
    AVX512F: [7, 0, 1, 16],
    AVX512DQ: [7, 0, 1, 17],
    RDSEED: [7, 0, 1, 18],
    ADX: [7, 0, 1, 19],
    AVX512_IFMA: [7, 0, 1, 21],
    CLFLUSHOPT: [7, 0, 1, 23],
    CLWB: [7, 0, 1, 24],
    AVX512PF: [7, 0, 1, 26],
    AVX512ER: [7, 0, 1, 27],
    AVX512CD: [7, 0, 1, 28],
    SHA: [7, 0, 1, 29],
    AVX512BW: [7, 0, 1, 30],
    AVX512VL: [7, 0, 1, 31],
    AVX512_VBMI: [7, 0, 2, 1],
    WAITPKG: [7, 0, 2, 5],
    AVX512_VBMI2: [7, 0, 2, 6],
    GFNI: [7, 0, 2, 8],
    VAES: [7, 0, 2, 9],
    VPCLMULQDQ: [7, 0, 2, 10],
    AVX512_VNNI: [7, 0, 2, 11],
    AVX512_BITALG: [7, 0, 2, 12],
    AVX512_VPOPCNTDQ: [7, 0, 2, 14],
    RDPID: [7, 0, 2, 22],
    CLDEMOTE: [7, 0, 2, 25],
    MOVDIRI: [7, 0, 2, 27],
    MOVDIR64B: [7, 0, 2, 28],
    AVX512_4VNNIW: [7, 0, 3, 2],
    AVX512_4FMAPS: [7, 0, 3, 3],
    AVX512_VP2INTERSECT: [7, 0, 3, 8],
    SERIALIZE: [7, 0, 3, 14],
    AVX512_FP16: [7, 0, 3, 23],
    AVX_VNNI: [7, 1, 0, 4],
    AVX512_BF16: [7, 1, 0, 5],
    AVX_IFMA: [7, 1, 0, 23],
    AVX_VNNI_INT8: [7, 1, 3, 4],
    AVX_NE_CONVERT: [7, 1, 3, 5],
    XSAVEOPT: [13, 1, 0, 0],
    XSAVEC: [13, 1, 0, 1],
    LZCNT: [0x80000001 | 0, 0, 2, 5],
    SSE4A: [0x80000001 | 0, 0, 2, 6],
    PREFETCHW: [0x80000001 | 0, 0, 2, 8],
    XOP: [0x80000001 | 0, 0, 2, 11],
    FMA4: [0x80000001 | 0, 0, 2, 16],
    TBM: [0x80000001 | 0, 0, 2, 21],
    SYSCALL: [0x80000001 | 0, 0, 3, 11],
    CLZERO: [0x80000008 | 0, 0, 1, 0],
  };
/** What no bit stands for. */
const always = /^(INTEL\w+|X64|FPU\w*|MULTIBYTENOP)$/;
const isAnnounced = (feature: string): boolean => {
  const place = places[feature];
  if (!place) return always.test(feature);
  const [leaf, subleaf, word, bit] = place;
  return ((cpuid(leaf, subleaf)[word]! >>> bit) & 1) === 1;
};

const cpus = { 32: new Cpu(new Memory(1 << 20), 32), 64: new Cpu(new Memory(1 << 20), 64) } as const;

/** Whether the emulator has all that a code may be; undefined: it is not made here. */
function executes(code: Code, mode: 32 | 64): boolean | undefined {
  return samplesOf(code, mode)?.every((bytes) => {
    const decoded = decode(bytes, 0x1000n, mode);
    const builder = decoded && builderOf(decoded);
    if (!builder) return false;
    try {
      builder(cpus[mode], decoded);
      return true;
    } catch {
      return false;
    }
  });
}

/** By feature, those of its codes that user mode has and that need nothing that is not announced: whether they are executed. */
const found = new Map<string, [code: string, executed: boolean][]>(
  Object.keys(places).map((name) => [name, []]),
);
const notMade: string[] = [];
for (const code of Object.values(Code)) {
  if (typeof code !== 'number') continue;
  const info = CodeExt.opCode(code);
  const i = new Instruction();
  i.code = code;
  const features = [...i.cpuidFeatures()].map((feature) => CpuidFeature[feature]!);
  const modes = ([32, 64] as const).filter((mode) => info.cpl3 && (mode === 64 ? info.mode64 : info.mode32));
  for (const mode of features.some((name) => name in places) ? modes : []) {
    const executed = executes(code, mode);
    if (executed === undefined && features.every(isAnnounced)) notMade.push(Code[code]!);
    for (const name of features)
      if (features.every((other) => other === name || isAnnounced(other)))
        found.get(name)?.push([`${Code[code]!}, ${mode} bits`, executed ?? false]);
  }
  i.free();
  info.free();
}

test('instructions of all features are looked at', () => {
  expect(notMade).toEqual([]);
  for (const [name, codes] of found) expect([name, codes.length > 0]).toEqual([name, true]);
});

test.each([...found])('%s', (name, codes) => {
  const lacking = codes.filter(([, executed]) => !executed).map(([code]) => code);
  if (isAnnounced(name)) expect(lacking).toEqual([]);
  else expect(lacking).not.toEqual([]);
});
