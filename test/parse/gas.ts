// Asks GNU as whether the typed statements of a text are the text: both have to give the same object file.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '../../src/parse/parse.js';
import { writeBack } from './listing.js';

export type Verdict =
  | 'same bytes'
  | 'rejected by both'
  /** A statement is malformed although the assembler takes it: refused in code, so nothing can go wrong. */
  | 'malformed only here'
  /** The assembler will say so itself when it gets the text. */
  | 'rejected by the assembler only'
  | 'DIFFERENT';

let folder: string | undefined;

export function removeScratch(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}

/** Sections with their bytes, relocations and symbols; undefined when the assembler rejects the text. */
function objectOf(text: string): string | undefined {
  folder ??= mkdtempSync(join(tmpdir(), 'mirrorasm-parse-'));
  const source = join(folder, 'a.s');
  const object = join(folder, 'a.o');
  rmSync(object, { force: true });
  writeFileSync(source, text, 'latin1');
  const { status } = spawnSync('as', [source, '-o', object], { stdio: 'ignore', timeout: 60_000 });
  if (status !== 0) return undefined;
  return execFileSync('objdump', ['-s', '-r', '-t', '-h', object], {
    encoding: 'latin1',
    maxBuffer: 1 << 26,
  });
}

/** Compares the text with its own statements, written back one a line. */
export function compare(text: string): Verdict {
  const file = parse('a.s', text);
  const original = objectOf(text);
  const malformed = file.parsed.some(({ body }) => body.kind === 'malformed');
  if (malformed) return original === undefined ? 'rejected by both' : 'malformed only here';
  if (original === undefined) return 'rejected by the assembler only';
  return objectOf(writeBack(file)) === original ? 'same bytes' : 'DIFFERENT';
}
