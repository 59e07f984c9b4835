// Fault campaigns: every case is counted, classes are what they claim to be, what must survive survives, and what is lost is found and can be repeated.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeMap } from '../../../src/emulate/check/runtime-map.js';
import {
  CaseRunner,
  Machine,
  parseCase,
  planCampaign,
  runCampaign,
  Terminal,
} from '../../../src/emulate/index.js';
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
    cases: 100_000,
    seed: 1,
    recovery: 'ideal',
    lose: 'page',
    notice: 'touched',
    ...more,
  };
}

const source = `#include <unistd.h>
long cells[600];
long double precise;
int main(void) {
  long sum = 0;
  for (int i = 0; i < 40; i++) cells[i * 13] += i, sum += cells[i * 7];
  precise = sum * 1.5L;
  cells[1] = precise;
  char text[16];
  long n = read(0, text, sizeof text);
  write(1, text, n);
  return (cells[1] + text[3]) & 63;
}
`;

let path = '';
let program = '';
let result: CampaignResult;
beforeAll(() => {
  path = shop.written('small.c', source);
  program = shop.mirrored('small', [path], ['-O2', '-g']);
  result = runCampaign(options(program));
});

test('every boundary and every live page is counted', () => {
  const sum = (of: (row: CampaignResult['rows'][number]) => number): number =>
    result.rows.reduce((all, row) => all + of(row), 0);
  expect(result.executed).toBe(result.candidates);
  expect(sum((r) => r.executed)).toBe(result.executed);
  expect(sum((r) => r.equal) + result.executed).toBe(sum((r) => r.classes));
  expect(new Set(result.rows.map((r) => `${r.lost} ${r.memory}`))).toEqual(
    new Set(['native data', 'native stack', 'mirror data', 'mirror stack']),
  );
  for (const row of result.rows)
    expect(Object.values(row.outcomes).reduce((a, b) => a + b, 0)).toBe(row.executed);
});

test('the classes of a page follow each other without a gap, from its first touch to the end', () => {
  const machine = options(program).load(new Terminal(() => Buffer.from('some input\n')));
  const faults: FaultCase[] = [];
  const clean = traceRun(machine, runtimeMap(machine.elf, machine.start.bias), 'page', (fault) =>
    faults.push(fault),
  );
  const before = new Map<string, number>();
  const live = new Map<string, number>();
  for (const f of faults) {
    const key = `${f.lost} ${f.page}`;
    expect(f.at - f.boundaries).toBe(before.get(key) ?? f.at - f.boundaries);
    if (!before.has(key)) live.set(key, clean.end - 1 - (f.at - f.boundaries));
    before.set(key, f.at);
  }
  expect(new Set(before.values())).toEqual(new Set([clean.end - 1]));
  expect(live.size).toBe(result.pages);
  expect(Math.max(...live.values())).toBe(result.instructions);
  expect(result.rows.reduce((all, row) => all + row.cases, 0)).toBe(
    [...live.values()].reduce((a, b) => a + b, 0),
  );
});

test('what is written mirror first survives; lost is what stands in a window', () => {
  const inProgram = result.failed.filter((f) => f.class !== 'runtime' && !f.class.startsWith('system call'));
  // fstp of 80 bits is copied afterwards (docs/architecture.md): the page is touched by the loads of the copy.
  expect(inProgram.length).toBeGreaterThan(0);
  expect(inProgram.map((f) => [f.lost, f.memory, f.class])).toEqual(
    inProgram.map(() => ['native', 'data', expect.stringMatching(/^(mov|movzx|fld)$/)]),
  );
  expect(new Set(inProgram.map((f) => f.outcome))).not.toContain('same');
  // A lost mirror is rebuilt from native memory: nothing can be lost by it.
  expect(result.failed.filter((f) => f.lost === 'mirror')).toEqual([]);
  const ahead = result.classes.filter((c) => ['push', 'call', 'add'].includes(c.class));
  expect(ahead.length).toBeGreaterThan(0);
  for (const row of ahead) expect(row.outcomes.same).toBe(row.classes);
});

test('a mirror store left out is a page that cannot be rebuilt', () => {
  const broken = shop.written(
    'broken.c',
    'int cell;\nint main(void) { *(volatile int *)&cell = 7; return *(volatile int *)&cell; }\n',
  );
  const program = shop.mirrored('broken', [broken], ['-O2'], { MIRROR_BREAK: '1' });
  const { failed } = runCampaign(options(program));
  expect(failed).toContainEqual(
    expect.objectContaining({
      lost: 'native',
      memory: 'data',
      outcome: 'exit',
      text: 'exit code 0',
      class: 'mov',
    }),
  );
  const whole = shop.mirrored('whole', [broken], ['-O2']);
  expect(runCampaign(options(whole)).failed.filter((f) => f.memory === 'data')).toEqual([]);
});

