import { spawnSync } from 'node:child_process';
import { lookup } from '../../src/isa/lookup.js';
import type { Effects } from '../../src/isa/effects.js';
import { allRows, formsNamed, parseRow, type Mode } from '../../src/isa/rows.js';
import { readInstruction } from '../../scripts/isa-check/compare.js';

function effects(text: string, mode: Mode = 64): Effects {
  const found = lookup(readInstruction(text), mode);
  if (!found.ok) throw new Error(`${text}: ${found.reason}`);
  return found.effects;
}

test('the generated table is current', () => {
  const run = spawnSync('node', ['scripts/generate-isa.mjs', '--check'], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.status).toBe(0);
});

test('every row parses, and kills only what it writes', () => {
  for (const line of allRows()) {
    const form = parseRow(line);
    expect([
      line,
      form.implicitKilled & ~form.implicitWritten,
      form.vectorKilled & ~form.vectorWritten,
    ]).toEqual([line, 0, 0]);
  }
  expect(formsNamed('addl', 64).length).toBeGreaterThan(3);
});

test.each([
  ['foo %eax', "unknown instruction 'foo'"],
  ['mov $1, $2', "no form of 'mov' takes (imm, imm)"],
  ['vcvtpd2ps (%rax), %xmm0', "no form of 'vcvtpd2ps' takes (memory, xmm)"],
  ['mov %tr2, %eax', "'mov' is refused: only the 80386 and the 80486 have test registers"],
  ['monitor %rcx, %rcx, %rdx', "no form of 'monitor' takes (r64, r64, r64)"],
  ['clzero %eax', "prefix 'addr32' before 'clzero': changes an implicit address"],
  ['movsb (%esi), %es:(%edi)', "prefix 'addr32' before 'movsb': changes an implicit address"],
  [
    'movsxd %eax, %cx',
    "'movsxd' is refused: with a 16-bit destination one vendor reads 2 bytes and the other 4",
  ],
  ['movl %rax, %eax', "no form of 'movl' takes (r64, r32)"],
  ['movq %nosuch, (%rax)', "no form of 'movq' takes (%nosuch, memory)"],
  ['lock', "prefix 'lock' without an instruction"],
  ['lock movl $1, (%rax)', "prefix 'lock' before 'mov': needs a read-modify-write of memory"],
  ['lock addl $1, %eax', "prefix 'lock' before 'add': needs a read-modify-write of memory"],
  ['data16 movl $1, (%rax)', "prefix 'data16' before 'mov': changes the operand size"],
  ['addr32 movl $1, (%rax)', "prefix 'addr32' before 'mov': changes the address of the memory operand"],
  ['repne bsf %eax, %eax', "prefix 'repne' before 'bsf': has no meaning there"],
  ['movaps (%rax){1to4}, %xmm0', "no form of 'movaps' takes (memory, xmm)"],
  ['pushl %eax', "unknown instruction 'pushl'"],
])('%s is refused', (text, reason) => {
  expect(lookup(readInstruction(text))).toEqual({ ok: false, reason });
});

// GNU as assumes a suffix and says so in a warning.
test.each([
  ['mov $1, (%rax)', 4],
  ['add $1, (%rax)', 4],
  ['shl %cl, (%rax)', 4],
  ['movsx (%rax), %rdx', 1],
  ['movzx (%rax), %dx', 1],
  ['crc32 (%rax), %edx', 4],
  ['crc32 (%rax), %rdx', 8],
  ['fst (%rax)', 4],
  ['fist (%rax)', 2],
  ['push (%rax)', 8],
])('%s accesses %d bytes', (text, bytes) => {
  const found = lookup(readInstruction(text));
  expect(found.ok && found.effects.memoryBytes).toBe(bytes);
});

// tzcnt and lzcnt on a CPU that has them, which do not keep the register: what bsf and bsr do is the more careful answer.
test.each(['bsf %eax, %ecx', 'bsr (%rdi), %rax'])('rep %s is no other than without', (text) => {
  expect(lookup(readInstruction(`rep ${text}`))).toEqual(lookup(readInstruction(text)));
});

