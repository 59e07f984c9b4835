// Real files: binutils' own assembler tests and glibc's vector mathematics.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mayExpand } from '../../src/expand/directives.js';
import { debianSource } from '../debian-source.js';
import { compare, removeScratch } from './gas.js';

afterAll(removeScratch);

/** What we may refuse although the assembler takes it. */
const refusals =
  /'#NO_APP'|depends on the address|add up to more than|has the register|set more than once|has no value/;

function check(text: string, cwd: string, options: readonly string[] = []): string {
  const { verdict, detail } = compare(text, cwd, options);
  if (verdict === 'same' || verdict === 'both rejected') return verdict;
  return verdict === 'refused' && refusals.test(detail) ? verdict : `${verdict}: ${detail}`;
}

const binutils = debianSource('binutils');
for (const folder of ['macros', 'all', 'elf', 'i386'])
  test(`binutils gas/testsuite/gas/${folder}`, () => {
    const path = join(binutils, 'gas/testsuite/gas', folder);
    const results = new Map<string, number>();
    for (const name of readdirSync(path).filter((entry) => entry.endsWith('.s'))) {
      const text = readFileSync(join(path, name), 'latin1');
      if (!mayExpand(text)) continue;
      const result = check(text, path);
      expect([name, result]).toEqual([name, expect.stringMatching(/^(same|both rejected|refused)$/)]);
      results.set(result, (results.get(result) ?? 0) + 1);
    }
    expect(results.get('same')).toBeGreaterThan(0);
  });

// Enough of glibc's sysdep.h for its vector functions to be preprocessed.
const sysdep = `
#define ENTRY(n) .globl n; .type n,@function; n: .cfi_startproc
#define END(n) .cfi_endproc; .size n,.-n
#define JUMPTARGET(x) x
#define HIDDEN_JUMPTARGET(x) x
#define L(x) .L##x
#define libmvec_hidden_def(x)
#define cfi_adjust_cfa_offset(x) .cfi_adjust_cfa_offset x
#define cfi_def_cfa_register(x) .cfi_def_cfa_register x
#define cfi_def_cfa(x, y) .cfi_def_cfa x, y
#define cfi_rel_offset(x, y) .cfi_rel_offset x, y
#define cfi_restore(x) .cfi_restore x
#define cfi_escape(...) .cfi_escape __VA_ARGS__
#define cfi_remember_state .cfi_remember_state
#define cfi_restore_state .cfi_restore_state
`;

const glibc = debianSource('glibc');
test('glibc sysdeps/x86_64/fpu', () => {
  const fpu = join(glibc, 'sysdeps/x86_64/fpu');
  const stub = mkdtempSync(join(tmpdir(), 'mirrorasm-glibc-'));
  writeFileSync(join(stub, 'sysdep.h'), sysdep);
  let same = 0;
  try {
    readdirSync(fpu)
      .filter((name) => /^svml.*\.S$/.test(name))
      .filter((name, i) => name.includes('data') || i % 8 === 0)
      .forEach((name) => {
        const text = execFileSync(
          'gcc',
          ['-E', '-D__ASSEMBLER__', '-x', 'assembler-with-cpp', `-I${stub}`, `-I${fpu}`, join(fpu, name)],
          { encoding: 'latin1', maxBuffer: 1 << 28 },
        );
        if (!mayExpand(text)) return;
        const result = check(text, fpu);
        expect([name, result]).toEqual([name, expect.stringMatching(/^(same|both rejected)$/)]);
        if (result === 'same') same++;
      });
  } finally {
    rmSync(stub, { recursive: true, force: true });
  }
  expect(same).toBeGreaterThan(10);
});
