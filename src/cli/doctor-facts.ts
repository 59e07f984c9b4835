// Asks the machine: files of /proc, compilers, and a tiny program built and run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Facts, Trial } from '../doctor/facts.js';

const secondsForTrial = 120;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function sysctl(name: string): number | undefined {
  const text = read(`/proc/sys/${name}`);
  return text === undefined ? undefined : Number(text);
}

function versionLine(command: string): string | undefined {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

/** The soft limit, as /proc/self/limits has it. */
function limit(name: string): number | undefined {
  const found = new RegExp(`^${name} +(\\S+)`, 'm').exec(read('/proc/self/limits') ?? '')?.[1];
  return found === undefined || found === 'unlimited' ? undefined : Number(found);
}

/** Entries of two words: what, value (getauxval(3)). */
function auxiliary(type: bigint): number {
  const bytes = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= bytes.length; at += 16)
    if (bytes.readBigUInt64LE(at) === type) return Number(bytes.readBigUInt64LE(at + 8));
  return 0;
}

const AT_HWCAP2 = 26n;

const program =
  'int cells[5000];\nint main(void) { for (int i = 0; i < 5000; i++) cells[i] = i; return 0; }\n';

function attempt(dist: string, bits: 32 | 64): Trial {
  const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-doctor-'));
  const fail = (error: string): Trial => ({ bits, bytesChecked: undefined, error: error.trim() });
  try {
    writeFileSync(join(folder, 'trial.c'), program);
    const options = { cwd: folder, encoding: 'utf8', timeout: secondsForTrial * 1000 } as const;
    const built = spawnSync(join(dist, 'mirrorcc'), [`-m${bits}`, 'trial.c', '-o', 'trial'], options);
    if (built.status !== 0)
      return fail(built.stderr || (built.error?.message ?? 'mirrorcc ended with a signal'));
    const env = { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: join(folder, 'report') };
    const ran = spawnSync(join(folder, 'trial'), { ...options, env });
    if (ran.status !== 0)
      return fail(ran.stderr || `the program ended with ${ran.signal ?? ran.status ?? 'nothing'}`);
    const report = JSON.parse(readFileSync(join(folder, 'report'), 'utf8')) as {
      bytesChecked: number;
      bytesDiffering: number;
    };
    return {
      bits,
      bytesChecked: report.bytesChecked,
      error: report.bytesDiffering === 0 ? '' : `${report.bytesDiffering} bytes differ from their mirror`,
    };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param dist the folder of mirrorcc */
export function gatherFacts(dist: string): Facts {
  const has = (path: string): boolean => existsSync(join(dist, 'sysroot', path));
  const libraries = {
    64: has('x86_64-linux/lib/libc.a'),
    32: has('i386-linux/lib/libc.a'),
    cxx: has('x86_64-linux/lib/libstdc++.a'),
  };
  const crt32 = spawnSync('gcc', ['-m32', '-print-file-name=crt1.o'], { encoding: 'utf8' });
  return {
    kernel: release(),
    architecture: process.arch,
    cpuHasFsgsbase: /^flags\b.*\bfsgsbase\b/m.test(read('/proc/cpuinfo') ?? ''),
    hwcap2: auxiliary(AT_HWCAP2),
    addressSpaceLimit: limit('Max address space'),
    stackLimit: limit('Max stack size'),
    overcommitMemory: sysctl('vm/overcommit_memory') ?? 0,
    overcommitRatio: sysctl('vm/overcommit_ratio') ?? 0,
    maxMapCount: sysctl('vm/max_map_count') ?? 0,
    randomize: sysctl('kernel/randomize_va_space') ?? 0,
    personality: parseInt(read('/proc/self/personality') ?? '0', 16),
    userfaultfd: sysctl('vm/unprivileged_userfaultfd'),
    memoryFailureRecovery: sysctl('vm/memory_failure_recovery'),
    gcc: versionLine('gcc'),
    clang: versionLine('clang'),
    assembler: versionLine(process.env['MIRROR_AS'] ?? 'as'),
    gcc32: crt32.status === 0 && existsSync(crt32.stdout.trim()),
    libraries,
    trials: ([64, 32] as const).filter((bits) => libraries[bits]).map((bits) => attempt(dist, bits)),
  };
}
