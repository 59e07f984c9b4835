// What mirroring costs when programs are built: whole-project builds of redis and SQLite and one tiny file, natively and mirrored in turn.
// Usage: npm run bench:compile [-- ROUNDS]. CPU time counts the helper's, which no parent process does.
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianSource, root } from '../scripts/tools.mjs';

const rounds = Number(process.argv[2] ?? '3');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-compile-'));
const compilers = { native: 'gcc', mirrored: join(root, 'dist/mirrorcc') };

const sqlite = (() => {
  const source = debianSource('sqlite3');
  const folder = join(work, 'sqlite-source');
  cpSync(source, folder, { recursive: true });
  execFileSync('sh', ['-c', './configure && make sqlite3.c'], { cwd: folder, stdio: 'ignore' });
  return folder;
})();

/** Each builds in an empty folder; `$CC` is the compiler. */
const builds = {
  'redis, make -j2': `cp -r ${debianSource('redis')}/. . && make -j2 CC="$CC" MALLOC=libc redis-server redis-cli redis-benchmark`,
  'SQLite and speedtest1, make -j2 -O2': `printf 'speedtest1: sqlite3.o speedtest1.o\\n\\t$(CC) $^ -o $@ -lm\\n%%.o: %%.c\\n\\t$(CC) -O2 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -c $<\\n' > Makefile; cp ${sqlite}/sqlite3.[ch] ${sqlite}/test/speedtest1.c . && make -j2 CC="$CC"`,
  'a tiny file, 20 times': `echo 'int cell; int f(int n) { return cell = n; }' > t.c; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "$CC" -O2 -c t.c || exit; done`,
};

/** CPU seconds of the helpers whose sockets are in `runtime`, by process. */
function helperSeconds(runtime, seen) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${runtime}/mirrorasm/`)) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      // utime and stime are fields 14 and 15, in hundredths of a second (proc(5)).
      seen.set(pid, (Number(fields[11]) + Number(fields[12])) / 100);
    } catch {
      // It has ended; what it used is known from the last look.
    }
}

async function time(script, compiler) {
  const folder = mkdtempSync(join(work, 'build-'));
  const runtime = mkdtempSync(join(work, 'runtime-'));
  const usage = join(runtime, 'usage');
  const seen = new Map();
  const look = setInterval(() => helperSeconds(runtime, seen), 250);
  const child = spawn('/usr/bin/time', ['-o', usage, '-f', '%e %U %S', 'sh', '-c', script], {
    cwd: folder,
    env: { ...process.env, CC: compiler, XDG_RUNTIME_DIR: runtime },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let messages = '';
  child.stderr.on('data', (data) => (messages += data));
  const [code] = await once(child, 'exit');
  clearInterval(look);
  helperSeconds(runtime, seen);
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${messages.slice(-2000)}`);
  const [wall = 0, user = 0, system = 0] = readFileSync(usage, 'utf8').trim().split(' ').map(Number);
  rmSync(folder, { recursive: true });
  const helper = [...seen.values()].reduce((sum, seconds) => sum + seconds, 0);
  return { wall, cpu: user + system + helper, helper };
}

const spread = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const median = (sorted[half] + sorted[sorted.length - 1 - half]) / 2;
  return { median, least: sorted[0], most: sorted.at(-1) };
};

const results = [];
for (const [name, script] of Object.entries(builds)) {
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    const native = await time(script, compilers.native);
    const mirrored = await time(script, compilers.mirrored);
    pairs.push({ native, mirrored });
  }
  const result = {
    name,
    rounds,
    native: {
      wallSeconds: spread(pairs.map(({ native }) => native.wall)),
      cpuSeconds: spread(pairs.map(({ native }) => native.cpu)),
    },
    mirrored: {
      wallSeconds: spread(pairs.map(({ mirrored }) => mirrored.wall)),
      cpuSeconds: spread(pairs.map(({ mirrored }) => mirrored.cpu)),
      helperCpuSeconds: spread(pairs.map(({ mirrored }) => mirrored.helper)),
    },
    wallRatio: spread(pairs.map(({ native, mirrored }) => mirrored.wall / native.wall)),
    cpuRatio: spread(pairs.map(({ native, mirrored }) => mirrored.cpu / native.cpu)),
  };
  results.push(result);
  const shown = ({ median, least, most }, digits) =>
    `${median.toFixed(digits)} (${least.toFixed(digits)}-${most.toFixed(digits)})`;
  process.stdout.write(
    `${name}: wall ${shown(result.wallRatio, 3)}, CPU ${shown(result.cpuRatio, 3)}; ` +
      `CPU s native ${shown(result.native.cpuSeconds, 2)}, mirrored ${shown(result.mirrored.cpuSeconds, 2)}, ` +
      `of which helper ${shown(result.mirrored.helperCpuSeconds, 2)}\n`,
  );
}
rmSync(work, { recursive: true });
const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, node ${process.versions.node}`;
mkdirSync(join(root, 'bench/results'), { recursive: true });
writeFileSync(join(root, 'bench/results/compile.json'), `${JSON.stringify({ machine, results }, null, 2)}\n`);
