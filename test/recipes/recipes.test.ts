// The recipes of docs/recipes.md, as they stand there: each is run in a copy of the example, and what it builds has to be mirrored.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const root = join(__dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-recipes-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const text = readFileSync(join(root, 'docs/recipes.md'), 'utf8');
const recipes = new Map(
  [...text.matchAll(/^## (.+)\n\n```sh\n([^`]+)```/gm)].map(([, name = '', script = '']) => [name, script]),
);

/** Where each recipe leaves the programs. */
const folders: Readonly<Record<string, string>> = {
  make: '.',
  autotools: 'build',
  CMake: 'build',
  'CMake with Ninja and ccache': 'build',
  Meson: 'build',
  'npm scripts': '.',
  ccache: '.',
  distcc: '.',
};

test('every recipe is tested', () => {
  expect([...recipes.keys()]).toEqual(Object.keys(folders));
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(work, 'case-'));
  cpSync(join(root, 'examples/words'), join(folder, 'words'), { recursive: true });
  folder = join(folder, 'words');
});

function build(name: string, env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', recipes.get(name) ?? 'false'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, MIRRORASM: root, CCACHE_DIR: join(folder, '../ccache'), ...env },
  });
  expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  return stdout + stderr;
}

/** Runs both programs; each has to compare a good deal of memory with its mirror and find no difference. */
function expectMirrored(inFolder: string): void {
  for (const [program, output] of [
    ['words', 'two 1\none 2\n'],
    ['words++', 'one 2\ntwo 1\n'],
  ] as const) {
    const report = join(folder, `${program}.json`);
    const run = spawnSync(join(folder, inFolder, program), ['one', 'two', 'one'], {
      encoding: 'utf8',
      env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report, MIRROR_STRICT: '1' },
    });
    expect({ program, status: run.status, stdout: run.stdout, stderr: run.stderr }).toEqual({
      program,
      status: 0,
      stdout: output,
      stderr: '',
    });
    const { bytesChecked, bytesDiffering } = JSON.parse(readFileSync(report, 'utf8')) as {
      bytesChecked: number;
      bytesDiffering: number;
    };
    expect(bytesChecked).toBeGreaterThan(4096);
    expect(bytesDiffering).toBe(0);
  }
}

test.each(Object.keys(folders).filter((name) => !/ccache|distcc/.test(name)))('%s', (name) => {
  build(name);
  expectMirrored(folders[name] ?? '');
});

/** Hits and misses of the cache in this test's folder. */
function cacheCounts() {
  const printed = execFileSync('ccache', ['--print-stats'], {
    encoding: 'utf8',
    env: { ...process.env, CCACHE_DIR: join(folder, '../ccache') },
  });
  const count = (name: string): number =>
    Number(new RegExp(`^${name}\\t(\\d+)`, 'm').exec(printed)?.[1] ?? 0);
  return {
    hits: count('direct_cache_hit') + count('preprocessed_cache_hit'),
    misses: count('cache_miss'),
    other: count('unsupported_compiler_option') + count('compile_failed') + count('internal_error'),
  };
}

test('ccache: a second build is all hits, another version of mirrorasm is none', () => {
  build('ccache');
  expectMirrored('.');
  expect(cacheCounts()).toEqual({ hits: 0, misses: 3, other: 0 });
  execFileSync('make', ['clean'], { cwd: folder });
  build('ccache');
  expectMirrored('.');
  expect(cacheCounts()).toEqual({ hits: 3, misses: 3, other: 0 });

  // The same commands with one byte more behind them and their old times: what a package manager leaves after an update.
  const other = join(folder, '../mirrorasm');
  execFileSync('mkdir', ['-p', join(other, 'dist/libexec')]);
  for (const name of ['sysroot', 'libexec/as', 'libexec/as.js', 'libexec/helper.js', 'libexec/worker.js'])
    execFileSync('ln', ['-s', join(root, 'dist', name), join(other, 'dist', name)]);
  for (const name of ['mirrorcc', 'mirrorc++', 'mirrorcc.js', 'mirrorc++.js']) {
    execFileSync('cp', ['-p', join(root, 'dist', name), join(other, 'dist', name)]);
    if (name.endsWith('.js')) continue;
    const path = join(other, 'dist', name);
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes, Buffer.from('2')]));
    execFileSync('touch', ['-r', join(root, 'dist', name), path]);
  }
  execFileSync('make', ['clean'], { cwd: folder });
  build('ccache', { MIRRORASM: other });
  expect(cacheCounts()).toEqual({ hits: 3, misses: 6, other: 0 });
});

test('ccache: options of the pass are part of what is looked for', () => {
  build('ccache');
  execFileSync('make', ['clean'], { cwd: folder });
  build('ccache', { MAKEFLAGS: 'CFLAGS=--mirror-abi=none' });
  expect(cacheCounts()).toEqual({ hits: 1, misses: 5, other: 0 });
});

test('CMake with Ninja and ccache', () => {
  build('CMake with Ninja and ccache');
  expectMirrored('build');
  expect(cacheCounts().misses).toBeGreaterThanOrEqual(3);
});

/** A port of this machine that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const result = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return result;
}

/**
 * mirrorasm as it is on a server: for a user who is not root, as distccd does not run as root, and only with what compiling a preprocessed
 * text needs.
 */
function installForServer(place: string): string {
  const dist = join(place, 'dist');
  const include = 'sysroot/x86_64-linux/include';
  mkdirSync(join(dist, include), { recursive: true });
  for (const name of ['mirrorcc', 'mirrorcc.js', 'mirrorc++', 'mirrorc++.js', 'libexec', include])
    cpSync(join(root, 'dist', name), join(dist, name), { recursive: true });
  execFileSync('chmod', ['-R', 'go+rX', work]);
  return dist;
}

test('distcc: a server on this machine compiles', async () => {
  const port = await freePort();
  const place = join(folder, '..');
  const dist = installForServer(place);
  const allowed = join(place, 'commands');
  const log = join(place, 'distccd.log');
  writeFileSync(allowed, ['mirrorcc', 'mirrorc++'].map((name) => `${join(dist, name)}\n`).join(''));
  writeFileSync(log, '');
  chmodSync(log, 0o666);
  mkdirSync(join(place, 'distcc'));
  const server = spawn(
    'distccd',
    [
      ...['--daemon', '--no-detach', '--jobs', '2', '--listen', '127.0.0.1', '--allow', '127.0.0.1'],
      ...['--port', String(port), '--log-file', log, '--log-level', 'info', '--user', 'nobody'],
    ],
    {
      env: {
        PATH: `${dist}:${process.env['PATH'] ?? ''}`,
        TMPDIR: '/tmp',
        DISTCC_CMDLIST: allowed,
        DISTCC_CMDLIST_NUMWORDS: '1',
      },
      stdio: 'ignore',
    },
  );
  const ended = once(server, 'exit');
  try {
    for (let tries = 0; !(await answers(port)) && tries < 100; tries++) await pause(100);
    build('distcc', {
      DISTCC_HOSTS: `127.0.0.1:${port}`,
      DISTCC_FALLBACK: '0',
      DISTCC_DIR: join(place, 'distcc'),
    });
    expectMirrored('.');
    expect(readFileSync(log, 'utf8').match(/COMPILE_OK/g)).toHaveLength(3);
    expect(existsSync(join(folder, 'words'))).toBe(true);
  } finally {
    server.kill('SIGTERM');
    await ended;
  }
});
