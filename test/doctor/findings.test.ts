// Made-up machines, one fault each, and this one.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Facts } from '../../src/doctor/facts.js';
import { findingsOf, isFit } from '../../src/doctor/findings.js';
import type { Finding } from '../../src/doctor/findings.js';

const good: Facts = {
  kernel: '6.1.0-18-amd64',
  architecture: 'x64',
  cpuHasFsgsbase: true,
  hwcap2: 2,
  addressSpaceLimit: undefined,
  stackLimit: 8 * 2 ** 20,
  overcommitMemory: 0,
  overcommitRatio: 50,
  maxMapCount: 65530,
  randomize: 2,
  personality: 0,
  userfaultfd: 0,
  memoryFailureRecovery: 1,
  gcc: 'gcc (Debian 12.2.0-14) 12.2.0',
  clang: 'Debian clang version 14.0.6',
  assembler: 'GNU assembler (GNU Binutils for Debian) 2.40',
  gcc32: true,
  libraries: { 64: true, 32: true, cxx: true },
  trials: [
    { bits: 64, bytesChecked: 40000, error: '' },
    { bits: 32, bytesChecked: 40000, error: '' },
  ],
};

test('a good machine: all checks, all ok', () => {
  const findings = findingsOf(good);
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
  expect(findings).toHaveLength(16);
  expect(isFit(findings)).toBe(true);
});

const failed = { bits: 64, bytesChecked: undefined, error: 'no memory for the mirror' } as const;

test.each<[check: string, level: Finding['level'], facts: Partial<Facts>, advice: string]>([
  ['architecture', 'error', { architecture: 'arm64' }, 'x86-64'],
  ['kernel', 'error', { kernel: '5.8.18' }, '5.9'],
  ['kernel', 'error', { kernel: '4.19.0-26-amd64' }, '5.9'],
  ['fsgsbase', 'error', { hwcap2: 0 }, 'nofsgsbase'],
  ['fsgsbase', 'error', { hwcap2: 1, cpuHasFsgsbase: false }, 'CPU feature'],
  ['address space limit', 'error', { addressSpaceLimit: 2 ** 32 }, 'ulimit -v unlimited'],
  ['stack limit', 'warning', { stackLimit: undefined }, 'ulimit -s 8192'],
  ['stack limit', 'warning', { stackLimit: 2 ** 29 }, 'ulimit -s 262144'],
  ['overcommit', 'warning', { overcommitMemory: 2 }, 'overcommit_ratio'],
  ['mappings', 'warning', { maxMapCount: 1000 }, 'vm.max_map_count=131060'],
  ['layout', 'error', { personality: 0x0200000 }, 'setarch -L'],
  ['layout', 'warning', { personality: 0x8000000 }, 'setarch -3'],
  ['lost pages', 'warning', { memoryFailureRecovery: undefined }, 'CONFIG_MEMORY_FAILURE'],
  ['lost pages', 'warning', { memoryFailureRecovery: 0 }, 'memory_failure_recovery=1'],
  ['gcc', 'error', { gcc: undefined, clang: undefined }, 'install gcc'],
  ['gcc', 'warning', { gcc: undefined }, 'MIRROR_CC=clang'],
  ['assembler', 'error', { assembler: undefined }, 'binutils'],
  ['assembler', 'error', { assembler: 'LLVM assembler 14' }, 'MIRROR_AS'],
  ['assembler', 'warning', { assembler: 'GNU assembler (GNU Binutils for Debian 11) 2.35.2' }, 'Debian 12'],
  ['libraries', 'error', { libraries: { ...good.libraries, 64: false } }, 'npm run setup'],
  ['32-bit libraries', 'warning', { libraries: { ...good.libraries, 32: false } }, 'npm run setup'],
  ['32-bit libraries', 'warning', { libraries: { ...good.libraries, 32: false }, gcc32: false }, 'multilib'],
  ['64-bit program', 'error', { trials: [failed] }, 'report'],
  ['64-bit program', 'error', { trials: [{ bits: 64, bytesChecked: 0, error: '' }] }, 'report'],
  ['32-bit program', 'error', { trials: [{ ...failed, bits: 32 }] }, 'report'],
])('%s: %s', (check, level, facts, advice) => {
  const findings = findingsOf({ ...good, ...facts });
  const wrong = findings.filter((finding) => finding.level !== 'ok');
  expect(wrong.map((finding) => [finding.check, finding.level])).toEqual([[check, level]]);
  expect(wrong[0]!.advice).toContain(advice);
  expect(wrong[0]!.meaning).not.toBe('');
  expect(isFit(findings)).toBe(level !== 'error');
});

test.each([
  [{ hwcap2: 3 }, 'fsgsbase', 'wrgsbase'],
  [{ kernel: '5.9.0' }, 'kernel', '5.9.0'],
  [{ personality: 0x0040000 }, 'layout', 'not randomized'],
  [{ libraries: { ...good.libraries, cxx: false } }, 'libraries', '--c++'],
] satisfies [Partial<Facts>, string, string][])('%j is no fault', (facts, check, found) => {
  expect(findingsOf({ ...good, ...facts })).toContainEqual(
    expect.objectContaining({ check, level: 'ok', found: expect.stringContaining(found) as string }),
  );
});

const doctor = (command: string) =>
  spawnSync(
    'sh',
    ['-c', `${command} node ${join(__dirname, '../../dist/mirrorasm.js')} doctor "$@"`, 'sh', '--json'],
    {
      encoding: 'utf8',
    },
  );

test('this machine builds, runs and checks programs', () => {
  const { status, stdout, stderr } = doctor('');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { facts, findings } = JSON.parse(stdout) as { facts: Facts; findings: Finding[] };
  expect(findings).toEqual(findingsOf(facts));
  expect(facts.trials[0]).toMatchObject({ bits: 64, error: '' });
  expect(facts.trials[0]!.bytesChecked).toBeGreaterThan(20000);
});

test('the old layout of memory is found', () => {
  const { status, stdout } = doctor('setarch -L');
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  expect(status).toBe(2);
  expect(findings).toContainEqual(expect.objectContaining({ check: 'layout', level: 'error' }));
});
