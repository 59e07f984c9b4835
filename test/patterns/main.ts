// npm run patterns:check [--width 32|64] [--signals]: every memory-writing form of user programs that this CPU has, native against mirrored.
//
//   --signals  let a signal in at each instruction of the mirrored forms instead
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Mode } from '../../scripts/isa-check/forms.js';
import { checkText } from './structure.js';
import { planAll, runCases, writingForms } from './cases.js';
import { takesSignals, unexpected } from './signals.js';

const { values, positionals } = parseArgs({
  options: { width: { type: 'string' }, signals: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const modes = ([64, 32] as const).filter(
  (mode) => values.width === undefined || values.width === String(mode),
);
if (modes.length === 0) throw new RangeError(`--width is 32 or 64, not '${values.width ?? ''}'`);
const folder = positionals[0] ?? mkdtempSync(join(tmpdir(), 'mirrorasm-patterns-'));
const size = 1500;

/** Whether all is well. */
function check(mode: Mode): boolean {
  const forms = writingForms(mode).filter((form) => !values.signals || takesSignals(form));
  const { cases, left } = planAll(mode, forms, folder);
  console.log(`${mode} bits: ${forms.length} forms write memory; ${cases.length} can run here`);
  for (const [why, list] of left)
    console.log(
      `  ${list.length} left: ${why}: ${list
        .slice(0, 3)
        .map(({ text }) => text)
        .join(' | ')}`,
    );
  let executed = 0;
  const faulted: string[] = [];
  const different: string[] = [];
  const refused = new Map<string, string[]>();
  for (let at = 0; at < cases.length; at += size) {
    const outcome = runCases(
      mode,
      cases.slice(at, at + size),
      folder,
      join(process.cwd(), 'test/patterns/harness.c'),
      { signals: values.signals },
    );
    executed += outcome.executed;
    faulted.push(...outcome.faulted);
    different.push(...(values.signals ? unexpected(forms, outcome.different) : outcome.different));
    for (const [text, why] of outcome.refused) refused.set(why, [...(refused.get(why) ?? []), text]);
  }
  console.log(
    `${executed} executed, each with seed${values.signals ? ' 0' : 's 0 to 3'} and three sets of live registers`,
  );
  for (const [why, texts] of refused)
    console.log(`  ${texts.length} refused: ${why}: ${texts.slice(0, 4).join(' | ')}`);
  if (faulted.length > 0)
    console.log(`  ${faulted.length} fault natively: ${faulted.slice(0, 12).join(' | ')}`);
  const unseen = [...left].filter(([why]) => why !== 'not taken by GNU as').flatMap(([, list]) => list);
  const wrong = checkText(mode, unseen, folder);
  console.log(`${unseen.length} of those left were assembled and decoded: ${wrong.length} wrong`);
  for (const line of wrong.slice(0, 20)) console.log(`  ${line}`);
  console.log(`${different.length} differ`);
  for (const line of different.slice(0, 60)) console.log(`  ${line}`);
  return different.length === 0 && faulted.length === 0 && wrong.length === 0;
}

const outcomes = modes.map(check);
if (positionals[0] === undefined) rmSync(folder, { recursive: true });
process.exitCode = outcomes.every(Boolean) ? 0 : 1;
