// 32-bit programs: same output and exit code as on the real CPU, native and mirrored, whatever made them; and what is not there is named.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loaded, native32, Workshop } from '../build.js';

const shop = new Workshop();
afterAll(() => shop.remove());
const programs = join(__dirname, '../programs');
const dist = join(__dirname, '../../../dist');

const compilers: readonly (readonly [name: string, build: (name: string, source: string) => string])[] = [
  ['gcc -O0', (name, source) => native32(shop, name, [source], ['-O0', '-msse2', '-w'])],
  ['gcc -O2', (name, source) => native32(shop, name, [source], ['-O2', '-msse2', '-w'])],
  [
    'gcc -static-pie',
    (name, source) => native32(shop, name, [source], ['-O2', '-msse2', '-w', '-static-pie', '-fPIE']),
  ],
  ['clang -O2', (name, source) => native32(shop, name, [source], ['-O2', '-msse2', '-w'], 'clang')],
  ['mirrorcc', (name, source) => shop.mirrored(name, [source], ['-m32', '-O1', '-msse2', '-w'])],
  ['mirrorcc -pie', (name, source) => shop.mirrored(name, [source], ['-m32', '-O2', '-msse2', '-pie', '-w'])],
];
// frames-i386 looks into its frame from a frame pointer.
const sources = ['calls', 'mixed', 'signals', 'threads', 'frames-i386'];

describe.each(compilers)('%s', (name, build) => {
  test.each(sources)('%s: output and end are those on the CPU', (source) => {
    const program = build(`${source}-${name.replace(/\W/g, '')}`, join(programs, `${source}.c`));
    const native = spawnSync(program, ['last'], { encoding: 'utf8' });
    const { machine, output } = loaded(program);
    expect(machine.elf.bits).toBe(32);
    const end = machine.run();
    expect(output()).toBe(native.stdout);
    if (source === 'signals') {
      expect(native.signal).toBe('SIGTRAP');
      expect(end).toEqual({ kind: 'signal', number: 5 });
    } else expect(end).toEqual({ kind: 'exit', code: native.status });
  });
});

test('a mirrored program finds its place and checks itself', () => {
  const program = shop.mirrored('checked', [join(programs, 'mixed.c')], ['-m32', '-O2', '-w']);
  const { machine, output } = loaded(program, { environment: ['MIRROR_CHECK=exit'] });
  expect(machine.run()).toEqual({ kind: 'exit', code: 7 });
  expect(output()).toMatch(/mirrorasm: checked \d{5,} bytes, 0 differ\n$/);
});

test('stops after any number of instructions, goes back and on', () => {
  const program = native32(shop, 'steps', [join(programs, 'mixed.c')], ['-O2', '-w']);
  const whole = loaded(program);
  whole.machine.run();
  const parts = loaded(program);
  expect(parts.machine.run(5001)).toEqual({ kind: 'limit' });
  const before = parts.machine.snapshot();
  const registers = parts.machine.registers();
  expect(Object.keys(registers)).toEqual(['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi']);
  parts.machine.run(3000);
  parts.machine.restore(before);
  expect(parts.machine.registers()).toEqual(registers);
  let result = parts.machine.run(1);
  while (result.kind === 'limit') result = parts.machine.run(997);
  expect(result).toEqual({ kind: 'exit', code: 7 });
  expect(parts.machine.executed).toBe(whole.machine.executed);
});

