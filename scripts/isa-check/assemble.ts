// GNU as and back: each statement stands at a multiple of 32 bytes, the rest filled with int3.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mode } from './forms.js';

export const SLOT = 32;
const ERROR = /^[^:]*:(\d+): (?:Error|Fatal error): (.*)$/;

export interface Assembled {
  /** Statement i at i * SLOT. */
  readonly bytes: Uint8Array;
  readonly accepted: readonly number[];
  /** Index of the statement to GNU as' message. */
  readonly rejected: ReadonlyMap<number, string>;
}

function assembleOnce(folder: string, mode: Mode, statements: readonly string[]): Map<number, string> {
  const source = join(folder, 'a.s');
  writeFileSync(source, statements.map((text) => `${text}\n.balign ${SLOT},0xcc\n`).join(''));
  const run = spawnSync('as', [`--${mode}`, '--no-warn', '-o', join(folder, 'a.o'), source], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (run.error) throw run.error;
  const rejected = new Map<number, string>();
  for (const line of run.stderr.split('\n')) {
    const match = ERROR.exec(line);
    if (match) rejected.set((Number(match[1]) - 1) >> 1, match[2] ?? '');
  }
  if (run.status !== 0 && rejected.size === 0) throw new Error(run.stderr);
  return rejected;
}

/** Assembles all statements at once, then once more without those that GNU as rejects. */
export function assemble(folder: string, mode: Mode, statements: readonly string[]): Assembled {
  let accepted = statements.map((_, i) => i);
  const rejected = new Map<number, string>();
  for (;;) {
    const bad = assembleOnce(
      folder,
      mode,
      accepted.map((i) => statements[i] ?? ''),
    );
    if (bad.size === 0) break;
    for (const [at, message] of bad) rejected.set(accepted[at] ?? -1, message);
    accepted = accepted.filter((_, at) => !bad.has(at));
  }
  const binary = join(folder, 'a.bin');
  const copy = spawnSync('objcopy', ['-O', 'binary', '-j', '.text', join(folder, 'a.o'), binary]);
  if (copy.status !== 0) throw new Error(String(copy.stderr));
  return { bytes: readFileSync(binary), accepted, rejected };
}
