// Outcomes that are known already, by the hash of everything they depend on: one file of lines a toolchain, in the cache folder.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cache, hashOf, root } from '../../scripts/tools.mjs';
import { toolchainHash } from './toolchain.js';
import type { Case, Outcome, Side } from './types.js';

/** Changes when what is stored, or how a case is run, may have changed. */
const version = hashOf(
  ['code-bytes.ts', 'run.ts', 'shell.ts', 'types.ts', 'warm.ts'].map((name) =>
    join(root, 'test/suites', name),
  ),
);

/** Files of older toolchains that are kept, a side and a word size. */
const kept = 6;

const folder = join(cache, 'suites/outcomes');
const loaded = new Map<string, Map<string, Outcome>>();

function fileOf(one: Case, side: Side): string {
  return join(folder, `${side}-${one.width}-${toolchainHash(side, one.width)}.jsonl`);
}

function outcomesIn(file: string): Map<string, Outcome> {
  let outcomes = loaded.get(file);
  if (outcomes === undefined) {
    outcomes = new Map();
    loaded.set(file, outcomes);
    if (existsSync(file))
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        // A run that was stopped may leave half a line.
        if (!line.endsWith('}')) continue;
        const { key, outcome } = JSON.parse(line) as { key: string; outcome: Outcome };
        outcomes.set(key, outcome);
      }
  }
  return outcomes;
}

const contents = new Map<string, string>();

/** Hash of a file, or of all files of a folder. */
function contentOf(path: string): string {
  let known = contents.get(path);
  if (known === undefined) {
    const hash = createHash('sha256');
    if (statSync(path).isDirectory())
      for (const name of readdirSync(path).sort()) hash.update(`${name}\0${contentOf(join(path, name))}\0`);
    else hash.update(readFileSync(path));
    known = hash.digest('hex');
    contents.set(path, known);
  }
  return known;
}

function keyOf(one: Case): string {
  const parts = [version, one.suite, one.name, one.level, one.width, one.build, one.run, one.seconds];
  return createHash('sha256')
    .update(JSON.stringify([...parts, ...one.sources.map(contentOf)]))
    .digest('hex')
    .slice(0, 24);
}

export function known(one: Case, side: Side): Outcome | undefined {
  return outcomesIn(fileOf(one, side)).get(keyOf(one));
}

/** Time-outs are not kept: they may be the machine's fault. */
export function remember(one: Case, side: Side, outcome: Outcome): void {
  if (outcome.timedOut) return;
  const file = fileOf(one, side);
  const key = keyOf(one);
  if (outcomesIn(file).has(key)) return;
  outcomesIn(file).set(key, outcome);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(file)) forgetOld(`${side}-${one.width}-`);
  appendFileSync(file, `${JSON.stringify({ key, outcome })}\n`);
}

function forgetOld(prefix: string): void {
  const files = readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({ path: join(folder, name), time: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  for (const { path } of files.slice(kept)) rmSync(path, { force: true });
}
