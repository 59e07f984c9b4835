// Threads: what they print is what they print on the CPU whatever the seed and the turns, every store of mirrored ones has its other half, and a run is
// the same again with the same seed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checked, expectMirrored, loaded, native32, Workshop } from '../build.js';

const shop = new Workshop();
afterAll(() => shop.remove());

const flags = ['-O2', '-g', '-pthread', '-mcx16', '-Wno-psabi', '-D_GNU_SOURCE', '-w'];
const turns = [
  { seed: 1, slice: 1000 },
  { seed: 2, slice: 40 },
];

// fork.c makes processes. Rounds are fewer: a turn of few instructions has more to say than many rounds.
const programs = [
  'handlers', 'mutex', 'publish', 'queue', 'refcount', 'seqlock', 'spin', 'stack', 'wide-count', 'wide',
]; // prettier-ignore
const shorter = (text: string): string =>
  text.replace(
    /\b(SIGNALS|ROUNDS|ITEMS) = (\d+)/g,
    (_, what: string, n: string) => `${what} = ${Math.max(4, Number(n) / 200)}`,
  );

// 32-bit code stores 64 bits at once by way of x87, and has other locked operations.
const cases = [
  ...programs.map((name) => [name, 64] as const),
  ...['handlers', 'mutex', 'refcount', 'wide-count', 'wide'].map((name) => [name, 32] as const),
];

// The turns that it takes are rare on a CPU: some of 300 threads here.
test.each([64, 32])('a parent that comes late does not undo what its thread has stored, %i bits', (bits) => {
  const source = join(__dirname, '../programs/told.c');
  const program = shop.mirrored(`told-${bits}`, [source], [`-m${bits}`, ...flags]);
  for (let seed = 1; seed <= 8; seed++) {
    const { machine, output } = loaded(program, { seed, slice: 300 });
    expect({ seed, end: machine.run(60_000_000), output: output() }).toEqual({
      seed,
      end: { kind: 'exit', code: 0 },
      output: '0 wrong\n',
    });
  }
});

test.each(cases)(
  '%s, %i bits: every store of every thread is mirrored, and the output is the CPU’s',
  (name, bits) => {
    const text = shorter(readFileSync(join(__dirname, '../../threads/programs', `${name}.c`), 'utf8'));
    const source = shop.written(`${name}.c`, text);
    const own =
      bits === 32
        ? native32(shop, `${name}-native`, [source], flags)
        : shop.native(`${name}-native`, [source], flags);
    const native = spawnSync(own, { encoding: 'utf8' });
    expect(native.status).toBe(0);
    const program = shop.mirrored(name, [source], [`-m${bits}`, ...flags]);
    const lengths = turns.map(({ seed, slice }) => {
      const { found, end, output } = checked(program, { seed, slice });
      expect({ seed, slice, end, output }).toEqual({
        seed,
        slice,
        end: { kind: 'exit', code: 0 },
        output: native.stdout,
      });
      expectMirrored(found, { seed, slice });
      expect(found.mirroredAhead).toBeGreaterThan(300);
      return found.instructions;
    });
    expect(new Set(lengths).size).toBeGreaterThan(1);
  },
);

test.each(['native', 'mirrored'] as const)(
  '%s: sleeps, time limits, signals, robust locks, timers, ends',
  (kind) => {
    const program = shop[kind](`threads-${kind}`, [join(__dirname, '../programs/threads.c')], flags);
    const native = spawnSync(program, { encoding: 'utf8' });
    expect(native.status).toBe(0);
    for (const { seed, slice } of turns) {
      const { machine, output } = loaded(program, { seed, slice });
      expect([seed, slice, machine.run(60_000_000)]).toEqual([seed, slice, { kind: 'exit', code: 0 }]);
      expect(output()).toBe(native.stdout);
    }
  },
);

