// The `ld` that the compiler finds for a dynamically linked program: links once to see what the program calls in shared libraries, then
// again with a wrapper for each such function that writes through its arguments (GNU ld manual, --wrap).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

/** `     7: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND getenv@GLIBC_2.2.5 (3)`: functions that a library has to give. */
const undefinedFunction = /^ +\d+: 0+ +\d+ (?:FUNC|NOTYPE|IFUNC) +(GLOBAL|WEAK) +\w+ +UND ([^@\s]+)(@?)/gm;

/** The functions of shared libraries that a program calls. Weak ones count where a library has them. */
function importsOf(program: string): string[] {
  const { stdout } = spawnSync('readelf', ['--dyn-syms', '-W', program], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return [...stdout.matchAll(undefinedFunction)].flatMap(([, binding, name = '', version]) =>
    binding === 'WEAK' && version === '' ? [] : [name],
  );
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

function main(given: readonly string[]): number {
  const env = process.env;
  const linker = env['MIRROR_LD'] ?? 'ld';
  const folder = env['MIRROR_LIBRARIES'];
  const scratch = env['MIRROR_SCRATCH'];
  if (folder === undefined || scratch === undefined)
    throw new RangeError('this linker is run by mirrorcc only');
  const argv = withMirroredCxx(given, folder);
  const link = (args: readonly string[]): number =>
    spawnSync(linker, args, { stdio: 'inherit' }).status ?? exitInternal;
  const probe = join(scratch, 'probe');
  // The wrappers' libraries have functions of the C library's names.
  const plain = argv.filter((arg) => arg !== '-lmirrordynamic' && arg !== '-lmirrorheap');
  const first = link([
    ...plain,
    '-o',
    probe,
    '-Map',
    join(scratch, 'probe.map'),
    '-e',
    '0',
    '-u',
    '__mirror_syscall',
  ]);
  if (first !== 0) return first;
  const tables = readTables(folder);
  const imports = importsOf(probe);
  const unknown = imports.filter((name) => !tables.wrapped.has(name) && !tables.harmless.has(name)).sort();
  const strict = env['MIRROR_STRICT'] === '1';
  if (unknown.length > 0) tell(unknown, strict);
  if (unknown.length > 0 && strict) {
    if (env['MIRROR_REFUSED'] !== undefined) writeFileSync(env['MIRROR_REFUSED'], '');
    return exitInternal;
  }
  const wrapped = new Set([...always, ...imports.filter((name) => tables.wrapped.has(name))]);
  // The wrappers come behind the libraries that they call.
  const libraries = argv.filter((arg) => /^-l(?!mirror)|\.so(\.\d+)*$/.test(arg));
  return link([...argv, ...libraries, ...[...wrapped].sort().map((name) => `--wrap=${name}`)]);
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`ld: error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitInternal;
}
