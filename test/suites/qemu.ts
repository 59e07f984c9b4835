// Programs of QEMU's own test of its CPU, tests/tcg/i386, from the Debian source package of qemu (fetched where it is asked for).
import { join } from 'node:path';
import { debianSource } from '../../scripts/tools.mjs';
import type { Case, Suite, Width } from './types.js';

interface Test {
  readonly name: string;
  readonly widths: readonly Width[];
  /** What its Makefile adds. */
  readonly options?: string;
  /** A sed script for what is left out. */
  readonly without?: string;
  /** Prints the header of the same name. */
  readonly header?: string;
}

const both: readonly Width[] = [64, 32];

/** Segments of a local descriptor table with code of 16 bits (its macro TEST_SEGS). The rest is as it is. */
const noSegments = 's/^#define TEST_SEGS$//';

/** test-i386 is what its Makefile calls test-x86_64 in 64 bits; test-3dnow has what no CPU has any more. */
const tests: readonly Test[] = [
  { name: 'test-i386', widths: both, without: noSegments },
  { name: 'test-i386-sse-exceptions', widths: both, options: '-msse4.1 -mfpmath=sse' },
  { name: 'test-i386-pcmpistri', widths: both, options: '-msse4.2' },
  { name: 'test-i386-bmi2', widths: both, options: '-O2' },
  { name: 'test-i386-adcox', widths: both, options: '-O2' },
  { name: 'test-i386-ssse3', widths: [64] },
  ...['f2xm1', 'fbstp', 'fisttp', 'fldcst', 'fp-exceptions', 'fpatan', 'fscale', 'fxam', 'fxtract', 'fyl2x', 'fyl2xp1', 'pseudo-denormal', 'snan-convert']
    .map((name): Test => ({ name: `test-i386-${name}`, widths: both })), // prettier-ignore
  // Its numbers are printed in hexadecimal, too: in decimal they take the C library more than 60 billion instructions.
  { name: 'test-i386-fprem', widths: both, without: 's/ (%[.]06Le)//' },
  {
    name: 'test-mmx',
    widths: [64],
    options: '-masm=intel -O -I.',
    header: 'test-mmx.py x86.csv test-mmx.h MMX SSE SSE2 SSE3 SSSE3',
  },
  {
    name: 'test-avx',
    widths: [64],
    options: '-mavx -masm=intel -O -I.',
    header: 'test-avx.py x86.csv test-avx.h',
  },
];

const inside = 'tests/tcg/i386';

export const qemu: Suite = {
  name: 'qemu',
  cases: ({ levels, widths }) => {
    const folder = join(debianSource('qemu'), inside);
    return tests.flatMap((test) =>
      widths
        .filter((width) => test.widths.includes(width))
        .flatMap((width) => levels.map((level): Case => caseOf(test, folder, level, width))),
    );
  },
};

function caseOf(
  { name, options = '', without, header }: Test,
  folder: string,
  level: Case['level'],
  width: Width,
): Case {
  const source = join(folder, `${name}.c`);
  const [script = '', table = '', output = '', ...kinds] = header?.split(' ') ?? [];
  const steps = [
    ...(header === undefined
      ? []
      : [`python3 ${join(folder, script)} ${join(folder, table)} ${output} ${kinds.join(' ')}`]),
    `sed '${without ?? ''}' ${source} > ${name}.c`,
    // musl has no headers of Linux's.
    `$CC $CFLAGS -g -fno-strict-aliasing -fno-pie -no-pie -I${folder} -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu ${options} ${name}.c -o program -lm`,
  ];
  return {
    suite: 'qemu',
    name,
    level,
    width,
    sources: [folder],
    generated: null,
    program: null,
    build: steps.join(' && '),
    run: './program',
    seconds: 300,
    excluded: '',
  };
}
