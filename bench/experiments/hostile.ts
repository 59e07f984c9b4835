// Time of the whole pass on hostile input: it has to grow no faster than the input.
import { rewrite } from '../../src/rewrite.js';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { shown } from '../table.js';

const times = (part: string, size: number): string =>
  part.repeat(Math.ceil(size / part.length)).slice(0, size);
const lines = (line: (i: number) => string, size: number): string => {
  const all: string[] = [];
  for (let i = 0, length = 0; length < size; i++) {
    const text = line(i);
    all.push(text);
    length += text.length + 1;
  }
  return `${all.join('\n')}\n`;
};

/** One row an input; each is a text of about the given size. */
const inputs: Readonly<Record<string, (size: number) => string>> = {
  'one line, one word': (size) => times('a', size),
  'one line of statements': (size) => times('nop; ', size),
  'one line of operands': (size) => `movl ${times('%eax, ', size)}%eax`,
  'deep parentheses': (size) => `movl ${'('.repeat(size >> 1)}1${')'.repeat(size >> 1)}, %eax`,
  'open parentheses': (size) => `movl ${times('(', size)}`,
  'sum of many terms': (size) => `movl $${times('1+', size)}1, %eax`,
  'distinct labels': (size) => lines((i) => `label${i}:`, size),
  'numeric labels and their uses': (size) => lines((i) => `1: jne 1b; jmp 1f # ${i}`, size) + '1:\n',
  'labels on one statement': (size) => `${times('a: ', size)}nop`,
  'prefixes alone': (size) => times('lock; ', size),
  'prefixes of one instruction': (size) => `${times('rep ', size)}nop`,
  'open string': (size) => `.ascii "${times('x\\"', size)}`,
  'open comment': (size) => `/*${times('* /', size)}`,
  'comments in one line': (size) => `nop ${times('/* */', size)}`,
  'quotes and slashes': (size) => times(`'/"\\`, size),
  'equals signs': (size) => times('a=', size),
  braces: (size) => `vmovups ${times('{', size)}`,
  'bytes of every value': (size) =>
    Array.from({ length: size }, (_, i) => String.fromCharCode(1 + ((i * 7919) % 255))).join(''),
  'sections of debug information': (size) =>
    lines((i) => `\t.section\t.debug_${i},"",@progbits\n\t.byte 1${' '.repeat(i % 64)}`, size),
  'one line of debug information': (size) =>
    `\t.section\t.debug_info,"",@progbits\n\t.byte 1${times(' ', size)}`,
  stores: (size) => lines((i) => `\tmovq\t%rax, ${i}(%rdi)`, size),
  'branches to everywhere': (size) => lines((i) => `.L${i}: jne .L${(i * 7919) % (size >> 5)}`, size),
  'macro calls': (size) => `.macro m a\n\tnop\n.endm\n${times('\tm 1\n', size)}`,
  'open conditions': (size) => times('.if 1\n', size),
  'open loops': (size) => times('.rept 2\n', size),
  'nested loops': (size) => {
    const depth = Math.floor(size / 14);
    return `${'.rept 1\n'.repeat(depth)}${'.endr\n'.repeat(depth)}`;
  },
  'macro bomb, limit 16 MB': () => `.macro m\nnop\nm\nm\n.endm\nm\n`,
  'loop bomb, limit 16 MB': () => `.rept 100000\n.rept 100000\nnop\n.endr\n.endr\n`,
};

interface Found {
  readonly sizes: readonly number[];
  /** Milliseconds, by size: the best of the rounds, because what else runs on the machine is no matter of the input. */
  readonly inputs: readonly { readonly name: string; readonly best: readonly number[] }[];
}

function timeOf(text: string): number {
  const from = performance.now();
  rewrite('hostile.s', text, {
    profile: 'linux-x86_64',
    callMirror: 'site',
    abi: 'sysv',
    breakAt: 0,
    allow: [],
    expand: { readInclude: () => undefined, limit: 16 << 20 },
  });
  return performance.now() - from;
}

async function measure({ rounds, sizes, say }: Options): Promise<Found> {
  return {
    sizes,
    inputs: Object.entries(inputs).map(([name, make]) => {
      const best = sizes.map((megabytes) => {
        const text = make(megabytes << 20);
        return Math.min(...Array.from({ length: rounds }, () => timeOf(text)));
      });
      say(`${name}: ${best.map(shown).join(', ')} ms`);
      return { name, best };
    }),
  };
}

export const hostile = experiment<Found>({
  name: 'hostile',
  about: 'the pass on input made to be slow',
  rounds: 3,
  sizes: [1, 2, 4, 8],
  sizesAre: 'megabytes',
  always: false,
  tools: {},
  build: async () => undefined,
  run: measure,
  tables: ({ sizes, inputs: all }) => [
    {
      heads: ['milliseconds', ...sizes.map((megabytes) => `${megabytes} MB`), 'last to first'],
      rows: all.map(({ name, best }) => [
        name,
        ...best.map(shown),
        shown((best.at(-1) ?? NaN) / (best[0] ?? NaN)),
      ]),
    },
  ],
});
