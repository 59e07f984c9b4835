// gdb's view of a mirrored C++ program that runs: the whole chain, through frames of the program, the C++ library and the C library.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const mirrorcxx = join(__dirname, '../../dist/mirrorc++');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-backtrace-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Callee first; between them stand helpers of the libraries, whose number depends on what was inlined. */
const throughLibraries = [
  'pause',
  'Guard::~Guard',
  'Buffer::sync',
  'std::basic_ostream',
  'comparator',
  'qsort',
  'Runner::run',
  'main',
];
const throughHandlers = ['pause', 'last', '<signal', 'raise', '<signal', 'raise', 'work'];

/** Source, arguments, what gdb has to see. */
const programs: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['backtrace', [], throughLibraries],
  ['handler', [], [...throughHandlers, 'main']],
  ['handler', ['thread'], [...throughHandlers, 'body', 'start']],
];
const cases = programs.flatMap(([name, args, chain]) =>
  ['-O0', '-O2', '-O3', '-O0 -m32', '-O2 -m32'].map((line) => [name, args, line, chain] as const),
);

test.each(cases)('%s %j at %s: the whole chain', async (name, args, line, chain) => {
  const program = join(work, `${name}${line.replace(' ', '')}`);
  const options = [...line.split(' '), '-g', '-w'];
  execFileSync(mirrorcxx, [...options, join(__dirname, `backtrace/${name}.cpp`), '-o', program]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    const { stdout, stderr } = spawnSync(
      'gdb',
      ['-q', '-nx', '-batch', '-p', `${child.pid}`, '-ex', 'thread apply all backtrace'],
      { encoding: 'utf8', timeout: 300_000 },
    );
    const frames = [...stdout.matchAll(/^#\d+ +(?:0x[0-9a-f]+ in )?([^\s(]+)/gm)].map(([, name]) => name);
    let at = 0;
    for (const name of frames) if (name?.startsWith(chain[at] ?? '\0') === true) at++;
    expect({ found: chain.slice(0, at), frames, stderr: at < chain.length ? stderr : '' }).toMatchObject({
      found: chain,
    });
    // Below a thread's start the C library has no unwind information.
    const end = frames.findIndex((name) => name === chain.at(-1));
    expect(frames.slice(0, end)).not.toContain('??');
  } finally {
    child.kill('SIGKILL');
  }
});
