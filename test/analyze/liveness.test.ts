// Liveness over what compilers do beside plain calls and branches. In each text `nop` stands where a scratch register would be taken.
import { collectCode } from '../../src/analyze/code.js';
import { groupsOf } from '../../src/analyze/groups.js';
import { resolveIndirect } from '../../src/analyze/indirect.js';
import { computeLiveness } from '../../src/analyze/liveness.js';
import type { Abi } from '../../src/analyze/liveness.js';
import { parse } from '../../src/parse/parse.js';

const names = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');

/** Volatile registers dead at the `nop`. */
function deadAtNop(text: string, abi: Abi = 'sysv', mode: 64 | 32 = 64): string {
  const code = collectCode(parse('test.s', text), new Set(), mode);
  expect(code.diagnostics).toEqual([]);
  const live = computeLiveness(code, abi);
  const at = code.units.findIndex((unit) => unit.effects.base === 'nop');
  const volatile = mode === 64 ? [0, 1, 2, 6, 7, 8, 9, 10, 11] : [0, 1, 2];
  return volatile
    .filter((r) => !((live.integerOut[at]! >> r) & 1))
    .map((r) => names[r])
    .join(' ');
}

/** Statements of jumps with the number of their targets, `+` where they may leave the file's view. */
function jumps(text: string, mode: 64 | 32 = 64): string[] {
  const file = parse('test.s', text);
  const code = collectCode(file, new Set(), mode);
  expect(code.diagnostics).toEqual([]);
  return [...resolveIndirect(code, groupsOf(code))].map(
    ([, found]) => `${found.targets.length}${found.elsewhere ? '+' : ''}`,
  );
}

const f = (body: string): string => `.text\n.globl f\n.type f, @function\nf:\n${body}\n.size f, .-f\n`;

