// Fault campaigns of programs with threads: a recovery takes no turns, other threads that are told of the page see to it at once, and what then differs is told.
import { readFileSync } from 'node:fs';
import { CaseRunner, Machine, planCampaign, runCampaign } from '../../../src/emulate/index.js';
import type { CampaignOptions, CampaignResult, Executed, FailedCase } from '../../../src/emulate/index.js';
import { Workshop } from '../build.js';

const shop = new Workshop();
afterAll(() => shop.remove());

const options = (
  program: string,
  { slice = 1000, ...more }: Partial<CampaignOptions> & { slice?: number } = {},
): CampaignOptions => {
  const file = readFileSync(program);
  return {
    load: (io) => new Machine(file, { args: ['program'], io, slice }),
    input: () => Buffer.alloc(0),
    cases: 400,
    seed: 1,
    recovery: 'program',
    lose: 'page',
    notice: 'touched',
    ...more,
  };
};

const counter = `#include <pthread.h>
#include <stdatomic.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counted;
static _Atomic long total;
static void *count(void *step) {
  for (int i = 0; i < 20; i++) {
    pthread_mutex_lock(&lock);
    counted += (long)step;
    pthread_mutex_unlock(&lock);
    total += 1;
  }
  return 0;
}
int main(void) {
  pthread_t t;
  pthread_create(&t, 0, count, (void *)3);
  count((void *)5);
  pthread_join(t, 0);
  return (int)(counted + total) & 127;
}
`;
const queue = `#include <pthread.h>
#include <stdio.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int slots[4], n, sum;
static void *producer(void *unused) {
  for (int i = 1; i <= 12; i++) {
    pthread_mutex_lock(&lock);
    while (n == 4) pthread_cond_wait(&changed, &lock);
    slots[n++] = i;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
  }
  return unused;
}
int main(void) {
  pthread_t t;
  pthread_create(&t, 0, producer, 0);
  for (int i = 0; i < 12; i++) {
    pthread_mutex_lock(&lock);
    while (!n) pthread_cond_wait(&changed, &lock);
    sum += slots[--n];
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
  }
  pthread_join(t, 0);
  printf("%d\\n", sum);
  return 0;
}
`;
const build = (name: string, source: string, size: string, environment = {}): string =>
  shop.mirrored(
    `${name}${size}`,
    [shop.written(`${name}.c`, source)],
    ['-O2', size, '-pthread'],
    environment,
  );

/** Who waits for a thread whose end the kernel cannot tell waits for ever: the one instruction of `exit` (docs/recovery.md, "Windows"). */
const wrong = ({ failed }: CampaignResult): readonly FailedCase[] =>
  failed.filter((f) => f.class !== 'system call exit' || f.lost !== 'native');

describe.each(['-m64', '-m32'])('%s', (size) => {
  test.each([
    ['counter', counter],
    ['queue', queue],
  ])('%s: pages come back under threads, native memory and mirror', (name, source) => {
    const result = runCampaign(options(build(name, source, size)));
    expect(wrong(result)).toEqual([]);
    for (const row of result.rows) {
      expect(row.outcomes.same + row.outcomes.told).toBeGreaterThan(row.executed / 2);
      if (row.lost === 'mirror') expect(row.outcomes.told).toBe(0);
    }
    expect(result.rows.map((row) => `${row.lost} ${row.memory}`)).toEqual(
      expect.arrayContaining(['native mmap', 'mirror mmap', 'native data', 'mirror data']),
    );
  });

  test('told of pages at once', () => {
    const result = runCampaign(options(build('counter', counter, size), { notice: 'told', cases: 200 }));
    expect(wrong(result)).toEqual([]);
  });

  test('short turns: a thread that waits for another one’s end does not see it before it is', () => {
    const result = runCampaign(options(build('queue', queue, size), { slice: 30, cases: 300 }));
    expect(wrong(result)).toEqual([]);
  });
});

// Its stack is lost before it has anything to take SIGBUS on, or while that is made; and what the kernel reads to make it.
test.each(['-m64', '-m32'])('a new thread comes back from its first instruction on, %s', (size) => {
  const campaign = options(build('counter', counter, size), { cases: Infinity });
  const plan = planCampaign(campaign);
  const cases = plan.parts.flat();
  const clone = cases.findIndex((fault) => fault.class === 'system call clone');
  const itself = cases.filter((fault) => fault.class === 'system call clone');
  const begins = cases.slice(clone).filter((fault) => fault.memory === 'mmap' && fault.lost === 'native');
  const done = new CaseRunner(campaign, plan).execute([...itself, ...begins.slice(0, 200)]);
  expect(itself.length).toBeGreaterThan(0);
  expect(new Set(done.map((one) => one.place.replace(/\+.*/, '')))).toContain('mr_thread_begins');
  expect(done.filter((one) => !['same', 'turns', 'told'].includes(one.outcome))).toEqual([]);
});

// Unless another thread is told of it within the runtime, and begins its call again.
test('a recovery in the program’s own code changes few turns, and the run ends where all threads are as without', () => {
  const campaign = options(build('counter', counter, '-m64'));
  const plan = planCampaign(campaign);
  const runner = new CaseRunner(campaign, plan);
  const own: Executed[] = [];
  for (const part of plan.parts) {
    const done = runner.execute(part);
    part.forEach((fault, n) => {
      if (fault.class !== 'runtime' && !fault.class.startsWith('system call')) own.push(done[n]!);
    });
  }
  expect(own.length).toBeGreaterThan(100);
  const outcomes = own.map((one) => one.outcome);
  expect(outcomes.filter((o) => o !== 'same' && o !== 'turns')).toEqual([]);
  expect(outcomes.filter((o) => o === 'turns').length).toBeLessThan(own.length / 3);
  expect(own.filter((one) => one.text === 'goes on as the clean run').length).toBeGreaterThan(own.length / 2);
});

test('a mirror store left out of a critical section is found', () => {
  const source = counter.replace('counted += (long)step;', '*(volatile long *)&counted += (long)step;');
  const sizes = Array.from({ length: 8 }, (_, n) => String(n + 1));
  const found = sizes.some((n) => {
    const { failed } = runCampaign(
      options(build('broken', source, '-m64', { MIRROR_BREAK: n }), { cases: 300 }),
    );
    return failed.some((f) => f.lost === 'native' && f.memory === 'data' && f.outcome !== 'crash');
  });
  expect(found).toBe(true);
});
