// The compiler driver: the real compiler, with our `as` in front of the real one, and a static link with the mirrored libc.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.js';
import type { Request } from './arguments.js';
import { unmirroredObjects } from './linkmap.js';
import { targetOf } from './target.js';
import type { Target } from './target.js';
import { unsupportedOption } from './unsupported.js';

const exitRefused = 2;
const exitInternal = 1;

const dist = dirname(fileURLToPath(import.meta.url));

interface Compiler {
  readonly command: string;
  readonly clang: boolean;
}

/** The folder that holds include/ and lib/ of the mirrored libc; undefined where none is wanted (MIRROR_SYSROOT=none). */
function findSysroot(target: Target): string | undefined {
  const chosen = process.env['MIRROR_SYSROOT'];
  if (chosen === 'none') return undefined;
  return chosen ?? join(dist, 'sysroot', target.sysroot);
}

function ask(compiler: Compiler, option: string): string {
  return execFileSync(compiler.command, [option], { encoding: 'utf8' }).trim();
}

/** Options every compilation gets, before the user's. */
function compileOptions(
  compiler: Compiler,
  request: Request,
  target: Target,
  sysroot: string | undefined,
): string[] {
  // clang's comments on debug information hold NUL characters.
  const options = compiler.clang ? ['-fno-integrated-as', '-fno-verbose-asm'] : [];
  if (!request.picChosen) options.push(target.compile);
  if (sysroot !== undefined && !request.noStandardInclude) options.push('-nostdinc');
  return options;
}

/** The folders of the C++ library's headers in the order in which they include each other; none where it has not been built. */
function cxxIncludes(sysroot: string): string[] {
  const all = join(sysroot, 'include/c++');
  if (!existsSync(all)) return [];
  const [version = ''] = readdirSync(all);
  const top = join(all, version);
  const machine = readdirSync(top).find((name) => existsSync(join(top, name, 'bits/c++config.h')));
  return [top, ...(machine === undefined ? [] : [join(top, machine)]), join(top, 'backward')];
}

/**
 * Where the headers are. Through the environment, because only so do compilers tell C from C++ input themselves, and the user's -isystem
 * folders go first.
 */
function includePaths(compiler: Compiler, request: Request, sysroot: string | undefined): NodeJS.ProcessEnv {
  if (sysroot === undefined || request.noStandardInclude) return {};
  const c = [join(sysroot, 'include'), ask(compiler, '-print-file-name=include')];
  const cxx = request.noStandardCxxInclude ? [] : cxxIncludes(sysroot);
  const path = (name: string, folders: readonly string[]): string =>
    [...(process.env[name] ?? '').split(delimiter).filter((folder) => folder !== ''), ...folders].join(
      delimiter,
    );
  return {
    C_INCLUDE_PATH: path('C_INCLUDE_PATH', c),
    CPLUS_INCLUDE_PATH: path('CPLUS_INCLUDE_PATH', [...cxx, ...c]),
  };
}

function fail(code: string, message: string, note: string): number {
  process.stderr.write(`mirrorcc: error[${code}]: ${message}\nmirrorcc: note: ${note}\n`);
  return exitRefused;
}

/** What the assembler wrapper has to know; see settings.ts. */
function environment(request: Request): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, MIRROR_ABI: request.handWritten ? 'none' : 'sysv' };
  for (const [name, value] of request.own)
    env[`MIRROR_${name.slice('--mirror-'.length).toUpperCase()}`] = value;
  return env;
}

/** The TLS of programs without shared libraries. The calls of the other models are made of bytes that the linker wants to find unchanged. */
const staticTls = '-ftls-model=initial-exec';

/** What no option of the user's may turn on: gcc's -fipa-ra lets values live in registers that the psABI gives to the callee. */
const lastWord = (compiler: Compiler): string[] => [staticTls, ...(compiler.clang ? [] : ['-fno-ipa-ra'])];

/** Runs the compiler. When our `as` refuses its input, the exit code is ours, not the one the compiler makes of it. */
function run(compiler: Compiler, args: readonly string[], request: Request): number {
  const refused = join(tmpdir(), `mirrorcc-${process.pid}-refused`);
  rmSync(refused, { force: true });
  const { status, error, signal } = spawnSync(compiler.command, [...args, ...lastWord(compiler)], {
    stdio: 'inherit',
    env: {
      ...environment(request),
      ...includePaths(compiler, request, findSysroot(targetOf(request.bits, request.pie))),
      MIRROR_REFUSED: refused,
    },
  });
  if (status !== 0 && existsSync(refused)) {
    rmSync(refused);
    return exitRefused;
  }
  if (error) {
    process.stderr.write(
      `mirrorcc: error: cannot run ${compiler.command}: ${error.message}\nmirrorcc: note: MIRROR_CC names the compiler\n`,
    );
    return exitInternal;
  }
  return signal === null ? (status ?? exitInternal) : exitInternal;
}

