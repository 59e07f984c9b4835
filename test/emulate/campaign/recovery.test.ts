// Fault campaigns with recovery by the program: Linux refuses the lost page, and the runtime's own code brings it back.
import { readFileSync } from 'node:fs';
import { runtimeMap } from '../../../src/emulate/check/runtime-map.js';
import { Machine, parseCase, runCampaign, Terminal } from '../../../src/emulate/index.js';
import type { CampaignOptions, CampaignResult } from '../../../src/emulate/index.js';
import { Runner } from '../../../src/emulate/campaign/runner.js';
import { Sample } from '../../../src/emulate/campaign/sample.js';
import { traceRun } from '../../../src/emulate/campaign/trace.js';
import type { FaultCase } from '../../../src/emulate/campaign/trace.js';
import { Workshop } from '../build.js';

const shop = new Workshop();
afterAll(() => shop.remove());

function options(program: string, more: Partial<CampaignOptions> = {}): CampaignOptions {
  const file = readFileSync(program);
  return {
    load: (io) => new Machine(file, { args: ['program'], io }),
    input: () => Buffer.from('some input\n'),
    cases: 300,
    seed: 1,
    recovery: 'program',
    ...more,
  };
}

// Integers, doubles, blocks of memory, atomics, recursion.
const source = `#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
long cells[600];
double points[40];
_Atomic long total;
char text[300];
static long sum(int n) { return n ? n + sum(n - 1) : 0; }
int main(void) {
  for (int i = 0; i < 20; i++) cells[i * 13] += i, points[i] = i * 0.5, total += cells[i * 7];
  memcpy(text + 3, cells, 200);
  memset(text + 100, 7, 90);
  long expected = total;
  atomic_compare_exchange_strong(&total, &expected, sum(9) + text[17]);
  return (int)(total + points[7]) & 63;
}
`;
// An 80-bit store is copied to the mirror behind it (docs/architecture.md).
const precise = `long double value;
int main(void) { value = *(volatile long double *)&value + 3; return (int)value; }
`;

let program = '';
let result: CampaignResult;
beforeAll(() => {
  program = shop.mirrored('mixed', [shop.written('mixed.c', source)], ['-O2', '-g']);
  result = runCampaign(options(program));
});

/** Within the runtime the stack's second copy is not there yet: such cases are the runtime's. */
const inProgram = (c: { readonly class: string }): boolean =>
  c.class !== 'runtime' && !c.class.startsWith('system call');

test('every page that the program touches is recovered at every instruction', () => {
  expect(result.executed).toBe(300);
  expect(result.failed.filter(inProgram)).toEqual([]);
  const rows = result.classes.filter(inProgram);
  expect(rows.map((c) => c.class)).toEqual(expect.arrayContaining(['mov', 'push', 'call', 'ret', 'movsd']));
  for (const row of rows) expect(row.outcomes.same).toBe(row.classes);
  expect(result.candidates).toBe(result.rows.reduce((all, row) => all + row.classes - row.untouched, 0));
});

test('classes and cases are those of ideal recovery', () => {
  const ideal = runCampaign(options(program, { recovery: 'ideal', cases: 1 }));
  const counts = (r: CampaignResult): unknown =>
    r.rows.map((row) => [row.lost, row.memory, row.cases, row.classes, row.equal]);
  expect(counts(result)).toEqual(counts(ideal));
});

test('a case goes on as the clean run exactly where it does so to the end, with one page recovered', () => {
  const terminal = new Terminal(options(program).input);
  const machine = options(program).load(new Terminal(options(program).input));
  const map = runtimeMap(machine.elf, machine.start.bias);
  const pick = new Sample<FaultCase>(60, 7);
  const clean = traceRun(machine, map, (fault) => {
    if (fault.class !== 'nothing') pick.add(fault);
  });
  const runner = new Runner(options(program).load(terminal), terminal, map, clean, 'program');
  for (const f of pick.kept.sort((a, b) => a.at - b.at)) {
    const id = `${f.lost}:${(f.page * 4096).toString(16)}@${f.at}`;
    const done = runner.execute(parseCase(id), true);
    expect([id, runner.execute(parseCase(id)).outcome]).toEqual([id, done.outcome]);
    if (inProgram(f)) expect([id, done.recovered]).toEqual([id, 1]);
  }
});

test('a page lost long before it is touched comes to the same', () => {
  const machine = options(program).load(new Terminal(options(program).input));
  const map = runtimeMap(machine.elf, machine.start.bias);
  const pick = new Sample<FaultCase>(12, 3);
  const clean = traceRun(machine, map, (fault) => {
    if (fault.class !== 'nothing' && inProgram(fault)) pick.add(fault);
  });
  for (const f of pick.kept) {
    const terminal = new Terminal(options(program).input);
    const own = options(program).load(terminal);
    own.run(f.at - Math.floor(f.boundaries / 2.5));
    expect(own.memory.lose(f.lost === 'native' ? f.page : f.page - clean.distance / 4096)).toBe(true);
    expect(own.run(5_000_000)).toEqual({ kind: 'exit', code: expect.any(Number) });
    expect(terminal.written(2).toString()).toBe('');
  }
});

test('a value that the mirror does not have yet is lost', () => {
  const program = shop.mirrored('precise', [shop.written('precise.c', precise)], ['-O2']);
  const { failed } = runCampaign(options(program));
  expect(failed.filter(inProgram).map((f) => [f.lost, f.memory])).toContainEqual(['native', 'data']);
});

test('a program that asks for memory later is recovered to the end', () => {
  const path = shop.written(
    'grows.c',
    `#define _GNU_SOURCE
#include <sys/mman.h>
int main(void) {
  char *a = mmap(0, 3 * 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  a[5000] = 7;
  char *b = mremap(a, 3 * 4096, 9 * 4096, MREMAP_MAYMOVE);
  if (b == MAP_FAILED) return 1;
  b[8 * 4096] = b[5000];
  return b[8 * 4096];
}
`,
  );
  const { failed } = runCampaign(options(shop.mirrored('grows', [path], ['-O2']), { cases: 100 }));
  expect(failed.filter(inProgram)).toEqual([]);
});
