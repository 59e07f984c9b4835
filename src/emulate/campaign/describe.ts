// A campaign's result as text.
import type { CampaignResult, CampaignRow } from './campaign.js';
import { outcomes } from './runner.js';

const shown = 10;
const number = (n: number, width: number): string => String(n).padStart(width);

/** `command`: what repeats a case, up to its name. */
export function describeCampaign(r: CampaignResult, command: readonly string[]): string {
  const sum = (of: (row: CampaignRow) => number): number => r.rows.reduce((all, row) => all + of(row), 0);
  const sampled =
    r.executed < r.candidates
      ? `a sample of ${r.executed} of ${r.candidates}, seed ${r.seed}`
      : 'all of them';
  const lines = [
    `campaign: ${r.instructions} instruction boundaries, ${r.pages} pages: ${sum((row) => row.cases)} cases in ${sum((row) => row.classes)} classes; ` +
      `in ${sum((row) => row.equal)} both copies agree; of the others executed: ${sampled}`,
    `  lost    memory        cases  classes    equal executed${outcomes.map((o) => o.padStart(8)).join('')}`,
  ];
  for (const row of r.rows)
    lines.push(
      `  ${row.lost.padEnd(7)} ${row.memory.padEnd(6)}${number(row.cases, 13)}${number(row.classes, 9)}${number(row.equal, 9)}${number(row.executed, 9)}` +
        outcomes.map((o) => number(row.outcomes[o], 8)).join(''),
    );
  lines.push(`  touched by           classes${outcomes.map((o) => o.padStart(8)).join('')}`);
  for (const row of r.classes)
    lines.push(
      `    ${row.class.padEnd(16)}${number(row.classes, 9)}${outcomes.map((o) => number(row.outcomes[o], 8)).join('')}`,
    );
  for (const f of r.failed.slice(0, shown))
    lines.push(
      `${f.lost} page 0x${(f.page * 4096).toString(16)} (${f.memory}) lost before instruction ${f.at} (${f.class}): ${f.outcome}: ${f.text}`,
    );
  if (r.failed.length > shown) lines.push(`and ${r.failed.length - shown} more`);
  const [first] = r.failed.filter((f) => f.class !== 'nothing');
  if (first) lines.push(`again: ${[...command].join(' ').replace('CASE', first.id)}`);
  return lines.map((line) => `${line}\n`).join('');
}
