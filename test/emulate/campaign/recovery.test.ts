// Fault campaigns with recovery by the program: Linux refuses the lost page, and the runtime's own code brings it back.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeMap } from '../../../src/emulate/check/runtime-map.js';
import type { RuntimeMap } from '../../../src/emulate/check/runtime-map.js';
import { Machine, parseCase, runCampaign, runCase, Terminal } from '../../../src/emulate/index.js';
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
    lose: 'page',
    notice: 'touched',
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
let program = '';
let result: CampaignResult;
beforeAll(() => {
  program = shop.mirrored('mixed', [shop.written('mixed.c', source)], ['-O2', '-g']);
  result = runCampaign(options(program));
});

const mapOf = (machine: Machine): RuntimeMap => runtimeMap(machine.elf, machine.start.bias);

test('every page that the program touches is recovered at every instruction', () => {
  expect(result.executed).toBe(300);
  expect(result.failed).toEqual([]);
  const touched = ['mov', 'push', 'call', 'ret', 'movsd', 'runtime'];
  expect(result.classes.map((c) => c.class)).toEqual(expect.arrayContaining(touched));
  for (const row of result.classes) expect(row.outcomes.same).toBe(row.classes);
  expect(result.candidates).toBe(result.rows.reduce((all, row) => all + row.classes - row.untouched, 0));
});

// What the kernel alone has written, and the frame of a signal that is not copied yet, have one copy; so has a frame that the kernel reads just then.
test('in system calls a page is recovered, or the runtime says that it is lost', () => {
  const calls = shop.mirrored('calls', [join(__dirname, '../programs/calls.c')], ['-O2', '-g']);
  const { classes, failed } = runCampaign(options(calls, { cases: 400 }));
  expect(failed.filter((f) => f.class !== 'system call rt_sigreturn')).toEqual([]);
  const told = classes.filter((row) => row.outcomes.told > 0).map((row) => row.class);
  expect(told.filter((c) => !c.startsWith('system call'))).toEqual(['runtime']);
  const runtime = classes.find((row) => row.class === 'runtime')!;
  expect(runtime.outcomes.same).toBeGreaterThan(runtime.outcomes.told);
});

// Where struct frame has them (runtime/x86_64/arch.h, limits.h): how far the call has come, 2: to its end; its number.
const DONE = 0;
const NUMBER = 104;
const MMAP = 9;
const RT_SIGACTION = 13;
const FRAMES = [MMAP, RT_SIGACTION];

/** Loses pages in the middle of system calls; what became of each, by the call's number. */
function losses(where: 'written' | 'frame'): ReadonlyMap<number, readonly string[]> {
  const calls = shop.mirrored('calls', [join(__dirname, '../programs/calls.c')], ['-O2', '-g']);
  const campaign = options(calls);
  const machine = campaign.load(new Terminal(campaign.input));
  const { memory } = machine;
  const kernelIsDone =
    machine.start.bias + machine.elf.symbols.find(({ name }) => name === 'mr_native_done')!.address;
  const map = mapOf(machine);
  const { mirror } = traceRun(campaign.load(new Terminal(campaign.input)), map, 'page', () => undefined);
  const { distance } = mirror;
  const outcomes = new Map<number, string[]>();
  const seen = new Set<string>();
  for (let result = machine.step(); result.kind === 'limit'; result = machine.step()) {
    const { r15 = 0n, rdi = 0n, rsi = 0n } = machine.registers();
    const frame = Number(r15);
    const field = (at: number): number => memory.read32(frame + at, Math.floor((frame + at) / 2 ** 32));
    const inRuntime = map.code.some(({ lo, hi }) => machine.rip >= lo && machine.rip < hi);
    if (!inRuntime || !memory.isPresent(frame) || !memory.isPresent(frame - distance)) continue;
    const number = field(NUMBER);
    const id = `${number} ${field(DONE)}`;
    const now =
      where === 'written' ? machine.rip === kernelIsDone : FRAMES.includes(number) && field(DONE) === 2;
    if (!now || (where === 'frame' && seen.has(id))) continue;
    seen.add(id);
    const pointers = where === 'written' ? [rdi, rsi] : [r15];
    for (const page of new Set(pointers.map((pointer) => Number(pointer >> 12n) * 4096))) {
      if (!memory.isPresent(page) || !memory.isPresent(page - distance)) continue;
      const { outcome } = runCase(campaign, `native:${page.toString(16)}@${machine.executed}`);
      outcomes.set(number, [...(outcomes.get(number) ?? []), outcome]);
    }
  }
  return outcomes;
}

// It has no mirror yet. Calls that only tell are done again (mr_met in runtime/retry.c); `read` and `pipe2` have taken something.
test('a page that the kernel has just written is written again, or the runtime says that it is lost', () => {
  const became = losses('written');
  const [read, fstat, pipe2, clock] = [0, 5, 22, 228].map((number) => became.get(number));
  expect({ read, fstat, pipe2, clock }).toEqual({
    read: ['told'],
    fstat: ['same'],
    pipe2: ['told'],
    clock: ['same'],
  });
});

