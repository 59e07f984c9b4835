// A part of `npm run test:guest`: every kind of memory loses a page in a kernel that really takes it away, and each way of losing one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-guest-test-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('pages that Linux takes away come back', () => {
  const json = join(work, 'guest.json');
  const args = ['scripts/run-ts.mjs', 'test/guest/main.ts', '--sample', `--json=${json}`];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  console.log(stdout);
  const { good, bad, causes } = JSON.parse(readFileSync(json, 'utf8')) as {
    good: number;
    bad: string[];
    causes: string[];
  };
  expect({ bad, stderr: bad.length > 0 ? stderr : '' }).toEqual({ bad: [], stderr: '' });
  expect(good).toBeGreaterThan(100);
  expect(causes).toEqual(['-', 'BUS_MCEERR_AO', 'BUS_MCEERR_AR', 'EFAULT', 'SIGBUS']);
});
