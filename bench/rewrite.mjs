// Wall time, CPU time, peak memory and speed of `mirrorasm rewrite` on one assembly file, as a whole process; GNU as beside it.
// Usage: node bench/rewrite.mjs [file.s] [runs]; without a file: SQLite at gcc -O2, as the round-trip tests keep it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { cache, root } from '../scripts/tools.mjs';

const [file = join(cache, 'asm/sqlite3/O2/sqlite3.s'), count = '9'] = process.argv.slice(2);
const runs = Number(count);
if (!existsSync(file)) {
  process.stderr.write(
    `bench: no ${file}: name an assembly file, or let 'npx jest test/parse/roundtrip' make it\n`,
  );
  process.exit(1);
}
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-bench-'));
const commands = {
  'mirrorasm rewrite': [
    process.execPath,
    join(root, 'dist/mirrorasm.js'),
    'rewrite',
    file,
    '-o',
    join(work, 'out.s'),
    '--abi=sysv',
  ],
  'GNU as': ['as', file, '-o', join(work, 'out.o')],
};
const measured = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
for (let run = 0; run < runs; run++)
  for (const [name, command] of Object.entries(commands)) measured[name].push(time(command));
rmSync(work, { recursive: true });

const megabytes = statSync(file).size / 1e6;
const results = Object.entries(measured).map(([name, all]) => {
  const wall = all.map((m) => m.wall).sort((a, b) => a - b);
  const median = wall[runs >> 1];
  return {
    name,
    wallSeconds: { median, least: wall[0], most: wall[runs - 1] },
    cpuSeconds: all.map((m) => m.cpu).sort((a, b) => a - b)[runs >> 1],
    peakMegabytes: Math.max(...all.map((m) => m.peak)) / 1e3,
    megabytesPerSecond: megabytes / median,
  };
});
const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, node ${process.versions.node}`;
mkdirSync(join(root, 'bench/results'), { recursive: true });
const report = { machine, file: basename(file), megabytes, runs, results };
writeFileSync(join(root, 'bench/results/rewrite.json'), `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(`${basename(file)}, ${megabytes.toFixed(1)} MB; ${runs} interleaved runs; ${machine}\n`);
for (const r of results)
  process.stdout.write(
    `${r.name.padEnd(20)} wall ${r.wallSeconds.median.toFixed(2)} s (${r.wallSeconds.least.toFixed(2)}-${r.wallSeconds.most.toFixed(2)}), ` +
      `CPU ${r.cpuSeconds.toFixed(2)} s, peak ${r.peakMegabytes.toFixed(0)} MB, ${r.megabytesPerSecond.toFixed(1)} MB/s\n`,
  );

function time(command) {
  const usage = join(work, 'usage');
  const { status, stderr } = spawnSync('/usr/bin/time', ['-o', usage, '-f', '%e %U %S %M', ...command], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
  const [wall = 0, user = 0, system = 0, peak = 0] = readFileSync(usage, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  return { wall, cpu: user + system, peak };
}
