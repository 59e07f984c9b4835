// npm run isa:check: the table of src/isa against iced-x86 and against this CPU.
//
//   --write  rewrites left-out.txt
//
// Ends with status 1 when anything disagrees, is not explained, or is explained without need.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTable, leftOut, stale, type TableCheck } from './check.js';
import { checkCpu, type CpuCheck } from './cpu.js';
import { CPU_EXCEPTIONS, CPU_FAULTS, CPU_SKIPPED } from './cpu-exceptions.js';
import { ICED_EXCEPTIONS, REFUSED_BY_RULE } from './exceptions.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const sources = process.argv[2] ?? '.';
const LONG = 50;
let wrong = 0;

function complain(what: string, items: readonly string[]): void {
  if (items.length === 0) return;
  wrong += items.length;
  say(`${what}: ${items.length}`);
  for (const item of items.slice(0, LONG)) say(`  ${item}`);
  if (items.length > LONG) say(`  and ${items.length - LONG} more`);
}

/** How often each name occurred in all modes, with its reason. */
function list(
  title: string,
  maps: readonly ReadonlyMap<string, number>[],
  reasons: ReadonlyMap<string, string>,
): void {
  const sums = new Map<string, number>();
  for (const map of maps) for (const [name, n] of map) sums.set(name, (sums.get(name) ?? 0) + n);
  if (sums.size === 0) return;
  say(title);
  for (const [name, n] of sums) {
    const reason = reasons.get(name);
    say(`  ${name} (${n})${reason === undefined ? '' : `: ${reason}`}`);
  }
}

const reasonsOf = (
  entries: readonly { readonly name: string; readonly reason: string }[],
): Map<string, string> => new Map(entries.map(({ name, reason }) => [name, reason]));

function reportTable(checks: readonly TableCheck[]): void {
  for (const { mode, cases, assembled, compared, mnemonics } of checks)
    say(
      `${mode}-bit mode: ${cases.length} statements, GNU as takes ${assembled.accepted.length}; ` +
        `lookup refuses ${compared.refused.size}; ${mnemonics} mnemonics of GNU as`,
    );
  list(
    'Differences to iced-x86 that stay:',
    checks.map((check) => check.exceptions),
    reasonsOf(ICED_EXCEPTIONS),
  );
  list(
    'Refused on purpose:',
    checks.map((check) => check.refused),
    reasonsOf(REFUSED_BY_RULE),
  );
  const codes = new Map<string, number>();
  for (const check of checks)
    for (const reason of check.unreached.values()) codes.set(reason, (codes.get(reason) ?? 0) + 1);
  list('Codes of iced-x86 that no statement reaches (by name in left-out.txt):', [codes], new Map());
  complain(
    'TABLE AND ICED-X86 DISAGREE',
    checks.flatMap((check) =>
      check.disagreements.map(
        ({ mode, text, field, mine, theirs }) =>
          `${mode}: ${text}: ${field} is ${mine}, iced-x86 says ${theirs}`,
      ),
    ),
  );
  complain(
    'REFUSED WITHOUT A RULE',
    checks.flatMap((check) => check.unexplained),
  );
  complain(
    'CODES WITHOUT A REASON',
    checks.flatMap((check) =>
      [...check.unreached].filter(([, reason]) => reason === '').map(([name]) => name),
    ),
  );
  complain(
    'MNEMONICS OF GNU AS THAT LOOKUP DOES NOT KNOW',
    checks.flatMap((check) => check.unknown),
  );
  complain('EXCEPTIONS THAT EXPLAIN NOTHING', stale(checks));
}

function reportCpu(cpu: CpuCheck): void {
  const absent = new Map<string, number>();
  const other = new Map<string, number>();
  for (const [name, n] of cpu.skipped) {
    const feature = /^not on this CPU: (?:.* )?(\S+)$/.exec(name)?.[1];
    if (feature === undefined) other.set(name, n);
    else absent.set(feature, (absent.get(feature) ?? 0) + n);
  }
  const total = [...absent.values()].reduce((sum, n) => sum + n, 0);
  say(
    `Not executable here, by CPUID feature (${total}): ${[...absent].map(([name, n]) => `${name} ${n}`).join(', ')}`,
  );
  list('Not run:', [other], reasonsOf(CPU_SKIPPED));
  list('Run without a result:', [cpu.faults], reasonsOf(CPU_FAULTS));
  list('Differences to the CPU that stay:', [cpu.exceptions], reasonsOf(CPU_EXCEPTIONS));
  complain(
    'TABLE AND CPU DISAGREE',
    cpu.disagreements.map(({ mode, text, field, detail }) => `${mode}: ${text}: ${field}: ${detail}`),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'isa-check-'));
try {
  const checks = ([64, 32] as const).map((mode) => {
    say(`${mode}-bit mode: assembling, decoding, comparing ...`);
    return checkTable(folder, mode);
  });
  reportTable(checks);
  const data = join(sources, 'left-out.txt');
  const text = leftOut(checks);
  if (process.argv.includes('--write')) writeFileSync(data, text);
  else if (readFileSync(data, 'utf8') !== text)
    complain('left-out.txt IS OUT OF DATE', ['npm run isa:check -- --write']);
  say('CPU: executing ...');
  const cpu = checkCpu(folder, checks, sources);
  reportCpu(cpu);
  const forms = checks.reduce(
    (sum, { assembled, compared }) => sum + assembled.accepted.length - compared.refused.size,
    0,
  );
  say('');
  say(`forms checked:                   ${forms} (executed on the CPU: ${cpu.executed})`);
  say(
    `disagreements, table to iced-x86: ${checks.reduce((sum, check) => sum + check.disagreements.length, 0)}`,
  );
  say(`disagreements, table to CPU:      ${cpu.disagreements.length}`);
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = wrong === 0 ? 0 : 1;
