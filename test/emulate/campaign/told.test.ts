// Lost pages of which the kernel tells before anybody touches them: the handler comes at any boundary, also between the two halves of a store.
import { Sample } from '../../../src/emulate/campaign/sample.js';
import { CaseRunner, planCampaign, runCampaign } from '../../../src/emulate/index.js';
import type { CampaignOptions } from '../../../src/emulate/index.js';
import { Workshop } from '../build.js';
import { campaignOf } from './options.js';

const shop = new Workshop();
afterAll(() => shop.remove());

const options = (program: string, more: Partial<CampaignOptions> = {}): CampaignOptions =>
  campaignOf(program, { cases: 1500, notice: 'told', ...more });

const source = `#include <stdatomic.h>
#include <string.h>
long cells[600];
double points[40];
long double precise;
_Atomic long total;
_Atomic long long wide;
_Atomic char byte;
char text[300];
static long sum(int n) { return n ? n + sum(n - 1) : 0; }
int main(void) {
  for (int i = 0; i < 6; i++) {
    cells[i * 13] += i, points[i] = i * 0.5, total += cells[i * 7];
    precise += i, wide += 3, byte ^= i;
  }
  memcpy(text + 3, cells, 200);
  memset(text + 100, 7, 90);
  long expected = total;
  atomic_compare_exchange_strong(&total, &expected, sum(4) + text[17]);
  return (int)(total + points[5] + precise + wide + byte) & 63;
}
`;
const build = (size: string): string =>
  shop.mirrored(`mixed${size}`, [shop.written('mixed.c', source)], ['-O2', size]);

test.each(['-m64', '-m32'])('%s: every boundary and page is a case, and comes back or is told', (size) => {
  const program = build(size);
  const { failed, rows, classes, candidates, executed } = runCampaign(options(program));
  expect(failed).toEqual([]);
  expect(executed).toBe(1500);
  expect(candidates).toBe(rows.reduce((all, row) => all + row.cases, 0));
  expect(classes.map((row) => row.class)).toEqual(
    expect.arrayContaining(['runtime', 'mov', 'call', 'ret', 'push']),
  );
  for (const row of classes) if (size === '-m64') expect(row.outcomes.same).toBe(row.classes);
  const touched = runCampaign(options(program, { notice: 'touched', cases: 0 }));
  expect(touched.rows.map((row) => row.cases)).toEqual(rows.map((row) => row.cases));
});

/** A page of the stack and one of data, both copies, at the first 60 boundaries within a function. */
test.each([
  ['-m64', '__mirror_cas8'],
  ['-m64', '__mirror_cas1'],
  ['-m32', '__mirror_cas4'],
  ['-m32', '__mirror_pair8'],
])('%s: at each instruction of %s', (size, name) => {
  const campaign = options(build(size), { cases: 0 });
  const plan = planCampaign(campaign);
  const runner = new CaseRunner(campaign, plan);
  const machine = campaign.load({ read: () => new Uint8Array(0), write: () => undefined } as never);
  const { elf, start } = machine;
  const of = (symbol: string): number => elf.symbols.find((s) => s.name === symbol)!.address + start.bias;
  const { size: bytes = 0 } = elf.symbols.find((s) => s.name === name)!;
  const stack = machine.registers()[size === '-m64' ? 'rsp' : 'esp']!;
  const outcomes: string[] = [];
  let at = 0;
  while (at < 60 && machine.step().kind === 'limit') {
    if (machine.rip < of(name) || machine.rip >= of(name) + bytes) continue;
    at++;
    for (const address of [Number(stack) - 600, of('total')])
      for (const lost of ['native', 'mirror'] as const) {
        const page = Math.floor(address / 4096);
        const [done] = runner.execute([{ at: machine.executed, lost, page, address: page * 4096 }]);
        outcomes.push(done!.outcome);
      }
  }
  expect(outcomes.length).toBeGreaterThan(50);
  expect(outcomes.filter((o) => o !== 'same' && o !== 'told')).toEqual([]);
  if (size === '-m64') expect(outcomes).not.toContain('told');
});

test('a mirror store left out is found', () => {
  const broken = 'int cell;\nint main(void) { *(volatile int *)&cell = 7; return *(volatile int *)&cell; }\n';
  const program = shop.mirrored('broken', [shop.written('broken.c', broken)], ['-O2'], { MIRROR_BREAK: '1' });
  const { failed } = runCampaign(options(program, { cases: 300 }));
  expect(failed).toContainEqual(
    expect.objectContaining({ lost: 'native', memory: 'data', outcome: 'memory' }),
  );
});

test('nobody is told of a bit, or for the emulator', () => {
  const program = build('-m64');
  for (const more of [{ lose: 'bit' }, { recovery: 'ideal' }] as const)
    expect(() => runCampaign(options(program, more))).toThrow(
      '--notice told is for --lose page and --recovery program',
    );
});

test('a sample of runs takes each item about as often as any other', () => {
  const counts = new Array<number>(60).fill(0);
  for (let seed = 0; seed < 2000; seed++) {
    const sample = new Sample<number>(10, seed);
    let from = 0;
    for (const length of [3, 1, 40, 9, 7]) {
      const first = from;
      sample.addRun(length, (n) => first + n);
      from += length;
    }
    expect(sample.seen).toBe(60);
    expect(new Set(sample.kept).size).toBe(10);
    for (const n of sample.kept) counts[n]!++;
  }
  // 333 expected of each; six standard deviations of 17.
  for (const n of counts) expect(Math.abs(n - 333)).toBeLessThan(102);
});
