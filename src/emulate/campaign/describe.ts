// A campaign's result as text.
import { pageSize } from '../memory.js';
import type { CampaignResult } from './campaign.js';
import { isBad, outcomesOf } from './runner.js';
import type { Manner } from './runner.js';
import type { CampaignRow, FailedCase } from './tally.js';

const shown = 40;
const number = (n: number, width: number): string => String(n).padStart(width);

function modeOf({ lose, notice, recovery }: Manner): string {
  if (lose === 'bit') return 'with a bit flipped';
  if (recovery === 'ideal') return 'with ideal recovery';
  return notice === 'told'
    ? "with the program's own recovery, told of the page at once, a case each"
    : "with the program's own recovery";
}

/** By the function that met the lost page, and by page: one line each with its first case. */
function failures({ failed, lose }: CampaignResult): string[] {
  const bad = outcomesOf(lose).filter(isBad);
  const groups = new Map<string, FailedCase[]>();
  for (const f of failed) {
    const key = `${f.place.replace(/\+0x[0-9a-f]+$/, '')} ${f.lost} ${f.memory} ${f.page}`;
    groups.set(key, [...(groups.get(key) ?? []), f]);
  }
  const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length);
  if (sorted.length === 0) return [];
  const lines = [
    `  failed in                 lost    memory  page            classes${bad.map((o) => o.padStart(8)).join('')}  for example`,
  ];
  for (const [key, group] of sorted.slice(0, shown)) {
    const [first] = group;
    if (!first) continue;
    const counts = bad.map((o) => number(group.filter((f) => f.outcome === o).length, 8));
    const page = `0x${(first.page * pageSize).toString(16)}`.padEnd(14);
    lines.push(
      `    ${(key.split(' ')[0] ?? '').padEnd(24)}${first.lost.padEnd(8)}${first.memory.padEnd(8)}${page}${number(group.length, 9)}${counts.join('')}  ` +
        `${first.place} (${first.class}) before instruction ${first.at}: ${first.outcome}: ${first.text}`,
    );
  }
  if (sorted.length > shown) lines.push(`    and ${sorted.length - shown} more`);
  return lines;
}

/** `again`: the command that repeats a case. */
export function describeCampaign(r: CampaignResult, again: (id: string) => string): string {
  const sum = (of: (row: CampaignRow) => number): number => r.rows.reduce((all, row) => all + of(row), 0);
  const sampled =
    r.executed < r.candidates
      ? `a sample of ${r.executed} of ${r.candidates}, seed ${r.seed}`
      : 'all of them';
  const outcomes = outcomesOf(r.lose).filter((o) => o !== 'turns' || sum((row) => row.outcomes.turns) > 0);
  const lines = [
    `campaign: ${r.instructions} instruction boundaries, ${r.pages} pages: ${sum((row) => row.cases)} cases in ${sum((row) => row.classes)} classes; ` +
      `in ${sum((row) => row.equal)} both copies agree, ${sum((row) => row.untouched)} are not touched again; executed ${modeOf(r)}: ${sampled}`,
    `  lost    memory        cases  classes    equal executed${outcomes.map((o) => o.padStart(8)).join('')}`,
  ];
  for (const row of r.rows)
    lines.push(
      `  ${row.lost.padEnd(7)} ${row.memory.padEnd(6)}${number(row.cases, 13)}${number(row.classes, 9)}${number(row.equal, 9)}${number(row.executed, 9)}` +
        outcomes.map((o) => number(row.outcomes[o], 8)).join(''),
    );
  lines.push(
    `  ${r.notice === 'told' ? 'interrupted' : 'touched by '}          ${r.notice === 'told' ? '  cases' : 'classes'}${outcomes.map((o) => o.padStart(8)).join('')}`,
  );
  for (const row of r.classes)
    lines.push(
      `    ${row.class.padEnd(16)}${number(row.classes, 9)}${outcomes.map((o) => number(row.outcomes[o], 8)).join('')}`,
    );
  lines.push(...failures(r));
  const [first] = r.failed.filter((f) => f.class !== 'nothing');
  if (first) lines.push(`again: ${again(first.id)}`);
  return lines.map((line) => `${line}\n`).join('');
}
