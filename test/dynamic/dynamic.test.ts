// Programs linked with the system's C library: what each known library function writes is copied, and what the report claims is so.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-dynamic-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const env = { ...process.env, MIRROR_LIBC: 'glibc' };

function driver(name: 'mirrorcc' | 'mirrorc++', args: readonly string[]) {
  const { status, stderr } = spawnSync(join(root, 'dist', name), args, {
    encoding: 'utf8',
    cwd: work,
    env,
  });
  return { status, stderr };
}

/** Runs a program with its check; gives how it ended and its report. */
function checked(program: string, args: readonly string[] = []) {
  const report = join(work, 'report.json');
  rmSync(report, { force: true });
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: work,
    timeout: 60_000,
    env: { ...env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
  });
  return { status, stdout, stderr, json: () => JSON.parse(readFileSync(report, 'utf8')) };
}

describe('programs', () => {
  const folder = join(__dirname, 'programs');
  test.each(readdirSync(folder))('%s', (name) => {
    const cxx = name.endsWith('.cpp');
    const native = join(work, `${name}.native`);
    const mirrored = join(work, `${name}.mirrored`);
    const args = ['-O2', '-w', '-pthread', join(folder, name)];
    execFileSync(cxx ? 'g++' : 'gcc', [...args, '-o', native]);
    expect(driver(cxx ? 'mirrorc++' : 'mirrorcc', [...args, '-o', mirrored])).toEqual({
      status: 0,
      stderr: '',
    });
    const expected = spawnSync(native, { encoding: 'utf8', cwd: work });
    rmSync(join(work, 'children'), { recursive: true, force: true });
    mkdirSync(join(work, 'children'));
    const { status, stdout, json } = checked(mirrored);
    // The report of a child is its own.
    spawnSync(mirrored, {
      env: { ...env, MIRROR_CHECK: 'exit', MIRROR_REPORT: join(work, 'children/%p.json') },
      timeout: 60_000,
    });
    for (const report of readdirSync(join(work, 'children')))
      expect(JSON.parse(readFileSync(join(work, 'children', report), 'utf8'))).toMatchObject({
        differences: [],
      });
    expect({ status, stdout }).toEqual({ status: expected.status, stdout: expected.stdout });
    expect(json()).toMatchObject({
      libc: 'system',
      claim: 'what is listed under protected',
      bytesDiffering: 0,
      differences: [],
      unknownFunctions: [],
    });
  });
});

