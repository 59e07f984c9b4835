// What a command line of the driver comes to: one run of the real compiler with our `as` in front of the real one, or a refusal. Nothing is
// run here: the driver does that in its own process, or the launcher does with a plan that the helper made.
import { existsSync, readdirSync } from 'node:fs';
import { basename, delimiter, extname, join, resolve } from 'node:path';
import { readArguments } from './arguments.js';
import type { Refusal, Request } from './arguments.js';
import { dynamicFolder, dynamicLink, libcOf, refusedShared, refusedWithDynamic } from './dynamic.js';
import { noLanguage, targetOf } from './target.js';
import type { Target } from './target.js';
import { unsupportedOption } from './unsupported.js';

/** The compiler does not run, or not to a good end. */
export class CannotAsk extends Error {
  constructor(
    readonly command: string,
    why: string,
  ) {
    super(why);
  }
}

export interface Surroundings {
  /** The folder of mirrorcc itself, dist/. */
  readonly dist: string;
  readonly env: NodeJS.ProcessEnv;
  /** The current folder, where relative paths start. */
  readonly folder: string;
  /** A folder of this run alone, empty; it holds what compiler, assembler and driver tell each other. */
  readonly scratch: string;
  /** What the compiler answers to an option; throws CannotAsk. */
  readonly ask: (command: string, option: string) => string;
}

/** What has to be looked at when a program has been linked. */
export interface LinkCheck {
  /** The linker's map. */
  readonly map: string;
  /** Libraries and objects that are not rewritten by design: the runtime. */
  readonly own: readonly string[];
  /** An object that is not mirrored is an error. */
  readonly strict: boolean;
  readonly output: string;
}

export interface Run {
  readonly command: string;
  readonly args: readonly string[];
  /** Changes of the environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Our `as` makes it when it refuses its input: the compiler in between does not hand on our exit code. */
  readonly refusedFile: string;
  readonly linked: LinkCheck | undefined;
}

/** `-S`: each input is compiled, and its text rewritten where it would have been written. */
export interface AssemblyStep {
  readonly compile: Run;
  readonly native: string;
  readonly assemblerArgs: readonly string[];
  readonly output: string;
}

export type Plan =
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'run'; readonly run: Run }
  | {
      readonly kind: 'assembly';
      readonly steps: readonly AssemblyStep[];
      readonly variables: Readonly<Record<string, string>>;
    };

interface Compiler {
  readonly command: string;
  readonly clang: boolean;
}

