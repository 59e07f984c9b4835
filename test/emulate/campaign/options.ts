// What campaigns of whole programs in tests have in common.
import { readFileSync } from 'node:fs';
import { Machine } from '../../../src/emulate/index.js';
import type { CampaignOptions } from '../../../src/emulate/index.js';

/** Of a program without arguments and input: lost pages, its own recovery. */
export function campaignOf(
  program: string,
  more: Partial<CampaignOptions> & Pick<CampaignOptions, 'cases' | 'notice'>,
): CampaignOptions {
  const file = readFileSync(program);
  return {
    load: (io) => new Machine(file, { args: ['program'], io }),
    input: () => Buffer.alloc(0),
    seed: 1,
    recovery: 'program',
    lose: 'page',
    ...more,
  };
}
