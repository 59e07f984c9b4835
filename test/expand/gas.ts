// Compares the assembler's result on a text with its result on the expanded text: every section, symbol and relocation.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expand } from '../../src/expand/expand.js';
import type { Expansion } from '../../src/expand/types.js';

export type Verdict = 'same' | 'refused' | 'both rejected' | 'only rejected when expanded' | 'wrong';

export interface Comparison {
  readonly verdict: Verdict;
  readonly detail: string;
  readonly expansion: Expansion;
}

let folder: string | undefined;
const scratch = (): string => (folder ??= mkdtempSync(join(tmpdir(), 'mirrorasm-expand-')));

export function removeScratch(): void {
  if (folder) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}

/** What the assembler makes of a text, or undefined when it reports an error. */
function objectOf(
  text: string,
  cwd: string,
  options: readonly string[],
): { dump: string; said: string; ok: boolean } {
  const source = join(scratch(), 'a.s');
  const object = join(scratch(), 'a.o');
  rmSync(object, { force: true });
  writeFileSync(source, text, 'latin1');
  const run = spawnSync('as', [...options, source, '-o', object], {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (run.status !== 0 || !existsSync(object)) return { dump: '', said: run.stderr, ok: false };
  const dump = execFileSync('objdump', ['-s', '-r', '-t', '-h', object], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { dump, said: run.stderr, ok: true };
}

export function includer(cwd: string) {
  return (path: string) => {
    const full = join(cwd, path);
    return existsSync(full) ? { name: path, text: readFileSync(full, 'latin1') } : undefined;
  };
}

/** Compares one text; `cwd` is where its .include and .incbin begin. */
export function compare(
  text: string,
  cwd = scratch(),
  options: readonly string[] = [],
  defsym: ReadonlyMap<string, bigint> = new Map(),
): Comparison {
  const expansion = expand('a.s', text, { readInclude: includer(cwd), limit: 64 << 20, defsym });
  const original = objectOf(text, cwd, options);
  if (!expansion.ok) {
    const [problem] = expansion.problems;
    return {
      verdict: original.ok ? 'refused' : 'both rejected',
      detail: `${problem?.line}:${problem?.column} ${problem?.message}${original.ok ? '' : `\n${original.said}`}`,
      expansion,
    };
  }
  const expanded = objectOf(expansion.text, cwd, options);
  if (!expanded.ok)
    return {
      verdict: original.ok ? 'only rejected when expanded' : 'both rejected',
      detail: expanded.said,
      expansion,
    };
  if (!original.ok) return { verdict: 'wrong', detail: `accepted, but: ${original.said}`, expansion };
  if (original.dump === expanded.dump) return { verdict: 'same', detail: '', expansion };
  return { verdict: 'wrong', detail: difference(original.dump, expanded.dump), expansion };
}

/** The 8-byte values that a text of .quad lines in .data gives. */
export function quadsOf(text: string): bigint[] {
  const source = join(scratch(), 'q.s');
  const object = join(scratch(), 'q.o');
  writeFileSync(source, text, 'latin1');
  execFileSync('as', ['-W', source, '-o', object], { stdio: ['ignore', 'ignore', 'pipe'] });
  execFileSync('objcopy', ['-O', 'binary', '-j', '.data', object, join(scratch(), 'q.bin')]);
  const bytes = readFileSync(join(scratch(), 'q.bin'));
  return Array.from({ length: bytes.length >> 3 }, (_, i) => bytes.readBigUInt64LE(i * 8));
}

function difference(a: string, b: string): string {
  const left = a.split('\n');
  const right = b.split('\n');
  const at = left.findIndex((line, i) => line !== right[i]);
  return `original: ${left[at]}\nexpanded: ${right[at]}`;
}
