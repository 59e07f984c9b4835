// Pairs of a mirror store and its native store in compiled code: what is proven where it stands, is counted as what is told. Each program is checked
// in both tiers, which have to find the same.
import { execFileSync } from 'node:child_process';
import { Lockstep } from '../../../src/emulate/index.js';
import type { Finding, LockstepResult } from '../../../src/emulate/index.js';
import { checked, expectMirrored, loaded, Workshop } from '../build.js';
import type { Checked } from '../build.js';
import { Random } from '../wasm/sequences.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const shop = new Workshop();
afterAll(() => shop.remove());

function both(program: string): Checked {
  const run = checked(program);
  expect(run.end.kind).toBe('exit');
  return run;
}

/** Pairs that compiled code, or with another `hot` threaded code, has only counted. */
function counted(program: string, hot = 3): { pairs: number; calls: number } {
  const { machine } = loaded(program, { tiers: { tier: 1, warm: 2, hot } });
  const lockstep = new Lockstep(machine);
  const paired = jest.spyOn(lockstep, 'paired');
  const called = jest.spyOn(lockstep, 'called');
  machine.run();
  const sum = (calls: readonly (readonly number[])[]): number => calls.reduce((n, [all = 0]) => n + all, 0);
  return { pairs: sum(paired.mock.calls), calls: sum(called.mock.calls) };
}

/** A program of `main` in C and of a text that plain as makes an object of: nothing of that is mirrored. */
function withText(name: string, main: string, text: string, bits: 32 | 64 = 32): string {
  const assembly = shop.written(
    `${name}.s`,
    `.globl strange\n.type strange, @function\nstrange:\n${text}\n.size strange, .-strange\n`,
  );
  execFileSync('as', [`--${bits}`, assembly, '-o', `${assembly}.o`]);
  const options = bits === 32 ? ['-m32', '-O2'] : ['-O2'];
  return shop.mirrored(name, [shop.written(`${name}.c`, main), `${assembly}.o`], options);
}

/** Nothing is pending behind it: the call of this text was not mirrored. */
const settled = 'mov $300, %ecx\n9: dec %ecx\njnz 9b';
const wait = 'for (volatile int i = 0; i < 300; i++);';
const found = ({
  findings,
}: LockstepResult): readonly (readonly [Finding['kind'], string, string, number])[] =>
  findings.map(({ kind, instruction, symbol, count }) => [kind, instruction, symbol, count]);

/** The mirror lies so far behind, modulo 2^32: runtime/limits.h. */
const toMirror = '-0x7fe00000';

