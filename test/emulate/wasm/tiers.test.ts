// Compiled code against the interpreter, and against the real CPU.
import { groups, groups32 } from '../cases.js';
import { check } from '../check.js';
import { decode } from '../../../src/emulate/instruction.js';
import { isCompiled } from '../../../src/emulate/wasm/node.js';
import { assemble, compareTiers, Random, stages, surrounded } from './sequences.js';
import { chosen, wide } from './wide.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

test.each(Object.keys(groups))('%s: compiled instructions do what the CPU does', (group) => {
  const texts = groups[group]!;
  const { cases, compiled, differences } = check(group, texts, 20240607, 1, { tier: 1 });
  expect(cases).toBe(texts.length);
  expect(compiled).toBeGreaterThan(cases / 2);
  expect(differences).toEqual([]);
});

test.each(Object.keys(groups32))('%s of 32-bit code: compiled instructions do what the CPU does', (group) => {
  const texts = groups32[group]!;
  const { cases, compiled, missing, differences } = check(group, texts, 20240607, 1, { tier: 1, mode: 32 });
  expect(cases + missing).toBe(texts.length);
  expect(compiled).toBeGreaterThan(cases / 2);
  expect(differences).toEqual([]);
});

test.each([64, 32] as const)('%i bits: instructions on vector registers are compiled, not called', (mode) => {
  const r = new Random(seed);
  const texts = wide.map((text) => chosen(text, r, mode));
  const bytes = assemble(`${texts.join('\n')}\n`, mode);
  const called: string[] = [];
  let at = 0;
  for (const text of texts) {
    const i = decode(bytes.subarray(at, at + 15), BigInt(at), mode)!;
    at += i.length;
    if (!isCompiled(i)) called.push(text);
  }
  expect(at).toBe(bytes.length);
  expect(called).toEqual([]);
});

test.each([64, 32] as const)('%i bits: threaded instructions do what the CPU does', (mode) => {
  for (const [group, texts] of Object.entries(mode === 64 ? groups : groups32)) {
    const { cases, missing, threaded, differences } = check(group, texts, 20240607, 3, { warm: 1, mode });
    expect(cases + missing).toBe(3 * texts.length);
    if (group === 'integers') expect(threaded).toBeGreaterThan(cases / 4);
    expect(differences).toEqual([]);
  }
});

test.each(([64, 32] as const).flatMap((mode) => Object.keys(stages).map((name) => [mode, name] as const)))(
  '%i bits, %s: as interpreted after any number of instructions of random code',
  (mode, name) => {
    let compiled = 0;
    let threaded = 0;
    for (let n = 0; n < 40; n++) {
      const result = compareTiers(seed + n, 12, mode, stages[name]!);
      compiled += result.compiled;
      threaded += result.threaded;
      expect(result.difference).toBeUndefined();
    }
    if (stages[name]!.hot) expect(compiled).toBeGreaterThan(1000);
    if (stages[name]!.warm) expect(threaded).toBeGreaterThan(1000);
  },
  120_000,
);

/** What the interpreter is called for behind rare numbers only, and what changes general registers that it does not name. */
const called = [
  'addsd (%rsi), %xmm1', 'cmpxchg8b (%rsi)', 'cpuid', 'cvtps2dq (%rsi), %xmm0', 'cvtsd2si (%rsi), %ecx', 'cvtss2si (%rsi), %eax', 'cvttsd2si (%rsi), %ecx',
  'cvttss2si (%rsi), %eax', 'divps %xmm1, %xmm2', 'minpd (%rsi), %xmm3', 'pcmpestri $0, %xmm2, %xmm1', 'pcmpestri $0x18, (%rsi), %xmm1',
  'pcmpistri $0x44, (%rsi), %xmm1', 'rdtsc', 'roundsd $1, (%rsi), %xmm2', 'sqrtss (%rsi), %xmm1', 'ucomisd (%rsi), %xmm1', 'vcomiss (%rsi), %xmm2',
  'vcvttsd2si (%rsi), %eax', 'vcvttss2si 13(%rsi), %ecx', 'vfmadd213sd (%rsi), %xmm1, %xmm2', 'vpcmpestri $0x0c, %xmm3, %xmm1', 'xorl %ecx, %ecx; xgetbv',
  'movl $3, %ecx; movl $0x10000700, %esi; movl $0x10000800, %edi; rep movsb', 'movl $0x10000700, %esi; lodsb', 'movl $3, %ecx; movl $0x10000700, %esi; rep lodsb',
]; // prettier-ignore

test.each(([64, 32] as const).flatMap((mode) => called.map((text) => [text, mode] as const)))(
  'flags and registers are what they were, or what it made them, behind %s, %i bits',
  (text, mode) => {
    const { compiled, difference } = compareTiers(seed, 60, mode, { hot: () => 1 }, (r) =>
      surrounded(r, mode, mode === 64 ? text : text.replace('(%rsi)', '(%esi)')),
    );
    expect(difference).toBeUndefined();
    expect(compiled).toBeGreaterThan(500);
  },
);
