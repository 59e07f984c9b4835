// Unwind information stays true at every instruction: gdb's backtraces while stepping, and C++ exceptions through rewritten frames.
// The 64-bit programs are linked natively: with a GS base of 0, which every process starts with, a mirror store goes to the native address.
// gdb needs that (ptrace refuses to write any register of a process whose GS base is negative). 32-bit ones are mirrored programs. test/cxx
// has programs of mirrorc++.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, mirrorcc, rewriteFile } from './toolchain.js';

const sources = join(__dirname, 'unwind');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-unwind-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Steps through `outer` one instruction at a time and gives the chain of function names at each. */
function chains(program: string): string[] {
  const script = join(work, 'script.py');
  writeFileSync(
    script,
    `import gdb
gdb.execute('set pagination off')
gdb.execute('break outer')
gdb.execute('run > /dev/null')
def chain():
    names, frame = [], gdb.newest_frame()
    while frame is not None and frame.is_valid():
        names.append(frame.name() or '?')
        frame = frame.older()
    return names
for _ in range(4000):
    names = chain()
    if names[0] == 'main':
        break
    print('CHAIN ' + ' '.join(names))
    gdb.execute('stepi', to_string=True)
gdb.execute('kill')
`,
  );
  const { stdout, stderr } = spawnSync('gdb', ['-q', '-nx', '-batch', '-x', script, program], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  const found = stdout.split('\n').filter((line) => line.startsWith('CHAIN '));
  if (found.length === 0) throw new Error(`gdb gave no backtrace: ${stdout}${stderr}`);
  return found.map((line) => line.slice(6));
}

/** The chains that a debugger must see: callee first, all the way to main. */
const wholeChain = /^(leaf |)(middle |)outer main( |$)/;
const ours = (chain: string): boolean => /^(leaf|middle|outer)\b/.test(chain);

describe.each([64, 32])('backtraces in %d bits', (bits) => {
  const assembly = join(work, `backtrace${bits}.s`);
  const profile = `--profile=linux-${bits === 64 ? 'x86_64' : 'i386'}`;
  const options = ['-O2', '-g', '-fno-inline', ...(bits === 32 ? ['-m32', '-fno-pie'] : [])];
  beforeAll(() => compile(join(sources, 'backtrace.c'), options, assembly));

  function build(text: string, name: string): string {
    const program = join(work, `${name}${bits}`);
    writeFileSync(`${program}.s`, text, 'latin1');
    if (bits === 64)
      execFileSync('gcc', ['-pie', `${program}.s`, join(sources, 'native-cas.s'), '-o', program]);
    else {
      execFileSync('as', ['--32', `${program}.s`, '-o', `${program}.o`]);
      execFileSync(mirrorcc, ['-m32', `${program}.o`, '-o', program], { stdio: 'pipe' });
    }
    return program;
  }

  test('reach main from every instruction', () => {
    const all = chains(build(rewriteFile(assembly, profile), 'true')).filter(ours);
    expect(all.filter((chain) => !wholeChain.test(chain))).toEqual([]);
    expect(all.filter((chain) => chain.startsWith('leaf middle outer main')).length).toBeGreaterThan(40);
  });

  test('do not, where a spill is not told to the unwinder', () => {
    const told = rewriteFile(assembly, profile);
    const untold = told.replace(
      /(%[er]sp, %[er]sp|%[er]sp\)|%[er]\w+)\n\t\.cfi_adjust_cfa_offset -?\d+(?=\n)/g,
      '$1',
    );
    expect(untold).not.toBe(told);
    const all = chains(build(untold, 'untold')).filter(ours);
    expect(all.filter((chain) => !wholeChain.test(chain))).not.toEqual([]);
  });
});

test.each(['-O0', '-O1', '-O2', '-O3', '-Os'])('C++ exceptions at %s', (level) => {
  const assembly = join(work, `exceptions${level}.s`);
  compile(join(sources, 'exceptions.cpp'), [level, '-fcf-protection'], assembly, 'g++');
  const build = (text: string, name: string): string => {
    const program = join(work, name);
    writeFileSync(`${program}.s`, text, 'latin1');
    execFileSync('g++', ['-pie', `${program}.s`, '-o', program]);
    return execFileSync(program, { encoding: 'utf8' });
  };
  const rewritten = rewriteFile(assembly);
  expect(rewritten).toMatch(/%gs:/);
  expect(build(rewritten, `rewritten${level}`)).toBe(
    build(readFileSync(assembly, 'latin1'), `native${level}`),
  );
});
