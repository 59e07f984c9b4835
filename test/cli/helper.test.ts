// The helper behind mirrorcc: what it gives is what node gives without it, and nobody notices that it is there.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { setTimeout as pause } from 'node:timers/promises';

const dist = join(__dirname, '../../dist');
const mirrorcc = join(dist, 'mirrorcc');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-helper-'));

let folder = '';
let env: NodeJS.ProcessEnv = {};
beforeEach(() => {
  folder = mkdtempSync(join(work, 'case-'));
  const runtime = join(folder, 'runtime');
  mkdirSync(runtime);
  // A folder of its own for each test, and so a helper.
  env = { ...process.env, XDG_RUNTIME_DIR: runtime, SECRET: 'not for others', TMPDIR: folder };
  delete env['MIRROR_HELPER'];
  write('part.c', 'int cell;\nint part(int n) { cell = n + 1; return cell * 2; }\n');
});
afterEach(() => {
  for (const pid of helpers()) process.kill(pid, 'SIGKILL');
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

/** Processes that are helpers of this test's folder. */
function helpers(): number[] {
  const runtime = env['XDG_RUNTIME_DIR'] ?? '';
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return line.includes('libexec/helper.js') && line.includes(`${runtime}/mirrorasm/`);
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);
}

function run(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}, input = '') {
  const { status, signal, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, ...more },
    input,
  });
  return { status, signal, stdout, stderr };
}
const cc = (...args: string[]) => run(mirrorcc, args);

/** The same command with and without a helper: equal results, and equal files of these names. */
function both(command: string, args: readonly string[], files: readonly string[], input = '') {
  const read = () =>
    files.map((file) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file)) : undefined));
  const alone = run(command, args, { MIRROR_HELPER: '0' }, input);
  const made = read();
  expect(helpers()).toEqual([]);
  for (const file of files) rmSync(join(folder, file), { force: true });
  const helped = run(command, args, {}, input);
  expect(helpers()).toHaveLength(1);
  expect(helped).toEqual(alone);
  expect(read()).toEqual(made);
  return helped;
}

