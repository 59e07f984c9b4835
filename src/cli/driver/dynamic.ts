// Programs that are linked with the system's C library and other shared libraries: their own code is mirrored, calls of libraries go through
// wrappers that copy what was written.
import { existsSync } from 'node:fs';
import { join, normalize, resolve } from 'node:path';
import type { Refusal, Request } from './arguments.js';
import type { LinkCheck, Surroundings } from './plan.js';
import { noLanguage } from './target.js';

export type Libc = 'musl' | 'glibc';

/** Which C library a program gets: --mirror-libc, or MIRROR_LIBC; undefined where that is the name of none. */
export function libcOf(request: Request, env: NodeJS.ProcessEnv): Libc | undefined {
  const chosen = request.own.get('--mirror-libc') ?? env['MIRROR_LIBC'] ?? 'musl';
  return chosen === 'musl' || chosen === 'glibc' ? chosen : undefined;
}

/** The folder of the runtime for such programs, and of its tables. */
export const dynamicFolder = (dist: string): string => join(dist, 'sysroot/x86_64-linux-gnu/lib');

/** Why a shared object cannot be had; undefined where it can, or none is asked for. */
export function refusedShared(request: Request, libc: Libc, cxx: boolean): Refusal | undefined {
  if (!request.isShared || request.phase === 'inform') return undefined;
  if (libc === 'musl')
    return {
      code: 'M022',
      message: '-shared: programs with the mirrored C library are static',
      note: 'link the objects, or a static library, into the program; or build both with --mirror-libc=glibc',
    };
  if (cxx || request.arguments.some((arg) => arg === '-lstdc++' || arg === '-lsupc++'))
    return {
      code: 'M022',
      message:
        '-shared: a shared object in C++ would have a C++ library of its own beside that of the program',
      note: 'link the objects, or a static library, into the program',
    };
  return undefined;
}

/** What cannot be had in a dynamically linked program; undefined where nothing stands in the way. */
export function refusedWithDynamic(request: Request, dist: string): Refusal | undefined {
  if (request.bits !== 64)
    return {
      code: 'M029',
      message: '-m32: dynamically linked programs are mirrored in 64 bits only',
      note: 'leave -m32 out, or link statically (without --mirror-libc=glibc)',
    };
  if (request.phase !== 'link' || request.relocatable) return undefined;
  if (request.isStatic)
    return {
      code: 'M029',
      message: '-static: the system C library is linked dynamically only',
      note: 'leave -static out, or --mirror-libc=glibc: a static program gets the mirrored C library',
    };
  const linker = request.arguments.find((arg) => arg.startsWith('-fuse-ld='));
  if (linker !== undefined && linker !== '-fuse-ld=bfd')
    return {
      code: 'M029',
      message: `${linker}: only GNU ld finds out which functions of libraries have to be wrapped`,
      note: 'leave it out',
    };
  if (!existsSync(join(dynamicFolder(dist), 'libmirrorheap.a')))
    return {
      code: 'M024',
      message: `no runtime for dynamically linked programs in ${dynamicFolder(dist)}`,
      note: 'run the set-up (npm run setup)',
    };
  return undefined;
}

/** The objects of the C library's own start and end; they write only their own frames. */
const startNames = ['Scrt1.o', 'crti.o'];
const endNames = ['crtn.o'];

const ofProgram = [
  '-Wl,--start-group',
  ...['-lmirrordynamic', '-lmirrorheap', '-lmirror', '-lmirrorgcc'],
  '-Wl,--end-group',
];
/** Runtime and wrappers are the program's. */
const ofSharedObject = ['-lmirrorgcc', '-Wl,--exclude-libs=libmirrorgcc.a'];

/** The compiler's arguments for such a link; our `ld` (src/cli/ld.ts) adds the wrappers. */
export function dynamicLink(
  shared: readonly string[],
  request: Request,
  { dist, env, folder, scratch }: Surroundings,
  fileOf: (name: string) => string,
): { args: string[]; linked: LinkCheck } {
  const lib = dynamicFolder(dist);
  const standard = !request.noStartFiles && !request.noStandardLibrary;
  const { isShared } = request;
  const start = (isShared ? ['crti.o'] : startNames).map((name) => normalize(fileOf(name)));
  const note = join(lib, 'mirrorshared.o');
  const end = endNames.map((name) => normalize(fileOf(name)));
  const given = request.arguments
    .map((arg) => /^-Wl,-Map[=,](.*)$/.exec(arg)?.[1])
    .find((map) => map !== undefined);
  const map = given === undefined ? join(scratch, 'map') : resolve(folder, given);
  return {
    args: [
      '-B',
      `${join(dist, 'libexec/dynamic')}/`,
      ...shared,
      ...['-nostartfiles', '-Wl,-z,text'],
      ...(isShared ? [] : ['-pie', '-Wl,-e,__mirror_start_dynamic']),
      // The dynamic linker has written all its addresses before the program begins.
      ...['-Wl,-z,relro', '-Wl,-z,now'],
      ...(request.exportsAll ? ['-rdynamic'] : []),
      ...(given === undefined ? [`-Wl,-Map=${map}`] : []),
      // No crtbegin and crtend: their part (__dso_handle) the runtime has, and they would write a byte of the program's.
      ...(standard ? start : []),
      ...(isShared ? [note] : []),
      ...request.arguments,
      ...noLanguage,
      ...(isShared ? ofSharedObject : ofProgram),
      `-L${lib}`,
      ...(standard ? end : []),
    ],
    linked: {
      map,
      own: [
        join(lib, 'libmirror.a'),
        join(lib, 'libmirrordynamic.a'),
        ...start,
        ...end,
        note,
        join(scratch, 'jumps.o'),
        normalize(fileOf('libc_nonshared.a')),
      ],
      strict: (request.own.get('--mirror-strict') ?? env['MIRROR_STRICT']) === '1',
      output: request.output ?? 'a.out',
    },
  };
}
