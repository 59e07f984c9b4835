// mirrorasm bisect: the search on its own, and whole builds in which a test switch makes one site wrong.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { judged, nextStep, startSearch } from '../../src/bisect.js';
import { choiceFor, readSelection } from '../../src/cli/driver/site-selection.js';

const dist = join(__dirname, '../../dist');
const mirrorcc = join(dist, 'mirrorcc');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-bisect-test-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('the search finds the first bad step, or the steps that could not be judged before it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }).chain((count) =>
        fc.record({
          count: fc.constant(count),
          culprit: fc.integer({ min: 1, max: count }),
          skipped: fc.uniqueArray(fc.integer({ min: 1, max: count })),
        }),
      ),
      ({ count, culprit, skipped }) => {
        let state = startSearch(count);
        let probes = 0;
        for (let step = nextStep(state); step !== undefined; step = nextStep(state)) {
          probes++;
          state = judged(state, step, skipped.includes(step) ? 'skip' : step >= culprit ? 'bad' : 'good');
        }
        expect(state.good).toBeLessThan(culprit);
        expect(state.bad).toBeGreaterThanOrEqual(culprit);
        for (let step = state.good + 1; step < state.bad; step++) expect(skipped).toContain(step);
        if (skipped.length === 0) {
          expect(state.bad).toBe(culprit);
          expect(probes).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
        }
      },
    ),
  );
});

test('a selection is about files by name, by text, or about all', () => {
  const choice = (sites: string) => choiceFor(readSelection(sites, undefined), 'a.c', 'a.c#12')?.ranges;
  expect(choice('3-5')).toEqual([[3, 5]]);
  expect(choice('7')).toEqual([[7, 7]]);
  expect(choice('a.c:1-2,b.c:3-4,a.c#12:9-9')).toEqual([
    [1, 2],
    [9, 9],
  ]);
  expect(choice('b.c:1-9')).toEqual([]);
  expect(choiceFor(readSelection(undefined, undefined), 'a.c', 'a.c#12')).toBeUndefined();
  expect(() => choice('a.c')).toThrow(RangeError);
});

const mainSource = `#include <stdio.h>
int table[64];
void fill(int *, int, int), mix(int *, int);
int main(void) {
  unsigned sum = 0;
  fill(table, 64, 7); mix(table, 64);
  for (int i = 0; i < 64; i++) sum = sum * 31 + table[i];
  printf("%u\\n", sum);
  return sum & 7;
}
`;
const workSource = `void fill(int *p, int n, int seed) {
  for (int i = 0; i < n; i++) { p[i] = seed; seed = seed * 1103515245 + 12345; }
}
void mix(int *p, int n) {
  for (int i = 1; i < n; i++) {
    p[i] += p[i - 1];
    p[i - 1] ^= p[i] >> 3;
  }
}
`;

beforeAll(() => {
  writeFileSync(join(work, 'main.c'), mainSource);
  writeFileSync(join(work, 'work.c'), workSource);
});

function bisect(clobber: string | undefined, ...args: string[]) {
  const env: NodeJS.ProcessEnv = { ...process.env };
  if (clobber !== undefined) env['MIRROR_CLOBBER'] = clobber;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(dist, 'mirrorasm.js'), 'bisect', ...args],
    {
      cwd: work,
      encoding: 'utf8',
      env,
    },
  );
  return { status, stdout, stderr };
}

const build = `${mirrorcc} -O1 -g main.c work.c -o program`;

describe('mirrorasm bisect', () => {
  test.each([
    { site: 1, name: 'fill', source: 'work.c:2', statement: /^movl %e\w\w, \(%r\w\w\)$/ },
    { site: 2, name: 'mix', source: 'work.c:6', statement: /^movl %e\w\w, 4\(%r\w\w\)$/ },
    { site: 3, name: 'mix', source: 'work.c:7', statement: /^movl %e\w\w, \(%r\w\w\)$/ },
  ])('finds site $site of two files', ({ site, name, source, statement }) => {
    const { status, stdout } = bisect(`work.c:${site}`, '--build', build, '--run', './program');
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`site ${site} of work\\.c$`, 'm'));
    expect(stdout).toContain(`  function  ${name}\n  source    ${source}\n`);
    expect(/assembly {2}line \d+: (.*)/.exec(stdout)?.[1]).toMatch(statement);
    expect(stdout).toMatch(/mirrored\n {4}movl\t%e\w\w, %gs:/);
  });

  test('by a script, which may skip', () => {
    const script = 'test "$(./program)" = "$(./reference)"';
    spawnSync('gcc', ['-O1', 'main.c', 'work.c', '-o', 'reference'], { cwd: work });
    const { status, stdout } = bisect('work.c:2', '--build', build, '--script', script);
    expect(status).toBe(0);
    expect(stdout).toMatch(/site 2 of work\.c$/m);
    // The third judgement is of a program in the middle: it cannot be judged.
    writeFileSync(join(work, 'turn'), '0');
    const counting = 'n=$(($(cat turn) + 1)); echo $n > turn; test $n = 3 && exit 125';
    const skipping = bisect('work.c:2', '--build', build, '--script', `${counting}; ${script}`);
    expect(skipping.status).toBe(0);
    expect(skipping.stdout).toContain(': skip\n');
    expect(skipping.stdout).toMatch(/site \d of \w+\.c$/m);
  });

  test('against an expected output', () => {
    writeFileSync(join(work, 'expected'), 'something else\n');
    const result = bisect(undefined, '--build', build, '--run', './program', '--expect', 'expected');
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('the program is bad with no site of these files mirrored');
  });

  test('says when there is nothing to find', () => {
    const { status, stderr } = bisect(undefined, '--build', build, '--run', './program');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('the program is good with every site mirrored'),
    });
  });

  test.each([
    ['true', 'the build ran no assembler'],
    ['false', 'the build fails'],
    [
      `echo "int x = $$; void f(void) { x = $$; }" > new.c && ${mirrorcc} -c new.c && ${build}`,
      'new.c is not the same in every build',
    ],
  ])('refuses the build %s', (command, message) => {
    const { status, stderr } = bisect(undefined, '--build', command, '--run', './program');
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  test('needs something to run', () => {
    expect(bisect(undefined, '--build', build).status).toBe(3);
  });
});

test('what is built with a selection does not pass for mirrored, and a wrong one is refused', () => {
  const cc = (sites: string) =>
    spawnSync(mirrorcc, [`--mirror-sites=${sites}`, 'main.c', 'work.c', '-o', 'part'], {
      cwd: work,
      encoding: 'utf8',
    });
  expect(cc('work.c:1-2').stderr).toMatch(/warning\[M026\].*not mirrored/);
  expect(cc('work.c').status).not.toBe(0);
  expect(cc('work.c').stderr).toContain('takes [FILE:]FROM-TO');
  expect(readdirSync(work)).toContain('part');
});
