// A machine put back to an earlier moment goes on as it went on the first time: registers, memory, files, pipes, time, random numbers.
import { cloneState, isFrozen } from '../../src/emulate/snapshot.js';
import { readAt } from '../../src/emulate/linux/contents.js';
import { Memory, READ, WRITE } from '../../src/emulate/memory.js';
import { anonymous } from '../../src/emulate/regions.js';
import { loaded, Workshop } from './build.js';
import type { Loaded } from './build.js';

const shop = new Workshop();
afterAll(() => shop.remove());

const source = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
int main(void) {
  unsigned char *page = mmap(0, 3 * 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  FILE *f = fopen("/kept", "w+");
  pipe(ends);
  unsigned sum = 0;
  for (int round = 0; round < 12; round++) {
    unsigned char bytes[8];
    struct timespec now;
    getrandom(bytes, 8, 0);
    clock_gettime(CLOCK_MONOTONIC, &now);
    fwrite(bytes, 1, 8, f), fflush(f);
    write(ends[1], bytes, 8);
    if (round % 3 == 2) {
      page = mremap(page, 3 * 4096, (3 + round % 2) * 4096, MREMAP_MAYMOVE);
      read(ends[0], bytes, 8);
      page = mremap(page, (3 + round % 2) * 4096, 3 * 4096, MREMAP_MAYMOVE);
    }
    memcpy(page + 4090, bytes, 8);
    char *heap = malloc(200000 + round);
    memset(heap, round, 200000);
    sum = sum * 31 + page[4093] + heap[77] + now.tv_nsec;
    free(heap);
    printf("%d %x %.3f\\n", round, sum, round / 7.0);
    fflush(stdout);
  }
  return ftell(f);
}
`;

interface Ending {
  readonly result: unknown;
  readonly executed: number;
  readonly registers: unknown;
  readonly output: string;
  readonly file: string;
}

function ending({ machine, output }: Loaded, skip: number): Ending {
  const result = machine.run();
  const node = machine.kernel.files.peek('/kept');
  return {
    result,
    executed: machine.executed,
    registers: machine.registers(),
    output: output().slice(skip),
    file: node?.kind === 'file' ? Buffer.from(readAt(node, 0, node.size)).toString('hex') : '',
  };
}

test('from any moment, as often as wanted, forwards or back', () => {
  const path = shop.written('moments.c', source);
  const program = shop.native('moments', [path], ['-O2', '-D_GNU_SOURCE', '-w']);
  const whole = ending(loaded(program, { root: undefined }), 0);
  expect(whole.result).toEqual({ kind: 'exit', code: 96 });
  const run = loaded(program, { root: undefined });
  const { machine } = run;
  const moments: { snapshot: ReturnType<typeof machine.snapshot>; written: number }[] = [];
  for (let at = 0; at < whole.executed - 1; at += Math.floor(whole.executed / 9)) {
    machine.run(at - machine.executed);
    moments.push({ snapshot: machine.snapshot(), written: run.output().length });
  }
  expect(moments.length).toBeGreaterThan(8);
  for (const n of [8, 3, 3, 0, 7, 1, 5]) {
    const { snapshot, written } = moments[n]!;
    machine.restore(snapshot);
    expect(machine.executed).toBe(n * Math.floor(whole.executed / 9));
    const before = run.output().length;
    expect(ending(run, before)).toEqual({ ...whole, output: whole.output.slice(written) });
  }
});

test('code that was changed after the snapshot is executed as it was', () => {
  const path = shop.written(
    'code.c',
    `#include <string.h>
#include <sys/mman.h>
int main(void) {
  unsigned char code[] = {0xb8, 1, 0, 0, 0, 0xc3}; /* mov $1, %eax; ret */
  unsigned char *at = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(at, code, sizeof code);
  int (*f)(void) = (int (*)(void))at;
  int sum = 0;
  for (int i = 0; i < 3; i++) sum += f(), at[1] *= 10;
  return sum;
}
`,
  );
  const { machine } = loaded(shop.native('code', [path], ['-O1']));
  const moments = [];
  while (machine.run(20).kind === 'limit') moments.push(machine.snapshot());
  for (const moment of moments.reverse()) {
    machine.restore(moment);
    expect(machine.run()).toEqual({ kind: 'exit', code: 111 });
  }
});

test('memory that no snapshot holds is used again', () => {
  const memory = new Memory(8 * 4096);
  memory.map(anonymous(0x10000, 0x10000 + 4 * 4096, READ | WRITE));
  for (let round = 0; round < 50; round++) {
    const snapshot = memory.snapshot();
    for (let n = 0; n < 4; n++) memory.write32(0x10000 + n * 4096, 0, round + 1);
    memory.restore(snapshot);
    expect(memory.read32(0x10000, 0)).toBe(0);
    memory.release(snapshot);
  }
});

test('a copy of state keeps what is one thing one thing, and freezes bytes', () => {
  const bytes = new Uint8Array(3);
  const node = { data: bytes, size: 1 };
  const copy = cloneState({ a: node, b: new Map([[1, node]]), c: [undefined, 'x', 5n] });
  expect(copy).toEqual({ a: node, b: new Map([[1, node]]), c: [undefined, 'x', 5n] });
  expect(copy.a).not.toBe(node);
  expect(copy.b.get(1)).toBe(copy.a);
  expect(isFrozen(bytes)).toBe(true);
  expect(isFrozen(new Uint8Array(3))).toBe(false);
  expect(() => cloneState(() => 1)).toThrow('no state');
  expect(() => cloneState(new Memory(4096))).toThrow('no state');
});