test.each<[string, Partial<Effects>]>([
  ['movl %eax, 8(%rdi,%rcx,4)', { access: ['r', 'w'], memoryOperand: 1, memoryBytes: 4, integerRead: 0x83 }],
  ['addb $1, %ah', { integerRead: 1, integerWritten: 0x5f0001, integerKilled: 0x5f0000, operandBytes: 1 }],
  ['movw $1, %cx', { integerRead: 2, integerWritten: 2, integerKilled: 0 }],
  ['movl $1, %ecx', { integerRead: 0, integerWritten: 2, integerKilled: 2 }],
  ['xorl %ecx, %ecx', { integerRead: 0, integerKilled: 0x5f0002 }],
  ['vpxor %xmm1, %xmm1, %xmm0', { vectorRead: 0, vectorKilled: 1 }],
  ['sbbl %ecx, %ecx', { integerRead: 0x10002, integerKilled: 0x5f0002 }],
  ['shll %eax', { access: ['rw'], integerKilled: 0x5f0001 }],
  ['shll $0, %eax', { integerRead: 1, integerWritten: 1 }],
  ['shll $n, %eax', { integerKilled: 1, integerRead: 0x5f0001 }],
  ['shll $3, %eax', { integerKilled: 0x5f0001, integerRead: 1 }],
  ['shll %cl, %eax', { integerKilled: 1, integerRead: 0x5f0003 }],
  [
    'call foo',
    { integerRead: 0x10, integerWritten: 0x10, implicitMemoryWrite: true, flow: 'call', memoryOperand: -1 },
  ],
  [
    'call *8(%rax)',
    { integerRead: 0x11, implicitMemoryWrite: true, flow: 'call', memoryOperand: 0, memoryBytes: 8 },
  ],
  ['jmp *%rax', { flow: 'indirect-jump', integerRead: 1 }],
  ['push $1', { implicitMemoryWrite: true, operandBytes: 8 }],
  ['pushw $1', { implicitMemoryWrite: true, operandBytes: 2 }],
  ['leaq 8(%rax), %rcx', { access: ['a', 'w'], memoryBytes: 0, memorySizeKnown: true, integerRead: 1 }],
  ['nopw %cs:0(%rax,%rax,1)', { access: ['a'], memoryOperand: 0 }],
  ['prefetcht0 (%rax)', { access: ['a'] }],
  ['clflush (%rax)', { access: ['a'] }],
  ['btsq %rax, (%rdi)', { base: 'bts', access: ['r', 'rw'], memoryOperand: 1, memorySizeKnown: false }],
  ['btsq $3, (%rdi)', { base: 'bts', memoryBytes: 8, memorySizeKnown: true }],
  ['xsave (%rdi)', { memorySizeKnown: false, access: ['rw'], memoryOperand: 0, integerRead: 0x85 }],
  ['clzero', { implicitMemoryWrite: true, integerRead: 1 }],
  ['maskmovdqu %xmm1, %xmm0', { implicitMemoryWrite: true, integerRead: 0x80, vectorRead: 3 }],
  [
    'stosq',
    { base: 'stos', operandBytes: 8, integerRead: 0x200081, integerKilled: 0x80, implicitMemoryWrite: true },
  ],
  ['rep stosq', { integerRead: 0x200083, integerWritten: 0x82, integerKilled: 0 }],
  ['rep stosb %al, %es:(%rdi)', { access: ['r', 'cw'], memoryOperand: -1, implicitMemoryWrite: true }],
  [
    'movsl (%rsi), %es:(%rdi)',
    { base: 'movs', operandBytes: 4, implicitMemoryWrite: true, implicitMemoryRead: true },
  ],
  ['movsd %xmm0, (%rdi)', { base: 'movsd', memoryBytes: 8, memoryOperand: 1 }],
  ['movslq %eax, %rdx', { base: 'movsxd', operandBytes: 8 }],
  ['cmpltsd (%rax), %xmm1', { base: 'cmpsd', access: ['r', 'rw'], memoryOperand: 0, memoryBytes: 8 }],
  ['vcmpgt_oqpd %ymm1, %ymm2, %ymm3', { base: 'vcmppd', access: ['r', 'r', 'w'] }],
  ['imul $3, %rax', { access: ['-', 'rw'] }],
  ['movd %rax, %xmm0', { base: 'movq', operandBytes: 8 }],
  ['movabs $0x123456789a, %rax', { base: 'mov', access: ['-', 'w'] }],
  ['cvttsd2siq %xmm0, %rax', { base: 'cvttsd2si', operandBytes: 8 }],
  ['setz (%rax)', { base: 'sete', memoryBytes: 1, access: ['w'] }],
  ['vmovdqu32 %zmm1, (%rdi){%k1}', { access: ['r', 'cw'], memoryBytes: 64 }],
  ['vmovdqu32 %zmm1, %zmm2{%k1}', { vectorRead: 6, vectorWritten: 4, vectorKilled: 0 }],
  ['vmovdqu32 %zmm1, %zmm2{%k1}{z}', { vectorRead: 2, vectorKilled: 4 }],
  ['vaddps (%rax){1to16}, %zmm1, %zmm2', { memoryBytes: 4, access: ['r', 'r', 'w'] }],
  ['vaddps {rn-sae}, %zmm3, %zmm1, %zmm2', { access: ['-', 'r', 'r', 'w'], memoryOperand: -1 }],
  [
    'vpscatterdd %zmm0, (%rax,%zmm1,4){%k1}',
    { memoryOperand: 1, memorySizeKnown: false, access: ['r', 'cw'] },
  ],
  ['vpgatherdd %ymm0, (%rax,%ymm1,4), %ymm2', { memoryOperand: 1, memorySizeKnown: false, vectorRead: 7 }],
  ['fistpll (%rsp)', { memoryBytes: 8, access: ['w'] }],
  ['fstpt (%rsp)', { memoryBytes: 10, access: ['w'] }],
  ['lock cmpxchgq %rcx, (%rdi)', { integerRead: 0x83, memoryOperand: 1 }],
  ['xaddl %eax, (%rdi)', { access: ['rw', 'rw'], memoryOperand: 1 }],
  // GNU as makes two instructions of it, so that the oracle cannot have it.
  ['fstsw %ax', { access: ['w'], integerRead: 1, integerWritten: 1, integerKilled: 0 }],
  ['ud2', { flow: 'stop' }],
  ['int $0x80', { flow: 'interrupt' }],
  ['syscall', { flow: 'syscall', integerWritten: 0x7f0802 }],
  ['rep ret', { flow: 'return' }],
  ['data16 rex.w call foo', { flow: 'call', operandBytes: 8 }],
  ['rex64 jmp foo', { flow: 'jump' }],
  ['data16 leaq x@tlsgd(%rip), %rdi', { base: 'lea' }],
])('%s', (text, expected) => {
  expect(effects(text)).toMatchObject(expected);
});

