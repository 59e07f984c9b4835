// C++ programs built with mirrorc++: same output as natively (in 64 bits: no program prints what depends on the word size), nothing unmirrored in the link, no differing byte at exit.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const mirrorcxx = join(root, 'dist/mirrorc++');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-cxx-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function run(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: work,
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

/** Runs a mirrored program and its check; gives what the program itself printed and its code. */
function runChecked(program: string) {
  const report = `${program}.json`;
  const { status, stdout } = run(program, [], { MIRROR_CHECK: 'exit', MIRROR_REPORT: report });
  expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ bytesDiffering: 0, differences: [] });
  return { status, stdout };
}

/** GNU as says so of clang's `.linker-options` section in native builds, too. */
const clangsSection = /^.*Assembler messages:\n.*Warning: unrecognized section type\n/gm;

const builds: readonly (readonly [compiler: string, options: string])[] = [
  ['g++', '-O0'],
  ['g++', '-O2'],
  ['clang++', '-O2'],
  ['g++', '-O0 -m32'],
  ['g++', '-O2 -m32'],
  ['clang++', '-O2 -m32'],
];

/**
 * clang 14 takes the coroutines of C++20 only by their old name, which libstdc++'s header refuses; its 32-bit code for atomic objects of
 * 8 bytes wants libatomic, natively, too.
 */
const notWith: Readonly<Record<string, RegExp>> = {
  'coroutines.cpp': /^clang/,
  'threads.cpp': /^clang.*-m32/,
};

for (const name of readdirSync(programs).sort()) {
  const source = join(programs, name);
  const options = ['-std=c++20', '-w', '-pthread'];
  describe(name, () => {
    let expected: { status: number | null; stdout: string };
    beforeAll(() => {
      const native = join(work, `${name}.native`);
      execFileSync('g++', [...options, '-O1', source, '-o', native]);
      const { status, stdout } = run(native);
      expected = { status, stdout };
    });
    test.each(builds.filter((build) => notWith[name]?.test(build.join(' ')) !== true))(
      '%s %s',
      (compiler, line) => {
        const program = join(work, `${name}-${compiler}${line.replace(' ', '')}`);
        const own = [...options, ...line.split(' '), '--mirror-strict=1'];
        const built = run(mirrorcxx, [...own, source, '-o', program], { MIRROR_CC: compiler });
        expect({ ...built, stderr: built.stderr.replace(clangsSection, '') }).toEqual({
          status: 0,
          stdout: '',
          stderr: '',
        });
        expect(runChecked(program)).toEqual(expected);
      },
    );
  });
}

test('COMDAT groups: templates, inline functions and variables of two files are one', () => {
  const header = `#include <string>
#include <vector>
inline int shared = 1;
inline std::vector<std::string> &all() { static std::vector<std::string> list; return list; }
template <class T> T twice(T value) { static int calls; shared += ++calls; return value + value; }
struct Base { virtual ~Base() = default; virtual int id() const { return 1; } };
int other(Base &base);
`;
  const one = `#include "comdat.h"
#include <cstdio>
struct Derived : Base { int id() const override { return 2; } };
int main() {
  Derived derived;
  all().push_back(twice(std::string("one")));
  int result = other(derived);
  std::printf("%d %d %zu %s\\n", result, shared, all().size(), all()[1].c_str());
}
`;
  const two = `#include "comdat.h"
int other(Base &base) { all().push_back(twice(std::string("two"))); return twice(base.id()) + twice(3); }
`;
  for (const [name, text] of Object.entries({ 'comdat.h': header, 'one.cpp': one, 'two.cpp': two }))
    writeFileSync(join(work, name), text);
  for (const flags of [['-O0'], ['-O2', '-ffunction-sections', '-Wl,--gc-sections'], ['-O2', '-flto']]) {
    const built = run(mirrorcxx, [...flags, '--mirror-strict=1', 'one.cpp', 'two.cpp', '-o', 'comdat']);
    expect(built).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(runChecked(join(work, 'comdat')).stdout).toBe('10 7 2 twotwo\n');
  }
});

test('without a mirrored C++ library the driver says how to get it', () => {
  const sysroot = join(work, 'sysroot');
  mkdirSync(join(sysroot, 'include'), { recursive: true });
  const result = run(mirrorcxx, [join(programs, 'objects.cpp')], { MIRROR_SYSROOT: sysroot });
  expect(result.status).toBe(2);
  expect(result.stderr).toMatch(/error\[M025\].*\n.*npm run setup -- --c\+\+/);
});