test('a call whose frame is lost when it is done is not done twice', () => {
  expect(losses('frame')).toEqual(new Map(FRAMES.map((number) => [number, ['same']])));
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
  const clean = traceRun(machine, map, 'page', (fault) => {
    if (fault.class !== 'nothing') pick.add(fault);
  });
  const runner = new Runner(options(program).load(terminal), terminal, map, clean, {
    recovery: 'program',
    lose: 'page',
    notice: 'touched',
  });
  for (const f of pick.kept.sort((a, b) => a.at - b.at)) {
    const id = `${f.lost}:${(f.page * 4096).toString(16)}@${f.at}`;
    const done = runner.execute(parseCase('page', id), () => undefined);
    expect([id, runner.execute(parseCase('page', id)).outcome]).toEqual([id, done.outcome]);
    expect([id, done.recovered]).toEqual([id, 1]);
  }
});

test('a page lost long before it is touched comes to the same', () => {
  const machine = options(program).load(new Terminal(options(program).input));
  const map = runtimeMap(machine.elf, machine.start.bias);
  const pick = new Sample<FaultCase>(12, 3);
  const clean = traceRun(machine, map, 'page', (fault) => {
    if (fault.class !== 'nothing') pick.add(fault);
  });
  for (const f of pick.kept) {
    const terminal = new Terminal(options(program).input);
    const own = options(program).load(terminal);
    own.run(f.at - Math.floor(f.boundaries / 2.5));
    expect(own.memory.lose(f.lost === 'native' ? f.page : f.page - clean.mirror.distance / 4096)).toBe(true);
    expect(own.run(5_000_000)).toEqual({ kind: 'exit', code: expect.any(Number) });
    expect(terminal.written(2).toString()).toMatch(/^mirrorasm: .* is recovered from .*\n$/);
  }
});

test('a mirror store left out is a page that comes back with an old value', () => {
  const source = 'int cell;\nint main(void) { *(volatile int *)&cell = 7; return *(volatile int *)&cell; }\n';
  const build = (name: string, environment: Readonly<Record<string, string>>): string =>
    shop.mirrored(name, [shop.written('broken.c', source)], ['-O2'], environment);
  // All classes: a sample's seed would have to be chosen anew whenever the runtime has other instructions.
  const { failed } = runCampaign(options(build('broken', { MIRROR_BREAK: '1' }), { cases: 3000 }));
  expect(failed).toContainEqual(
    expect.objectContaining({ lost: 'native', memory: 'data', class: 'mov', text: 'exit code 0' }),
  );
  expect(runCampaign(options(build('whole', {}), { cases: 3000 })).failed).toEqual([]);
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
  expect(failed).toEqual([]);
});

test('lines are counted by the line, and their loss is recovered with the page that Linux makes of it', () => {
  const lines = runCampaign(options(program, { lose: 'line', cases: 60 }));
  const sum = (r: CampaignResult, of: (row: CampaignResult['rows'][number]) => number): number =>
    r.rows.reduce((all, row) => all + of(row), 0);
  expect(sum(lines, (r) => r.cases)).toBe(64 * sum(result, (r) => r.cases));
  expect(sum(lines, (r) => r.classes)).toBeGreaterThan(sum(result, (r) => r.classes));
  expect(lines.failed).toEqual([]);
});

test('flipped bits of the mirror are found by the check or were overwritten; those of native memory may be used before', () => {
  const file = readFileSync(program);
  const bits = options(program, {
    lose: 'bit',
    cases: 150,
    load: (io) => new Machine(file, { args: ['program'], io, environment: ['MIRROR_CHECK=exit'] }),
  });
  const { rows, failed, executed } = runCampaign(bits);
  expect(executed).toBe(150);
  expect(failed).toEqual([]);
  for (const row of rows) {
    const { same, found } = row.outcomes;
    if (row.lost === 'mirror') expect(same + found).toBe(row.executed);
    if (row.memory === 'data') expect(found).toBeGreaterThan(0);
  }
  // A byte of the page that nobody touches before the check does.
  const machine = bits.load(new Terminal(bits.input));
  const text = machine.start.bias + machine.elf.symbols.find((s) => s.name === 'text')!.address + 250;
  const at =
    machine.run() &&
    traceRun(bits.load(new Terminal(bits.input)), mapOf(machine), 'bit', () => undefined).last;
  for (const lost of ['native', 'mirror'] as const)
    expect(runCase(bits, `${lost}:${text.toString(16)}.3@${at}`).outcome).toBe('found');
  expect(() => runCampaign({ ...bits, load: options(program).load })).toThrow('run with MIRROR_CHECK=exit');
});

test.each([
  ['line', 'native:1020@5'],
  ['bit', 'native:1020@5'],
  ['bit', 'native:1020.8@5'],
  ['page', 'native:1000.1@5'],
] as const)('of %s, %s is no case', (lose, id) => {
  expect(() => parseCase(lose, id)).toThrow('--case takes native:ADDRESS');
});
