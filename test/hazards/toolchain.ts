// The chain taken apart, so that a test can change the text between its stages.
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = join(__dirname, '../../dist');
export const mirrorcc = join(dist, 'mirrorcc');
const sysroot = (options: readonly string[]): string =>
  join(dist, 'sysroot', options.includes('-m32') ? 'i386-linux' : 'x86_64-linux');

/** The compiler's own assembly, as mirrorcc would get it but for `options`. */
export function compile(
  source: string,
  options: readonly string[],
  assembly: string,
  compiler: 'gcc' | 'g++' = 'gcc',
): void {
  const musl = compiler === 'gcc' ? ['-nostdinc', '-isystem', join(sysroot(options), 'include')] : [];
  execFileSync(compiler, ['-S', '-w', '-fPIE', '-fno-ipa-ra', ...musl, ...options, source, '-o', assembly]);
}

/** The rewritten text of an assembly file, by the rules for compiler output. */
export function rewriteFile(assembly: string, ...options: string[]): string {
  const args = [join(dist, 'mirrorasm.js'), 'rewrite', assembly, '--abi=sysv', ...options];
  return execFileSync(process.execPath, args, { encoding: 'latin1', maxBuffer: 1 << 28 });
}

export interface Outcome {
  /** The assembler's or the linker's refusal, or how the program ended. */
  readonly refused: string;
  readonly status: number | null;
  readonly stdout: string;
}

/** Assembles a text as it stands, links it as a mirrored program, runs it. */
export function assembleAndRun(text: string, base: string): Outcome {
  writeFileSync(`${base}.s`, text, 'latin1');
  for (const command of [
    ['as', `${base}.s`, '-o', `${base}.o`],
    [mirrorcc, `${base}.o`, '-o', base, '-lm'],
  ]) {
    const { status, stderr } = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' });
    if (status !== 0) return { refused: stderr, status, stdout: '' };
  }
  const { status, stdout } = spawnSync(base, [], { encoding: 'utf8', timeout: 60_000 });
  return { refused: '', status, stdout };
}