describe('32-bit calls, whose return address the called function copies', () => {
  const calls = `#include <stdio.h>
__attribute__((noinline)) static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
__attribute__((noinline)) static int odd(int n);
__attribute__((noinline)) static int even(int n) { return n == 0 ? 1 : odd(n - 1) + 1; }
__attribute__((noinline)) static int odd(int n) { return n == 0 ? 0 : even(n - 1) + 3; }
__attribute__((noinline)) static int leaf(int n) { return n * 5; }
__attribute__((noinline)) static int first(int n) { return n + 1; }
__attribute__((noinline)) static int second(int n) { return fib(n % 7) ^ 3; }
__attribute__((noinline)) static int third(int n) { return second(n) + even(n % 9); }
/* Called rarely: not compiled when its callers are. */
__attribute__((noinline)) static int rare(int n) { return third(n) + leaf(n); }
int main(void) {
  static int (*volatile const functions[])(int) = {first, second, third, fib};
  int sum = 0;
  for (int i = 0; i < 400; i++) {
    sum += functions[i & 3](i % 12);
    for (int k = 0; k < 5; k++) sum += leaf(k); /* always the same return address in the same place */
    if (i % 50 == 49) sum += rare(i);
  }
  printf("%d %d\\n", sum, fib(14));
  return 0;
}
`;
  const build = (level: string): string =>
    shop.mirrored(`calls${level}`, [shop.written('calls.c', calls)], ['-m32', level]);

  test.each(['-O0', '-O1', '-O2'])(
    '%s: recursive, mutual, by address, to code that is not compiled',
    (level) => {
      const program = build(level);
      const { found } = both(program);
      expectMirrored(found);
      expect(found.windows.find((w) => w.class === 'call')!.windows).toBeGreaterThan(800);
      expect(found.unchanged).toBeGreaterThan(1000);
      expect(counted(program).calls).toBeGreaterThan(2000);
    },
  );

  test('stopped after any number of instructions', () => {
    const program = build('-O1');
    const whole = both(program);
    const random = new Random(seed);
    const { machine, output } = loaded(program, { tiers: { tier: 1, hot: 3 } });
    const lockstep = new Lockstep(machine);
    let end = machine.run(1);
    while (end.kind === 'limit') end = machine.run(1 + random.below(300));
    const stopped = lockstep.finish(end.kind === 'exit');
    expect({ seed, output: output(), stopped }).toEqual({ seed, output: whole.output, stopped: whole.found });
  });

  /** 200 calls from code that is compiled. */
  const loop = `push %ebx
mov $200, %ebx
1: xor %ecx, %ecx
cmp $7, %ebx
sete %cl
call called
dec %ebx
jnz 1b
pop %ebx
ret
`;
  const main = `void strange(void);
int main(void) { strange(); ${wait} return 0; }
`;

  test('one that copies nothing is found each time that memory changes', () => {
    // Between the calls the place has another value.
    const program = withText(
      'bare',
      main,
      `${loop.replace('call called', 'call called\npush $5\nadd $4, %esp')}\ncalled: ret`,
    );
    const { found: result } = both(program);
    expect(found(result)).toContainEqual(['never', 'call', expect.stringMatching(/^strange/), 200]);
    expect(counted(program).calls).toBeLessThan(100);
  });

  test('one that copies another value is found', () => {
    const copy = `called: mov (%esp), %eax
lea (%eax,%ecx), %eax
mov %eax, ${toMirror}(%esp)
ret`;
    const program = withText('wrong', main, `${loop}${copy}`);
    const { found: result } = both(program);
    expect(found(result)).toEqual([
      ['never', 'call', expect.stringMatching(/^main/), 1],
      ['never', 'push', expect.stringMatching(/^strange/), 1],
      ['stray', 'mov', expect.stringMatching(/^strange/), 1],
    ]);
    expect(counted(program).calls).toBeGreaterThan(150);
  });

  test('a window that is longer than any before, of a call whose place had the same value until then', () => {
    const copy = `called: mov (%esp), %eax
${'nop\n'.repeat(5)}mov %eax, ${toMirror}(%esp)
ret`;
    const again = `push %ebx
${settled}
mov $200, %ebx
1: xor %eax, %eax
mov $2f, %edx
cmp $60, %ebx
cmove %eax, %edx
mov %edx, ${toMirror}-4(%esp)
push %edx
pop %eax
call called
2: dec %ebx
jnz 1b
pop %ebx
ret
`;
    const program = withText('longer', main, again + copy);
    const { found: result } = both(program);
    expect(result.windows.find((w) => w.class === 'call')!.longest).toBe(7);
    expect(counted(program).calls).toBeGreaterThan(150);
  });

  test('one that copies to another place is found', () => {
    const copy = `called: mov (%esp), %eax
mov %eax, ${toMirror}-8(%esp)
ret`;
    const { found: result } = both(withText('beside', main, `${loop}${copy}`));
    expect(found(result).map(([kind, instruction]) => [kind, instruction])).toContainEqual(['stray', 'mov']);
  });
});

describe.each([32, 64] as const)('%i bits', (bits) => {
  test('operands that cross pages, and pages that may not be written', () => {
    const source = shop.written(
      'pages.c',
      `#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
static sigjmp_buf back;
static volatile int caught;
static void handler(int number) { (void)number; caught++; siglongjmp(back, 1); }
typedef struct { long value; } __attribute__((packed)) cell;
__attribute__((noinline)) static void fill(volatile char *at, long step) {
  for (int k = 0; k < 40; k++, at += step) ((volatile cell *)at)->value = k, *at += 3;
}
int main(void) {
  signal(SIGSEGV, handler), signal(SIGBUS, handler);
  volatile char *at = mmap(0, 16 * 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (volatile int i = 0; i < 60; i++) {
    if (!sigsetjmp(back, 1)) fill(at, 1361 + i % 3);
    mprotect((void *)(at + 4 * 4096), 4096, i % 4 ? 3 : 1);
  }
  printf("%d\\n", caught);
  return 0;
}
`,
    );
    const program = shop.mirrored(`pages${bits}`, [source], ['-O2', ...(bits === 32 ? ['-m32'] : [])]);
    const { found, output } = both(program);
    expectMirrored(found);
    expect(Number(output)).toBe(15);
    expect(counted(program).pairs).toBeGreaterThan(1500);
    expect(counted(program, 1e9).pairs).toBeGreaterThan(1500);
  });
});

test('a store by way of an address of the mirror is no native store', () => {
  // The place of its mirror store is 4 MiB further in native memory.
  const main = `#include <sys/mman.h>
void strange(char *at);
static char *page(long at) { return mmap((void *)at, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0); }
int main(void) { char *at = page(0x20000000); *at = *page(0x20400000) = 1; strange(at); ${wait} return 0; }
`;
  const program = withText(
    'twice',
    main,
    `mov 4(%esp), %edx
push %esi
${settled}
mov $60, %ecx
1: mov %edx, %eax
lea ${toMirror}(%edx), %esi
cmp $20, %ecx
cmove %esi, %eax
mov %ecx, ${toMirror}(%eax)
mov %ecx, (%eax)
dec %ecx
jnz 1b
pop %esi
ret`,
  );
  const { found: result } = both(program);
  expect(found(result).filter(([kind]) => kind !== 'differs')).toEqual([
    ['never', 'call', expect.stringMatching(/^main/), 1],
    ['never', 'push', expect.stringMatching(/^strange/), 1],
    ['stray', 'mov', expect.stringMatching(/^strange/), 1],
    ['never', 'mov', expect.stringMatching(/^strange/), 1],
  ]);
});

