// Fault campaigns of programs with timers: a recovery takes no time of theirs, so that their signals arrive where they arrive without the loss.
import { readFileSync } from 'node:fs';
import { caseId, CaseRunner, Machine, planCampaign, runCampaign } from '../../../src/emulate/index.js';
import type { CampaignOptions, CampaignResult, FailedCase } from '../../../src/emulate/index.js';
import { Workshop } from '../build.js';

const shop = new Workshop();
afterAll(() => shop.remove());

const options = (program: string, more: Partial<CampaignOptions> = {}): CampaignOptions => {
  const file = readFileSync(program);
  return {
    load: (io) => new Machine(file, { args: ['program'], io }),
    input: () => Buffer.alloc(0),
    cases: 250,
    seed: 1,
    recovery: 'program',
    lose: 'page',
    notice: 'touched',
    ...more,
  };
};

// What it computes depends on where the signals arrive: memory at the end tells.
const body = (start: string, stop: string): string => `#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static volatile sig_atomic_t fired;
static unsigned table[64], seen[8];
static volatile unsigned n;
static timer_t timer;
static void handler(int signal) {
  (void)signal;
  seen[fired & 7] = table[n & 63];
  if (++fired == 4) { ${stop} }
}
int main(void) {
  signal(SIGALRM, handler);
  ${start}
  for (n = 0; fired < 4; n++) table[n & 63] = table[(n + 7) & 63] * 5 + n;
  return fired < 4;
}
`;
const programs = {
  setitimer: body(
    'setitimer(ITIMER_REAL, &(struct itimerval){{0, 20}, {0, 25}}, 0);',
    'setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, 0);',
  ),
  timer_create: body(
    'timer_create(CLOCK_MONOTONIC, 0, &timer); timer_settime(timer, 0, &(struct itimerspec){{0, 20000}, {0, 25000}}, 0);',
    'timer_delete(timer);',
  ),
  'time of the CPU': body(
    'signal(SIGVTALRM, handler); setitimer(ITIMER_VIRTUAL, &(struct itimerval){{0, 20}, {0, 25}}, 0);',
    'setitimer(ITIMER_VIRTUAL, &(struct itimerval){{0, 0}, {0, 0}}, 0);',
  ),
  alarm: body('alarm(2); pause(); fired = 3; alarm(1); sleep(5);', 'alarm(0);'),
};
const build = (name: string, source: string, size: string, environment = {}): string =>
  shop.mirrored(`${name}${size}`, [shop.written(`${name}.c`, source)], ['-O2', size, '-w'], environment);

/** The one instruction of sigreturn (docs/recovery.md, "Windows"). */
const others = ({ failed }: CampaignResult): readonly FailedCase[] =>
  failed.filter((f) => !/^system call (rt_)?sigreturn$/.test(f.class) || f.text !== 'signal 11');

describe.each(['-m64', '-m32'])('%s', (size) => {
  test.each(Object.entries(programs))('%s', (name, source) => {
    const result = runCampaign(options(build(name, source, size)));
    expect(others(result)).toEqual([]);
    let turns = 0;
    for (const { lost, memory, executed, outcomes } of result.rows) {
      turns += outcomes.turns;
      // A signal's frame has one copy until the handler is entered.
      if (lost === 'mirror' || memory === 'data')
        expect([lost, memory, outcomes.same]).toEqual([lost, memory, executed]);
    }
    // A call of the runtime's that begins again may be where a signal is due.
    expect(turns).toBeLessThan(result.executed / 40);
  });
});

test('told of pages at once, while several threads run', () => {
  const source = programs.setitimer
    .replace(
      'int main',
      'static void *other(void *unused) { while (fired < 3) sched_yield(); return unused; }\nint main',
    )
    .replace('#include <signal.h>', '#include <pthread.h>\n#include <sched.h>\n#include <signal.h>')
    .replace('  return fired', '  pthread_join(thread, 0);\n  return fired')
    .replace('  signal(', '  pthread_t thread;\n  pthread_create(&thread, 0, other, 0);\n  signal(');
  for (const notice of ['touched', 'told'] as const) {
    const { rows, failed } = runCampaign(options(build('threads', source, '-m64'), { notice, cases: 150 }));
    expect(failed).toEqual([]);
    for (const { memory, executed, outcomes } of rows)
      if (memory === 'data') expect(outcomes.same + outcomes.turns).toBe(executed);
  }
});

test('what a case finds early is what it finds at the end', () => {
  const campaign = options(build('whole', programs.setitimer, '-m64'), { cases: 60 });
  const plan = planCampaign(campaign);
  const runner = new CaseRunner(campaign, plan);
  for (const part of plan.parts) {
    const early = runner.execute(part);
    expect(early.filter((one) => one.text === 'goes on as the clean run').length).toBeGreaterThan(
      part.length / 8,
    );
    part.forEach((fault, n) => {
      const whole = runner.executeWhole(fault, () => undefined);
      expect([caseId('page', fault), whole.outcome]).toEqual([caseId('page', fault), early[n]?.outcome]);
    });
  }
});

test('a mirror store left out of a handler is found', () => {
  const found = [1, 2, 3].map((n) => {
    const campaign = options(build('broken', programs.setitimer, '-m64', { MIRROR_BREAK: String(n) }), {
      cases: Infinity,
    });
    const plan = planCampaign(campaign);
    const there = plan.parts
      .flat()
      .filter((f) => f.lost === 'native' && f.memory === 'data' && f.class !== 'runtime');
    const step = Math.ceil(there.length / 100);
    const done = new CaseRunner(campaign, plan).execute(there.filter((_, at) => at % step === 0));
    return done.filter(({ outcome }) => outcome !== 'same' && outcome !== 'told').length;
  });
  expect(found.some((n) => n > 0)).toBe(true);
});
