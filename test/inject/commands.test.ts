// mirrorasm inject, campaign and top on real processes.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dist = join(__dirname, '../../dist');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-inject-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function build(size: string, name: string, env: NodeJS.ProcessEnv = {}): string {
  const program = join(work, name);
  const source = join(__dirname, 'programs/work.c');
  execFileSync(join(dist, 'mirrorcc.js'), [size, '-O2', source, '-o', program], {
    env: { ...process.env, ...env },
  });
  return program;
}
function mirrorasm(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(dist, 'mirrorasm.js'), ...args], {
    encoding: 'utf8',
    timeout: 200_000,
  });
  return { status, stdout, stderr };
}

test.each(['-m64', '-m32'])('a campaign, %s: all is recovered, parts can be merged', (size) => {
  const program = build(size, `work${size}`);
  const files = [join(work, `a${size}.json`), join(work, `b${size}.json`)];
  for (const [i, file] of files.entries()) {
    const seeds = `--seeds=${i * 4 + 1}-${i * 4 + 4}`;
    const { status, stderr } = mirrorasm('campaign', seeds, '--errors=4', `--json=${file}`, '--', program);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
  const { status, stdout } = mirrorasm('campaign', '--merge', ...files, `--json=${join(work, 'all.json')}`);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^all {2,}8 +\d+ +[5-8] +\d +\d +0 +0 +0\n\d+ pages lost, \d+ rebuilt\n$/m);
  const { runs } = JSON.parse(readFileSync(join(work, 'all.json'), 'utf8'));
  expect(runs.map(({ seed }: { seed: number }) => seed)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a campaign on a program whose stores are not mirrored fails, and says how to repeat it', () => {
  const program = build('-m64', 'unmirrored', { MIRROR_SITES: 'work.c:1-1' });
  const { status, stdout } = mirrorasm(
    'campaign',
    '--seeds=1-3',
    '--errors=4',
    '--copy=native',
    '--kind=data',
    '--kind=heap',
    '--',
    program,
  );
  expect(status).toBe(1);
  expect(stdout).toMatch(/\nseed \d: (wrong output|crashed); lost: native (data|heap) 0x[0-9a-f]+ at \d+ ms/);
  expect(stdout).toMatch(
    / {2}mirrorasm campaign --seeds=(\d)-\1 --errors=4 --kind=data --kind=heap --copy=native -- \S+\/unmirrored\n/,
  );
});

test('errors in a program that is launched: its output and exit code are as without', () => {
  const program = build('-m64', 'launched');
  const clean = spawnSync(program, { encoding: 'utf8' });
  const { status, stdout, stderr } = mirrorasm('inject', '--rate=100', '--', program);
  expect({ status, stdout }).toEqual({ status: clean.status, stdout: clean.stdout });
  expect(Number(/^mirrorasm: (\d+) pages were lost$/m.exec(stderr)?.[1])).toBeGreaterThan(0);
  expect(stderr).toMatch(
    /^mirrorasm: \S+Z .* was lost and is recovered from (its mirror|memory) in \d+ us$/m,
  );
});

test('errors in a process, its counters, and processes that are none of ours', async () => {
  const program = build('-m64', 'process');
  const child = spawn(program, { stdio: 'ignore' });
  const ended = once(child, 'close');
  const { pid } = child;
  await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGSTOP'); // so that it is there still
  const top = mirrorasm('top', String(pid), '--once');
  expect(top).toMatchObject({ status: 0, stderr: '' });
  expect(top.stdout).toMatch(
    new RegExp(
      `Z process ${pid}: 0 pages recovered, 0 not; 0 system calls done again, 0 not; compared 0 times, 0 bytes differ; KiB mapped: data \\d+, stack \\d+`,
    ),
  );
  child.kill('SIGCONT');
  expect(await ended).toEqual([0, null]);
  expect(mirrorasm('top', String(pid), '--once')).toMatchObject({ status: 2 });
  expect(mirrorasm('inject', String(process.pid))).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      / is no static program that mirrorcc linked, or its symbols are stripped\n$/,
    ),
  });
  expect(mirrorasm('inject')).toMatchObject({ status: 3 });
});

test('a campaign on a program that is none of ours is no success', () => {
  expect(mirrorasm('campaign', '--seeds=1-2', '--', '/bin/true')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^mirrorasm: error: no run met an error: /),
  });
});
