// gcc.c-torture/execute of gcc's own test suite, from the Debian package of gcc's source.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gccSource } from '../../scripts/tools.mjs';
import { readDirectives } from './dejagnu.js';
import { buildOf } from './program.js';
import type { Case, Choice, Suite, Width } from './types.js';

const inside = 'gcc/testsuite/gcc.c-torture/execute';

/** One of the three drivers of the suite: execute.exp, ieee/ieee.exp, builtins/builtins.exp. */
interface Driver {
  readonly folder: string;
  /** What the driver adds for every test. */
  readonly options: (width: Width) => readonly string[];
  /** Files linked with a test, or none when it is none by itself. */
  readonly files: (path: string) => readonly string[];
}

const drivers: readonly Driver[] = [
  { folder: '', options: () => [], files: (path) => [path] },
  {
    folder: 'builtins',
    options: () => [
      '-fno-tree-dse',
      '-fno-tree-loop-distribute-patterns',
      '-fno-tracer',
      '-fno-ipa-ra',
      '-fno-inline-functions',
    ],
    files: (path) =>
      path.endsWith('-lib.c') ? [] : [path, path.replace(/\.c$/, '-lib.c'), join(path, '../lib/main.c')],
  },
  {
    folder: 'ieee',
    options: (width) => ['-fno-inline', ...(width === 32 ? ['-ffloat-store'] : [])],
    files: (path) => [path],
  },
];

/** What a test's .x file (Tcl) adds; its other commands are about other targets. */
function optionsOfScript(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  // Conditional ones are for other targets: only commands at the left edge count.
  return [...text.matchAll(/^(?:lappend additional_flags|set additional_flags) (.*)$/gm)].flatMap((found) =>
    (found[1] ?? '').replaceAll('"', '').split(/\s+/),
  );
}

function casesOf(driver: Driver, folder: string, choice: Choice): Case[] {
  const sources = readdirSync(join(folder, driver.folder))
    .filter((name) => name.endsWith('.c'))
    .sort()
    .map((name) => join(folder, driver.folder, name));
  return sources.flatMap((path) => {
    const files = driver.files(path);
    if (files.length === 0) return [];
    const text = readFileSync(path, 'latin1');
    return choice.widths.flatMap((width) =>
      choice.levels.map((level): Case => {
        const { options, skip } = readDirectives(text, width, [level]);
        const all = [...driver.options(width), ...optionsOfScript(path.replace(/\.c$/, '.x')), ...options];
        return {
          suite: 'c-torture',
          name: join(driver.folder, basename(path)),
          level,
          width,
          sources: files,
          generated: null,
          program: { options: all, files },
          build: buildOf({ options: all, files }),
          run: './program',
          seconds: 30,
          excluded: skip,
        };
      }),
    );
  });
}

export const torture: Suite = {
  name: 'c-torture',
  cases: (choice) => {
    const tree = gccSource([inside]);
    if (tree === undefined) throw new Error('Debian has no package of the source of this gcc');
    return drivers.flatMap((driver) => casesOf(driver, join(tree, inside), choice));
  },
};
