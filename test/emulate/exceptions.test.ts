// What exceptions tell their handlers is what the CPU and Linux tell; what the manuals leave to the CPU; what is refused by name.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { loaded, native32, Workshop } from './build.js';

const shop = new Workshop();
afterAll(() => shop.remove());
const source = join(__dirname, 'programs/exceptions.c');
const tiers = [0, 1] as const;

test.each([
  ['64 bits', () => shop.native('exceptions', [source], ['-w'])],
  ['32 bits', () => native32(shop, 'exceptions32', [source], ['-w'])],
])('%s: error codes and places are those on the CPU', (_, build) => {
  const program = build();
  const native = spawnSync(program, { encoding: 'utf8' });
  expect(native.stdout).toContain('int 3: signal 5 code 128 trap 3 error 0 at +2\n');
  expect(native.stdout).toContain('int 5: signal 11 code 128 trap 13 error 2a at +32\n');
  for (const tier of tiers) {
    const { machine, output } = loaded(program, { tiers: { tier, hot: 1, cold: 0 } });
    expect(machine.run()).toEqual({ kind: 'exit', code: 0 });
    expect(output()).toBe(native.stdout);
  }
});

/** Asm for main, the end included. */
function program(name: string, asm: string): string {
  return shop.native(
    name,
    [
      shop.written(
        `${name}.s`,
        `.globl main\n.type main, @function\nmain:\n${asm}\n.section .note.GNU-stack\n`,
      ),
    ],
    [],
  );
}

test.each([
  ['shldw', 19, 0xe9a1],
  ['shldw', 27, 0xa1e9],
  ['shrdw', 19, 0x87a6],
  ['shrdw', 21, 0xa1e9],
])("%s by %i: the second operand follows itself, as on AMD's CPUs", (name, count, result) => {
  const asm = `mov $0x5678, %eax\nmov $0x3d34, %edx\nmov $${count}, %ecx\nstc\n${name} %cl, %dx, %ax\nsetc %cl\nxor $${result}, %eax\njnz 1f\nmovzbl %cl, %eax\n1: ret`;
  const file = program(`${name}${count}`, asm);
  for (const tier of tiers)
    expect(loaded(file, { tiers: { tier, hot: 1, cold: 0 } }).machine.run()).toEqual({
      kind: 'exit',
      code: 0,
    });
});

test('the trap flag ends a program without a handler', () => {
  const file = program('steps', 'pushf\norl $0x100, (%rsp)\npopf\nxor %eax, %eax\nret');
  for (const tier of tiers)
    expect(loaded(file, { tiers: { tier, hot: 1, cold: 0 } }).machine.run()).toEqual({
      kind: 'fault',
      signal: 5,
      text: expect.stringMatching(/^step behind an instruction at 0x/),
      address: expect.any(Number),
    });
});
