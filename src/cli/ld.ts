// The `ld` that the compiler finds for a dynamically linked program or a shared object: links once to see what is called in shared libraries,
// then again with a wrapper for each such function that writes through its arguments (GNU ld manual, --wrap).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportsOf, importsOf, sharedObjects, usesOf, wantsTold } from './shared-objects.js';
import type { SharedObject } from './shared-objects.js';

const exitInternal = 1;

/** Of libraries' functions: those that have a wrapper, and those that need none. */
interface Tables {
  readonly wrapped: ReadonlySet<string>;
  readonly harmless: ReadonlySet<string>;
}

/** Wrapped whether the program calls them or not: the runtime's own rewritten code does. */
const always = ['__getdelim', '__sigsetjmp', 'memcpy', 'memmove', 'memset'];

function readTables(folder: string): Tables {
  const names = (file: string, row: RegExp): ReadonlySet<string> =>
    new Set([...readFileSync(join(folder, file), 'utf8').matchAll(row)].map(([, name = '']) => name));
  return {
    wrapped: names('libc.def', /^[XC]\((\w+)/gm),
    harmless: names('harmless.def', /^H\((\w+)/gm),
  };
}

const mirroredCxx = 'libmirrorstdc++.a';

/**
 * The C++ library is the mirrored one, linked in, where the set-up has made it: its objects are the program's own memory. Its names are kept
 * from other libraries, which have the shared one if they want it.
 */
function withMirroredCxx(argv: readonly string[], folder: string): string[] {
  const library = join(folder, mirroredCxx);
  const isCxx = (arg: string): boolean => arg === '-lstdc++' || arg === '-lsupc++';
  if (!existsSync(library) || !argv.some(isCxx)) return [...argv];
  // It calls wrappers, whose libraries have to come behind it.
  const others = argv.filter((arg) => !isCxx(arg));
  const group = others.indexOf('-lmirrordynamic') - 1;
  return [...others.slice(0, group), library, ...others.slice(group), `--exclude-libs=${mirroredCxx}`];
}

const namesShown = 10;

function tell(unknown: readonly string[], strict: boolean): void {
  const level = strict ? 'error' : 'warning';
  const lines = unknown
    .slice(0, namesShown)
    .map((name) => `${level}[M030]: ${name}: what this library function writes is not known`);
  if (unknown.length > namesShown)
    lines.push(`${level}[M030]: ${unknown.length - namesShown} more such functions`);
  lines.push(
    strict
      ? 'note: build the library with mirrorcc and link it, or leave --mirror-strict=1 out'
      : 'note: for this program nothing is claimed: its report names them, and bytes that differ are no error',
  );
  process.stderr.write(lines.map((line) => `mirrorcc: ${line}\n`).join(''));
}

/** Options that forbid what is undefined: the wrappers of a shared object are in the program. */
function withoutDefs(argv: readonly string[]): string[] {
  const isDefs = (arg: string | undefined): boolean => arg === 'defs';
  return argv.filter(
    (arg, i) =>
      arg !== '--no-undefined' &&
      arg !== '-zdefs' &&
      !(isDefs(arg) && argv[i - 1] === '-z') &&
      !(arg === '-z' && isDefs(argv[i + 1])),
  );
}

interface Folders {
  /** Of the runtime and its tables. */
  readonly libraries: string;
  readonly scratch: string;
}

const linker = (): string => process.env['MIRROR_LD'] ?? 'ld';
const link = (args: readonly string[]): number =>
  spawnSync(linker(), args, { stdio: 'inherit' }).status ?? exitInternal;

/** Says what nobody knows; whether that is the end. */
function refused(unknown: readonly string[]): boolean {
  const { env } = process;
  const strict = env['MIRROR_STRICT'] === '1';
  if (unknown.length > 0) tell(unknown, strict);
  if (unknown.length === 0 || !strict) return false;
  if (env['MIRROR_REFUSED'] !== undefined) writeFileSync(env['MIRROR_REFUSED'], '');
  return true;
}

const wraps = (names: Iterable<string>): string[] => [...names].sort().map((name) => `--wrap=${name}`);

function linkShared(given: readonly string[], { libraries, scratch }: Folders): number {
  const argv = withoutDefs(given);
  const probe = join(scratch, 'probe');
  const map = join(scratch, 'probe.map');
  const first = link([...argv, '-o', probe, '-Map', map]);
  if (first !== 0) return first;
  const tables = readTables(libraries);
  const others = sharedObjects(readFileSync(map, 'utf8'));
  const imports = importsOf(probe).filter(({ name }) => !others.some(({ defines }) => defines.has(name)));
  // What no library has is expected of the program; it finds out at its start.
  const unknown = imports
    .filter(({ name, versioned }) => versioned && !tables.wrapped.has(name) && !tables.harmless.has(name))
    .map(({ name }) => name);
  if (refused(unknown.sort())) return exitInternal;
  const names = imports.map(({ name }) => name);
  const wrapped = names.filter((name) => tables.wrapped.has(name));
  const ofRuntime = names.filter((name) => name.startsWith('__mirror_'));
  // First: libgcc, too, has functions named __wrap_... .
  return link([usesOf([...wrapped, ...ofRuntime], scratch), ...argv, ...wraps(wrapped)]);
}

/** Shared objects call functions of libraries with which the program was not linked. */
const theirLibraries = ['--copy-dt-needed-entries'];

/** What shared objects want of the program: also those that are loaded for others alone, of which the linker tells. */
function wantedOf(objects: readonly SharedObject[], probing: readonly string[]): string[] {
  const tells = ['--no-allow-shlib-undefined', '--warn-unresolved-symbols'];
  const { stderr } = spawnSync(linker(), [...theirLibraries, ...probing, ...tells], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 1 << 28,
  });
  return [...new Set([...objects.flatMap(({ wants }) => wants), ...wantsTold(stderr)])];
}

function linkProgram(given: readonly string[], { libraries, scratch }: Folders): number {
  const argv = withMirroredCxx(given, libraries);
  const probe = join(scratch, 'probe');
  const map = join(scratch, 'probe.map');
  // The wrappers' libraries have functions of the C library's names. What shared objects want of the runtime is not there yet.
  const plain = argv.filter((arg) => arg !== '-lmirrordynamic' && arg !== '-lmirrorheap');
  const probing = [...plain, ...['-o', probe, '-Map', map, '-e', '0', '-u', '__mirror_syscall']];
  const first = link([...probing, '--allow-shlib-undefined']);
  if (first !== 0) return first;
  const objects = sharedObjects(readFileSync(map, 'utf8'));
  const tables = readTables(libraries);
  const imports = importsOf(probe)
    .map(({ name }) => name)
    .filter((name) => !objects.some(({ defines }) => defines.has(name)));
  const unknown = imports.filter((name) => !tables.wrapped.has(name) && !tables.harmless.has(name));
  if (refused(unknown.sort())) return exitInternal;
  const wanted = objects.length === 0 ? [] : wantedOf(objects, probing);
  const wrapped = new Set([...always, ...imports, ...wanted].filter((name) => tables.wrapped.has(name)));
  // The wrappers come behind the libraries that they call.
  const isLibrary = (arg: string, i: number): boolean =>
    /^-l(?!mirror)|\.so(\.\d+)*$/.test(arg) && argv[i - 1] !== '-plugin';
  const behind = argv.filter(isLibrary);
  const exports =
    objects.length === 0 ? [] : [...theirLibraries, '-u', 'mr_before_libraries', exportsOf(wanted, scratch)];
  return link([...exports, ...argv, ...behind, ...wraps(wrapped)]);
}

function main(given: readonly string[]): number {
  const libraries = process.env['MIRROR_LIBRARIES'];
  const scratch = process.env['MIRROR_SCRATCH'];
  if (libraries === undefined || scratch === undefined)
    throw new RangeError('this linker is run by mirrorcc only');
  const isShared = given.some((arg) => /^(--?shared|-Bshareable)$/.test(arg));
  return (isShared ? linkShared : linkProgram)(given, { libraries, scratch });
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`ld: error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitInternal;
}
