// Options of `mirrorasm` that are wrong: one line says which and why, the exit code is 3, and nothing is done.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const mirrorasm = join(__dirname, '../../dist/mirrorasm.js');

test.each([
  ['', 'a command is needed'],
  ['nonsense', 'Unknown argument: nonsense'],
  ['bisect --build b --run r --timeout=soon', '--timeout is a number above 0'],
  ['bisect --build b --run r --exit-code=256', '--exit-code is a whole number from 0 to 255'],
  ['campaign --errors=0 -- p', '--errors is a whole number from 1'],
  ['campaign --jobs=1.5 -- p', '--jobs is a whole number from 1'],
  ['doctor --json=facts.json', '--json takes no value: --json=facts.json'],
  ['inject --count=none 1', '--count is a whole number from 1'],
  ['inject --rate=0 1', '--rate is a number above 0'],
  ['inject one', 'the process is a whole number from 1'],
  ['rewrite --break=one in.s', '--break is a whole number from 0'],
  ['run', 'run needs a program'],
  ['run --campaign --cases=all p', '--cases is a whole number from 1'],
  ['run --campaign --check p', '--check is not for --campaign'],
  ['run --campaign --jobs=0 p', '--jobs is a whole number from 1'],
  ['run --campaign --limit=10 p', '--limit is not for --campaign'],
  ['run --campaign --trace=10 p', '--trace needs --case in a campaign'],
  ['run --campaign=told p', '--campaign takes no value: --campaign=told'],
  ['run --case=native:1000@5 p', '--case needs --campaign'],
  ['run --cases=5 p', '--cases needs --campaign'],
  ['run --check --report=/no/such p', "--report: '/no' is not a folder"],
  ['run --env=HOME p', "--env is NAME=value, not 'HOME'"],
  ['run --limit=1e99 p', '--limit is a whole number from 0'],
  ['run --lose=line p', '--lose needs --campaign'],
  ['run --memory=-1 p', '--memory is a whole number from 1'],
  ['run --profile=/no/such p', "--profile: '/no' is not a folder"],
  ['run --report=r p', '--report needs --check or --campaign'],
  ['run --root=/no/such p', "--root: '/no/such' is not a folder"],
  ['run --seed=1 --seed=2 p', '--seed is a whole number from 0'],
  ['run --seed=x p', '--seed is a whole number from 0'],
  ['run --slice=0 p', '--slice is a whole number from 1 to 16777216'],
  ['run --trace=all p', "--trace is a number of instructions, not 'all'"],
  ['stats --top=-1 counts', '--top is a whole number from 0'],
  ['top --interval=0 1', '--interval is a number above 0'],
])('mirrorasm %s', (line, message) => {
  const { status, stdout, stderr } = spawnSync(mirrorasm, line === '' ? [] : line.split(' '), {
    encoding: 'utf8',
  });
  expect(stderr).toBe(`mirrorasm: error: ${message}\nnote: mirrorasm --help lists commands and options\n`);
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
});
