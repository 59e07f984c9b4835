// Instruction forms of i386, executed natively and mirrored from equal registers, flags and memory (i386/cases.txt).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atomicCases, buildCases, readCases } from './i386/build.js';

const cases = [...readCases(join(__dirname, 'i386/cases.txt')), ...atomicCases()];
const folder = mkdtempSync(join(tmpdir(), 'i386-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(['none', 'sysv'] as const)('all forms leave the same, and an equal mirror: abi %s', (abi) => {
  const program = buildCases(cases, abi, join(__dirname, 'i386/harness.c'), folder);
  const { status, stdout } = spawnSync(program, [], { encoding: 'utf8' });
  expect(stdout.trim().split('\n').slice(0, -1)).toEqual([]);
  expect(status).toBe(0);
});
