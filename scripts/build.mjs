// Builds dist/: the grammar's parser, then a bundle a bin. Run by scripts/setup.mjs and `npm run build`, both of which see to the packages.
import { build } from 'esbuild';
import { buildParserFile } from '@lezer/generator';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledBundles } from './build/compiled.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const generated = join(root, 'src/parse/generated');
mkdirSync(generated, { recursive: true });
for (const name of ['gas', 'intel']) {
  const grammar = buildParserFile(readFileSync(join(root, `grammar/${name}.grammar`), 'utf8'), {
    fileName: `${name}.grammar`,
    moduleStyle: 'es',
    typeScript: true,
  });
  writeFileSync(join(generated, `${name}.ts`), grammar.parser);
  writeFileSync(join(generated, `${name}.terms.ts`), grammar.terms);
}

const dist = join(root, 'dist');
const bins = {
  'mirrorcc.js': 'mirrorcc.ts',
  'mirrorc++.js': 'mirrorcxx.ts',
  'libexec/dynamic/ld.js': 'ld.ts',
  'libexec/campaign-thread.js': 'campaign-thread.ts',
  'libexec/helper.js': 'helper/helper.ts',
  'libexec/html.cjs': '../report/html/page.ts',
  'libexec/pass.js': 'pass.ts',
};
// What a report's page carries for the browser.
for (const name of ['client/main.ts', 'client/style.css'])
  await build({
    entryPoints: [join(root, 'src/report', name)],
    outfile: join(dist, 'libexec', name.replace('client/', 'page/').replace(/\.ts$/, '.js')),
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    logLevel: 'warning',
  });
const hash = createHash('sha256');
for (const [out, entry] of Object.entries(bins)) {
  const outfile = join(dist, out);
  // What a compiled bundle loads by its path: not every node 20 can require() a module.
  const format = out.endsWith('.cjs') ? 'cjs' : 'esm';
  await build({
    entryPoints: [join(root, 'src/cli', entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    target: 'node20',
    logLevel: 'warning',
    // The emulator is loaded by those commands that need it.
    external: ['mirrorasm/emulate'],
    // CommonJS dependencies call require(); ESM has none unless it is made.
    ...(format === 'esm' && {
      banner: {
        js: "#!/usr/bin/env node\nimport { createRequire as mirrorCreateRequire } from 'node:module';\nconst require = mirrorCreateRequire(import.meta.url);",
      },
    }),
  });
  chmodSync(outfile, 0o755);
  hash.update(readFileSync(outfile));
}
// Their text has the hash of what they start.
for (const out of await compiledBundles(root)) hash.update(readFileSync(join(dist, out)));

// The commands themselves (src/cli/launcher). gcc -B looks for a program named exactly `as`. Renamed into place: one may be running.
const launchers = {
  mirrorcc: { role: 'c', script: 'mirrorcc.js' },
  'mirrorc++': { role: 'x', script: 'mirrorc++.js' },
  'libexec/as': { role: 'a', script: 'as.js' },
};
const sources = ['launcher.c', 'channel.c'].map((name) => join(root, 'src/cli/launcher', name));
for (const source of sources) hash.update(readFileSync(source));
const version = hash.digest('hex').slice(0, 16);
for (const [out, { role, script }] of Object.entries(launchers)) {
  const defines = [`-DROLE='${role}'`, `-DSCRIPT="${script}"`, `-DBUILD="${version}"`];
  const partial = join(dist, `${out}.${process.pid}.partial`);
  execFileSync(
    'gcc',
    ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', ...defines, ...sources, '-o', partial],
    { stdio: 'inherit' },
  );
  renameSync(partial, join(dist, out));
}
// What gcc -B finds as the linker of a program with shared libraries.
rmSync(join(dist, 'libexec/dynamic/ld'), { force: true });
writeFileSync(join(dist, 'libexec/dynamic/ld'), '#!/bin/sh\nexec node "${0%/*}/ld.js" "$@"\n', {
  mode: 0o755,
});
