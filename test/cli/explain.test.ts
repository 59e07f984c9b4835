// `mirrorasm explain` from outside.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const mirrorasm = join(__dirname, '../../dist/mirrorasm.js');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-explain-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function run(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(mirrorasm, ['explain', ...args], {
    cwd: work,
    encoding: 'utf8',
    input,
  });
  return { status, stdout, stderr };
}

function json(statement: string): Record<string, unknown> {
  const { status, stdout } = run(['--json', statement]);
  expect(status).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('a read-modify-write, as one JSON object', () => {
  expect(json('addl %eax, 8(%rdi)')).toEqual({
    text: 'addl %eax, 8(%rdi)',
    profile: 'linux-x86_64',
    writes: [{ kind: 'explicit', location: '8(%rdi)', bytes: 4, conditional: false }],
    reads: ['8(%rdi)', 'rax', 'rdi'],
    clobbers: [],
    flagsIn: [],
    flagsOut: ['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'],
    kind: 'modify',
    why: expect.stringContaining('the mirror first'),
    refused: null,
    mirrored: ['movl 8(%rdi), %r11d', 'addl %eax, %r11d', 'movl %r11d, %gs:8(%rdi)', 'movl %r11d, 8(%rdi)'],
  });
});

test.each([
  ['pushq %rbx', { kind: 'implicit', location: '-8(%rsp)', bytes: 8, conditional: false }],
  ['rep stosb', { kind: 'implicit', location: '(%rdi)', bytes: null, conditional: true }],
  ['vmovups %ymm0, (%rax){%k1}', { kind: 'explicit', location: '(%rax){%k1}', bytes: 32, conditional: true }],
  ['lock; incl (%rdi)', { kind: 'explicit', location: '(%rdi)', bytes: 4, conditional: false }],
])('what %s writes', (statement, write) => {
  expect(json(statement)).toMatchObject({ text: statement, writes: [write], refused: null });
});

test.each([
  ['frobnicate %eax', /unknown instruction/],
  ['movl %eax, %gs:4', /uses %gs/],
  ['movl %eax, (%rdi', /ends too early/],
  ['.macro m', /\.endm/],
])('%s is refused with its reason', (statement, reason) => {
  expect(json(statement)).toMatchObject({ refused: expect.stringMatching(reason), mirrored: [] });
});

test('a line of a file, in its context', () => {
  writeFileSync(join(work, 'in.s'), '\tmovl\t$1, %eax\n\tnop\n\txaddl\t%eax, (%rdi)\n\tret\n');
  const { status, stdout } = run(['in.s:3']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^xaddl %eax, \(%rdi\)\n {2}writes {4}\(%rdi\), 4 bytes \(explicit\)\n/);
  expect(run(['in.s:9'])).toMatchObject({ status: 2, stderr: expect.stringContaining('line 9 of in.s') });
  expect(run(['missing.s:1'])).toMatchObject({ status: 2, stderr: expect.stringContaining('missing.s') });
});

test('a line with a macro: every statement it becomes', () => {
  writeFileSync(join(work, 'macro.s'), '.macro two\n\tpushq %rax\n\tpopq %rax\n.endm\n\ttwo\n\tret\n');
  const lines = run(['--json', 'macro.s:5']).stdout.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { text: string }).text)).toEqual([
    'pushq %rax',
    'popq %rax',
  ]);
});

test('statements from standard input, one object a line', () => {
  const { stdout } = run(['--json', '-'], 'nop\n\nstosb\nmovb $1, (%rax)\n');
  const kinds = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
  expect(kinds).toEqual(['none', 'stos', 'store']);
});