/** The folder that holds include/ and lib/ of the mirrored libc; undefined where none is wanted (MIRROR_SYSROOT=none). */
function findSysroot(
  request: Request,
  target: Target,
  { dist, env, folder }: Surroundings,
): string | undefined {
  if (libcOf(request, env) === 'glibc') return undefined;
  const chosen = env['MIRROR_SYSROOT'];
  if (chosen === 'none') return undefined;
  return chosen === undefined ? join(dist, 'sysroot', target.sysroot) : resolve(folder, chosen);
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
function includePaths(
  compiler: Compiler,
  request: Request,
  sysroot: string | undefined,
  { env, ask }: Surroundings,
): Record<string, string> {
  if (sysroot === undefined || request.noStandardInclude) return {};
  const c = [join(sysroot, 'include'), ask(compiler.command, '-print-file-name=include')];
  const cxx = request.noStandardCxxInclude ? [] : cxxIncludes(sysroot);
  const path = (name: string, folders: readonly string[]): string =>
    [...(env[name] ?? '').split(delimiter).filter((folder) => folder !== ''), ...folders].join(delimiter);
  return {
    C_INCLUDE_PATH: path('C_INCLUDE_PATH', c),
    CPLUS_INCLUDE_PATH: path('CPLUS_INCLUDE_PATH', [...cxx, ...c]),
  };
}

/** What the assembler wrapper has to know; see settings.ts. */
function settingsVariables(request: Request): Record<string, string> {
  const variables: Record<string, string> = { MIRROR_ABI: request.handWritten ? 'none' : 'sysv' };
  for (const [name, value] of request.own)
    variables[`MIRROR_${name.slice('--mirror-'.length).toUpperCase()}`] = value;
  return variables;
}

/** The TLS of programs without shared libraries. The calls of the other models are made of bytes that the linker wants to find unchanged. */
const staticTls = '-ftls-model=initial-exec';

/** What no option of the user's may turn on: gcc's -fipa-ra lets values live in registers that the psABI gives to the callee. */
const lastWord = (compiler: Compiler): string[] => [staticTls, ...(compiler.clang ? [] : ['-fno-ipa-ra'])];

function runOf(
  compiler: Compiler,
  args: readonly string[],
  request: Request,
  around: Surroundings,
  linked?: LinkCheck,
): Run {
  const refusedFile = join(around.scratch, 'refused');
  const sysroot = findSysroot(request, targetOf(request.bits, request.pie), around);
  return {
    command: compiler.command,
    args: [...args, ...lastWord(compiler)],
    variables: {
      ...settingsVariables(request),
      ...includePaths(compiler, request, sysroot, around),
      MIRROR_REFUSED: refusedFile,
      MIRROR_LIBRARIES: dynamicFolder(around.dist),
      MIRROR_SCRATCH: around.scratch,
    },
    refusedFile,
    linked,
  };
}

/** Plans one command line of the driver. */
export function plan(argv: readonly string[], defaultCompiler: 'gcc' | 'g++', around: Surroundings): Plan {
  const request = readArguments(argv, around.folder);
  const refuse = (code: string, message: string, note: string): Plan => ({
    kind: 'refuse',
    refusal: { code, message, note },
  });
  const [refusal] = request.refused;
  if (refusal && (request.phase !== 'inform' || refusal.code === 'M023')) return { kind: 'refuse', refusal };
  const command = around.env['MIRROR_CC'] ?? defaultCompiler;
  const compiler: Compiler = { command, clang: basename(command).includes('clang') };
  const unsupported = unsupportedOption(request.arguments, request.phase, compiler.clang);
  if (unsupported) return { kind: 'refuse', refusal: unsupported };
  const libc = libcOf(request, around.env);
  if (libc === undefined)
    return refuse(
      'M023',
      '--mirror-libc or MIRROR_LIBC names no C library that is known',
      "it is 'musl' (static, mirrored) or 'glibc' (the system's, linked dynamically)",
    );
  const dynamic = libc === 'glibc';
  const cxx = defaultCompiler === 'g++';
  const unshared = refusedShared(request, libc, cxx);
  if (unshared !== undefined) return { kind: 'refuse', refusal: unshared };
  if (dynamic && request.phase !== 'inform') {
    const refused = refusedWithDynamic(request, around.dist);
    if (refused !== undefined) return { kind: 'refuse', refusal: refused };
  }
  const wrap = ['-B', `${join(around.dist, 'libexec')}/`];
  const target = targetOf(request.bits, request.pie);
  const sysroot = findSysroot(request, target, around);
  if (sysroot !== undefined && !existsSync(join(sysroot, 'include')) && request.inputs.length > 0)
    return refuse('M024', `no mirrored libc in ${sysroot}`, target.missing);
  if (cxx && sysroot !== undefined && request.inputs.length > 0 && !request.noStandardCxxInclude)
    if (!request.noStandardInclude && cxxIncludes(sysroot).length === 0)
      return refuse(
        'M025',
        `no mirrored C++ library in ${sysroot}`,
        'run the set-up for C++ (npm run setup -- --c++), or leave the library out with -nostdinc++ -nostdlib',
      );
  const shared = [...wrap, ...compileOptions(compiler, request, target, sysroot)];
  const run = (args: readonly string[], linked?: LinkCheck): Plan => ({
    kind: 'run',
    run: runOf(compiler, args, request, around, linked),
  });
  switch (request.phase) {
    case 'inform':
      return run(request.inputs.length === 0 ? request.arguments : [...shared, ...request.arguments]);
    case 'assembly':
      return giveAssembly(compiler, shared, request, target, around);
    case 'object':
      return run([...shared, ...request.arguments]);
    case 'link': {
      if (request.inputs.length === 0) return run(request.arguments);
      if (dynamic && !request.relocatable) {
        const { args, linked } = dynamicLink(shared, request, around, (name) =>
          around.ask(compiler.command, `-print-file-name=${name}`),
        );
        return run(args, linked);
      }
      if (request.relocatable || sysroot === undefined) return run([...shared, ...request.arguments]);
      const { args, linked } = linkOf(shared, request, target, sysroot, cxx, around);
      return run(args, linked);
    }
  }
}

function giveAssembly(
  compiler: Compiler,
  shared: readonly string[],
  request: Request,
  target: Target,
  around: Surroundings,
): Plan {
  const options = request.arguments.filter(
    (arg, i, all) => arg !== '-o' && all[i - 1] !== '-o' && !request.inputs.includes(arg),
  );
  const native = join(around.scratch, 'native.s');
  return {
    kind: 'assembly',
    variables: { ...settingsVariables(request), MIRROR_EMIT: 'text' },
    steps: request.inputs.map((input) => {
      const output = request.output ?? `${basename(input, extname(input))}.s`;
      return {
        compile: runOf(compiler, [...shared, ...options, input, '-o', native], request, around),
        native,
        assemblerArgs: [target.assembler, native, '-o', output],
        output,
      };
    }),
  };
}

function linkOf(
  shared: readonly string[],
  request: Request,
  target: Target,
  sysroot: string,
  cxx: boolean,
  { env, folder, scratch }: Surroundings,
): { args: string[]; linked: LinkCheck } {
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
  const given = request.arguments
    .map((arg) => /^-Wl,-Map[=,](.*)$/.exec(arg)?.[1])
    .find((map) => map !== undefined);
  const map = given === undefined ? join(scratch, 'map') : resolve(folder, given);
  return {
    args: [
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
      ...noLanguage,
      ...libraries,
      ...end,
    ],
    linked: {
      map,
      own: [join(lib, 'libmirror.a')],
      strict: (request.own.get('--mirror-strict') ?? env['MIRROR_STRICT']) === '1',
      output: request.output ?? 'a.out',
    },
  };
}
