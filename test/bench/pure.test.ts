// What the benchmarks make of what they have measured.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clockOf } from '../../bench/clock.js';
import { compare } from '../../bench/comparison.js';
import { withPart } from '../../bench/document.js';
import { quantile, ratios, spread } from '../../bench/spread.js';
import type { Result } from '../../bench/result.js';
import { comparisons, markdown, shown } from '../../bench/table.js';

const root = join(__dirname, '../..');

test('quantiles lie between values in proportion', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([5], 0.99)).toBe(5);
  expect(quantile([0, 100], 0.99)).toBe(99);
  expect(spread([3, 1, 10])).toEqual({ median: 3, least: 1, most: 10 });
  expect(() => spread([])).toThrow('there are no values');
});

test('a ratio is the median of the rounds, not the ratio of the medians', () => {
  // The machine was three times as slow in the second round.
  const { toNative, toMusl } = compare('work', 's', {
    native: [1, 3, 1],
    musl: [2, 6, 2],
    mirrored: [1.1, 3.3, 1.3],
  });
  expect(toNative.median).toBeCloseTo(1.1);
  expect(toNative.most).toBeCloseTo(1.3);
  expect(toMusl.median).toBeCloseTo(0.55);
  expect(() => ratios([1], [1, 2])).toThrow('1 rounds and 2');
});

test('times that a program prints of itself', () => {
  const clock = clockOf('write 2000000000 1500000000\nsum 7\n');
  expect(clock('write')).toEqual({ wall: 2, cpu: 1.5 });
  expect(() => clock('read')).toThrow("no time of 'read'");
});

test('tables', () => {
  expect([0.5, 1.234, 45.67, 1234.5].map(shown)).toEqual(['0.500', '1.23', '45.7', '1,235']);
  const one = compare('gzip', 'CPU s', { native: [2, 2], musl: [2, 4], mirrored: [3, 3] });
  expect(markdown(comparisons([one], () => 'under 1.10'))).toBe(
    '|  | native (glibc) | native (musl) | mirrored | to glibc | to musl | published |\n' +
      '| --- | --- | --- | --- | --- | --- | --- |\n' +
      '| gzip, CPU s | 2.00 (2.00-2.00) | 3.00 (2.00-4.00) | 3.00 (3.00-3.00) | 1.500 (1.50-1.50) | 1.125 (0.75-1.50) | under 1.10 |\n',
  );
});

test('only the part of an experiment is replaced', () => {
  const document =
    'by hand\n<!-- bench a -->\nold\n<!-- /bench -->\nby hand $1\n<!-- bench b -->\n<!-- /bench -->\n';
  expect(withPart(document, 'bench b', 'costs $& and $1')).toBe(
    'by hand\n<!-- bench a -->\nold\n<!-- /bench -->\nby hand $1\n<!-- bench b -->\n\ncosts $& and $1\n<!-- /bench -->\n',
  );
  expect(() => withPart(document, 'bench c', '')).toThrow('<!-- bench c -->');
});

const names = readdirSync(join(root, 'bench/experiments')).map((name) => name.replace('.ts', ''));

test('each experiment has a part in docs/benchmarks.md, and each part an experiment', () => {
  const document = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8');
  const parts = [...document.matchAll(/^<!-- bench (\w+) -->$/gm)].map((found) => found[1]);
  expect(parts.sort()).toEqual(names.sort());
  const main = readFileSync(join(root, 'bench/main.ts'), 'utf8');
  for (const name of names) expect(main).toContain(`\n  ${name},\n`);
});

test.each(names)('the table of %s is of results that are kept', (name) => {
  const { version } = JSON.parse(readFileSync(join(root, `bench/results/${name}.json`), 'utf8')) as Result;
  expect(version).toBe(1);
  const document = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8');
  expect(document.split(`<!-- bench ${name} -->`)[1]?.split('<!-- /bench -->')[0]).toMatch(/^\| -+ \|/m);
});
