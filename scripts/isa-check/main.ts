// npm run isa:check
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTable, type TableCheck } from './check.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function report(check: TableCheck): void {
  const { mode, cases, assembled, compared } = check;
  say(`${mode}-bit mode: ${cases.length} statements, GNU as takes ${assembled.accepted.length}`);
  say(
    `  compared with iced-x86: ${assembled.accepted.length - compared.refused.size}, refused ${compared.refused.size}`,
  );
  for (const [name, n] of check.exceptions) say(`  exception: ${name} (${n})`);
  for (const item of check.disagreements.slice(0, 60))
    say(`  DISAGREES: ${item.text}: ${item.field} is ${item.mine}, iced says ${item.theirs}`);
  for (const item of check.unexplained.slice(0, 60)) say(`  REFUSED: ${item}`);
  const gaps = [...check.unreached].filter(([, reason]) => reason === '').map(([name]) => name);
  if (gaps.length > 0) say(`  CODES WITHOUT A STATEMENT OR REASON: ${gaps.join(' ')}`);
  say(`  mnemonics of GNU as: ${check.mnemonics}, unknown to lookup: ${check.unknown.join(' ') || 'none'}`);
}

const folder = mkdtempSync(join(tmpdir(), 'isa-check-'));
try {
  for (const mode of [64, 32] as const) report(checkTable(folder, mode));
} finally {
  rmSync(folder, { recursive: true });
}
