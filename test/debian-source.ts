// Unpacked Debian source packages for tests: what scripts/tools.mjs does, which jest cannot import.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The folder of a source package, from the cache or fetched. */
export function debianSource(name: string): string {
  const tools = pathToFileURL(join(__dirname, '../scripts/tools.mjs')).href;
  const script = `import { debianSource } from ${JSON.stringify(tools)}; console.log(debianSource(${JSON.stringify(name)}));`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trim();
}
