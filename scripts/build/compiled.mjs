// Bundles that start from code compiled when they are built (src/cli/compiled.ts): each is a small module that loads its text and V8's cache of it.
import { build, transform } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

const parameters = ['require', 'module', 'exports', 'bundleUrl', '__dirname', 'bundleLoad'];

/** File in dist/ and its entry; an earlier one may be loaded by a later one under the name it has in package.json. */
const entries = {
  'emulate.js': { entry: 'src/emulate/index.ts', as: 'mirrorasm/emulate' },
  'mirrorasm.js': { entry: 'src/cli/mirrorasm.ts' },
  'libexec/as.js': { entry: 'src/cli/as.ts' },
  'libexec/worker.js': { entry: 'src/cli/helper/worker.ts' },
};

/** Data beside the code, which finds it in __dirname. */
const data = ['node_modules/iced-x86/iced_x86_bg.wasm'];

/** Writes them to root/dist, and gives their paths there. */
export async function compiledBundles(root) {
  const dist = join(root, 'dist');
  const code = join(dist, 'libexec/code');
  mkdirSync(code, { recursive: true });
  for (const path of data)
    place(join(code, path.replace(/.*\//, '')), (to) => copyFileSync(join(root, path), to));
  const names = new Map();
  const built = [];
  for (const [out, { entry, as }] of Object.entries(entries)) {
    const { text, exported } = await textOf(join(root, entry), names);
    const name = `${out.replace(/.*\/|\.js$/g, '')}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
    place(join(code, `${name}.js`), (to) => writeFileSync(to, text));
    if (as !== undefined) names.set(as, name);
    built.push({ out, name, exported });
  }
  await compile(root, built);
  for (const { out, name, exported } of built) {
    const call = `load('${name}', ${folderFrom(dist, out)}, import.meta.url)`;
    await module(root, join(dist, out), [
      `import { load } from './compiled.js';`,
      exported.length === 0 ? `${call};` : `export const { ${exported.join(', ')} } = ${call};`,
    ]);
  }
  const current = new Set(built.map(({ name }) => name));
  for (const file of readdirSync(code))
    if (/\.(js|cache|partial)$/.test(file) && !current.has(file.replace(/\.\w+$/, '')))
      rmSync(join(code, file));
  return built.map(({ out }) => out);
}

/** Written whole or not at all: others may be running what is there. */
function place(path, write) {
  const partial = `${path}.partial`;
  write(partial);
  renameSync(partial, path);
}

const folderFrom = (dist, out) =>
  `new URL('${relative(dirname(join(dist, out)), join(dist, 'libexec/code'))}/', import.meta.url)`;

/** The function that compiled.ts calls. */
async function textOf(entry, names) {
  const bundles = {
    name: 'bundles',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^mirrorasm\// }, ({ path }) => ({ path, namespace: 'bundles' }));
      onLoad({ filter: /.*/, namespace: 'bundles' }, ({ path }) => {
        if (!names.has(path)) throw new Error(`${path} is not built yet`);
        return { contents: `module.exports = bundleLoad('${names.get(path)}');` };
      });
    },
  };
  const options = {
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    plugins: [bundles, plainWidth, plainYargs, plainIced],
  };
  const { outputFiles } = await build({
    ...options,
    format: 'cjs',
    define: { 'import.meta.url': 'bundleUrl' },
    supported: { 'dynamic-import': false },
    banner: { js: `(function (${parameters.join(', ')}) {` },
    footer: { js: '})' },
  });
  const { metafile } = await build({ ...options, format: 'esm', outdir: 'unwritten', metafile: true });
  const [output] = Object.values(metafile.outputs);
  // esbuild writes ASCII in all but comments.
  const text = outputFiles[0].text.replace(/\P{ASCII}/gu, '?');
  return { text, exported: output.exports };
}

/**
 * string-width makes regular expressions of all of Unicode when it is loaded, in half the time that node itself needs to start; and yargs measures its
 * help before each command. What it measures is ASCII.
 */
const plainWidth = {
  name: 'plain-width',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^string-width$/ }, ({ path, namespace, resolveDir }) =>
      namespace === 'plain-width' ? undefined : { path, namespace: 'plain-width', pluginData: resolveDir },
    );
    onLoad({ filter: /.*/, namespace: 'plain-width' }, ({ pluginData }) => ({
      contents: `export default (text, options) =>
        /^[ -~]*$/.test(text) ? text.length : require('string-width').default(text, options);`,
      resolveDir: pluginData,
    }));
  },
};

/**
 * yargs measures the help of each command that it starts, to have it if that fails (none of ours shows it then), and loads node:assert, with all that
 * prints colours, for two functions.
 */
const plainYargs = {
  name: 'plain-yargs',
  setup({ onResolve, onLoad }) {
    onLoad({ filter: /\/yargs\/build\/lib\/command\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const call = 'yargs.getInternalMethods().getUsageInstance().cacheHelpMessage();';
      if (!text.includes(call)) throw new Error(`${path} is another one: it does not keep its help`);
      return { contents: text.replace(call, '') };
    });
    onResolve({ filter: /^assert$/ }, ({ path }) => ({ path, namespace: 'plain-yargs' }));
    onLoad({ filter: /.*/, namespace: 'plain-yargs' }, () => ({
      contents: `const checked = (name, holds) => (a, b, message) => {
          if (!holds(a, b)) require('node:assert')[name](a, b, message);
        };
        export const strictEqual = checked('strictEqual', Object.is);
        export const notStrictEqual = checked('notStrictEqual', (a, b) => !Object.is(a, b));`,
    }));
  },
};

/** Without the names of its five thousand forms, which nobody asks for, and without comments. */
const plainIced = {
  name: 'plain-iced',
  setup({ onLoad }) {
    onLoad({ filter: /\/iced_x86\.js$/ }, async ({ path }) => {
      const text = readFileSync(path, 'utf8').replace(/^module\.exports\.Code = .*$/m, '');
      return { contents: (await transform(text, { minifyWhitespace: true })).code };
    });
  },
};

/** A module that node starts by itself, from lines in src/cli. */
async function module(root, outfile, lines) {
  await build({
    stdin: { contents: lines.join('\n'), resolveDir: join(root, 'src/cli'), loader: 'ts' },
    outfile: `${outfile}.partial`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    banner: { js: '#!/usr/bin/env node' },
  });
  chmodSync(`${outfile}.partial`, 0o755);
  renameSync(`${outfile}.partial`, outfile);
}

const keep = `
  process.on('exit', () => {
    for (const [file, script] of scripts) {
      const cache = file.replace(/js$/, 'cache');
      writeFileSync(cache + '.partial', script.createCachedData());
      renameSync(cache + '.partial', cache);
    }
  });`;

/** Has each bundle do what it mostly does, and keeps what V8 compiled for it. */
async function compile(root, built) {
  const dist = join(root, 'dist');
  const work = join(dist, 'libexec/code/work');
  mkdirSync(work, { recursive: true });
  const sample = join(root, 'scripts/build/sample.c');
  const options = ['-O2', '-fno-stack-protector', '-fno-asynchronous-unwind-tables', sample, '-o'];
  execFileSync('gcc', ['-static', '-no-pie', '-nostdlib', ...options, join(work, 'sample')]);
  execFileSync('gcc', ['-S', ...options, join(work, 'sample.s')]);
  const program = async (out, more = []) => {
    const { name } = built.find((one) => one.out === out);
    const file = join(dist, `${out}.warm.mjs`);
    await module(root, file, [
      `import { renameSync, writeFileSync } from 'node:fs';`,
      `import { load, scripts } from './compiled.js';`,
      keep,
      `load('${name}', ${folderFrom(dist, out)}, import.meta.url);`,
      ...more,
    ]);
    return file;
  };
  const run = (file, ...args) => execFileSync(process.execPath, [file, ...args], { stdio: 'inherit' });
  const files = [
    await program('mirrorasm.js'),
    await program('libexec/as.js'),
    await program('libexec/worker.js', [
      `import { parentPort } from 'node:worker_threads';`,
      `parentPort.once('message', () => setImmediate(() => process.exit(0)));`,
    ]),
  ];
  const [mirrorasm, as, worker] = files;
  run(mirrorasm, 'run', join(work, 'sample'));
  run(as, '-o', join(work, 'sample.o'), join(work, 'sample.s'));
  const helper = join(dist, 'libexec/helper.warm.mjs');
  await module(root, helper, [
    `import { readFileSync } from 'node:fs';`,
    `import { Worker } from 'node:worker_threads';`,
    `import { readCommand } from './as-command.js';`,
    `import { readSettings } from './driver/settings.js';`,
    `const [, , script, input] = process.argv;`,
    `const worker = new Worker(script);`,
    `worker.on('message', (answer) => { if (answer === undefined) throw new Error('the sample is refused'); });`,
    `const job = { command: readCommand(['-o', input + '.o', input]), settings: readSettings({}), text: readFileSync(input) };`,
    `worker.postMessage({ ...job, text: new Uint8Array(job.text) });`,
  ]);
  run(helper, worker, join(work, 'sample.s'));
  for (const file of [...files, helper]) rmSync(file);
  rmSync(work, { recursive: true });
}
