// Mirrored shared objects: loaded with a mirrored program they are as the program itself; everything else is refused or named.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const sources = join(__dirname, 'shared');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-shared-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function cc(...args: readonly string[]) {
  const { status, stderr } = spawnSync(join(root, 'dist/mirrorcc'), args, {
    encoding: 'utf8',
    cwd: work,
    env: { ...process.env, MIRROR_LIBC: 'glibc' },
  });
  return { status, stderr };
}
const quietly = { status: 0, stderr: '' };
const flags = ['-O2', '-w', '-pthread'];
/** Libraries beside the program. */
const here = ['-L.', '-Wl,-rpath,$ORIGIN', '-Wl,-rpath-link,.'];

function run(program: string, ...args: readonly string[]) {
  const report = join(work, 'report.json');
  rmSync(report, { force: true });
  const { status, stdout, stderr } = spawnSync(join(work, program), args, {
    encoding: 'utf8',
    cwd: work,
    timeout: 60_000,
    env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
  });
  return { status, stdout, stderr, report: () => JSON.parse(readFileSync(report, 'utf8')) };
}
const write = (name: string, text: string): void => writeFileSync(join(work, name), text);
const file = (name: string): string => join(sources, name);
const bytesOf = (report: { protected: { memory: string; bytes: number }[] }): number =>
  report.protected.find(({ memory }) => memory === 'mirrored shared objects')?.bytes ?? 0;

/** Their segments of data, in whole pages. */
const dataOf = (...names: readonly string[]): number =>
  names
    .map((name) => {
      const printed = execFileSync('readelf', ['-lW', name], { encoding: 'utf8', cwd: work });
      const [, at = '', , size = ''] = /LOAD +\S+ (0x\w+) \S+ (0x\w+) (0x\w+) RW /.exec(printed) ?? [];
      return (Math.ceil((Number(at) + Number(size)) / 4096) - Math.floor(Number(at) / 4096)) * 4096;
    })
    .reduce((sum, bytes) => sum + bytes, 0);

describe('two libraries, of which one uses the other', () => {
  test.each([
    ['', []],
    ['no undefined symbols allowed', ['-Wl,-z,defs', '-Wl,--no-undefined']],
    ['names bound inside', ['-Wl,-Bsymbolic']],
  ])('run as natively, all their data are protected, and both copies agree %s', (_, more) => {
    const bound = more.filter((option) => option.includes('Bsymbolic'));
    const shared = ['-fPIC', '-shared', ...more];
    const gcc = (...args: string[]) => execFileSync('gcc', [...flags, ...args], { cwd: work });
    gcc('-fPIC', '-shared', ...bound, file('deep.c'), '-o', 'libdeep.so');
    gcc('-fPIC', '-shared', file('upper.c'), '-o', 'libupper.so', ...here, '-ldeep');
    gcc(file('main.c'), '-o', 'native', ...here, '-lupper', '-ldeep');
    const native = execFileSync(join(work, 'native'), { encoding: 'utf8' });
    expect(cc(...flags, ...shared, file('deep.c'), '-o', 'libdeep.so')).toEqual(quietly);
    expect(cc(...flags, '-fPIC', '-shared', file('upper.c'), '-o', 'libupper.so', ...here, '-ldeep')).toEqual(
      quietly,
    );
    expect(cc(...flags, file('main.c'), '-o', 'program', ...here, '-lupper', '-ldeep')).toEqual(quietly);
    const { status, stdout, stderr, report } = run('program');
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: native, stderr: '' });
    expect(report()).toMatchObject({
      claim: 'what is listed under protected',
      bytesDiffering: 0,
      differences: [],
      unknownFunctions: [],
    });
    expect(bytesOf(report())).toBe(dataOf('libdeep.so', 'libupper.so'));
  });
});

