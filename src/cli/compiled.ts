// Starts a bundle together with what V8 compiled of it when it was built. Files in libexec/code, by the hash of the text: NAME.js, a function of what
// it needs, and NAME.cache. V8 looks at the cache's header and goes without where its version, its options or the length differ.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** By file; for the build, which keeps what was compiled. */
export const scripts = new Map<string, Script>();

type Bundle = (
  require: NodeJS.Require,
  module: { exports: unknown },
  exports: unknown,
  /** Of what starts it: its import.meta.url. */
  url: string,
  /** Where its data lies. */
  folder: string,
  load: (name: string) => unknown,
) => void;

const modules = new Map<string, { exports: unknown }>();

/** What the bundle exports. */
export function load(name: string, folder: URL, url: string): unknown {
  const known = modules.get(name);
  if (known) return known.exports;
  const module = { exports: {} };
  modules.set(name, module);
  start(name, folder, url, module);
  return module.exports;
}

export function start(name: string, folder: URL, url: string, module: { exports: unknown }): void {
  const file = fileURLToPath(new URL(`${name}.js`, folder));
  const cachedData = compiled(fileURLToPath(new URL(`${name}.cache`, folder)));
  // esbuild writes ASCII.
  const script = new Script(readFileSync(file, 'latin1'), {
    filename: file,
    ...(cachedData && { cachedData }),
  });
  scripts.set(file, script);
  const bundle = script.runInThisContext() as Bundle;
  const other = (name: string): unknown => load(name, folder, url);
  bundle(createRequire(url), module, module.exports, url, fileURLToPath(folder), other);
}

function compiled(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
