// `mirrorasm doctor`: whether this machine can build and run mirrored programs, and what to do if not.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.js';
import { findingsOf, isFit } from '../doctor/findings.js';
import type { Finding } from '../doctor/findings.js';
import { gatherFacts } from './doctor-facts.js';

const exitUnfit = 2;

interface Arguments {
  json: boolean;
}

/** A line a finding, with what it means and what to do below it. */
function format(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, found, meaning, advice }) => [
    `${level.padEnd(7)}  ${check.padEnd(width)}  ${found}`,
    ...[meaning, advice === '' ? '' : `do: ${advice}`]
      .filter((text) => text !== '')
      .map((text) => `${' '.repeat(width + 11)}${text}`),
  ]);
  return `${lines.join('\n')}\n`;
}

export const doctorCommand: Command<Arguments> = {
  builder: (y) =>
    y.option('json', { type: 'boolean', default: false, describe: 'facts and findings as JSON' }),
  handler: ({ json }) => {
    const facts = gatherFacts(dirname(fileURLToPath(import.meta.url)));
    const findings = findingsOf(facts);
    process.stdout.write(
      json ? `${JSON.stringify({ version: 1, facts, findings }, null, 2)}\n` : format(findings),
    );
    if (!isFit(findings)) process.exitCode = exitUnfit;
  },
};
