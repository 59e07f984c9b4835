// mirrorcc from outside: the ways people call a C compiler.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const dist = join(__dirname, '../../dist');
const mirrorcc = join(dist, 'mirrorcc');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-driver-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const mainSource =
  '#include <stdio.h>\nint part(int);\nint main(void) { printf("%d\\n", part(20)); return 0; }\n';
const partSource = 'int cell;\nint part(int n) { cell = n + 1; return cell * 2; }\n';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(work, 'case-'));
  writeFileSync(join(folder, 'main.c'), mainSource);
  writeFileSync(join(folder, 'part.c'), partSource);
});

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

const cc = (...args: string[]) => run(mirrorcc, args);

/** Runs a mirrored program; its check has to find both copies equal. */
function runChecked(program: string) {
  const result = run(join(folder, program), [], { MIRROR_CHECK: 'exit' });
  expect(result.stderr).toMatch(/checked \d+ bytes, 0 differ/);
  return result;
}

test('a compiler that is not there is named', () => {
  const { status, stderr } = run(mirrorcc, ['-c', 'part.c'], { MIRROR_CC: 'no-such-compiler' });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^mirrorcc: error: cannot run no-such-compiler: .*\nmirrorcc: note: MIRROR_CC names/,
  );
});

describe('builds', () => {
  test('several sources at once, default output name', () => {
    expect(cc('main.c', 'part.c')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(runChecked('a.out')).toMatchObject({ status: 0, stdout: '42\n' });
  });

  test.each([['-O2 -pipe'], ['-O2 -save-temps'], ['-g -O0'], ['-std=c99 -Wall -DX=1'], ['-O2 -fipa-ra']])(
    'objects with %s, linked after',
    (line) => {
      const options = line.split(' ');
      expect(cc(...options, '-c', 'main.c', '-o', 'm.o').status).toBe(0);
      expect(cc(...options, '-c', 'part.c').status).toBe(0);
      expect(cc('m.o', 'part.o', '-o', 'program').status).toBe(0);
      expect(runChecked('program').stdout).toBe('42\n');
    },
  );

  test.each([[[]], [['--mirror-libc=glibc']]])('a language for all files, with %j', (options) => {
    mkdirSync(join(folder, 'all'));
    for (const name of ['main', 'part'])
      writeFileSync(join(folder, 'all', name), readFileSync(join(folder, `${name}.c`)));
    expect(cc(...options, '-x', 'c', 'all/main', 'all/part', '-o', 'program')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(runChecked('program').stdout).toBe('42\n');
  });

  test.each([['-static'], ['-static-pie'], ['-pie'], ['-rdynamic'], ['-Wl,-O1'], ['-s']])(
    'links with %s',
    (option) => {
      expect(cc(option, 'main.c', 'part.c', '-o', 'program').status).toBe(0);
      expect(runChecked('program').stdout).toBe('42\n');
    },
  );

  test('a response file with quotes', () => {
    writeFileSync(join(folder, 'arguments'), '-O2 "main.c"\npart.c -o \'the program\'');
    expect(cc('@arguments').status).toBe(0);
    expect(runChecked('the program').stdout).toBe('42\n');
  });

  test('assembly sources, preprocessed and not', () => {
    writeFileSync(
      join(folder, 'part.S'),
      '#define RESULT %eax\n.globl part\n.type part,@function\npart:\n\tleal 1(%rdi), RESULT\n\tmovl RESULT, cell(%rip)\n\taddl RESULT, RESULT\n\tret\n.bss\n.globl cell\ncell: .zero 4\n.section .note.GNU-stack,"",@progbits\n',
    );
    execFileSync('gcc', ['-E', '-P', join(folder, 'part.S'), '-o', join(folder, 'plain.s')]);
    for (const source of ['part.S', 'plain.s']) {
      expect(cc('main.c', source, '-o', 'program').status).toBe(0);
      expect(runChecked('program').stdout).toBe('42\n');
    }
  });

  test('-S gives the rewritten text', () => {
    expect(cc('-O2', '-S', 'part.c').status).toBe(0);
    expect(readFileSync(join(folder, 'part.s'), 'utf8')).toContain('%gs:cell(%rip)');
    expect(cc('-O2', '-S', 'part.c', '-o', '-').stdout).toContain('%gs:cell(%rip)');
  });

  test('-E and --version are the compiler’s own', () => {
    expect(cc('-E', 'part.c').stdout).toContain('int part(int n)');
    expect(cc('--version').stdout).toBe(run('gcc', ['--version']).stdout);
    expect(cc('-dumpmachine').stdout).toBe(run('gcc', ['-dumpmachine']).stdout);
  });

  test('parallel make and ccache in front', () => {
    writeFileSync(
      join(folder, 'Makefile'),
      'program: main.o part.o a.o b.o c.o\n\t$(CC) -o $@ $^\n%.o: %.c\n\t$(CC) -O2 -c $< -o $@\n',
    );
    for (const name of 'abc')
      writeFileSync(join(folder, `${name}.c`), `int ${name}; void f_${name}(void) { ${name}++; }\n`);
    const env = { CCACHE_DIR: join(folder, 'ccache'), CCACHE_COMPILERTYPE: 'gcc' };
    for (let round = 0; round < 2; round++) {
      expect(run('make', ['-j4', `CC=ccache ${mirrorcc}`], env)).toMatchObject({ status: 0 });
      expect(runChecked('program').stdout).toBe('42\n');
      run('sh', ['-c', 'rm -f *.o program']);
    }
    expect(run('ccache', ['-s', '-v'], env).stdout).toMatch(/Hits:\s+[1-9]/);
  });

  test('statistics of a parallel build in a folder', () => {
    mkdirSync(join(folder, 'counts'));
    expect(run(mirrorcc, ['-c', 'main.c', 'part.c'], { MIRROR_STATS: join(folder, 'counts') }).status).toBe(
      0,
    );
    const files = readdirSync(join(folder, 'counts'));
    expect(files).toHaveLength(2);
    for (const file of files) {
      const stats = JSON.parse(readFileSync(join(folder, 'counts', file), 'utf8')) as Record<string, unknown>;
      expect(stats).toMatchObject({
        version: 3,
        native: expect.any(Number),
        inserted: expect.any(Number),
        sites: expect.any(Number),
      });
    }
  });

  test('thread-local variables in code compiled with -fPIC', () => {
    writeFileSync(
      join(folder, 'part.c'),
      '_Thread_local int cell = 20; static _Thread_local int other; int part(int n) { other = n; cell += other + 2; return cell; }\n',
    );
    expect(cc('-O2', '-fPIC', '-c', 'part.c')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(cc('main.c', 'part.o', '-o', 'program').status).toBe(0);
    expect(runChecked('program').stdout).toBe('42\n');
  });

  test.each(['site', 'callee'])('--mirror-call=%s', (who) => {
    expect(cc('-O2', `--mirror-call=${who}`, 'main.c', 'part.c', '-o', 'program').status).toBe(0);
    expect(runChecked('program').stdout).toBe('42\n');
  });
});

describe('32-bit programs', () => {
  const kindOf = (program: string): string[] =>
    ['Class', 'Type'].map(
      (name) =>
        new RegExp(`${name}:\\s+(\\w+)`).exec(run('readelf', ['-h', join(folder, program)]).stdout)?.[1] ??
        '',
    );

  test.each([
    ['-m32', 'EXEC'],
    ['-m64 -m32 -O2', 'EXEC'],
    ['-m32 -O2 -fPIC', 'EXEC'],
    ['-m32 -O2 -fPIE -no-pie', 'EXEC'],
    ['-m32 -static', 'EXEC'],
    ['-m32 -pie', 'DYN'],
    ['-m32 -O2 -static-pie', 'DYN'],
  ])('%s', (line, type) => {
    expect(cc(...line.split(' '), 'main.c', 'part.c', '-o', 'program').status).toBe(0);
    expect(kindOf('program')).toEqual(['ELF32', type]);
    expect(runChecked('program').stdout).toBe('42\n');
  });

  test('position-independent ones in all layouts of the address space', () => {
    expect(cc('-m32', '-static-pie', 'main.c', 'part.c', '-o', 'program').status).toBe(0);
    for (const wrap of ['setarch -R', 'setarch -L', 'setarch -L -R', 'ulimit -s unlimited;']) {
      const result = run('sh', ['-c', `${wrap} ./program`], { MIRROR_CHECK: 'exit' });
      expect(result).toMatchObject({ status: 0, stdout: '42\n' });
      expect(result.stderr).toMatch(/checked \d+ bytes, 0 differ/);
    }
  });

  test('objects, and -S', () => {
    expect(cc('-m32', '-O2', '-S', 'part.c').status).toBe(0);
    expect(readFileSync(join(folder, 'part.s'), 'utf8')).toContain('cell-2145386496');
    expect(run('gcc', ['-m32', '-c', 'part.s']).status).toBe(0);
    expect(cc('-m32', '-c', 'main.c').status).toBe(0);
    expect(cc('-m32', 'main.o', 'part.o', '-o', 'program')).toMatchObject({ status: 0 });
    expect(runChecked('program').stdout).toBe('42\n');
  });

  test('without 32-bit libraries: what to install', () => {
    const result = run(mirrorcc, ['-m32', 'main.c', 'part.c'], { MIRROR_SYSROOT: join(folder, 'none') });
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/M024[^]*gcc-multilib/);
  });
});

test('objects that mirror return addresses otherwise than libraries are named at the link', () => {
  for (const [options, text] of [
    [
      ['--mirror-call=callee'],
      /^mirrorcc: warning\[M031\]: part\.o was built with --mirror-call=callee.*\n$/,
    ],
    [['--mirror-call=site'], /^$/],
    [['-m32', '--mirror-call=callee'], /^$/],
  ] as const) {
    const size = options.filter((option) => option === '-m32');
    expect(cc(...options, '-c', 'part.c').status).toBe(0);
    const { status, stderr } = cc(...size, 'main.c', 'part.o', '-o', 'program');
    expect([options, status, stderr]).toEqual([options, 0, expect.stringMatching(text)]);
  }
  cc('--mirror-call=callee', '-c', 'part.c');
  const strict = cc('--mirror-strict=1', 'main.c', 'part.o', '-o', 'strict');
  expect([strict.status, strict.stderr]).toEqual([2, expect.stringContaining('error[M031]: part.o')]);
  expect(existsSync(join(folder, 'strict'))).toBe(false);
});

describe('objects that are not mirrored', () => {
  beforeEach(() => execFileSync('gcc', ['-O1', '-c', join(folder, 'part.c'), '-o', join(folder, 'part.o')]));

  test('are named at the link', () => {
    const result = cc('main.c', 'part.o', '-o', 'program');
    expect(result.status).toBe(0);
    expect(result.stderr).toBe(
      'mirrorcc: warning[M026]: part.o is not mirrored: what its code writes has no second copy\n',
    );
  });

  test('are an error with --mirror-strict=1', () => {
    const result = cc('--mirror-strict=1', 'main.c', 'part.o', '-o', 'program');
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('error[M026]: part.o');
    expect(existsSync(join(folder, 'program'))).toBe(false);
  });

  test('are found in a library, and in a map that the user asked for', () => {
    execFileSync('ar', ['rcs', join(folder, 'libpart.a'), join(folder, 'part.o')]);
    const result = cc('main.c', '-L.', '-lpart', '-o', 'program', '-Wl,-Map=map');
    expect(result.status).toBe(0);
    expect(result.stderr).toMatch(
      /^mirrorcc: warning\[M026\]: \S*libpart\.a\(part\.o\) is not mirrored.*\n$/,
    );
    expect(existsSync(join(folder, 'map'))).toBe(true);
  });

  test('are none where only functions of the compiler are called', () => {
    writeFileSync(
      join(folder, 'part.c'),
      `int part(int n) {
  volatile __float128 third = 1;
  volatile unsigned __int128 wide = n;
  third /= 3;
  return (int)(third * 3) + n + 19 + __builtin_popcountl(n) + (int)(wide / 7) - 2;
}
`,
    );
    const result = cc('-fno-builtin', '--mirror-strict=1', 'main.c', 'part.c', '-o', 'program');
    expect(result).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(runChecked('program').stdout).toBe('42\n');
  });
});

describe('libgcc', () => {
  const symbols = (...libraries: string[]): string[] =>
    libraries
      .flatMap((library) =>
        execFileSync('nm', ['-g', '--defined-only', library], { encoding: 'utf8', maxBuffer: 1 << 26 })
          .split('\n')
          .map((line) => / [A-Z] (\S+)$/.exec(line)?.[1] ?? '')
          .filter((name) => name !== ''),
      )
      .sort();

  test('has every symbol of the compiler’s own', () => {
    const file = (name: string): string =>
      execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
    const mirrored = new Set(symbols(join(dist, 'sysroot/x86_64-linux/lib/libgcc.a')));
    const native = symbols(file('libgcc.a'), file('libgcc_eh.a'));
    expect(native.length).toBeGreaterThan(500);
    expect(native.filter((name) => !mirrored.has(name))).toEqual([]);
  });
});

describe('refuses', () => {
  test.each([
    ['-m16', 'M020'],
    ['-mx32', 'M020'],
    ['-no-pie', 'M021'],
    ['-shared', 'M022'],
    ['--mirror-frobnicate=1', 'M023'],
  ])('%s', (option, code) => {
    const result = cc(option, 'part.c', 'main.c', '-o', 'program');
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(`error[${code}]`);
    expect(result.stderr).toContain('note:');
    expect(existsSync(join(folder, 'program'))).toBe(false);
  });

  test('an unknown instruction: place, text, reason; no object', () => {
    writeFileSync(join(folder, 'bad.s'), '\tnop\n\tfrobnicate %eax\n');
    const result = cc('-c', 'bad.s');
    expect(result.status).toBe(2);
    expect(result.stderr).toContain("bad.s:2:2: error[M002]: unknown instruction 'frobnicate'");
    expect(existsSync(join(folder, 'bad.o'))).toBe(false);
  });

  test.each(['-Wa,-msyntax=intel', '-Wa,-mnaked-reg', '-Wa,--x32'])('%s', (option) => {
    const result = cc(option, '-c', 'part.c');
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('error[M027]');
    expect(existsSync(join(folder, 'part.o'))).toBe(false);
  });

  test('objects that are not position-independent, at the link', () => {
    writeFileSync(
      join(folder, 'table.c'),
      'int cell; int *table(int i) { static int *const t[] = {&cell, &cell}; return t[i]; }\n',
    );
    execFileSync('gcc', [
      '-O2',
      '-fno-pie',
      '-mcmodel=medium',
      '-c',
      join(folder, 'table.c'),
      '-o',
      join(folder, 'table.o'),
    ]);
    const result = cc('main.c', 'part.c', 'table.o', '-o', 'program');
    expect(result.status).not.toBe(0);
    expect(result.stderr).toMatch(/recompile with -fPIE/);
    expect(existsSync(join(folder, 'program'))).toBe(false);
  });

  test('C that does not compile: the compiler’s own message and code', () => {
    writeFileSync(join(folder, 'bad.c'), 'int main(void) { return x; }\n');
    const result = cc('-c', 'bad.c');
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('undeclared');
  });

  test('a missing sysroot', () => {
    const result = run(mirrorcc, ['main.c', 'part.c'], { MIRROR_SYSROOT: join(folder, 'none') });
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('M024');
  });
});

describe('mirrorasm rewrite', () => {
  const mirrorasm = (...args: string[]) => run(join(dist, 'mirrorasm.js'), args);

  test.each([
    ['a missing file', 'missing.s', null, 2, /cannot read missing\.s/],
    ['a binary file', 'binary.s', '\x7fELF\0\0\0', 2, /M011/],
    ['a truncated file', 'cut.s', '\tmovl\t%eax, 8(%rd', 2, /cut\.s:1:2: error\[M001\]/],
    ['an unknown instruction', 'unknown.s', '\tfrobnicate\n', 2, /unknown\.s:1:2: error\[M002\]/],
    ['a use of %gs', 'gs.s', '\tmovl\t%gs:0, %eax\n', 2, /gs\.s:1:2: error\[M006\]/],
  ])('%s is refused and leaves no output', (_title, name, content, status, message) => {
    if (content !== null) writeFileSync(join(folder, name), content, 'latin1');
    const result = mirrorasm('rewrite', name, '-o', 'out.s');
    expect(result.status).toBe(status);
    expect(result.stderr).toMatch(message);
    expect(readdirSync(folder).filter((n) => n.startsWith('out.s'))).toEqual([]);
  });

  test('a wrong option is a usage error', () => {
    expect(mirrorasm('rewrite', 'main.c', '--frobnicate').status).toBe(3);
    expect(mirrorasm().status).toBe(3);
  });

  test('from standard input to standard output', () => {
    const result = spawnSync(join(dist, 'mirrorasm.js'), ['rewrite', '-'], {
      input: '\tstosb\n',
      encoding: 'utf8',
    });
    expect(result).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('\tmovb\t%al, %gs:(%rdi)\n\tstosb\n'),
    });
  });

  test('counts are written', () => {
    writeFileSync(join(folder, 'in.s'), '\tmovl\t%eax, (%rdi)\n\tret\n');
    expect(mirrorasm('rewrite', 'in.s', '-o', 'out.s', '--stats', 'stats.json', '--stats-text').status).toBe(
      0,
    );
    expect(gunzipSync(readFileSync(join(folder, 'stats.listing.gz'))).toString()).toBe(
      '+\tmovl\t%eax, %gs:(%rdi)\n \tmovl\t%eax, (%rdi)\n \tret\n',
    );
    expect(JSON.parse(readFileSync(join(folder, 'stats.json'), 'utf8'))).toMatchObject({
      native: 2,
      inserted: 1,
      sites: 1,
      functions: [
        expect.objectContaining({
          classes: { store: { sites: 1, inserted: 1, windows: 0, windowInstructions: 0 } },
        }),
      ],
    });
  });
});