/** As the case is defined: from boundary `n` on the page is lost, and rebuilt when it is touched. */
function byHand(n: number, lost: 'native' | 'mirror', page: number, distance: number): string {
  const terminal = new Terminal(() => Buffer.from('some input\n'));
  const machine = options(program).load(terminal);
  const { memory } = machine;
  const mirror = page - distance / 4096;
  const [from, to] = lost === 'native' ? [mirror, page] : [page, mirror];
  machine.run(n);
  memory.onTouch = (touched) => {
    if (touched !== to) return;
    memory.onTouch = undefined;
    memory.copyPage(from, to);
  };
  memory.tlb.flush();
  const end = machine.run(5_000_000);
  return JSON.stringify([end.kind === 'exit' ? end.code : end.kind, terminal.written(1).toString()]);
}

test('a class is what each of its cases is, done by hand', () => {
  const { load, input } = options(program);
  const machine = load(new Terminal(input));
  const map = runtimeMap(machine.elf, machine.start.bias);
  const faults: (FaultCase & { same: boolean })[] = [];
  const clean = traceRun(machine, map, 'page', (fault, same) => faults.push({ ...fault, same }));
  const good = byHand(clean.end - 1, 'native', faults[0]!.page, clean.mirror.distance);
  const pick = new Sample<FaultCase & { same: boolean }>(90, 5);
  faults.filter((f) => f.class !== 'nothing').forEach((f) => pick.add(f));
  const failedBefore = new Map(result.failed.map((f) => [f.id, f.outcome]));
  let bad = 0;
  for (const f of pick.kept) {
    const n = f.at - Math.floor(f.boundaries / 2.5);
    const own = byHand(n, f.lost, f.page, clean.mirror.distance);
    const outcome = failedBefore.get(`${f.lost}:${(f.page * 4096).toString(16)}@${f.at}`);
    const differs = outcome !== undefined && outcome !== 'memory';
    expect([f, n, own !== good]).toEqual([f, n, differs]);
    if (differs) bad++;
  }
  expect(bad).toBeGreaterThan(3);
});

test('a case alone has the outcome that it had in the campaign', () => {
  const terminal = new Terminal(() => Buffer.from('some input\n'));
  const { load, input } = options(program);
  const machine = load(new Terminal(input));
  const map = runtimeMap(machine.elf, machine.start.bias);
  const clean = traceRun(machine, map, 'page', () => undefined);
  const runner = new Runner(load(terminal), terminal, map, clean, {
    recovery: 'ideal',
    lose: 'page',
    notice: 'touched',
  });
  for (const f of [...result.failed].reverse().filter((_, n) => n % 20 === 0))
    expect(runner.execute(parseCase('page', f.id))).toMatchObject({ outcome: f.outcome, text: f.text });
});

test('of many cases a sample is executed, the same for the same seed', () => {
  const run = (seed: number): string[] => {
    const { failed, executed, candidates } = runCampaign(options(program, { cases: 40, seed }));
    expect(executed).toBe(40);
    expect(candidates).toBe(result.candidates);
    return failed.map((f) => f.id);
  };
  const first = run(3);
  expect(run(3)).toEqual(first);
  expect(run(4)).not.toEqual(first);
});

test('a sample takes each item about as often as any other', () => {
  const counts = new Array<number>(50).fill(0);
  for (let seed = 0; seed < 2000; seed++) {
    const sample = new Sample<number>(10, seed);
    for (let n = 0; n < 50; n++) sample.add(n);
    expect(new Set(sample.kept).size).toBe(10);
    for (const n of sample.kept) counts[n]!++;
  }
  // 400 expected of each; six standard deviations of 18.
  for (const n of counts) expect(Math.abs(n - 400)).toBeLessThan(108);
});

test.each(['native:123@5', 'stack:1000@5', 'native:1000', ''])('%j is no case', (id) => {
  expect(() => parseCase('page', id)).toThrow('--case takes native:ADDRESS@INSTRUCTION');
});

const command = join(__dirname, '../../../dist/mirrorasm.js');
const run = (...args: string[]): { readonly stderr: string; readonly status: number | null } =>
  spawnSync(process.execPath, [command, 'run', ...args], { input: 'some input\n', encoding: 'utf8' });

