// The kernel's headers for the native compiler: musl-gcc looks for none beside its own.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { moreHeaders } from '../../scripts/setup/more-headers.mjs';
import { cache } from '../../scripts/tools.mjs';

/** A folder of links to them, for CPATH; made whole or not at all, because builds of others may be reading it. */
export function nativeHeaders(): string {
  const folder = join(cache, 'suites/include');
  if (existsSync(join(folder, 'linux'))) return folder;
  const partial = `${folder}.${process.pid}.partial`;
  mkdirSync(join(partial, 'sys'), { recursive: true });
  moreHeaders(partial);
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  return folder;
}
