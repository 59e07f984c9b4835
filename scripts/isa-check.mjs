// npm run isa:check: bundles scripts/isa-check/main.ts and runs it (see docs/isa.md).
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
// Inside the project, so that iced-x86 is found.
const outfile = join(here, '../dist/isa-check.mjs');
mkdirSync(dirname(outfile), { recursive: true });
await build({
  entryPoints: [join(here, 'isa-check/main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['iced-x86'],
  logLevel: 'warning',
});
const run = spawnSync(process.execPath, [outfile, join(here, 'isa-check'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
rmSync(outfile);
process.exitCode = run.status ?? 1;
