// npm run patterns:check: every memory-writing form of user programs that this CPU has, native against mirrored.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkText } from './structure.js';
import { planAll, runCases, writingForms } from './cases.js';

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'mirrorasm-patterns-'));
const forms = writingForms();
const { cases, left } = planAll(forms, folder);
console.log(`${forms.length} forms write memory; ${cases.length} can run here`);
for (const [why, list] of left) console.log(`  ${list.length} left: ${why}`);
const size = 1500;
let executed = 0;
const faulted: string[] = [];
const different: string[] = [];
const refused = new Map<string, string[]>();
for (let at = 0; at < cases.length; at += size) {
  const outcome = runCases(
    cases.slice(at, at + size),
    folder,
    join(process.cwd(), 'test/patterns/harness.c'),
  );
  executed += outcome.executed;
  faulted.push(...outcome.faulted);
  different.push(...outcome.different);
  for (const [text, why] of outcome.refused) refused.set(why, [...(refused.get(why) ?? []), text]);
}
console.log(
  `${executed} executed, each with seeds 0 to 3, with all registers live, general ones dead, vector ones dead`,
);
for (const [why, texts] of refused)
  console.log(`  ${texts.length} refused: ${why}: ${texts.slice(0, 4).join(' | ')}`);
if (faulted.length > 0)
  console.log(`  ${faulted.length} fault natively: ${faulted.slice(0, 12).join(' | ')}`);
const unseen = [...left].filter(([why]) => why.startsWith('the CPU')).flatMap(([, list]) => list);
const wrong = checkText(unseen, folder);
console.log(`${unseen.length} that this CPU has not were assembled and decoded: ${wrong.length} wrong`);
for (const line of wrong.slice(0, 20)) console.log(`  ${line}`);
console.log(`${different.length} differ`);
for (const line of different.slice(0, 60)) console.log(`  ${line}`);
if (process.argv[2] === undefined) rmSync(folder, { recursive: true });
process.exitCode = different.length > 0 || faulted.length > 0 || wrong.length > 0 ? 1 : 0;
