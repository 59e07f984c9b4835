// `npm run demo`: zlib's minigzip, built native and mirrored by its own makefile, run on the same file, compared and measured.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cache, debianSource, quiet, root, step } from './tools.mjs';

const rounds = 5;
const inputBytes = 60_000_000;
const work = join(cache, 'demo');
mkdirSync(work, { recursive: true });

const source = debianSource('zlib');
const native = step('minigzip, native', () => build('native', { CC: 'gcc' }));
const counts = join(work, 'counts');
rmSync(counts, { recursive: true, force: true });
mkdirSync(counts);
const mirrored = step('minigzip, mirrored (CC=mirrorcc)', () =>
  build('mirrored', { CC: join(root, 'dist/mirrorcc.js'), MIRROR_STATS: counts }),
);
const input = join(work, 'input');
if (!existsSync(input) || statSync(input).size !== inputBytes)
  step(`input of ${inputBytes / 1e6} MB`, () => makeInput(input));

const results = { compress: [], decompress: [] };
for (let round = 0; round < rounds; round++) {
  step(`round ${round + 1} of ${rounds}`, () => {
    // Native and mirrored take turns, so that a machine that changes its speed changes both.
    results.compress.push({
      native: run(native, [], input, 'native.gz'),
      mirrored: run(mirrored, [], input, 'mirrored.gz'),
    });
    results.decompress.push({
      native: run(native, ['-d'], join(work, 'native.gz'), 'native.out'),
      mirrored: run(mirrored, ['-d'], join(work, 'mirrored.gz'), 'mirrored.out'),
    });
  });
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
if (wrong.length > 0) {
  process.stderr.write(`demo: wrong: ${wrong.join(', ')}\n`);
  process.exit(1);
}

function build(name, variables) {
  const folder = join(work, name);
  rmSync(folder, { recursive: true, force: true });
  cpSync(source, folder, { recursive: true });
  const env = { ...process.env, CFLAGS: '-O2', ...variables };
  quiet('sh', ['./configure', '--static'], { cwd: folder, env });
  quiet('make', [`-j${cpus().length}`, 'minigzip'], { cwd: folder, env });
  return join(folder, 'minigzip');
}

/** Text-like data from a fixed seed: words of a small vocabulary among random digits; compresses about 3 times. */
function makeInput(path) {
  let state = 0x2545f491;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const words = Array.from({ length: 4000 }, () => {
    let word = '';
    for (let n = 3 + (random() % 8); n > 0; n--) word += String.fromCharCode(97 + (random() % 26));
    return word;
  });
  const file = openSync(path, 'w');
  let left = inputBytes;
  while (left > 0) {
    let text = '';
    while (text.length < 1 << 16)
      text += `${words[Math.floor(words.length * (random() / 2 ** 32) ** 2)]} ${random() % 4 === 0 ? random() : ''} `;
    left -= writeSync(file, text.slice(0, Math.min(left, text.length)));
  }
  closeSync(file);
}

/** Runs minigzip from file to file under GNU time; gives CPU seconds, wall seconds and peak kilobytes. */
function run(program, args, from, to, variables = {}) {
  const stdin = openSync(from, 'r');
  const stdout = openSync(join(work, to), 'w');
  const usage = join(work, 'usage');
  const { status } = spawnSync('/usr/bin/time', ['-o', usage, '-f', '%U %S %e %M', program, ...args], {
    stdio: [stdin, stdout, 'inherit'],
    env: { ...process.env, ...variables },
  });
  closeSync(stdin);
  closeSync(stdout);
  if (status !== 0) {
    process.stderr.write(`demo: ${program} ended with ${status}\n`);
    process.exit(1);
  }
  const [user = 0, system = 0, wall = 0, peak = 0] = readFileSync(usage, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  return { cpu: user + system, wall, peak };
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
    process.stdout.write(`${label.padEnd(34)}${cells.map((cell) => String(cell).padStart(14)).join('')}\n`);
  line('', 'native', 'mirrored', 'ratio', '(min-max)');
  line(
    'instructions (zlib and minigzip)',
    total.native,
    total.native + total.inserted,
    (1 + total.inserted / total.native).toFixed(3),
  );
  for (const job of ['compress', 'decompress']) {
    const pairs = results[job];
    const ratios = pairs.map((p) => p.mirrored.cpu / p.native.cpu);
    const of = (side, key) => median(pairs.map((p) => p[side][key]));
    line(
      `${job}: CPU seconds`,
      of('native', 'cpu').toFixed(2),
      of('mirrored', 'cpu').toFixed(2),
      median(ratios).toFixed(3),
      `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
    );
    line(`${job}: peak memory, kB`, of('native', 'peak'), of('mirrored', 'peak'));
    line(`${job}: bytes checked at exit`, '', checked[job].bytesChecked);
    line(`${job}: bytes that differ`, '', checked[job].bytesDiffering);
    line(`${job}: output`, '', same[job] ? 'identical' : 'DIFFERENT');
  }
}
