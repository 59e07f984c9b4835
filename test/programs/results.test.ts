// The table of docs/compatibility.md: what is made of results, and those that are there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { about, ratio, table } from './results.js';
import type { Result } from './results.js';

const one: Result = {
  version: 1,
  machine: { processor: 'A', cores: 2, linux: '6', gcc: '12', node: '20', load: 1.5 },
  date: '2026-01-02',
  rounds: 3,
  program: 'gzip',
  release: '1.12',
  width: 64,
  lines: 56628,
  passed: { native: 26, mirrored: 26 },
  check: { reports: 3, bytesChecked: 1234567, bytesDiffering: 0, differences: [], escapes: [] },
  watched: null,
  time: [1.2, 1.1, 1.3],
  memory: [2],
};

test('a ratio is the median with what lies around it', () => {
  expect([[], [2], [1.2, 1.1, 1.3]].map(ratio)).toEqual(['', '2.00', '1.20 (1.10-1.30)']);
});

test('columns without anything in them are left out', () => {
  expect(table([one])).toBe(
    '| program | bits | lines of C | tests passed natively | mirrored | processes | bytes checked | differ | CPU time | memory |\n' +
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n' +
      '| gzip 1.12 | 64 | 56,628 | 26 | 26 | 3 | 1,234,567 | 0 | 1.20 (1.10-1.30) | 2.00 |\n',
  );
  const watched = { ...one, watched: { checks: 4, bytesChecked: 5, bytesDiffering: 0 } };
  const escaping = { ...one, check: { ...one.check, escapes: ['syscall a', 'syscall b'] } };
  const rows = table([watched, escaping]).split('\n').slice(2, 4);
  expect(rows).toEqual([
    '| gzip 1.12 | 64 | 56,628 | 26 | 26 | 3 | 1,234,567 | 0 |  | 4 | 5 | 0 | 1.20 (1.10-1.30) | 2.00 |',
    '| gzip 1.12 | 64 | 56,628 | 26 | 26 | 3 | 1,234,567 | 0 | syscall a, syscall b |  |  |  | 1.20 (1.10-1.30) | 2.00 |',
  ]);
});

test('each machine is named with what was run on it, and whether it was busy', () => {
  expect(about([one, one])).toBe(
    'A, 2 cores, Linux 6, gcc 12; 2026-01-02; rounds: 3; load average before: 1.5.\n',
  );
  const other = { ...one, date: '2026-01-03', machine: { ...one.machine, processor: 'B', load: 10.5 } };
  expect(about([one, other, { ...other, rounds: 1, machine: { ...other.machine, load: 9 } }])).toBe(
    'A, 2 cores, Linux 6, gcc 12 (1 of 3 rows); 2026-01-02; rounds: 3; load average before: 1.5.\n\n' +
      'B, 2 cores, Linux 6, gcc 12 (2 of 3 rows); 2026-01-03; rounds: 1 to 3; load average before: 9 to 10.5' +
      ' (a busy machine: ratios of time say little).\n',
  );
});

const folder = join(__dirname, 'results');
const document = readFileSync(join(__dirname, '../../docs/compatibility.md'), 'utf8');

test.each(existsSync(folder) ? readdirSync(folder) : [])(
  '%s: nothing differs, and the table has it',
  (name) => {
    const result = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result;
    expect(name).toMatch(new RegExp(`^${result.program}-${result.width}(-glibc)?\\.json$`));
    expect(result.passed.mirrored).toBe(result.passed.native);
    expect(result.passed.native).toBeGreaterThan(0);
    expect(result.check.bytesChecked).toBeGreaterThan(0);
    expect([result.check.bytesDiffering, result.watched?.bytesDiffering ?? 0]).toEqual([0, 0]);
    const part = `<!-- corpus ${name.includes('-glibc') ? 'glibc' : 'musl'} -->`;
    const shown = document.slice(
      document.indexOf(part),
      document.indexOf('<!-- /corpus -->', document.indexOf(part)),
    );
    const cells = (line: string): string[] => line.split('|').map((cell) => cell.trim());
    const row = cells(table([result]).split('\n')[2]!).filter((cell) => cell !== '');
    expect(shown.split('\n').map((line) => cells(line).filter((cell) => cell !== ''))).toContainEqual(row);
  },
);