describe('indirect jumps', () => {
  // Behind ud2 nothing is read, so that only the targets count.
  const cases = `.L3: movl $1, %eax\nud2\n.L5: movl %r8d, %eax\nud2\n.L6: movl %r8d, %eax\nud2`;
  const relative = `.section .rodata\n.align 4\n.L4:\n.long .L3-.L4\n.long .L5-.L4\n.long .L6-.L4\n.text\n`;
  const absolute = `.section .data.rel.ro.local,"aw"\n.align 8\n.L4:\n.quad .L3\n.quad .L5\n.quad .L6\n.text\n`;
  const gcc = 'movslq (%rdx,%rax,4), %rax\naddq %rdx, %rax\nnotrack jmp *%rax';

  test.each([
    ['gcc, position-independent', f(`leaq .L4(%rip), %rdx\nnop\n${gcc}\n${cases}`), relative],
    [
      'clang, table in another register of the sum',
      f(`leaq .L4(%rip), %rcx\nnop\nmovslq (%rcx,%rax,4), %rax\naddq %rcx, %rax\njmpq *%rax\n${cases}`),
      relative,
    ],
    ['gcc, absolute', f(`nop\njmp *.L4(,%rax,8)\n${cases}`), absolute],
    ['computed goto, load and jump', f(`leaq .L4(%rip), %rbp\nnop\njmpq *(%rbp,%rcx,8)\n${cases}`), absolute],
    [
      'computed goto, table address made before a loop with calls',
      f(
        `leaq .L4(%rip), %rbx\n.L1: call g\nmovslq %eax, %rax\nnop\nmovq (%rbx,%rax,8), %rax\njmp *%rax\n` +
          `.L3: movl $1, %eax\nud2\n.L5: movl %r8d, %eax\nud2\n.L6: ud2`,
      ),
      absolute,
    ],
    [
      'non-PIC address as an immediate',
      f(`movl $.L4, %edx\nnop\nmovq (%rdx,%rax,8), %rcx\njmp *%rcx\n${cases}`),
      absolute,
    ],
  ])('%s: the entries of the table, nothing else', (_, code, table) => {
    expect(jumps(table + code)).toEqual(['3']);
    expect(jumps(code + table)).toEqual(['3']);
    const dead = deadAtNop(table + code).split(' ');
    expect(dead).not.toContain('r8');
    expect(dead).toEqual(expect.arrayContaining(['r9', 'r10', 'r11', 'rsi']));
  });

  test.each([
    [
      'an entry that is no label',
      f(`nop\njmp *.L4(,%rax,8)\n${cases}`),
      `.data\n.L4: .quad .L3, .L5+1\n.text\n`,
      '2+',
    ],
    [
      'a number in the table',
      f(`nop\njmp *.L4(,%rax,8)\n${cases}`),
      `.data\n.L4: .quad .L3, 0, .L5\n.text\n`,
      '2+',
    ],
    [
      'functions in the table',
      f(`nop\njmp *.L4(,%rax,8)\n${cases}`),
      `.data\n.L4: .quad g, f\n.text\n`,
      '0+',
    ],
    ['an offset beside the table', f(`nop\njmp *.L4-8(,%rax,8)\n${cases}`), absolute, '3+'],
    [
      'relative to another table',
      f(`leaq .L9(%rip), %rdx\nnop\n${gcc}\n${cases}`),
      `${relative}.data\n.L9: .long 1\n.text\n`,
      '0+',
    ],
    [
      'two values of the table register',
      f(`leaq .L4(%rip), %rdx\ntestl %edi, %edi\nje .L1\nmovq %rsi, %rdx\n.L1: nop\n${gcc}\n${cases}`),
      relative,
      '3+',
    ],
    ['a parameter', f(`nop\njmp *(%rdi,%rax,8)\n${cases}`), '', '0+'],
    [
      'a call that may change the table register',
      f(`leaq .L4(%rip), %rdx\nnop\ncall g\n${gcc}\n${cases}`),
      relative,
      '3+',
    ],
    [
      'a landing pad on the way',
      f(`leaq .L4(%rip), %rbx\ncall g\n.L8: nop\nmovq (%rbx,%rax,8), %rax\njmp *%rax\n${cases}`),
      `${absolute}.section .gcc_except_table,"a"\n.uleb128 .L8-f\n.text\n`,
      '4+',
    ],
  ])('%s: not resolved', (_, code, table, expected) => {
    expect(jumps(table + code)).toEqual([expected]);
    // A tail call may read every register that passes arguments.
    expect(deadAtNop(table + code)).toMatch(/^(r11)?$/);
  });

  test('labels whose address is taken in the function are targets of any other indirect jump in it', () => {
    const text = f(`leaq .L5(%rip), %rcx\nmovq %rcx, (%rdi)\nnop\njmp *(%rdi)\n.L5: movl %r11d, %eax\nret`);
    expect(jumps(text)).toEqual(['1+']);
    expect(deadAtNop(text)).toBe('');
  });

  test('of another function they are not', () => {
    const other = `.type h, @function\nh:\nleaq .L5(%rip), %rcx\njmp *%rcx\n.L5: movl %r11d, %eax\nret\n`;
    expect(jumps(f('nop\njmp *%rax') + other)).toEqual(['0+', '1+']);
    expect(deadAtNop(f('nop\njmp *%rax') + other)).toBe('r11');
  });

  test('a part of the function in another section is in it', () => {
    const cold = `.section .text.unlikely\n.type f.cold, @function\nf.cold: .L3: movl %r11d, %eax\nret\n`;
    const text =
      f('leaq .L4(%rip), %rdx\nmovq %rdx, (%rdi)\nnop\njmp *%rax') + cold + relative + 'ret\n.L5: .L6: ret\n';
    expect(deadAtNop(text)).toBe('');
  });

  test('i386, through the global offset table', () => {
    const table = `.section .rodata\n.L4:\n.long .L3@GOTOFF\n.long .L5@GOTOFF\n.text\n`;
    const text = `${f(`nop\nmovl .L4@GOTOFF(%ebx,%eax,4), %eax\naddl %ebx, %eax\nnotrack jmp *%eax\n.L3: ret\n.L5: ret`)}`;
    expect(jumps(table + text, 32)).toEqual(['2']);
  });

  test('hand-written text: everything is live', () => {
    expect(deadAtNop(absolute + f(`nop\njmp *.L4(,%rax,8)\n${cases}`), 'none')).toBe('');
  });
});

