// A fixed sample of `npm run suites:emulated`, and that it tells what differs.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Workshop } from '../emulate/build.js';
import { threeWays } from './three-ways.js';

const root = join(__dirname, '../..');
const shop = new Workshop();
afterAll(() => shop.remove());

test('each 150th program of c-torture is the same natively, interpreted and compiled', () => {
  const args = [
    'scripts/run-ts.mjs',
    'test/suites/in-emulator.ts',
    '--suite=c-torture',
    '--level=-O1',
    '--every=150',
  ];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(stdout).toMatch(/^c-torture +-O1 +64 +12 +0 +0 +12 +0 +0 /m);
});

test.each([
  ['exit', 'int main(void) { return 7; }', { kind: 'same' }],
  ['signal', 'int main(void) { *(volatile int *)8 = 1; }', { kind: 'same' }],
  [
    'output',
    '#include <stdio.h>\n#include <sys/utsname.h>\nint main(void) { struct utsname u; uname(&u); puts(u.version); }',
    { kind: 'differs', message: expect.stringMatching(/^tier 1: output, line 1 \(1 differ\)\n/) },
  ],
  [
    'code',
    '#include <string.h>\n#include <sys/utsname.h>\nint main(void) { struct utsname u; uname(&u); return strlen(u.version); }',
    {
      kind: 'differs',
      message: expect.stringMatching(/^tier 1: ends with exit \d+, natively with exit \d+$/),
    },
  ],
  [
    'random',
    '#include <stdio.h>\nint main(int n, char **at) { printf("%p\\n", (void *)at); }',
    { kind: 'excluded', reason: 'differs from run to run natively' },
  ],
  [
    'lacking',
    '#include <sys/syscall.h>\n#include <unistd.h>\nint main(void) { return syscall(SYS_modify_ldt, 0, 0, 0) != 0; }',
    { kind: 'missing', name: expect.stringMatching(/^system call 154 /) },
  ],
])('%s: %s', (_, text, expected) => {
  shop.native('program', [shop.written('program.c', text)], ['-O1']);
  expect(threeWays({ run: './program', seconds: 10 }, shop.folder)).toMatchObject(expected);
});
