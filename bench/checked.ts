// That a mirrored program really mirrors: one more run, with the check at its end.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { readReports } from '../test/suites/run.js';
import type { Side } from './comparison.js';
import { sides } from './comparison.js';
import type { Table } from './table.js';

export interface Checked {
  readonly processes: number;
  readonly bytesChecked: number;
  readonly bytesDiffering: number;
}

/**
 * @param work does what is measured elsewhere, with these variables in the environment of the mirrored program
 * Throws where nothing was compared, or bytes differ: what was measured would not be mirroring.
 */
export async function checked(
  folder: string,
  work: (env: Readonly<Record<string, string>>) => Promise<unknown>,
): Promise<Checked> {
  const reports = mkdtempSync(join(folder, 'reports-'));
  await work({ MIRROR_CHECK: 'exit', MIRROR_REPORT: join(reports, '%p.json') });
  const { reports: processes, bytesChecked, bytesDiffering, differences } = readReports(reports);
  if (bytesChecked === 0) throw new Error('the mirrored program has compared nothing at its end');
  if (bytesDiffering > 0) throw new Error(`${bytesDiffering} bytes differ: ${differences.join(', ')}`);
  return { processes, bytesChecked, bytesDiffering };
}

/** Peak memory of each side, and what the check compared. */
export interface Memory {
  readonly name: string;
  readonly peakKilobytes: Readonly<Record<Side, number>>;
  readonly check: Checked;
}

export const peaks = (
  samples: Readonly<Record<Side, readonly { readonly peakKilobytes: number }[]>>,
): Record<Side, number> => {
  const peak = (side: Side): number => Math.max(...samples[side].map(({ peakKilobytes }) => peakKilobytes));
  return { native: peak('native'), musl: peak('musl'), mirrored: peak('mirrored') };
};

export const memoryTable = (all: readonly Memory[]): Table => ({
  heads: [
    ...['peak resident kB', 'native (glibc)', 'native (musl)', 'mirrored', 'to musl'],
    ...['bytes compared at the end', 'that differ'],
  ],
  rows: all.map(({ name, peakKilobytes, check }) => [
    name,
    ...sides.map((side) => peakKilobytes[side].toLocaleString('en')),
    (peakKilobytes.mirrored / peakKilobytes.musl).toFixed(2),
    check.bytesChecked.toLocaleString('en'),
    check.bytesDiffering,
  ]),
});
