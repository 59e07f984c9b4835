// Whole programs: same output and exit code as on the real CPU, native and mirrored; and what the emulator says when it stops.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Machine } from '../../src/emulate/index.js';
import type { MachineOptions } from '../../src/emulate/index.js';

const folder = mkdtempSync(join(tmpdir(), 'emulate-'));
afterAll(() => rmSync(folder, { recursive: true }));
const mirrorcc = join(__dirname, '../../dist/mirrorcc');

function build(name: string, source: string, compiler: string, ...options: string[]): string {
  const out = join(folder, name);
  execFileSync(compiler, ['-O2', '-static', ...options, source, '-o', out], { stdio: 'inherit' });
  return out;
}

function written(name: string, text: string): string {
  const path = join(folder, `${name}.c`);
  writeFileSync(path, text);
  return path;
}

function machine(
  program: string,
  options: Partial<MachineOptions> = {},
): { machine: Machine; output: () => string } {
  const chunks: Buffer[] = [];
  const made = new Machine(readFileSync(program), {
    args: ['program', 'last'],
    io: { write: (_, bytes) => chunks.push(Buffer.from(bytes)) },
    ...options,
  });
  return { machine: made, output: () => Buffer.concat(chunks).toString() };
}

const mixed = join(__dirname, 'programs/mixed.c');

test.each([
  ['musl-gcc', 'musl-gcc', []],
  ['musl-gcc, not optimized', 'musl-gcc', ['-O0']],
  ['musl-gcc -static-pie', 'musl-gcc', ['-static-pie', '-fPIE']],
  ['mirrorcc', mirrorcc, []],
])('%s: output and exit code are those on the CPU', (name, compiler, options) => {
  const program = build(`mixed-${name.replace(/\W/g, '')}`, mixed, compiler, ...options);
  const environment = compiler === mirrorcc ? ['MIRROR_CHECK=exit'] : [];
  const native = spawnSync(program, ['last'], {
    env: Object.fromEntries(environment.map((e) => e.split('='))),
  });
  const own = machine(program, { environment });
  expect(own.machine.run()).toEqual({ kind: 'exit', code: native.status });
  const all = own.output();
  expect(all.startsWith(native.stdout.toString())).toBe(true);
  // What the runtime says on stderr comes last: how much it compared depends on where the program lies.
  if (compiler === mirrorcc) expect(all).toMatch(/checked \d+ bytes, 0 differ\n$/);
  else expect(all).toBe(native.stdout.toString());
});

test.each(['-m64', '-m32'])('%s: x87 results whose over- or underflow is not masked', (width) => {
  const program = build(`x87-traps${width}`, join(__dirname, 'programs/x87-traps.c'), 'gcc', width);
  const native = spawnSync(program);
  expect(native.stdout.toString()).toMatch(/^fscale(.*\n){2000,}traps\nsignal 8, code 4\n$/);
  for (const tier of [0, 1] as const) {
    const own = machine(program, { tiers: { tier } });
    expect(own.machine.run()).toEqual({ kind: 'exit', code: native.status });
    expect(own.output()).toBe(native.stdout.toString());
  }
});

test.each(['-m64', '-m32'])('%s: a program that steps itself by the trap flag', (width) => {
  const program = build(`steps${width}`, join(__dirname, 'programs/steps.c'), 'gcc', width);
  const native = spawnSync(program);
  expect(native.signal).toBe('SIGTRAP');
  expect(native.stdout.toString()).toMatch(/^(38 steps, some t \n(\d+ \d+ 2 (0|[15]00) 1\n){38}){3}$/);
  for (const tiers of [{ tier: 0 }, { tier: 1, hot: 1, cold: 0 }] as const) {
    const own = machine(program, { tiers });
    expect(own.machine.run()).toMatchObject({ kind: 'fault', signal: 5 });
    expect(own.output()).toBe(native.stdout.toString());
    // Wherever it is stopped.
    const parts = machine(program, { tiers });
    while (parts.machine.run(3).kind === 'limit');
    expect(parts.machine.executed).toBe(own.machine.executed);
    expect(parts.output()).toBe(own.output());
  }
});

test('two runs are the same, instruction for instruction', () => {
  const program = build('again', mixed, 'musl-gcc');
  const runs = [machine(program), machine(program)];
  for (const { machine: m } of runs) m.run();
  expect(runs[0]!.machine.executed).toBe(runs[1]!.machine.executed);
  expect(runs[0]!.machine.registers()).toEqual(runs[1]!.machine.registers());
});

test('the clock is the number of instructions, wherever a run is stopped', () => {
  const source = written(
    'clock',
    `#include <stdio.h>
#include <time.h>
int main(void) {
  struct timespec t;
  for (int i = 0; i < 3; i++) clock_gettime(CLOCK_MONOTONIC, &t), printf("%ld %llu\\n", t.tv_nsec, __builtin_ia32_rdtsc());
  return 0;
}
`,
  );
  const program = build('clock', source, 'musl-gcc');
  const whole = machine(program);
  expect(whole.machine.run()).toEqual({ kind: 'exit', code: 0 });
  expect(whole.output()).toMatch(/^\d{3,} \d{3,}\n/);
  const steps = machine(program);
  while (steps.machine.step().kind === 'limit');
  expect(steps.output()).toBe(whole.output());
});

