// node scripts/run-ts.mjs file.ts [arguments]: bundles a TypeScript program into dist/ and runs it.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { root } from './tools.mjs';

const [entry = '', ...args] = process.argv.slice(2);
// Inside the project, so that packages are found.
const outfile = join(root, 'dist', `${basename(dirname(entry))}-${process.pid}.mjs`);
mkdirSync(dirname(outfile), { recursive: true });
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',

  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit' });
rmSync(outfile);
process.exitCode = status ?? 1;