describe('the same as without it', () => {
  const program =
    '#include <stdio.h>\nstatic int total;\nint main(int argc, char **argv) { for (int i = 0; i < argc; i++) total += argv[i][0]; return printf("%d\\n", total) < 0; }\n';

  test.each([
    '-O0 -g',
    '-O2',
    '-O2 -pipe',
    '-O3 -flto -ffat-lto-objects -frandom-seed=1',
    '-Os -fPIC',
    '-g3 -gdwarf-4',
  ])('objects with %s', (options) => {
    write('main.c', program);
    const { status } = both(mirrorcc, [...options.split(' '), '-c', 'main.c', '-o', 'main.o'], ['main.o']);
    expect(status).toBe(0);
  });

  test('programs', () => {
    write('main.c', program);
    expect(both(mirrorcc, ['main.c', '-o', 'main'], ['main']).status).toBe(0);
    expect(run(join(folder, 'main'), [], { MIRROR_CHECK: 'exit' }).stderr).toMatch(
      /checked \d+ bytes, 0 differ/,
    );
  });

  test('a link of an object that is not mirrored, allowed and not', () => {
    write('main.c', 'int part(int);\nint main(void) { return part(2) - 6; }\n');
    execFileSync('gcc', ['-c', 'part.c', '-o', 'part.o'], { cwd: folder });
    const { status, stderr } = both(mirrorcc, ['main.c', 'part.o', '-o', 'main'], ['main']);
    expect([status, stderr]).toEqual([0, expect.stringContaining('warning[M026]: part.o is not mirrored')]);
    for (const pid of helpers()) process.kill(pid, 'SIGKILL');
    const strict = both(mirrorcc, ['--mirror-strict=1', 'main.c', 'part.o', '-o', 'main'], ['main']);
    expect([strict.status, strict.stderr]).toEqual([2, expect.stringContaining('error[M026]')]);
    expect(existsSync(join(folder, 'main'))).toBe(false);
  });

  test('assembly by hand: included files, options of as, standard input', () => {
    write('inc.s', '.macro twice r\nmovl \\r, (%rdi)\nmovl \\r, 4(%rdi)\n.endm\n');
    write('hand.s', '.include "inc.s"\n.globl f\nf: twice %esi\nret\n');
    expect(both(mirrorcc, ['-c', '-Wa,-I.,--defsym,x=2', 'hand.s'], ['hand.o']).status).toBe(0);
    for (const pid of helpers()) process.kill(pid, 'SIGKILL');
    const text = '.globl f\nf: movl %esi, (%rdi)\nret\n';
    expect(both(join(dist, 'libexec/as'), ['-o', 'x.o', '-'], ['x.o'], text).status).toBe(0);
  });

  test.each([
    ['an error of the compiler', 'int f( {\n', 1],
    ['a refused statement', 'void f(void) { __asm__("movl %eax, %gs:4"); }\n', 2],
    ['an error of the assembler', '__asm__(".data\\nx: .long 0\\nx: .long 1\\n.text");\n', 1],
  ])('%s', (_name, text, code) => {
    write('bad.c', text);
    const { status, stderr } = both(mirrorcc, ['-c', 'bad.c'], ['bad.o']);
    expect(status).toBe(code);
    expect(stderr).toContain('rror');
    expect(existsSync(join(folder, 'bad.o'))).toBe(false);
  });

  test('refused text on standard input', () => {
    const { status, stderr } = both(
      join(dist, 'libexec/as'),
      ['-o', 'x.o'],
      ['x.o'],
      'f: movl %eax, %gs:4\n',
    );
    expect([status, stderr]).toEqual([2, expect.stringContaining('<stdin>:1:4: error[M006]')]);
  });

  test.each([
    ['-c', 'part.c', '-o', 'größe.o'],
    ['@line'],
    ['-E', 'part.c'],
    ['-S', 'part.c'],
    ['--mirror-nothing=1'],
    ['--version'],
    ['-print-file-name=include'],
    [''],
  ])('command line %s', (...args) => {
    write('line', '-c part.c -o "part.o"');
    both(mirrorcc, args, ['größe.o', 'part.o', 'part.s']);
  });

  test('MIRROR_KEEP', () => {
    expect(run(mirrorcc, ['-c', 'part.c'], { MIRROR_KEEP: '1' }).status).toBe(0);
    expect(existsSync(join(folder, 'part.o.mirrored.s'))).toBe(true);
  });

  test.each(['counts', 'counts.json'])('MIRROR_STATS=%s', (place) => {
    if (place === 'counts') mkdirSync(join(folder, place));
    // Where node cannot be found nobody but the helper can have done it.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const name of ['as', 'gcc']) symlinkSync(`/usr/bin/${name}`, join(bin, name));
    const statistics = (more: NodeJS.ProcessEnv): unknown => {
      const { status, stderr } = run(mirrorcc, ['-g', '-MMD', '-c', 'part.c'], {
        MIRROR_STATS: place,
        MIRROR_STATS_TEXT: '1',
        ...more,
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.startsWith('counts') && name !== 'counts')
        .sort();
      expect(files).toHaveLength(3);
      const contents = files.map((name) => {
        const content = readFileSync(join(folder, name));
        rmSync(join(folder, name));
        return name.endsWith('.gz')
          ? gunzipSync(content).toString()
          : { ...(JSON.parse(content.toString()) as object), stages: {} };
      });
      const [object, dependencies] = ['part.o', 'part.d'].map((name) => readFileSync(join(folder, name)));
      return { files, contents, object, dependencies };
    };
    const alone = statistics({ MIRROR_HELPER: '0' });
    expect(cc('-c', 'part.c').status).toBe(0);
    expect(helpers()).toHaveLength(1);
    expect(statistics({ PATH: bin })).toEqual(alone);
    expect(alone).toMatchObject({
      contents: [
        { bytes: { native: expect.any(Number) } },
        expect.stringContaining('%gs:cell'),
        expect.stringMatching(/"functions":\[\[.*"spans":\[\d+,/),
      ],
    });
    // Without the texts, those of an earlier build do not stay.
    run(mirrorcc, ['-c', 'part.c'], { MIRROR_STATS: place, MIRROR_STATS_TEXT: '1' });
    run(mirrorcc, ['-c', 'part.c'], { MIRROR_STATS: place });
    expect(
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.gz')),
    ).toEqual([]);
  });

  test('statistics that cannot be written are an error, as without a helper', () => {
    const more = { MIRROR_STATS: 'no/such/folder/counts.json' };
    expect(cc('-c', 'part.c').status).toBe(0);
    const helped = run(mirrorcc, ['-c', 'part.c'], more);
    expect(helped.status).not.toBe(0);
    expect(helped.stderr).toContain('no/such/folder/counts.json');
  });

  test('variables of the environment reach the pass', () => {
    write('data.c', '__asm__(".text\\n.byte 0x90\\n");\n');
    expect(both(mirrorcc, ['-c', 'data.c'], ['data.o']).status).toBe(2);
    expect(run(mirrorcc, ['-c', 'data.c'], { MIRROR_ALLOW: 'data-in-code' }).status).toBe(0);
    expect(cc('--mirror-allow=data-in-code', '-c', 'data.c').status).toBe(0);
  });

  test('a compiler of the user, in a folder named relatively', () => {
    write('mycc', '#!/bin/sh\necho mine >&2\nexec gcc "$@"\n');
    chmodSync(join(folder, 'mycc'), 0o755);
    expect(run(mirrorcc, ['-c', 'part.c'], { MIRROR_CC: './mycc' }).stderr).toBe('mine\nmine\n');
    // The question about its headers has been answered already.
    expect(run(mirrorcc, ['-c', 'part.c'], { MIRROR_CC: './mycc' }).stderr).toBe('mine\n');
  });
});

describe('nobody notices', () => {
  test('many at once start one, and it leaves by itself, with nothing behind', async () => {
    const rules = Array.from({ length: 12 }, (_, i) => `f${i}.o: part.c\n\t${mirrorcc} -c $< -o $@\n`);
    write('Makefile', `all: ${rules.map((_, i) => `f${i}.o`).join(' ')}\n${rules.join('')}`);
    expect(run('make', ['-j6', '-s'])).toMatchObject({ status: 0, stderr: '' });
    expect(helpers()).toHaveLength(1);
    for (let tries = 0; helpers().length > 0 && tries < 300; tries++) await pause(100);
    expect(helpers()).toEqual([]);
    expect(readdirSync(join(folder, 'runtime/mirrorasm'))).toEqual(['lock']);
    expect(readdirSync(folder).filter((name) => name.startsWith('mirrorcc-'))).toEqual([]);
  });

  test('it has no file, folder, terminal or variable of the build', () => {
    expect(cc('-c', 'part.c').status).toBe(0);
    const [pid] = helpers();
    const at = `/proc/${pid}`;
    expect(readlinkSync(`${at}/cwd`)).toBe('/');
    const open = readdirSync(`${at}/fd`).map((fd) => readlinkSync(`${at}/fd/${fd}`));
    const own = /^(socket:|pipe:|anon_inode:|\/dev\/null$|.*\/libexec\/(helper|worker)\.js$)/;
    expect(open.filter((path) => !own.test(path))).toEqual([]);
    expect(['0', '1', '2'].map((fd) => readlinkSync(`${at}/fd/${fd}`))).toEqual(Array(3).fill('/dev/null'));
    const variables = readFileSync(`${at}/environ`, 'utf8').split('\0');
    expect(variables.map((variable) => variable.split('=')[0]).filter(Boolean)).toEqual(['PATH', 'HOME']);
    const [, session = ''] = /\) \S \d+ \d+ (\d+)/.exec(readFileSync(`${at}/stat`, 'utf8')) ?? [];
    expect(Number(session)).toBe(
      pid === undefined ? 0 : Number(execFileSync('ps', ['-o', 'sid=', '-p', String(pid)])),
    );
    expect(Number(session)).not.toBe(Number(execFileSync('ps', ['-o', 'sid=', '-p', String(process.pid)])));
  });

  test.each([
    ['MIRROR_HELPER=0', { MIRROR_HELPER: '0' }],
    ['options of the user for node', { NODE_OPTIONS: '--no-warnings' }],
  ])('none is started with %s', (_name, more) => {
    expect(run(mirrorcc, ['-c', 'part.c'], more)).toEqual({
      status: 0,
      signal: null,
      stdout: '',
      stderr: '',
    });
    expect(helpers()).toEqual([]);
  });

  test('none is used in a folder that others can reach', () => {
    mkdirSync(join(folder, 'runtime/mirrorasm'));
    chmodSync(join(folder, 'runtime/mirrorasm'), 0o777);
    expect(cc('-c', 'part.c').status).toBe(0);
    expect(helpers()).toEqual([]);
  });

  test('a terminated driver terminates the compiler and leaves nothing', async () => {
    write('slow', `#!/bin/sh\ncase $1 in -print*) exec gcc "$@";; esac\necho $$ > pid\nexec sleep 1000\n`);
    chmodSync(join(folder, 'slow'), 0o755);
    const child = spawn(mirrorcc, ['-c', 'part.c'], { cwd: folder, env: { ...env, MIRROR_CC: './slow' } });
    for (let tries = 0; !existsSync(join(folder, 'pid')) && tries < 300; tries++) await pause(100);
    await pause(100);
    const compiler = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    child.kill('SIGTERM');
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGTERM');
    expect(() => process.kill(compiler, 0)).toThrow('ESRCH');
    expect(readdirSync(folder).filter((name) => name.startsWith('mirrorcc-'))).toEqual([]);
  });
});

describe('when it is gone or mad', () => {
  const socketName = (): string => {
    const [name = ''] = readdirSync(join(folder, 'runtime/mirrorasm')).filter((entry) => entry !== 'lock');
    return join(folder, 'runtime/mirrorasm', name);
  };

  test('killed: its socket stays behind and the next compilation starts another', () => {
    expect(cc('-c', 'part.c').status).toBe(0);
    const [first = 0] = helpers();
    process.kill(first, 'SIGKILL');
    while (helpers().includes(first));
    expect(existsSync(socketName())).toBe(true);
    expect(cc('-c', 'part.c')).toMatchObject({ status: 0, stderr: '' });
    expect(helpers()).toHaveLength(1);
    expect(helpers()).not.toContain(first);
  });

  test('stopped: after a while the work is done without it, and nobody waits for it again', () => {
    expect(cc('-c', 'part.c').status).toBe(0);
    const [pid = 0] = helpers();
    process.kill(pid, 'SIGSTOP');
    rmSync(join(folder, 'part.o'));
    expect(cc('-c', 'part.c')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'part.o')).includes('.mirrorasm')).toBe(true);
  });

  test.each([
    ['hangs up', ''],
    ['hangs up in a message', 't\x10\0\0\0abc'],
    ['answers with an unknown message', '?\0\0\0\0'],
    ['answers with an empty plan', 'r\0\0\0\0'],
    ['answers with an empty text', 't\0\0\0\0'],
    ['answers with a question that has no command', 'q\0\0\0\0'],
    ['asks for a file that is not there', 'n\x03\0\0\0no\0'],
  ])('%s', async (_name, answer) => {
    expect(cc('-c', 'part.c').status).toBe(0);
    const path = socketName();
    for (const pid of helpers()) process.kill(pid, 'SIGKILL');
    rmSync(path);
    rmSync(join(folder, 'part.o'));
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.from(answer, 'latin1')));
    });
    await once(server.listen(path), 'listening');
    const child = spawn(mirrorcc, ['-c', 'part.c'], { cwd: folder, env });
    const [code] = (await once(child, 'exit')) as [number | null];
    server.close();
    expect(code).toBe(0);
    expect(readFileSync(join(folder, 'part.o')).includes('.mirrorasm')).toBe(true);
  });
});