describe('calls and returns', () => {
  test.each([
    ['a call may read all but r11', f('nop\ncall g\nxorl %eax, %eax\nret'), 'r11'],
    // preserve_most, preserve_all, ms_abi and LLVM's local functions: rcx to r10 belong to the caller, or are results.
    ['a return may give all but r11', f('nop\nret'), 'r11'],
    ['a call through a register reads it', f('nop\ncall *%r11\nret'), ''],
    ['retpoline', f('nop\ncall __x86_indirect_thunk_r11\nret'), ''],
    ['retpoline of LLVM', f('nop\ncallq __llvm_retpoline_r11@PLT\nret'), ''],
    ['retpoline as a tail call', f('nop\njmp __x86_indirect_thunk_r11'), ''],
    ['retpoline through another register', f('nop\ncall __x86_indirect_thunk_rax\nret'), 'r11'],
    ['split stack', f('nop\ncall __morestack\nret\nret'), ''],
    ['a call in front of a prologue', f('nop\ncall __fentry__\nmovl %edi, %eax\nret'), 'r11'],
    ['TLS descriptor', f('nop\ncall *x@TLSCALL(%rax)\nmovl %r11d, %edx\nret'), ''],
    ['a call of the psABI destroys r11', f('nop\ncall g\nsete %r11b\nmovzbl %r11b, %eax\nret'), 'r11'],
    [
      'sbb of a register with itself is no use',
      f('nop\ncall g\nsbbl %r11d, %r11d\nmovl %r11d, %eax\nret'),
      'r11',
    ],
    ['or of a register with -1 is no use', f('nop\ncall g\norl $-1, %r11d\nmovl %r11d, %eax\nret'), 'r11'],
    ['an interrupt handler keeps everything', f('nop\niretq'), ''],
    ['a function that does not return', f('nop\ncall abort'), 'r11'],
  ])('%s', (_, text, dead) => {
    expect(deadAtNop(text)).toBe(dead);
  });

  const keeps = (body: string): string => `.text\n.type k, @function\nk:\n${body}\n`;

  test('a callee in view that keeps r11 for its caller (no_caller_saved_registers)', () => {
    const caller = f('movl %edi, %r11d\ncall k\nmovl %r11d, %eax\nret');
    expect(deadAtNop(keeps('nop\nret') + caller)).toBe('');
    expect(deadAtNop(keeps('nop\njmp m\n.type m, @function\nm: ret') + caller)).toBe('');
    expect(deadAtNop(keeps('ret') + caller.replace('call', 'nop\ncall'))).toBe('');
    expect(deadAtNop(keeps('nop\nret') + f('movl %edi, %r11d\nret'))).toBe('r11');
  });

  test('a callee in view that writes r11 and saves nothing keeps it for nobody', () => {
    const caller = f('movl %edi, %r11d\nnop\ncall k\nmovl %r11d, %eax\nret');
    expect(deadAtNop(keeps('xorl %r11d, %r11d\nret') + caller)).toBe('r11');
    expect(deadAtNop(keeps('call g\nret') + caller)).toBe('');
    const through = keeps('call m\nret') + '.type m, @function\nm: movl %edi, %r11d\nret\n';
    expect(deadAtNop(through + caller)).toBe('r11');
    expect(deadAtNop(keeps('pushq %r11\nmovl %edi, %r11d\npopq %r11\nret') + caller)).toBe('');
    expect(deadAtNop(keeps('movq %r11, %rax\nmovl %edi, %r11d\nmovq %rax, %r11\nret') + caller)).toBe('');
  });

  test('a callee in view that takes r11', () => {
    const thunk = '.type t, @function\nt: call .L1\n.L2: pause\njmp .L2\n.L1: movq %r11, (%rsp)\nret\n';
    expect(deadAtNop(f('nop\ncall t\nret') + thunk)).toBe('');
    expect(deadAtNop('.text\nnop\n' + thunk)).toBe('');
  });

  test('a return that jumps to a function reads its arguments, on i386 ecx as well', () => {
    expect(deadAtNop('.text\nnop\nmovl %eax, (%esp)\nret', 'sysv', 32)).toBe('');
    expect(deadAtNop('.text\nnop\nret', 'sysv', 32)).toBe('rcx');
  });

  test('a tail call of a function that may be replaced reads all arguments', () => {
    expect(deadAtNop(f('nop\njmp g') + '.weak g\n.type g, @function\ng: xorl %eax, %eax\nret\n')).toBe('r11');
  });

  test('transactions: an abort restores the registers', () => {
    expect(deadAtNop(f('nop\nxbegin .L1\nxend\nxorl %eax, %eax\nret\n.L1: movl %r11d, %eax\nret'))).toBe('');
  });
});

describe('vector registers', () => {
  const dead = (text: string): string => {
    const code = collectCode(parse('test.s', text), new Set(), 64);
    const live = computeLiveness(code, 'sysv');
    const at = code.units.findIndex((unit) => unit.effects.base === 'nop');
    return Array.from({ length: 16 }, (_, r) => r)
      .filter((r) => !((live.vectorOut[at]! >> r) & 1))
      .join(' ');
  };
  test('calls and returns may exchange all of them: regcall, vectorcall, preserve_all', () => {
    expect(dead(f('nop\nret'))).toBe('');
    expect(dead(f('nop\ncall g\nret'))).toBe('');
    expect(dead(f('nop\nmovaps (%rdi), %xmm9\nret'))).toBe('9');
  });
});
