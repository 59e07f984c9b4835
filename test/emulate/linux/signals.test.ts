// Signals: frames and masks are those of Linux, by the output of one program here and on the CPU; lost pages are told of as Linux does.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Workshop, loaded } from '../build.js';

const shop = new Workshop();
afterAll(() => shop.remove());
const source = join(__dirname, '../programs/signals.c');

test.each(['native', 'mirrored'] as const)('%s: handlers see what they see on the CPU', (kind) => {
  const program = shop[kind](`signals-${kind}`, [source], ['-O1']);
  const native = spawnSync(program, { encoding: 'utf8' });
  expect(native.signal).toBe('SIGTRAP');
  const { machine, output } = loaded(program);
  const end = machine.run();
  expect(output()).toBe(native.stdout);
  expect(end).toEqual({ kind: 'signal', number: 5 });
});

const loses = `#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
static char *page;
static char stack[32768];
static void bus(int sig, siginfo_t *info, void *context) {
  printf("%d code %d address %td lsb %d\\n", sig, info->si_code, (char *)info->si_addr - page, info->si_addr_lsb);
  char bytes[8];
  printf("%d %d\\n", (int)write(1, page + 4090, 8), errno);
  mmap(page + 4096, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  page[4096 + 77] = 9;
}
int main(void) {
  page = mmap(0, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[4096] = 1;
  for (int i = 4090; i < 4096; i++) page[i] = 'a';
  page[4095] = 10;
  struct sigaction act = {.sa_sigaction = bus, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  stack_t s = {stack, 0, sizeof stack};
  sigaltstack(&s, 0), sigaction(SIGBUS, &act, 0);
  setvbuf(stdout, 0, _IOLBF, 0);
  printf("%p\\n", page + 4096);
  getppid();
  int failed = write(1, page + 4096, 5) < 0 && errno == EFAULT;
  unsigned long entry = 0;
  int pagemap = open("/proc/self/pagemap", O_RDONLY);
  pread(pagemap, &entry, 8, (unsigned long)(page + 4096) / 4096 * 8);
  printf("%d %d\\n", failed, (int)(entry >> 62));
  page[4096 + 77]++;
  printf("%d\\n", page[4096 + 77]);
  return 0;
}
`;

test('a lost page is a SIGBUS with its address, or EFAULT, or a call that does less, until something else is put there', () => {
  const program = shop.native('loses', [shop.written('loses.c', loses)], ['-O1']);
  const { machine, output } = loaded(program);
  let at = 0;
  machine.kernel.onTrace = (name) => {
    if (name !== 'getppid') return;
    at = parseInt(output(), 16);
    expect(machine.memory.lose(at / 4096)).toBe(true);
  };
  expect(machine.run()).toEqual({ kind: 'exit', code: 0 });
  expect(output()).toBe(`0x${at.toString(16)}\n1 1\n7 code 4 address 4173 lsb 12\naaaaa\n6 14\n10\n`);
});

test('a snapshot has its lost pages, and mremap moves them', () => {
  const program = shop.native('none', [shop.written('none.c', 'int main(void) { return 3; }\n')], ['-O1']);
  const { machine } = loaded(program);
  const { memory } = machine;
  const page = Math.floor(machine.start.stack / 4096);
  const whole = machine.snapshot();
  expect(memory.lose(page)).toBe(true);
  expect(memory.lose(page)).toBe(false);
  const lost = machine.snapshot();
  expect(machine.run()).toMatchObject({ kind: 'fault', signal: 7 });
  machine.restore(whole);
  expect(memory.isLost(page)).toBe(false);
  expect(machine.run()).toEqual({ kind: 'exit', code: 3 });
  machine.restore(lost);
  memory.movePages(page * 4096, page * 4096 + 4096, 4096 * 4096);
  expect([memory.isLost(page), memory.isLost(4096)]).toEqual([false, true]);
});