describe('the table of functions', () => {
  const tables = join(root, 'runtime/dynamic');
  /** The second part of a match, of each row. */
  const rows = (file: string, pattern: RegExp): string[] =>
    [...readFileSync(join(tables, file), 'utf8').matchAll(pattern)].map(([, name]) => name!);
  const generated = rows('libc.def', /^X\((\w+)/gm);
  const all = rows('libc.def', /^[XC]\((\w+)/gm);
  const harmless = rows('harmless.def', /^H\((\w+)/gm);

  test('is sorted, and each function is in it once', () => {
    for (const names of [all, harmless]) expect(names).toEqual([...new Set(names)].sort());
    expect(all.filter((name) => harmless.includes(name))).toEqual([]);
  });

  const sources = join(__dirname, 'calls');
  const objects = ['checked', 'main', 'network', 'streams', 'strings', 'system', 'threads'];
  const link = (output: string, ...more: string[]) =>
    driver('mirrorcc', [
      ...objects.map((name) => `${name}.o`),
      ...more,
      '-o',
      output,
      '-lcrypt',
      '-lm',
      '-lrt',
      '-lutil',
    ]);
  let cases: string[] = [];
  beforeAll(() => {
    for (const name of objects)
      expect(driver('mirrorcc', ['-O1', '-fno-builtin', '-w', '-c', join(sources, `${name}.c`)]).status).toBe(
        0,
      );
    expect(link('calls').status).toBe(0);
    cases = execFileSync(join(work, 'calls'), { encoding: 'utf8' }).trim().split('\n').sort();
  });
  /** The cases that ended with a difference; every other one ended well. */
  function found(program: string, names: readonly string[]): string[] {
    const loop = `for name in "$@"; do timeout 60 ./${program} $name > /dev/null 2> errors; code=$?; echo $name $code; case $code in 0|121) ;; *) cat errors;; esac; done`;
    const printed = execFileSync('sh', ['-c', loop, 'sh', ...names], {
      encoding: 'utf8',
      cwd: work,
      env: { ...env, MIRROR_CHECK: 'exit' },
    });
    const ended = [...printed.matchAll(/^(\w+) (0|121)$/gm)];
    if (ended.length !== names.length) throw new Error(`some end otherwise:\n${printed}`);
    return ended.filter(([, , status]) => status === '121').map(([, name]) => name!);
  }

  test('every row is called', () => {
    // New names of glibc 2.38, old ones without a header, and those of the C++ library: programs/objects.cpp.
    const elsewhere = /^(__isoc23_|_Z|_Unwind_|__cxa_|bsd_signal$|cfree$)/;
    expect(all.filter((name) => !cases.includes(name) && !elsewhere.test(name))).toEqual([]);
    expect(cases.filter((name) => !all.includes(name))).toEqual([]);
  });

  test('into painted memory, of which both copies are equal afterwards', () => {
    expect(found('calls', cases)).toEqual([]);
  });

  const broken = ['mr_copy', 'mr_copy_gone', 'mr_copy_stable'].map((name) => `-Wl,--wrap=${name}`);
  // The names of --wrap are not there yet when the imports are looked up.
  const loose = '-Wl,--unresolved-symbols=ignore-all';
  const linkBroken = (output: string, shorter: 0 | 1) => {
    execFileSync('gcc', ['-O1', `-DSHORTER=${shorter}`, '-c', join(sources, 'broken.c')], { cwd: work });
    expect(link(output, 'broken.o', ...broken, loose).status).toBe(0);
  };

  /** Nothing is copied after them: they are called twice, are made of rewritten code or of memory calls, or write nothing. */
  const copiesNothing =
    /^((__)?(mem|str)(cpy|set|ncpy)(_chk)?|(explicit_)?bzero|(__)?strn?dup|.*alloc(ation)?|malloc_usable_size|reallocarray|free|memalign|posix_memalign|mmap(64)?|munmap|mremap|mprotect|m(locka|lock)ll|(posix_)?madvise|shm(at|dt)|_[eE]xit|vfork|dlv?sym|dl_iterate_phdr|feupdateenv|bsearch|n?ftw(64)?|tdelete|set(v?buf|buffer)|(__)?(s|sysv_)*signal)$/;
  /** What these write depends on the machine: groups, a terminal, attributes. */
  const machine =
    /^(getgroups|getlogin_r|f?listxattr|getxattr|gethostbyaddr_r|getservbyname_r|mq_.*|copy_file_range)$/;
  /** The environment's new array is the library's; a mutex is written before it is unlocked (see below). */
  const special = ['clearenv', 'putenv', 'pthread_mutex_unlock', 'setenv'];

  test('a row that copies nothing is found', () => {
    linkBroken('none', 0);
    const wanted = cases.filter(
      (name) => !copiesNothing.test(name) && !machine.test(name) && !special.includes(name),
    );
    expect(wanted.length).toBeGreaterThan(380);
    const differ = found('none', wanted);
    expect(wanted.filter((name) => !differ.includes(name))).toEqual([]);
  });

  test('a row that copies one byte less is found: one of each rule', () => {
    linkBroken('short', 1);
    const wanted = [
      ...[
        '__isoc99_sscanf',
        'epoll_wait',
        'fstat',
        'getcwd',
        'getopt_long',
        'getsockname',
        'gmtime_r',
        'iconv',
      ],
      ...[
        'inet_pton',
        'mbstowcs',
        'memccpy',
        'memmove',
        'pthread_mutex_lock',
        'read',
        'readv',
        'recvfrom',
        'recvmsg',
      ],
      ...['snprintf', 'sprintf', 'stpcpy', 'strcat', 'strerror_r', 'strtok', 'strtol', 'uname', 'wcscpy'],
    ];
    expect(found('short', wanted)).toEqual(wanted);
  });

  test('a function that is not called for the mirror, too, is found', () => {
    const twice = rows('libc.def', /^X\((\w+), TWICE,/gm);
    expect(twice.length).toBeGreaterThan(8);
    const names = [...twice, 'pthread_mutex_unlock'];
    const text = names.map(
      (name) => `.globl __wrap_${name}\n__wrap_${name}: jmp *__real_${name}@GOTPCREL(%rip)\n`,
    );
    writeFileSync(join(work, 'once.s'), text.join(''));
    execFileSync('as', ['once.s', '-o', 'once.o'], { cwd: work });
    expect(link('once', 'once.o', loose).status).toBe(0);
    expect(found('once', names)).toEqual(names);
  });

  test('a wrapper is made of each row', () => {
    const archive = join(root, 'dist/sysroot/x86_64-linux-gnu/lib/libmirrordynamic.a');
    const members = execFileSync('ar', ['t', archive], { encoding: 'utf8' });
    const made = [...members.matchAll(/^row-(\w+)\.o$/gm)].map(([, name]) => name!).sort();
    expect(made).toEqual(generated);
  });
});

describe('what is not known', () => {
  const source =
    '#include <stdio.h>\nchar text[64];\nint main(void) { fmemopen(text, 64, "w"); return 0; }\n';
  beforeAll(() => writeFileSync(join(work, 'unknown.c'), source));

  test('is named by the link and in the report, and nothing is claimed', () => {
    const { status, stderr } = driver('mirrorcc', ['unknown.c', '-o', 'unknown']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/warning\[M030\]: fmemopen: what this library function writes is not known/);
    expect(checked(join(work, 'unknown')).json()).toMatchObject({
      claim: 'none: unknown functions are called',
      unknownFunctions: ['fmemopen'],
    });
  });

  test('is an error with --mirror-strict=1', () => {
    const { status, stderr } = driver('mirrorcc', ['unknown.c', '-o', 'strict', '--mirror-strict=1']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/error\[M030\]: fmemopen/);
  });

  test('ends a program run with MIRROR_STRICT before it begins', () => {
    driver('mirrorcc', ['unknown.c', '-o', 'unknown']);
    const { status, stderr } = spawnSync(join(work, 'unknown'), {
      encoding: 'utf8',
      env: { ...env, MIRROR_STRICT: '1' },
    });
    expect(status).toBe(120);
    expect(stderr).toMatch(/what fmemopen writes is not known/);
  });

  test('functions found by name are escapes', () => {
    writeFileSync(
      join(work, 'byname.c'),
      '#include <dlfcn.h>\nint main(void) { return !dlsym(RTLD_DEFAULT, "fmemopen"); }\n',
    );
    expect(driver('mirrorcc', ['byname.c', '-o', 'byname'])).toEqual({ status: 0, stderr: '' });
    expect(checked(join(work, 'byname')).json().escapes).toEqual([
      { kind: 'dlsym', name: 'fmemopen', count: 1 },
    ]);
  });
});

describe('the report', () => {
  test('tells protected memory from memory of libraries, in bytes', () => {
    writeFileSync(
      join(work, 'kinds.c'),
      `#include <stdlib.h>
#include <sys/mman.h>
char data[100000];
_Thread_local char mine[1000];
int main(void) {
  char *volatile heap = malloc(300000), *mapping = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  heap[299999] = mapping[8191] = data[99999] = mine[999] = 1;
  return setenv("A", "B", 1);
}\n`,
    );
    expect(driver('mirrorcc', ['-O1', 'kinds.c', '-o', 'kinds'])).toEqual({ status: 0, stderr: '' });
    const json = checked(join(work, 'kinds')).json();
    const bytes = Object.fromEntries(
      json.protected.map(({ memory, bytes: n }: { memory: string; bytes: number }) => [memory, n]),
    );
    expect(bytes).toMatchObject({ mappings: 8192 });
    expect(bytes.image).toBeGreaterThan(100000);
    expect(bytes.heap).toBeGreaterThan(300000);
    expect(bytes["threads' variables"]).toBeGreaterThanOrEqual(1000);
    // All that is claimed was compared, but for what is excluded.
    const sum = Object.values<number>(bytes).reduce((total, n) => total + n, 0);
    expect(json.bytesChecked).toBe(json.bytesMirrored);
    expect(sum - json.bytesChecked).toBe(json.excluded);
    const unprotected = json.unprotected.map(({ memory }: { memory: string }) => memory);
    expect(unprotected).toEqual(
      expect.arrayContaining([expect.stringMatching(/libc\.so\.6$/), '[heap]', '[stack]']),
    );
  });
});

describe('the C++ library', () => {
  const thrown = `#include <exception>
#include <stdexcept>
static std::exception_ptr &kept = *new std::exception_ptr; // alive at the end
int main() {
  try {
    throw std::runtime_error("kept");
  } catch (...) {
    kept = std::current_exception();
    std::terminate_handler none = std::get_terminate();
    return none == nullptr;
  }
}
`;
  test('is linked in, mirrored, and its names stay its own', () => {
    writeFileSync(join(work, 'thrown.cpp'), thrown);
    for (const more of [[], ['-static-libstdc++']]) {
      expect(driver('mirrorc++', ['-O1', 'thrown.cpp', ...more, '-o', 'thrown'])).toEqual({
        status: 0,
        stderr: '',
      });
      const dynamic = execFileSync('readelf', ['-dW', '--dyn-syms', join(work, 'thrown')], {
        encoding: 'utf8',
      });
      expect(dynamic).toMatch(/NEEDED.*libc\.so/);
      expect(dynamic).not.toMatch(/libstdc\+\+|DEFAULT +\d+ _ZSt/);
      expect(checked(join(work, 'thrown')).json()).toMatchObject({ bytesDiffering: 0, unknownFunctions: [] });
    }
  });

  test('what the unwinder writes into an exception is copied, or found', () => {
    const past =
      '.globl __wrap__Unwind_SetGR\n__wrap__Unwind_SetGR: jmp *__real__Unwind_SetGR@GOTPCREL(%rip)\n';
    writeFileSync(join(work, 'setgr.s'), past);
    execFileSync('as', ['setgr.s', '-o', 'setgr.o'], { cwd: work });
    const loose = '-Wl,--unresolved-symbols=ignore-all';
    expect(driver('mirrorc++', ['-O1', 'thrown.cpp', 'setgr.o', loose, '-o', 'past']).status).toBe(0);
    const { status, json } = checked(join(work, 'past'));
    expect(status).toBe(121);
    expect(json().bytesDiffering).toBeGreaterThan(0);
  });

  test('goes with a library that uses the shared one', () => {
    const shared = `#include <stdexcept>
#include <string>
std::string given(const std::string &text) {
  if (text.size() > 40) throw std::length_error(text + " is too long");
  return text + text;
}
`;
    const user = `#include <iostream>
#include <stdexcept>
#include <string>
std::string given(const std::string &text);
int main() {
  std::string text = "0123456789";
  try {
    for (;;) text = given(text);
  } catch (const std::length_error &error) {
    std::cout << error.what() << std::endl;
  }
}
`;
    writeFileSync(join(work, 'shared.cpp'), shared);
    writeFileSync(join(work, 'user.cpp'), user);
    execFileSync('g++', ['-O1', '-fPIC', '-shared', 'shared.cpp', '-o', 'libshared.so'], { cwd: work });
    const { status, stderr } = driver('mirrorc++', ['-O1', 'user.cpp', './libshared.so', '-o', 'user']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/warning\[M030\]: \w*given\w*: what this library function writes is not known/);
    const done = checked(join(work, 'user'));
    expect(done).toMatchObject({ status: 0, stdout: `${'0123456789'.repeat(8)} is too long\n` });
    expect(done.json()).toMatchObject({ claim: 'none: unknown functions are called' });
  });
});

describe('thread-local variables', () => {
  const source = `#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>
_Thread_local char mine[3000];
extern void past(char *);
static pthread_barrier_t barrier;
static void *waits(void *which) {
  for (int i = 0; i < 3000; i++) mine[i] = (char)(i + (long)which);
  if (which == (void *)2) past(&mine[1234]);
  pthread_barrier_wait(&barrier);
  if (which) for (;;) pause();
  return 0;
}
int main(int argc, char **argv) {
  pthread_t threads[4];
  pthread_barrier_init(&barrier, 0, 5);
  for (long i = 0; i < 4; i++) pthread_create(&threads[i], 0, waits, (void *)(i < argc - 1 ? 3 - i : 0));
  pthread_barrier_wait(&barrier);
  if (argc == 1) for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
  mine[2999] = 1;
  return 0;
}
`;
  /** What of them is protected, and how many bytes differ. */
  const variables = (program: string, ...args: string[]) => {
    const json = checked(join(work, program), args).json();
    const found = json.protected.find(({ memory }: { memory: string }) => memory === "threads' variables");
    return { bytes: Number(found.bytes), differ: Number(json.bytesDiffering) };
  };
  beforeAll(() => {
    writeFileSync(join(work, 'variables.c'), source);
    writeFileSync(join(work, 'past.c'), 'void past(char *p) { *p ^= PAST; }\n');
    for (const past of [0, 1]) {
      execFileSync('gcc', ['-O1', '-fPIE', `-DPAST=${past}`, '-c', 'past.c', '-o', `past${past}.o`], {
        cwd: work,
      });
      expect(
        driver('mirrorcc', ['-O1', '-pthread', 'variables.c', `past${past}.o`, '-o', `variables${past}`])
          .status,
      ).toBe(0);
    }
  });

  test('of threads that run are compared, of those that ended not', () => {
    const ended = variables('variables0');
    expect(ended.differ).toBe(0);
    // The last of four begins with three that wait: one may have ended.
    const running = variables('variables0', '1', '2', '3');
    expect(running.differ).toBe(0);
    expect(running.bytes).toBeGreaterThanOrEqual(4 * 3000);
    expect(running.bytes - ended.bytes).toBeGreaterThanOrEqual(3 * 3000);
  });

  test('a store that has no mirror is found in another thread', () => {
    expect(variables('variables1', '1', '2', '3').differ).toBe(1);
  });
});

describe('refused by name', () => {
  beforeAll(() => writeFileSync(join(work, 'empty.c'), 'int main(void) { return 0; }\n'));
  test.each([
    ['-m32', 'M029'],
    ['-static', 'M029'],
    ['-fuse-ld=gold', 'M029'],
    ['-no-pie', 'M021'],
    ['--mirror-libc=other', 'M023'],
  ])('%s', (option, code) => {
    const { status, stderr } = driver('mirrorcc', [option, 'empty.c']);
    expect(status).toBe(2);
    expect(stderr).toContain(`error[${code}]`);
  });
});
