// Time of each stage on one assembly file, first call and warm, in one process; llvm-mc and GNU as on the same file beside it.
// Usage: npm run bench:stages [-- file.s]; without a file: SQLite at gcc -O2, as the round-trip tests keep it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { cache, root } from '../scripts/tools.mjs';
import { collectCode } from '../src/analyze/code.js';
import { computeLiveness } from '../src/analyze/liveness.js';
import { linuxX8664 } from '../src/profile/linux-x86_64.js';
import { emit } from '../src/emit/emit.js';
import { expand } from '../src/expand/expand.js';
import { instrument } from '../src/instrument/instrument.js';
import { parse } from '../src/parse/parse.js';

const rounds = 9;
const [path = join(cache, 'asm/sqlite3/O2/sqlite3.s')] = process.argv.slice(2);
const text = readFileSync(path, 'latin1');
const megabytes = text.length / 1e6;

const times = new Map<string, number[]>();
function timed<T>(stage: string, work: () => T): T {
  const from = performance.now();
  const result = work();
  const all = times.get(stage) ?? [];
  times.set(stage, [...all, performance.now() - from]);
  return result;
}

for (let round = 0; round < rounds; round++) {
  timed('expand', () => expand(path, text, { readInclude: () => undefined }));
  const file = timed('parse', () => parse(path, text));
  const code = timed('collectCode', () => collectCode(file, new Set()));
  const live = timed('computeLiveness', () => computeLiveness(code, 'sysv'));
  const options = {
    abi: 'sysv',
    callMirror: 'site',
    profile: linuxX8664,
    breakAt: 0,
    labelPrefix: '.Lmirror',
  } as const;
  const { edits } = timed('instrument', () => instrument(code, live, options));
  timed('emit', () => emit(file, edits));
}
const peakMegabytes = process.resourceUsage().maxRSS / 1e3;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const stages = [...times].map(([stage, [first = 0, ...warm]]) => ({
  stage,
  firstMilliseconds: first,
  warmMilliseconds: median(warm),
  warmRange: [Math.min(...warm), Math.max(...warm)],
}));

/** Other programs that read the whole file, medians of wall seconds over the same number of runs. */
function other(command: string, args: readonly string[]): { name: string; milliseconds: number } | undefined {
  const all: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    const { status, error } = spawnSync(command, [...args], { stdio: 'ignore' });
    if (error || status !== 0) return undefined;
    all.push(performance.now() - from);
  }
  return { name: [command, ...args.slice(0, -1)].join(' '), milliseconds: median(all) };
}
const others = [
  other('llvm-mc-14', ['-triple=x86_64', '-filetype=null', path]) ??
    other('llvm-mc', ['-triple=x86_64', '-filetype=null', path]),
  other('as', ['-o', '/dev/null', path]),
].filter((found) => found !== undefined);

const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, node ${process.versions.node}`;
const row = (name: string, first: number, warm: number): void => {
  const rate = (ms: number): string => `${(megabytes / (ms / 1000)).toFixed(1)} MB/s`.padStart(12);
  process.stdout.write(
    `${name.padEnd(44)}${first.toFixed(0).padStart(8)} ms${rate(first)}${warm.toFixed(0).padStart(8)} ms${rate(warm)}\n`,
  );
};
process.stdout.write(`${basename(path)}, ${megabytes.toFixed(1)} MB, ${rounds} rounds; ${machine}\n`);
process.stdout.write(`${''.padEnd(44)}${'first call'.padStart(23)}${'warm'.padStart(23)}\n`);
for (const s of stages) row(s.stage, s.firstMilliseconds, s.warmMilliseconds);
const sum = (key: 'firstMilliseconds' | 'warmMilliseconds'): number =>
  stages.reduce((all, s) => all + s[key], 0);
row('all stages', sum('firstMilliseconds'), sum('warmMilliseconds'));
process.stdout.write(`peak memory ${peakMegabytes.toFixed(0)} MB\n`);
for (const o of others) row(o.name, o.milliseconds, o.milliseconds);
if (others.length < 2) process.stdout.write('llvm-mc is not installed (Debian package llvm-14): left out\n');
mkdirSync(join(root, 'bench/results'), { recursive: true });
const report = { machine, file: basename(path), megabytes, rounds, stages, peakMegabytes, others };
writeFileSync(join(root, 'bench/results/stages.json'), `${JSON.stringify(report, null, 2)}\n`);