test('mirrorasm run --campaign prints the table and how to repeat a case', () => {
  const report = join(shop.folder, 'campaign.json');
  const all = run('--campaign', '--recovery', 'ideal', '--report', report, program);
  expect(all.stderr).toMatch(/^campaign: \d+ instruction boundaries, \d+ pages: \d+ cases in \d+ classes/);
  expect(all.status).toBe(121);
  const written = JSON.parse(readFileSync(report, 'utf8')) as CampaignResult;
  expect(written.executed).toBe(written.candidates);
  expect(written.classes.map((c) => c.class).sort()).toEqual(result.classes.map((c) => c.class).sort());
  const again = /^again: mirrorasm run (.*)$/m.exec(all.stderr)![1]!.split(' ');
  expect(again).toContain('--trace');
  const one = run(...again);
  const first = written.failed[0]!;
  const lines = one.stderr.split('\n');
  expect(lines.at(-2)).toBe(`${first.id} in ${first.place}: ${first.outcome}: ${first.text}; 0 recovered`);
  expect(lines).toHaveLength(42);
  expect(one.status).toBe(121);
});

test('whatever the number of threads, the result is the same', () => {
  const results = [1, 2, 3].map((jobs) => {
    const report = join(shop.folder, `jobs${jobs}.json`);
    const { status, stderr } = run(
      '--campaign',
      `--jobs=${jobs}`,
      '--cases=200',
      '--report',
      report,
      program,
    );
    return [readFileSync(report, 'utf8'), stderr.replace(/^again: .*\n/m, ''), status];
  });
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
  const { executed, failed } = JSON.parse(String(results[0]![0])) as CampaignResult;
  expect(executed).toBe(200);
  expect(results[0]![2]).toBe(failed.length === 0 ? 0 : 121);
});

test('a part of the cases has the same outcomes in any runner, whatever that did before', () => {
  const own = options(program, { recovery: 'program', cases: 150 });
  const plan = planCampaign(own);
  expect(plan.parts.map((part) => part.length)).toEqual([64, 64, 22]);
  const one = new CaseRunner(own, plan);
  const forwards = plan.parts.map((part) => one.execute(part));
  const backwards = [...plan.parts].reverse().map((part) => new CaseRunner(own, plan).execute(part));
  expect(backwards.reverse()).toEqual(forwards);
  expect(one.execute(plan.parts[1]!)).toEqual(forwards[1]);
});

test('what a thread cannot do is told as an error', () => {
  const { status, stderr } = run('--campaign', '--lose=bit', '--env=MIRROR_CHECK=', '--jobs=2', program);
  expect(stderr).toBe(
    `${program}: error: flipped bits are what the check at exit has to find: run with MIRROR_CHECK=exit\n`,
  );
  expect(status).toBe(2);
});

test('--trace=N shows the last instructions, with what they stored in which copy and the source line', () => {
  const source = shop.written(
    'last.c',
    `#include <signal.h>
long cell[2];
int main(void) {
  cell[0] = 7;
  cell[1] = 8;
  __builtin_trap();
}
`,
  );
  const last = shop.mirrored('last', [source], ['-O0', '-g']);
  const address = ((): ((name: string) => number) => {
    const { elf, start } = new Machine(readFileSync(last), { args: ['x'] });
    return (name) => elf.symbols.find((s) => s.name === name)!.address + start.bias;
  })();
  const hex = (n: number): string => n.toString(16);
  const { stderr, status } = run('--trace=5', last);
  expect(status).toBe(128 + 4);
  const lines = stderr.split('\n');
  expect(lines).toHaveLength(7);
  const shown = lines.slice(0, 5).map((line) => line.split(/ {2,}/));
  expect(shown.map((cells) => cells.slice(1).filter((cell) => !cell.startsWith('main+')))).toEqual([
    [expect.stringMatching(/^movq \$7,%gs:/), `mirror of 0x${hex(address('cell'))} 8 bytes`, `${source}:4`],
    [expect.stringMatching(/^movq \$7,/), `native 0x${hex(address('cell'))} 8 bytes`, `${source}:4`],
    [
      expect.stringMatching(/^movq \$8,%gs:/),
      `mirror of 0x${hex(address('cell') + 8)} 8 bytes`,
      `${source}:5`,
    ],
    [expect.stringMatching(/^movq \$8,/), `native 0x${hex(address('cell') + 8)} 8 bytes`, `${source}:5`],
    ['ud2', `${source}:6`],
  ]);
  expect(shown.map((cells) => Number(cells[0]) - Number(shown[0]![0]))).toEqual([0, 1, 2, 3, 4]);
  // Beside the check, and of a native program.
  const checked = run('--trace=5', '--check', last).stderr;
  expect(checked.split('\n').slice(0, 5)).toEqual(lines.slice(0, 5));
  const native = run('--trace=5', shop.native('native', [source], ['-O0', '-g'])).stderr;
  expect(native).toMatch(/movq \$8,.* {2}writes 0x[0-9a-f]+ 8 bytes +\S+:5\n/);
  expect(run('--trace=x', last).status).toBe(3);
});