/** Runs one command line of the driver and gives its exit code. */
export function drive(argv: readonly string[], defaultCompiler: 'gcc' | 'g++'): number {
  const request = readArguments(argv);
  const [refusal] = request.refused;
  if (refusal && (request.phase !== 'inform' || refusal.code === 'M023'))
    return fail(refusal.code, refusal.message, refusal.note);
  const command = process.env['MIRROR_CC'] ?? defaultCompiler;
  const compiler: Compiler = { command, clang: basename(command).includes('clang') };
  const unsupported = unsupportedOption(request.arguments, request.phase, compiler.clang);
  if (unsupported) return fail(unsupported.code, unsupported.message, unsupported.note);
  const wrap = ['-B', `${join(dist, 'libexec')}/`];
  const target = targetOf(request.bits, request.pie);
  const sysroot = findSysroot(target);
  if (sysroot !== undefined && !existsSync(join(sysroot, 'include')) && request.inputs.length > 0)
    return fail('M024', `no mirrored libc in ${sysroot}`, target.missing);
  const cxx = defaultCompiler === 'g++';
  if (cxx && sysroot !== undefined && request.inputs.length > 0 && !request.noStandardCxxInclude)
    if (!request.noStandardInclude && cxxIncludes(sysroot).length === 0)
      return fail(
        'M025',
        `no mirrored C++ library in ${sysroot}`,
        'run the set-up for C++ (npm run setup -- --c++), or leave the library out with -nostdinc++ -nostdlib',
      );
  const shared = [...wrap, ...compileOptions(compiler, request, target, sysroot)];
  switch (request.phase) {
    case 'inform':
      return run(
        compiler,
        request.inputs.length === 0 ? request.arguments : [...shared, ...request.arguments],
        request,
      );
    case 'assembly':
      return giveAssembly(compiler, shared, request, target);
    case 'object':
      return run(compiler, [...shared, ...request.arguments], request);
    case 'link':
      if (request.inputs.length === 0) return run(compiler, request.arguments, request);
      return link(compiler, shared, request, target, sysroot, cxx);
  }
}

/** -S: the compiler's text is rewritten where it would have been written. */
function giveAssembly(
  compiler: Compiler,
  shared: readonly string[],
  request: Request,
  target: Target,
): number {
  const folder = mkdtempSync(join(tmpdir(), 'mirrorcc-'));
  try {
    const options = request.arguments.filter(
      (arg, i, all) => arg !== '-o' && all[i - 1] !== '-o' && !request.inputs.includes(arg),
    );
    for (const input of request.inputs) {
      const native = join(folder, 'native.s');
      const compiled = run(compiler, [...shared, ...options, input, '-o', native], request);
      if (compiled !== 0) return compiled;
      const output = request.output ?? `${basename(input, extname(input))}.s`;
      const env = { ...environment(request), MIRROR_EMIT: 'text' };
      const { status } = spawnSync(join(dist, 'libexec/as'), [target.assembler, native, '-o', output], {
        stdio: 'inherit',
        env,
      });
      if (status !== 0) return status ?? exitInternal;
    }
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function link(
  compiler: Compiler,
  shared: readonly string[],
  request: Request,
  target: Target,
  sysroot: string | undefined,
  cxx: boolean,
): number {
  if (request.relocatable) return run(compiler, [...shared, ...request.arguments], request);
  if (sysroot === undefined) return run(compiler, [...shared, ...request.arguments], request);
  const lib = join(sysroot, 'lib');
  const files = (wanted: boolean, ...names: string[]): string[] =>
    wanted ? names.map((name) => join(lib, name)).filter((path) => existsSync(path)) : [];
  const standardFiles = !request.noStartFiles && !request.noStandardLibrary;
  const start = files(standardFiles, ...target.start);
  const end = files(standardFiles, ...target.end);
  const libraries = request.noStandardLibrary
    ? ['-lmirror']
    : [
        '-Wl,--start-group',
        ...(cxx && !request.noStandardCxxLibrary ? ['-lstdc++'] : []),
        ...['-lmirror', '-lc', '-lgcov', '-lgcc'],
        // Where libgcc has not been built mirrored, the compiler's own has its unwinder in another library.
        ...(existsSync(join(lib, 'libgcc.a')) ? [] : ['-lgcc_eh']),
        '-Wl,--end-group',
      ];
  const folder = mkdtempSync(join(tmpdir(), 'mirrorcc-'));
  try {
    const given = request.arguments
      .map((arg) => /^-Wl,-Map[=,](.*)$/.exec(arg)?.[1])
      .find((m) => m !== undefined);
    const map = given ?? join(folder, 'map');
    const status = run(
      compiler,
      [
        ...shared,
        ...target.link,
        '-nostdlib',
        '-nostartfiles',
        '-Wl,-e,__mirror_start',
        // A text relocation would write code pages at start; refuse it at link time.
        '-Wl,-z,text',
        ...(given === undefined ? [`-Wl,-Map=${map}`] : []),
        `-L${lib}`,
        ...start,
        ...request.arguments,
        ...libraries,
        ...end,
      ],
      request,
    );
    if (status !== 0 || !existsSync(map)) return status;
    return reportUnmirrored(unmirroredObjects(readFileSync(map, 'utf8'), join(lib, 'libmirror.a')), request);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const namesShown = 10;

/** Names what has been linked and is not mirrored; by --mirror-strict=1 that is an error and the program is removed. */
function reportUnmirrored(objects: readonly string[], request: Request): number {
  if (objects.length === 0) return 0;
  const strict = (request.own.get('--mirror-strict') ?? process.env['MIRROR_STRICT']) === '1';
  const level = strict ? 'error' : 'warning';
  for (const object of objects.slice(0, namesShown))
    process.stderr.write(
      `mirrorcc: ${level}[M026]: ${object} is not mirrored: what its code writes has no second copy\n`,
    );
  if (objects.length > namesShown)
    process.stderr.write(
      `mirrorcc: ${level}[M026]: ${objects.length - namesShown} more objects are not mirrored\n`,
    );
  if (!strict) return 0;
  process.stderr.write('mirrorcc: note: build them with mirrorcc, or leave --mirror-strict=1 out\n');
  rmSync(request.output ?? 'a.out', { force: true });
  return exitRefused;
}
