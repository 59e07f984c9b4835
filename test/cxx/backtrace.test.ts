// gdb's view of a mirrored C++ program that runs: the whole chain, through frames of the program, the C++ library and the C library.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const mirrorcxx = join(__dirname, '../../dist/mirrorc++.js');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-backtrace-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Callee first; between them stand helpers of the libraries, whose number depends on what was inlined. */
const chain = [
  'pause',
  'Guard::~Guard',
  'Buffer::sync',
  'std::basic_ostream',
  'comparator',
  'qsort',
  'Runner::run',
  'main',
];

test.each(['-O0', '-O2', '-O3'])('the chain to main at %s', async (level) => {
  const program = join(work, `program${level}`);
  execFileSync(mirrorcxx, [level, '-g', '-w', join(__dirname, 'backtrace/backtrace.cpp'), '-o', program]);
  const child = spawn(program, [], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    const { stdout, stderr } = spawnSync(
      'gdb',
      ['-q', '-nx', '-batch', '-p', `${child.pid}`, '-ex', 'backtrace'],
      { encoding: 'utf8', timeout: 300_000 },
    );
    const frames = [...stdout.matchAll(/^#\d+ +(?:0x[0-9a-f]+ in )?([^\s(]+)/gm)].map(([, name]) => name);
    let at = 0;
    for (const name of frames) if (name?.startsWith(chain[at] ?? '\0') === true) at++;
    expect({ found: chain.slice(0, at), frames, stderr: at < chain.length ? stderr : '' }).toMatchObject({
      found: chain,
    });
    expect(frames).not.toContain('??');
  } finally {
    child.kill('SIGKILL');
  }
});
