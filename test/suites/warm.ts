// The mirrored build of one small program with the pass in this process: the start of node, twice a program, would be most of the time.
// Compiler, assembler and linker get what the driver gives them: it is asked, once for each set of options, what it would run.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../scripts/tools.mjs';
import type * as Pass from '../../src/cli/pass.js';
import type { ProfileName } from '../../src/profile/profile.js';
import { shell } from './shell.js';
import { commandOf } from './toolchain.js';
import type { Case, Counts, Program, Width } from './types.js';

const profiles: Readonly<Record<Width, ProfileName>> = { 32: 'linux-i386', 64: 'linux-x86_64' };
const seconds = 600;

/** The very code that dist/libexec/as.js holds, as built. */
const pass = import(pathToFileURL(join(root, 'dist/libexec/pass.js')).href) as Promise<typeof Pass>;

interface Answer {
  readonly args: readonly string[];
  /** Where the headers are, which the driver says through the environment. */
  readonly variables: Readonly<Record<string, string>>;
}

const asked = new Map<string, Answer>();

/** Stands for the sources in what the driver answers. */
const placeholder = 'mirrorasm-source.c';

/** How mirrorcc runs the compiler for `$CC options source -o program -lm`. */
function askDriver(options: readonly string[], width: Width): Answer {
  const command = [...commandOf('mirrored', width).split(' ').slice(1), ...options];
  const key = command.join('\0');
  let known = asked.get(key);
  if (known === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-suites-'));
    const compiler = join(folder, 'gcc');
    const answer = join(folder, 'answer');
    writeFileSync(
      compiler,
      `#!/bin/sh\ncase $1 in -print*) exec gcc "$@";; esac\nprintf '%s\\n' "$C_INCLUDE_PATH" "$@" > ${answer}\n`,
    );
    chmodSync(compiler, 0o755);
    execFileSync(
      join(root, 'dist/mirrorcc.js'),
      [...command, placeholder, '-o', 'program', '-Wl,-Map=map', '-lm'],
      {
        cwd: folder,
        env: { ...process.env, MIRROR_CC: compiler },
      },
    );
    const [includes = '', ...args] = readFileSync(answer, 'utf8').trimEnd().split('\n');
    known = { args, variables: { C_INCLUDE_PATH: includes } };
    rmSync(folder, { recursive: true });
    asked.set(key, known);
  }
  return known;
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

export interface Built {
  readonly error: string;
  readonly counts: Counts;
}

/** Builds `program` in `work`, with its objects beside it. */
export async function buildWarm(
  one: Case,
  { options, files }: Program,
  work: string,
  variables: Readonly<Record<string, string>>,
): Promise<Built> {
  const counts = { native: 0, inserted: 0, sites: 0 };
  const failed = (error: string): Built => ({ error, counts });
  const { args, variables: own } = askDriver([one.level, '-w', ...options], one.width);
  const run = async (words: readonly string[]): Promise<string> => {
    const ended = await shell(`gcc ${words.map(quote).join(' ')}`, work, { ...variables, ...own }, seconds);
    return ended.exitCode === 0 ? '' : `${ended.stderr}gcc ends with ${ended.signal ?? ended.exitCode}`;
  };
  const withSources = (sources: readonly string[]): string[] =>
    args.flatMap((arg) => (arg === placeholder ? sources : [arg]));
  // Without -o: each text gets its source's name.
  const compiled = await run([
    ...withSources(files).filter((arg, i, all) => arg !== '-o' && all[i - 1] !== '-o'),
    '-S',
  ]);
  if (compiled !== '') return failed(compiled);

  const { expandOptions, formatMessages, marker, rewrite } = await pass;
  const objects: string[] = [];
  for (const file of files) {
    const name = basename(file, '.c');
    const text = readFileSync(join(work, `${name}.s`), 'latin1');
    const result = rewrite(file, text, {
      profile: profiles[one.width],
      abi: 'sysv',
      callMirror: undefined,
      breakAt: 0,
      allow: [],
      expand: expandOptions([], []),
    });
    if (!result.ok) return failed(formatMessages(result.diagnostics));
    counts.native += result.stats.native;
    counts.inserted += result.stats.inserted;
    counts.sites += result.stats.sites;
    const assembled = spawnSync('as', [`--${one.width}`, '-W', '-o', `${name}.o`, '-'], {
      cwd: work,
      input: Buffer.from(marker + result.text, 'latin1'),
      encoding: 'utf8',
    });
    if (assembled.status !== 0) return failed(`as: error: ${assembled.stderr}`);
    objects.push(`${name}.o`);
  }
  return { error: await run(withSources(objects)), counts };
}

/** Whether mirrorcc itself makes the same program, byte for byte. */
export async function sameByDriver(
  one: Case,
  folder: string,
  variables: Readonly<Record<string, string>>,
): Promise<boolean> {
  const work = join(folder, 'by-driver');
  mkdirSync(work);
  const { exitCode } = await shell(one.build, work, variables, seconds);
  return (
    exitCode === 0 && readFileSync(join(work, 'program')).equals(readFileSync(join(folder, 'work/program')))
  );
}
