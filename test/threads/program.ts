// What the machine of tso.ts runs: rewritten text, with the runtime's compare-and-swap behind it.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expand } from '../../src/expand/expand.js';
import { parse } from '../../src/parse/parse.js';
import type { Instruction } from '../../src/parse/syntax.js';

export type Target = 'linux-x86_64' | 'linux-i386';

export interface Program {
  readonly instructions: readonly Instruction[];
  /** Indexes of the instructions that a label stands before: numbers may be used again. */
  readonly labels: ReadonlyMap<string, readonly number[]>;
  readonly target: Target;
}

/** The runtime's compare-and-swap, as it is linked into programs; a thread that has to wait tries again at once. */
function runtimeOf(target: Target): string {
  const folder = join(__dirname, '../../runtime');
  const file = join(folder, target === 'linux-i386' ? 'i386' : 'x86_64', 'atomic.S');
  const text = execFileSync('gcc', ['-E', '-P', '-m32', '-I', folder, file], { encoding: 'utf8' });
  const again = target === 'linux-i386' ? '__mirror_again' : '__mirror_cas';
  const loops = text.replace(
    /__mirror_waitpair/g,
    again.replace('cas', 'pair').replace(/again$/, 'againpair'),
  );
  const expansion = expand(file, loops.replace(/__mirror_wait/g, again), { readInclude: () => undefined });
  if (!expansion.ok) throw new Error(JSON.stringify(expansion.problems));
  return expansion.text.slice(0, expansion.text.indexOf('.section'));
}
const runtimes = { 'linux-x86_64': runtimeOf('linux-x86_64'), 'linux-i386': runtimeOf('linux-i386') };

/** Reads a text of the machine's few instructions; whatever else it holds is an error. The runtime stands behind it. */
export function load(text: string, target: Target = 'linux-x86_64'): Program {
  const instructions: Instruction[] = [];
  const labels = new Map<string, number[]>();
  for (const { labels: names, body } of parse('model.s', `${text}\n${runtimes[target]}`).parsed) {
    for (const name of names) labels.set(name, [...(labels.get(name) ?? []), instructions.length]);
    if (body.kind === 'instruction') instructions.push(body);
    else if (body.kind === 'malformed') throw new Error(body.reason);
  }
  return { instructions, labels, target };
}

/** The instruction that a name means where it is used by instruction `at`. */
export function placeOf({ labels }: Program, name: string, at: number): number {
  const local = /^(\d+)([bf])$/.exec(name);
  const places = labels.get(local?.[1] ?? name) ?? [];
  const place =
    local === null
      ? places[0]
      : local[2] === 'f'
        ? places.find((p) => p > at)
        : [...places].reverse().find((p) => p <= at);
  if (place === undefined) throw new Error(`${name} is not in the machine`);
  return place;
}