test('stops after any number of instructions and goes on', () => {
  const program = build('steps', mixed, 'musl-gcc');
  const whole = machine(program);
  whole.machine.run();
  const parts = machine(program);
  expect(parts.machine.step()).toEqual({ kind: 'limit' });
  expect(parts.machine.executed).toBe(1);
  let result = parts.machine.run(4321);
  expect(parts.machine.executed).toBe(4322);
  while (result.kind === 'limit') result = parts.machine.run(997);
  expect(result).toEqual({ kind: 'exit', code: 7 });
  expect(parts.machine.executed).toBe(whole.machine.executed);
  expect(parts.output()).toBe(whole.output());
});

test.each([
  [
    'a call with an impossible size',
    'return write(1, "", -5L) == -1 && errno == EFAULT ? 0 : 1;',
    'exit',
    /^$/,
  ],
  ['a system call', 'return syscall(101, 2, 1, 0);', 'missing', /^system call 101 \(arguments 0x2, 0x1, 0x0/],
  [
    'an instruction',
    'asm volatile("vaddph %zmm0, %zmm1, %zmm2");',
    'missing',
    /^instruction vaddph \(62 f5 74 48 58 d0\) at 0x[0-9a-f]+ \(main/,
  ],
  [
    'a load',
    'return *(volatile int *)0x1234;',
    'fault',
    /^load from 0x1234, unmapped, at 0x[0-9a-f]+ \(main/,
  ],
  ['a store to code', '*(volatile char *)main = 1;', 'fault', /^store to 0x[0-9a-f]+, denied, at/],
  ['a division', 'volatile int zero = 0; return 10 / zero;', 'fault', /^divide {2}at/],
])('%s that cannot be done is named', (name, body, kind, text) => {
  const source = written(
    name.replace(/\W/g, ''),
    `#include <errno.h>\n#include <unistd.h>\nint main(void) { ${body} return 0; }\n`,
  );
  const result = machine(build(name.replace(/\W/g, '-'), source, 'musl-gcc', '-D_GNU_SOURCE')).machine.run();
  expect(result.kind).toBe(kind);
  if (result.kind === 'exit') expect(result.code).toBe(0);
  expect('text' in result ? result.text : '').toMatch(text);
});

test('code that the program changes is executed as changed', () => {
  const source = written(
    'changing',
    `#include <string.h>
#include <sys/mman.h>
int main(void) {
  unsigned char code[] = {0xb8, 1, 0, 0, 0, 0xc3}; /* mov $1, %eax; ret */
  unsigned char *at = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(at, code, sizeof code);
  int (*f)(void) = (int (*)(void))at;
  int sum = f();
  at[1] = 10, sum += f();
  /* movb $100, 1(%rip): the next instruction's immediate, in the same block */
  unsigned char self[] = {0xc6, 0x05, 1, 0, 0, 0, 100, 0xb8, 1, 0, 0, 0, 0xc3};
  memcpy(at, self, sizeof self);
  return sum + f();
}
`,
  );
  expect(machine(build('changing', source, 'musl-gcc')).machine.run()).toEqual({ kind: 'exit', code: 111 });
});

test('a stack is executable where the program asks for it', () => {
  const source = written(
    'nested',
    `__attribute__((noinline)) static int call(int (*f)(int)) { return f(40); }
int main(int argc, char **argv) {
  (void)argv;
  int add(int n) { return n + argc; }
  return call(add);
}
`,
  );
  expect(machine(build('nested', source, 'musl-gcc', '-w')).machine.run()).toEqual({
    kind: 'exit',
    code: 42,
  });
});

test('a bit test needs no right to write', () => {
  const source = written(
    'bit',
    `static const int bits[2] = {8, 0};
int main(void) {
  int found = 0;
  asm("btl $3, %1\\n\\tadcl $0, %0" : "+r"(found) : "m"(bits[0]) : "cc");
  return found;
}
`,
  );
  expect(machine(build('bit', source, 'musl-gcc')).machine.run()).toEqual({ kind: 'exit', code: 1 });
});

test('files of the host are read, and never written', () => {
  const source = written(
    'files',
    `#include <stdio.h>
int main(void) {
  FILE *f = fopen("/kept", "r+");
  int first = fgetc(f);
  rewind(f), fputc('X', f), fclose(f);
  return fgetc(fopen("/kept", "r")) == 'X' ? first : 1;
}
`,
  );
  writeFileSync(join(folder, 'kept'), 'abc');
  const program = build('files', source, 'musl-gcc');
  expect(machine(program, { root: folder }).machine.run()).toEqual({ kind: 'exit', code: 97 });
  expect(readFileSync(join(folder, 'kept'), 'utf8')).toBe('abc');
});

test('a file that is no static program is refused', () => {
  expect(() => new Machine(Buffer.from('#!/bin/sh\n'.repeat(20)), { args: ['x'] })).toThrow(
    'not an ELF file',
  );
  expect(() => new Machine(readFileSync('/bin/true'), { args: ['x'] })).toThrow('dynamically linked');
});

test.each(['sh_size', 'sh_link'])(
  'a table of symbols whose %s is damaged names nothing, and the program runs',
  (field) => {
    const file = readFileSync(
      build('damaged', written('damaged', 'int main(void) { return 3; }'), 'musl-gcc'),
    );
    const table = Number(file.readBigUInt64LE(40));
    const headers = Array.from({ length: file.readUInt16LE(60) }, (_, n) => table + 64 * n);
    const symbols = headers.find((at) => file.readUInt32LE(at + 4) === 2)!;
    if (field === 'sh_size') file.writeBigUInt64LE(1n << 40n, symbols + 32);
    else file.writeUInt32LE(0x10000000, symbols + 40);
    const made = new Machine(file, { args: ['program'] });
    expect(made.run()).toEqual({ kind: 'exit', code: 3 });
    expect(made.symbolize(made.start.entry)).toBe('?');
  },
);