test.each([
  ['an old form', 'return syscall(67, 1, 0, 0) ? 1 : 0;', 'missing', /^system call sigaction$/],
  [
    'an unknown call',
    'return syscall(999, 1, 2) ? 1 : 0;',
    'missing',
    /^system call 999 \(arguments 0x1, 0x2, /,
  ],
  [
    'sysenter',
    'asm volatile("sysenter");',
    'missing',
    /^instruction sysenter \(0f 34\) at 0x[0-9a-f]+ \(main/,
  ],
  [
    'a store by way of CS',
    'asm volatile("movl $1, %%cs:0" ::: "memory");',
    'missing',
    /^instruction mov \(2e c7 05/,
  ],
  [
    'a call of 16 bits',
    'asm volatile("callw *%%ax" ::: "memory");',
    'missing',
    /^instruction call \(66 ff d0\)/,
  ],
  [
    'another segment',
    'asm volatile("movl $0x23, %%eax\\n\\tmov %%eax, %%es" ::: "eax");',
    'missing',
    /^loading es with selector 0x23 at/,
  ],
  [
    'a small segment',
    'unsigned d[] = {-1u, 0x1000, 10, 1}; return syscall(243, d);',
    'missing',
    /^a segment with limit 0xa and bits 0x1$/,
  ],
  [
    'a segment that is not there',
    'asm volatile("movl %%fs:0, %%eax" ::: "eax");',
    'fault',
    /^protection a segment that is not there at/,
  ],
  [
    'into',
    'asm volatile("movb $127, %%al\\n\\taddb $1, %%al\\n\\tinto" ::: "eax");',
    'fault',
    /^overflow into at/,
  ],
  ['a load', 'return *(volatile int *)0x1234;', 'fault', /^load from 0x1234, unmapped, at/],
  [
    'an address of the kernel',
    'return *(volatile int *)0xfffff000;',
    'fault',
    /^load from 0xfffff000, unmapped, at/,
  ],
])('%s that cannot be done is named', (name, body, kind, text) => {
  const source = shop.written(
    `${name.replace(/\W/g, '')}.c`,
    `#include <unistd.h>\n#include <sys/syscall.h>\nint main(void) { ${body} return 0; }\n`,
  );
  const { machine } = loaded(
    native32(shop, name.replace(/\W/g, ''), [source], ['-O1', '-D_GNU_SOURCE', '-w']),
  );
  const result = machine.run();
  expect(result.kind).toBe(kind);
  expect('text' in result ? result.text : '').toMatch(text);
});

test('thread-local memory is where the descriptor says, and one that is taken away is gone', () => {
  const source = shop.written(
    'descriptors.c',
    `#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static int area[4] = {10, 20, 30, 40};
int main(void) {
  unsigned d[4] = {-1u, (unsigned)area, 0xfffff, 0x51}, n, back[4];
  if (syscall(SYS_set_thread_area, d)) return 1;
  int selector = d[0] * 8 + 3, first, second, after;
  asm volatile("mov %2, %%fs\\n\\tmovl %%fs:4, %0\\n\\tmov %%fs, %1" : "=r"(first), "=r"(n) : "r"(selector));
  back[0] = d[0], d[1] = (unsigned)(area + 1);
  if (syscall(SYS_get_thread_area, back) || back[1] != (unsigned)area || back[3] != 0x51) return 2;
  if (syscall(SYS_set_thread_area, d)) return 3;
  asm volatile("movl %%fs:4, %0" : "=r"(second));
  memset(d + 1, 0, 12), d[3] = 0x28;
  if (syscall(SYS_set_thread_area, d)) return 4;
  asm volatile("mov %%fs, %0" : "=r"(after));
  return first + second + (n == selector) + (after & ~3 ? 100 : 0);
}
`,
  );
  const program = native32(shop, 'descriptors', [source], ['-O1', '-w']);
  const native = spawnSync(program);
  expect(native.status).toBe(51);
  expect(loaded(program).machine.run()).toEqual({ kind: 'exit', code: 51 });
});

test('mirrorasm run takes a 32-bit program, and names another machine', () => {
  const program = native32(shop, 'command', [join(programs, 'mixed.c')], ['-O2', '-w']);
  const run = (file: string, ...options: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [join(dist, 'mirrorasm.js'), 'run', ...options, file, 'last'], {
      encoding: 'utf8',
    });
  const own = run(program, '--stats');
  expect(own.stdout).toBe(spawnSync(program, ['last'], { encoding: 'utf8' }).stdout);
  expect(own.stderr).toMatch(/^command: \d+ instructions/);
  expect(own.status).toBe(7);
  expect(run(program, '--trace=3').stderr).toMatch(/int \$0x80/);
  const arm = Buffer.alloc(64);
  arm.write('\x7fELF\x01\x01\x01', 'latin1');
  arm.writeUInt16LE(2, 16);
  arm.writeUInt16LE(40, 18);
  writeFileSync(join(shop.folder, 'arm'), arm);
  const other = run(join(shop.folder, 'arm'));
  expect(other.stderr).toMatch(/error: not for x86$/m);
  expect(other.status).toBe(2);
});
