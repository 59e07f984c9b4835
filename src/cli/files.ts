// Reading input and writing output so that nothing half-written is left behind.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Message } from '../rewrite.js';

/** Reads a file, or standard input for `-`. Bytes are kept one to one (latin1), whatever their encoding. */
export function readText(path: string): string {
  return readFileSync(path === '-' ? 0 : path, 'latin1');
}

/** Writes a whole file or nothing: to a neighbour first, then renamed. `-` is standard output. */
export function writeText(path: string, text: string, encoding: 'latin1' | 'utf8' = 'latin1'): void {
  if (path === '-') {
    writeFileSync(1, text, encoding);
    return;
  }
  const partial = `${path}.${process.pid}.partial`;
  try {
    writeFileSync(partial, text, encoding);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Messages as a compiler prints them: place, what, the text, how to fix. At most `most` are shown. */
export function formatMessages(name: string, messages: readonly Message[], most = 20): string {
  const lines: string[] = [];
  for (const m of messages.slice(0, most)) {
    lines.push(`${name}:${m.line}:${m.column}: error[${m.code}]: ${m.message}`);
    if (m.text !== '') lines.push(`    ${Buffer.from(m.text, 'latin1').toString('utf8').trim()}`);
    if (m.note !== '') lines.push(`${name}:${m.line}:${m.column}: note: ${m.note}`);
  }
  if (messages.length > most)
    lines.push(`${name}: ${messages.length - most} more errors of this kind are not shown`);
  return lines.join('\n') + '\n';
}