test('with another base of %gs a store is no mirror store', () => {
  const main = `long cells[2] __attribute__((aligned(4096)));
void strange(long *at);
int main(void) { strange(cells); ${wait} return 0; }
`;
  const program = withText(
    'base',
    main,
    `rdgsbase %rdx
${settled}
mov $60, %ecx
1: mov %rcx, %gs:(%rdi)
mov %rcx, (%rdi)
xor %eax, %eax
cmp $20, %ecx
cmovne %rdx, %rax
lea 8(%rdx), %rsi
cmp $30, %ecx
cmove %rsi, %rax
lea 5(%rcx), %rsi
wrgsbase %rax
mov %rsi, %gs:(%rdi)
mov %rsi, (%rdi)
wrgsbase %rdx
add %rcx, %rcx
mov %rcx, %gs:(%rdi)
mov %rcx, (%rdi)
shr %rcx
dec %ecx
jnz 1b
ret`,
    64,
  );
  const { found: result } = both(program);
  const at = expect.stringMatching(/^strange/) as string;
  expect(found(result)).toEqual([
    ['never', 'mov', at, 2],
    ['never', 'mov', at, 1],
    ['stray', 'mov', at, 1],
  ]);
});

describe('64-bit pairs of different instructions', () => {
  test('calls of all kinds, pushes, whole vectors, in compiled and in threaded code', () => {
    const source = shop.written(
      'kinds.c',
      `#include <stdio.h>
typedef struct { long (*first)(long), (*second)(long); double numbers[4]; } table;
__attribute__((noinline)) static long one(long n) { return n < 2 ? n : one(n - 1) + n; }
__attribute__((noinline)) static long two(long n) { return n * 3; }
__attribute__((noinline)) static long by(table *t, long n) { return t->first(n % 5) + t->second(n); }
__attribute__((noinline)) static void copy(table *to, const table *from) { *to = *from; }
int main(void) {
  static table a = {one, two, {1, 2, 3, 4}}, b;
  long (*volatile chosen)(long) = two;
  long sum = 0;
  for (long i = 0; i < 300; i++) {
    copy(&b, &a);
    sum += by(&b, i) + chosen(i);
    b.numbers[i & 3] = 0.5 * (double)i;
    ((volatile char *)&b.numbers)[i & 7] = (char)i;
    ((volatile short *)&b.numbers)[8] = (short)i;
  }
  printf("%ld %g\\n", sum, b.numbers[1]);
  return 0;
}
`,
    );
    const program = shop.mirrored('kinds', [source], ['-O2']);
    expectMirrored(both(program).found);
    for (const hot of [3, 1e9]) expect(counted(program, hot).pairs).toBeGreaterThan(4000);
  });

  /** 200 times: rdx is 1 in one of them, else 0. */
  const often = (body: string): string => `push %rbx
push %rbx
mov %rdi, %rax
${settled}
mov $200, %ebx
1: xor %edx, %edx
cmp $60, %ebx
sete %dl
${body}
dec %ebx
jnz 1b
pop %rbx
pop %rbx
ret
called: ret`;
  const main = `long cells[4] __attribute__((aligned(4096)));
void strange(long *at);
int main(void) { strange(cells); ${wait} return 0; }
`;
  const at = expect.stringMatching(/^strange/) as string;
  const push = ['never', 'push', at, 1];

  test.each([
    [
      'a call whose mirror store has another address',
      'lea 2f(%rip), %r11\nadd %rdx, %r11\nmov %r11, %gs:-8(%rsp)\ncall called\n2:',
      [push, ['stray', 'mov', at, 1]],
    ],
    [
      'a call by way of the operand of a mirror store',
      'lea called(%rip), %r11\nmov %r11, %gs:8(%rax)\nmov %r11, 8(%rax)\nmov %r11, %gs:8(%rax)\ncall *8(%rax)',
      [push, ['never', 'call', at, 200]],
    ],
    [
      'a push of the operand of a mirror store',
      'mov %rdx, %gs:8(%rax)\npush 8(%rax)\npop 8(%rax)',
      [push, ['stray', 'mov', at, 1]],
    ],
  ])('%s', (name, body, wanted) => {
    const program = withText(name.replaceAll(' ', '-'), main, often(body), 64);
    expect(found(both(program).found)).toEqual(wanted);
  });
});
