// `npm run demo`: zlib's minigzip, built native and mirrored by its own makefile, run on the same file, compared and measured.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { textInput } from './text-input.mjs';
import { cache, debianSource, quiet, root, step } from './tools.mjs';

const rounds = 5;
const inputBytes = 60_000_000;
const work = join(cache, 'demo');
mkdirSync(work, { recursive: true });

const source = debianSource('zlib');
const native = step('minigzip, native', () => build('native', { CC: 'gcc' }));
// The same libc as the mirrored program's, natively: what is left between the two is mirroring alone.
const musl = step('minigzip, native with musl', () => build('musl', { CC: 'musl-gcc -static' }));
const counts = join(work, 'counts');
rmSync(counts, { recursive: true, force: true });
mkdirSync(counts);
const mirrored = step('minigzip, mirrored (CC=mirrorcc)', () =>
  build('mirrored', { CC: join(root, 'dist/mirrorcc'), MIRROR_STATS: counts }),
);
const input = textInput(join(work, 'input'), inputBytes);

const results = { compress: [], decompress: [] };
for (let round = 0; round < rounds; round++) {
  step(`round ${round + 1} of ${rounds}`, () => {
    // Native and mirrored take turns, so that a machine that changes its speed changes both.
    results.compress.push({
      native: run(native, [], input, 'native.gz'),
      musl: run(musl, [], input, 'musl.gz'),
      mirrored: run(mirrored, [], input, 'mirrored.gz'),
    });
    results.decompress.push({
      native: run(native, ['-d'], join(work, 'native.gz'), 'native.out'),
      musl: run(musl, ['-d'], join(work, 'musl.gz'), 'musl.out'),
      mirrored: run(mirrored, ['-d'], join(work, 'mirrored.gz'), 'mirrored.out'),
    });
  });
}
const peaks = { compress: {}, decompress: {} };
for (const [side, program] of Object.entries({ native, musl, mirrored })) {
  peaks.compress[side] = await peakData(program, [], input);
  peaks.decompress[side] = await peakData(program, ['-d'], join(work, 'native.gz'));
}
const check = (args, from) => {
  const report = join(work, 'report.json');
  rmSync(report, { force: true });
  run(mirrored, args, from, 'checked.out', { MIRROR_CHECK: 'exit', MIRROR_REPORT: report });
  return JSON.parse(readFileSync(report, 'utf8'));
};
const checked = { compress: check([], input), decompress: check(['-d'], join(work, 'mirrored.gz')) };
const same = {
  compress: equal(join(work, 'native.gz'), join(work, 'mirrored.gz')),
  decompress:
    equal(join(work, 'native.out'), join(work, 'mirrored.out')) && equal(input, join(work, 'mirrored.out')),
};

const total = { native: 0, inserted: 0, sites: 0 };
for (const name of readdirSync(counts)) {
  const one = JSON.parse(readFileSync(join(counts, name), 'utf8'));
  for (const key of Object.keys(total)) total[key] += one[key];
}
print();
const wrong = Object.keys(same).filter(
  (job) => !same[job] || checked[job].bytesDiffering !== 0 || checked[job].bytesChecked === 0,
);
if (wrong.length > 0) stop(`wrong: ${wrong.join(', ')}`);
for (const [job, { musl: data, mirrored: twice }] of Object.entries(peaks))
  if (twice < 1.5 * data)
    stop(`${job}: the mirrored run has no second copy: ${twice} kB, natively ${data} kB`);

function build(name, variables) {
  const folder = join(work, name);
  rmSync(folder, { recursive: true, force: true });
  cpSync(source, folder, { recursive: true });
  const env = { ...process.env, CFLAGS: '-O2', ...variables };
  quiet('sh', ['./configure', '--static'], { cwd: folder, env });
  quiet('make', [`-j${cpus().length}`, 'minigzip'], { cwd: folder, env });
  return join(folder, 'minigzip');
}

/** Runs minigzip from file to file under GNU time; gives CPU seconds. */
function run(program, args, from, to, variables = {}) {
  const stdin = openSync(from, 'r');
  const stdout = openSync(join(work, to), 'w');
  const usage = join(work, 'usage');
  const { status } = spawnSync('/usr/bin/time', ['-o', usage, '-f', '%U %S', program, ...args], {
    stdio: [stdin, stdout, 'inherit'],
    env: { ...process.env, ...variables },
  });
  closeSync(stdin);
  closeSync(stdout);
  if (status !== 0) stop(`${program} ended with ${status}`);
  const [user = 0, system = 0] = readFileSync(usage, 'utf8').trim().split(' ').map(Number);
  return { cpu: user + system };
}

/**
 * Peak kilobytes of the memory that only this process has and has written. Looked at while it runs: for programs this small the
 * peak that wait4() gives is the one of the process before its exec.
 */
async function peakData(program, args, from) {
  const stdin = openSync(from, 'r');
  const child = spawn(program, args, { stdio: [stdin, 'ignore', 'inherit'] });
  closeSync(stdin);
  let peak = 0;
  const timer = setInterval(() => {
    let text;
    try {
      text = readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8');
    } catch {
      return; // it has just ended
    }
    peak = Math.max(peak, Number(/^Private_Dirty:\s+(\d+)/m.exec(text)?.[1] ?? 0));
  }, 10);
  const status = await new Promise((resolve) => child.on('exit', resolve));
  clearInterval(timer);
  if (status !== 0) stop(`${program} ended with ${status}`);
  return peak;
}

function stop(message) {
  process.stderr.write(`demo: ${message}\n`);
  process.exit(1);
}

function equal(a, b) {
  return readFileSync(a).equals(readFileSync(b));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function print() {
  const line = (label, ...cells) =>
    process.stdout.write(`${label.padEnd(34)}${cells.map((cell) => String(cell).padStart(15)).join('')}\n`);
  line('', 'native', 'native (musl)', 'mirrored', 'to native', 'to musl', '(min-max)');
  const mirroredCount = total.native + total.inserted;
  line(
    'instructions of zlib, minigzip',
    total.native,
    '',
    mirroredCount,
    (mirroredCount / total.native).toFixed(3),
  );
  line('instructions inserted', '', '', total.inserted);
  for (const job of ['compress', 'decompress']) {
    const pairs = results[job];
    const of = (side, key) => median(pairs.map((p) => p[side][key]));
    const ratios = (side) => pairs.map((p) => p.mirrored.cpu / p[side].cpu);
    const toMusl = ratios('musl');
    line(
      `${job}: CPU seconds`,
      ...['native', 'musl', 'mirrored'].map((side) => of(side, 'cpu').toFixed(2)),
      median(ratios('native')).toFixed(3),
      median(toMusl).toFixed(3),
      `${Math.min(...toMusl).toFixed(2)}-${Math.max(...toMusl).toFixed(2)}`,
    );
    const peak = peaks[job];
    line(
      `${job}: peak data memory, kB`,
      ...[peak.native, peak.musl, peak.mirrored],
      (peak.mirrored / peak.native).toFixed(2),
      (peak.mirrored / peak.musl).toFixed(2),
    );
    line(`${job}: bytes checked at exit`, '', '', checked[job].bytesChecked);
    line(`${job}: bytes that differ`, '', '', checked[job].bytesDiffering);
    line(`${job}: output`, '', '', same[job] ? 'identical' : 'DIFFERENT');
  }
}
