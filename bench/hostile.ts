// Time of the whole pass on hostile input of 1, 2, 4 and 8 MB: it has to grow no faster than the input. npm run bench:hostile
import { writeFileSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/tools.mjs';
import { rewrite } from '../src/rewrite.js';

const sizes = [1, 2, 4, 8].map((megabytes) => megabytes << 20);
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

const row = (cells: readonly string[]): void => {
  process.stdout.write(
    `${(cells[0] ?? '').padEnd(32)}${cells
      .slice(1)
      .map((cell) => cell.padStart(12))
      .join('')}\n`,
  );
};
row(['milliseconds', ...sizes.map((size) => `${size >> 20} MB`), '8 MB / 1 MB']);
const results: Record<string, number[]> = {};
for (const [name, make] of Object.entries(inputs)) {
  const spent = sizes.map((size) => {
    const text = make(size);
    // The best of three: what else runs on the machine is no matter of the input.
    const rounds = [1, 2, 3].map(() => {
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
    });
    return Math.min(...rounds);
  });
  results[name] = spent;
  row([name, ...spent.map((ms) => ms.toFixed(0)), ((spent.at(-1) ?? 0) / (spent[0] ?? 1)).toFixed(1)]);
}
mkdirSync(join(root, 'bench/results'), { recursive: true });
const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, node ${process.versions.node}`;
writeFileSync(
  join(root, 'bench/results/hostile.json'),
  `${JSON.stringify({ machine, sizes, results }, null, 2)}\n`,
);