test('a branch hint is no other instruction', () => {
  const found = lookup({ ...readInstruction('jne foo'), mnemonic: 'jne,pt' });
  expect(found).toMatchObject({ ok: true, effects: { base: 'jne', flow: 'branch' } });
});

test.each<[string, Partial<Effects>]>([
  ['push %eax', { operandBytes: 4, implicitMemoryWrite: true, changesAddress: true }],
  [
    'pusha',
    {
      base: 'pusha',
      implicitMemory: [{ base: 4, operand: -1, displacement: -32, bytes: 32, access: 'w', aligned: 1 }],
    },
  ],
  ['call foo', { flow: 'call', operandBytes: 4, integerRead: 0x10 }],
  ['ret $4', { flow: 'return', operandBytes: 4 }],
  ['rep stosl', { integerRead: 0x200083, conditionalWrite: true }],
  [
    'movl %eax, 8(%edi,%ecx,4)',
    { access: ['r', 'w'], memoryBytes: 4, integerRead: 0x83, storeRepeatable: true },
  ],
  ['inc %ecx', { access: ['rw'], operandBytes: 4 }],
  ['fnstenv (%eax)', { memoryBytes: 28, storeRepeatable: false }],
  ['lcall $7, $0', { flow: 'call', access: ['-', '-'] }],
  ['lss (%esi), %esp', { integerWritten: 0x10, otherWritten: 1 << 29 }],
])('32-bit mode: %s', (text, expected) => {
  expect(effects(text, 32)).toMatchObject(expected);
});