const racing = `#include <pthread.h>
#include <stdio.h>
static volatile long count;
static long kept[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *work(void *argument) {
  for (int i = 0; i < 300; i++) count++;
  pthread_mutex_lock(&lock);
  kept[(long)argument] = count;
  pthread_mutex_unlock(&lock);
  return 0;
}
int main(void) {
  pthread_t threads[3];
  for (long i = 0; i < 3; i++) pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
  printf("%ld %ld %ld %ld\\n", count, kept[0], kept[1], kept[2]);
  return 0;
}
`;

describe('a race', () => {
  let program = '';
  beforeAll(() => {
    program = shop.native('race', [shop.written('race.c', racing)], ['-O1', '-pthread']);
  });
  const run = (seed: number, slice: number): readonly [number, string] => {
    const { machine, output } = loaded(program, { seed, slice });
    expect(machine.run()).toEqual({ kind: 'exit', code: 0 });
    return [machine.executed, output()];
  };

  test('goes the same way with the same seed, and other ways with others', () => {
    const outputs = [1, 2, 3, 4].map((seed) => {
      const first = run(seed, 20);
      expect(run(seed, 20)).toEqual(first);
      return first[1];
    });
    expect(new Set(outputs).size).toBeGreaterThan(1);
    // Turns end between the load and the store of an addition.
    expect(outputs.some((text) => Number(text.split(' ')[0]) < 900)).toBe(true);
  });

  test('is the same wherever the run is stopped, and from a moment on', () => {
    const whole = run(5, 20);
    const { machine, output } = loaded(program, { seed: 5, slice: 20 });
    const moments = [];
    while (machine.run(97).kind === 'limit')
      if (moments.length * 2500 < machine.executed)
        moments.push({ snapshot: machine.snapshot(), written: output().length });
    expect([machine.executed, output()]).toEqual(whole);
    expect(moments.length).toBeGreaterThan(3);
    for (const { snapshot, written } of moments.reverse()) {
      machine.restore(snapshot);
      const before = output().length;
      machine.run();
      expect([machine.executed, output().slice(before)]).toEqual([whole[0], whole[1].slice(written)]);
    }
  });
});

test('a mirror store left out in a thread is found and named', () => {
  const source = shop.written(
    'broken.c',
    `#include <pthread.h>
long cells[4];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
void *fill(void *argument) {
  pthread_mutex_lock(&lock);
  cells[(long)argument] = 0x1000;
  pthread_mutex_unlock(&lock);
  return 0;
}
int main(void) {
  pthread_t threads[3];
  for (long i = 0; i < 3; i++) pthread_create(&threads[i], 0, fill, (void *)i);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
  return 0;
}
`,
  );
  const whole = shop.mirrored('unbroken', [source], flags);
  for (const { seed, slice } of turns) expect(checked(whole, { seed, slice }).found.findings).toEqual([]);
  // Which of the file's mirror stores is that of the cell is the compiler's to choose.
  const lines = [1, 2, 3, 4, 5, 6].flatMap((n) =>
    checked(shop.mirrored(`broken${n}`, [source], flags, { MIRROR_BREAK: String(n) }), {
      seed: n,
      slice: 50,
    }).found.findings.filter((f) => f.kind === 'never' && f.source?.line === 6),
  );
  expect(lines.length).toBeGreaterThan(0);
  for (const found of lines) expect(found).toMatchObject({ count: 3, bytes: 8 });
});

test.each([
  [
    'a wait that nobody ends: every thread waits',
    'pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; pthread_mutex_lock(&m); pthread_mutex_lock(&m);',
  ],
  ['clone with flags 0x4000: other processes', 'syscall(SYS_clone, CLONE_VFORK, 0, 0, 0, 0);'],
  ['futex operation 6', 'int word = 0; syscall(SYS_futex, &word, 6, 0, 0, 0, 0);'],
])('%s: what is missing has its name', (text, body) => {
  const source = shop.written(
    'missing.c',
    `#include <pthread.h>\n#include <sched.h>\n#include <sys/syscall.h>\n#include <unistd.h>\nint main(void) { ${body} return 0; }\n`,
  );
  const { machine } = loaded(shop.native('missing', [source], ['-O1', '-D_GNU_SOURCE', '-pthread']));
  expect(machine.run()).toEqual({ kind: 'missing', text });
});
