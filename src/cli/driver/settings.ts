// What the driver tells the assembler wrapper, through the environment (the compiler between them passes nothing else on).
import type { RewriteOptions } from '../../rewrite.js';
import { readSelection } from './site-selection.js';
import type { SiteSelection } from './site-selection.js';

export interface Settings {
  readonly options: Omit<RewriteOptions, 'expand'>;
  /** A JSON file, or a folder that gets one file an object; undefined: no statistics. */
  readonly stats: string | undefined;
  /** Beside the statistics, both texts line by line. */
  readonly listing: boolean;
  /** Keep native and mirrored text beside the object. */
  readonly keep: boolean;
  /** Give the rewritten text in place of an object. */
  readonly emitText: boolean;
  readonly assembler: string;
  /** Which sites are mirrored; undefined: all. */
  readonly sites: SiteSelection | undefined;
  /** A folder that gets a description of all sites, one file an object. */
  readonly siteList: string | undefined;
  /** A file to make when the input is refused: the compiler in between does not hand on our exit code. */
  readonly refusedFile: string | undefined;
}

/**
 * Reads MIRROR_ABI, MIRROR_ALLOW, MIRROR_AS, MIRROR_BREAK, MIRROR_CALL, MIRROR_EMIT, MIRROR_KEEP, MIRROR_MARKS,
 * MIRROR_REFUSED, MIRROR_SITE_LIST, MIRROR_SITES, MIRROR_STATS, MIRROR_STATS_TEXT, and for tests MIRROR_CLOBBER. Throws on a wrong value.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const call = env['MIRROR_CALL'];
  if (call !== undefined && call !== 'site' && call !== 'callee')
    throw new RangeError(`MIRROR_CALL or --mirror-call is 'site' or 'callee', not '${call}'`);
  const abi = env['MIRROR_ABI'] ?? 'none';
  if (abi !== 'sysv' && abi !== 'none')
    throw new RangeError(`MIRROR_ABI or --mirror-abi is 'sysv' or 'none', not '${abi}'`);
  const breakAt = Number(env['MIRROR_BREAK'] ?? '0');
  if (!Number.isInteger(breakAt) || breakAt < 0)
    throw new RangeError('MIRROR_BREAK or --mirror-break is a number');
  const listing = env['MIRROR_STATS'] !== undefined && env['MIRROR_STATS_TEXT'] === '1';
  return {
    options: {
      profile: 'linux-x86_64',
      callMirror: call,
      abi,
      breakAt,
      allow: (env['MIRROR_ALLOW'] ?? '').split(',').filter((name) => name !== ''),
      // The page's sites are found by them.
      marks: env['MIRROR_MARKS'] === '1' || listing,
    },
    stats: env['MIRROR_STATS'],
    listing,
    emitText: env['MIRROR_EMIT'] === 'text',
    keep: env['MIRROR_KEEP'] === '1',
    assembler: env['MIRROR_AS'] ?? 'as',
    sites: readSelection(env['MIRROR_SITES'], env['MIRROR_CLOBBER']),
    siteList: env['MIRROR_SITE_LIST'],
    refusedFile: env['MIRROR_REFUSED'],
  };
}