test.each<[string, Partial<Effects>]>([
  ['movq %rax, (%rdi)', { storeRepeatable: true, changesAddress: false, conditionalWrite: false }],
  ['addq %rax, (%rdi)', { storeRepeatable: false }],
  ['fstpl (%rdi)', { storeRepeatable: false, x87: 'pop' }],
  ['fstl (%rdi)', { storeRepeatable: true, x87: 'use' }],
  ['popq (%rsp)', { storeRepeatable: false, changesAddress: true }],
  ['xaddq %rdi, (%rdi)', { storeRepeatable: false, changesAddress: true }],
  ['vmovups %zmm1, (%rdi){%k1}', { storeRepeatable: true, conditionalWrite: true, otherRead: 2 }],
  ['vpscatterdd %zmm0, (%rax,%zmm1,4){%k1}', { storeRepeatable: false, otherRead: 2, otherWritten: 2 }],
  ['cmpxchg16b (%rdi)', { storeRepeatable: false, conditionalWrite: true, memoryBytes: 16 }],
  ['enqcmd (%rax), %rcx', { storeRepeatable: false, implicitMemoryWrite: true }],
  [
    'movdir64b (%rax), %rcx',
    {
      storeRepeatable: true,
      implicitMemory: [{ base: -1, operand: 1, displacement: 0, bytes: 64, access: 'w', aligned: 1 }],
    },
  ],
  ['paddb %mm1, %mm2', { x87: 'set', otherRead: 0x600, otherWritten: 0x400 }],
  ['v4fmaddps (%rax), %zmm4, %zmm1', { vectorRead: 0xf2 }],
  ['vp2intersectd %zmm1, %zmm2, %k3', { otherKilled: 0xc }],
  ['fxrstor (%rax)', { vectorWritten: 0xffff }],
])('%s', (text, expected) => {
  expect(effects(text)).toMatchObject(expected);
});

test.each<[string, Mode, string]>([
  ['vmrun', 64, "'vmrun' is refused: it loads or stores the state of a virtual machine or a trust domain"],
  ['data16 pushq %rax', 64, "prefix 'data16' before 'push': changes the operand size"],
  ['data16 ret', 64, "prefix 'data16' before 'ret': changes the operand size"],
  ['data16 calll foo', 32, "prefix 'data16' before 'call': changes the operand size"],
  ['rex.w iretl', 64, "prefix 'rex.w' before 'iret': changes the operand size"],
  ['rex addb %dh, %al', 64, "prefix 'rex' before 'add': makes another register of a high byte"],
  ['push %rax', 32, "no form of 'push' takes (%rax)"],
  ['movl %r8d, (%eax)', 32, "no form of 'movl' takes (%r8d, memory)"],
  ['pusha', 64, "unknown instruction 'pusha'"],
  ['rex.w movl %eax, (%ecx)', 32, "prefix 'rex.w' before 'mov': does not exist in 32-bit mode"],
])('%s is refused in %d-bit mode', (text, mode, reason) => {
  expect(lookup(readInstruction(text), mode)).toEqual({ ok: false, reason });
});
