// Builds dist/: the grammar's parser, then one bundled file a bin. Run by scripts/setup.mjs and `npm run build`.
import { build } from 'esbuild';
import { buildParserFile } from '@lezer/generator';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

const bins = {
  'mirrorasm.js': 'mirrorasm.ts',
  'mirrorcc.js': 'mirrorcc.ts',
  'mirrorc++.js': 'mirrorcxx.ts',
  'libexec/as.js': 'as.ts',
  'libexec/pass.js': 'pass.ts',
};
for (const [out, entry] of Object.entries(bins)) {
  const outfile = join(root, 'dist', out);
  await build({
    entryPoints: [join(root, 'src/cli', entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    // yargs' CommonJS dependencies call require(); ESM has none unless it is made.
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire as mirrorCreateRequire } from 'node:module';\nconst require = mirrorCreateRequire(import.meta.url);",
    },
  });
  chmodSync(outfile, 0o755);
}
// gcc -B looks for a program named exactly `as`.
rmSync(join(root, 'dist/libexec/as'), { force: true });
writeFileSync(join(root, 'dist/libexec/as'), '#!/bin/sh\nexec node "${0%/*}/as.js" "$@"\n', { mode: 0o755 });