describe('what is found', () => {
  const library =
    'int cell = 3; static int other[100]; void past(int *);\nvoid store(int v) { cell = v; other[50] = v; past(&other[60]); }\n';
  beforeAll(() => {
    write('library.c', library);
    write('user.c', 'void store(int); int main(void) { store(9); return 0; }\n');
    for (const past of [0, 1]) {
      write('past.c', `__attribute__((visibility("hidden"))) void past(int *p) { *p ^= ${past}; }\n`);
      execFileSync('gcc', ['-O1', '-fPIC', '-c', 'past.c', '-o', `past${past}.o`], { cwd: work });
    }
  });

  test('a store of a shared object that has no mirror', () => {
    const differing = [0, 1].map((past) => {
      const { status, stderr } = cc(
        '-O1',
        '-fPIC',
        '-shared',
        'library.c',
        `past${past}.o`,
        '-o',
        'library.so',
      );
      expect({ status, stderr }).toEqual({
        status: 0,
        stderr: expect.stringContaining(`warning[M026]: past${past}.o is not mirrored`),
      });
      expect(cc('user.c', './library.so', '-o', 'user')).toEqual(quietly);
      const ended = run('user');
      return {
        status: ended.status,
        differ: ended.report().bytesDiffering,
        where: ended.report().differences,
      };
    });
    expect(differing).toEqual([
      { status: 0, differ: 0, where: [] },
      { status: 121, differ: 1, where: [expect.objectContaining({ symbol: '[shared object]', length: 1 })] },
    ]);
  });

  test('one that is loaded for another alone, with a library of its own, has its wrappers', () => {
    write(
      'inner.c',
      '#include <math.h>\n#include <stdlib.h>\nstatic int kept[4]; int *inner(double v) { int *p = malloc(16); p[1] = frexp(v, &kept[2]) > 0; return p[0] = kept[2], p; }\n',
    );
    write(
      'outer.c',
      'int *inner(double); static int *last; void store(int v) { last = inner(v * 1000.0); }\n',
    );
    expect(cc('-O1', '-fPIC', '-shared', 'inner.c', '-o', 'libinner.so', '-lm')).toEqual(quietly);
    expect(cc('-O1', '-fPIC', '-shared', 'outer.c', '-o', 'libouter.so', ...here, '-linner')).toEqual(
      quietly,
    );
    expect(cc('user.c', '-o', 'user', ...here, '-louter')).toEqual(quietly);
    const { status, stderr, report } = run('user');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(report()).toMatchObject({ claim: 'what is listed under protected', bytesDiffering: 0 });
    expect(bytesOf(report())).toBe(dataOf('libinner.so', 'libouter.so'));
  });

  test('functions of libraries that are not mirrored, which a shared object calls', () => {
    write('foreign.c', 'int foreign(int *p) { return *p = 4; }\n');
    execFileSync('gcc', ['-fPIC', '-shared', 'foreign.c', '-o', 'libforeign.so'], { cwd: work });
    write(
      'calls.c',
      'int foreign(int *); static int cell; void store(int v) { cell = v; foreign(&cell); }\n',
    );
    expect(cc('-O1', '-fPIC', '-shared', 'calls.c', '-o', 'calls.so', ...here, '-lforeign').status).toBe(0);
    expect(cc('user.c', './calls.so', '-o', 'user', ...here).status).toBe(0);
    const ended = run('user');
    expect(ended.status).toBe(0);
    expect(ended.report()).toMatchObject({
      claim: 'none: unknown functions are called',
      unknownFunctions: ['foreign'],
    });
  });

  test('a library that is opened while the program runs works, and is not claimed', () => {
    const allocates = (name: string): void =>
      write(
        `${name}.c`,
        `#include <stdlib.h>\nint ${name}_data = 5; int *${name}_cell; int ${name}(int v) { ${name}_cell = malloc(4); *${name}_cell = v; return *${name}_cell + 1; }\n`,
      );
    ['opened', 'linked'].forEach(allocates);
    for (const name of ['opened', 'linked'])
      expect(cc('-O1', '-fPIC', '-shared', `${name}.c`, '-o', `lib${name}.so`)).toEqual(quietly);
    write(
      'opens.c',
      '#include <dlfcn.h>\n#include <stdio.h>\nint main(void) { void *l = dlopen("./libopened.so", RTLD_NOW); if (!l) return puts(dlerror()), 1;\n' +
        'int (*f)(int) = (int (*)(int))dlsym(l, "opened"); printf("%d\\n", f(41)); return 0; }\n',
    );
    // It finds in the program what that has for the library that it is linked with.
    expect(cc('opens.c', '-o', 'opens', ...here, '-Wl,--no-as-needed', '-llinked')).toEqual(quietly);
    const { status, stdout, report } = run('opens');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '42\n' });
    expect(report()).toMatchObject({
      bytesDiffering: 0,
      escapes: [expect.objectContaining({ kind: 'dlsym' })],
    });
    const unprotected = report().unprotected.map(({ memory }: { memory: string }) => memory);
    expect(unprotected).toContain(join(work, 'libopened.so'));
    expect(unprotected).not.toContain(join(work, 'liblinked.so'));
    expect(cc('opens.c', '-o', 'opens')).toEqual(quietly);
    expect(run('opens')).toMatchObject({
      status: 1,
      stdout: './libopened.so: undefined symbol: __mirrored_malloc\n',
    });
  });

  test('a program that is not mirrored cannot use one', () => {
    write('calls.c', '#include <stdlib.h>\nint *kept; void store(int v) { kept = malloc(v); }\n');
    expect(cc('-O1', '-fPIC', '-shared', 'calls.c', '-o', 'calls.so')).toEqual(quietly);
    const { stderr } = spawnSync('gcc', ['user.c', './calls.so', '-o', 'plain'], {
      cwd: work,
      encoding: 'utf8',
    });
    expect(stderr).toContain("undefined reference to `__mirrored_malloc'");
  });
});

describe('refused by name', () => {
  test.each([
    ['mirrorc++', ['-shared'], '-shared: a shared object in C++'],
    ['mirrorcc', ['-shared', '-lstdc++'], '-shared: a shared object in C++'],
    [
      'mirrorcc',
      ['-shared', '--mirror-libc=musl'],
      '-shared: programs with the mirrored C library are static',
    ],
  ])('%s %s', (driver, options, why) => {
    write('empty.c', 'int main(void) { return 0; }\n');
    const { status, stderr } = spawnSync(join(root, 'dist', driver), ['-fPIC', ...options, 'empty.c'], {
      encoding: 'utf8',
      cwd: work,
      env: { ...process.env, MIRROR_LIBC: 'glibc' },
    });
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(`error[M022]: ${why}`) });
  });
});
