// Compiler options that change what code or sections look like: the mirrored program behaves as the native one built with the same
// options, nothing in it is unmirrored, both copies agree at exit; or the option is refused by name. The rows stand in rows.ts.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compilersOf, optionTable, rows } from './rows.js';

const root = join(__dirname, '../..');
const mirrorcc = join(root, 'dist/mirrorcc');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-options-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const cases = rows.flatMap((row) =>
  compilersOf(row).map((compiler) => [compiler, row.options, row.program, row.expectation] as const),
);

function run(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { status, signal, stdout, stderr } = spawnSync(program, args, {
    cwd: work,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  return { status, signal, stdout, stderr };
}

/** The linker warns of what gcc's trampolines need; native links give the same line. */
const executableStack = /^.*(requires executable stack|missing \.note\.GNU-stack|NOTE: ).*\n/gm;

let number = 0;
test.each(cases)('%s %s: %s', (compiler, line, name, expectation) => {
  const options = ['-w', ...line.split(' '), join(programs, `${name}.c`)];
  const base = join(work, `${number++}`);
  const mirrored = `${base}.mirrored`;
  const built = run(mirrorcc, [...options, '--mirror-strict=1', '-o', mirrored], { MIRROR_CC: compiler });
  if (expectation !== 'runs') {
    expect(built.stderr).toMatch(
      typeof expectation === 'string' ? new RegExp(`error\\[${expectation}\\]: -`) : expectation.linker,
    );
    expect(built.status).not.toBe(0);
    expect(existsSync(mirrored)).toBe(false);
    return;
  }
  expect({ ...built, stderr: built.stderr.replace(executableStack, '') }).toMatchObject({
    status: 0,
    stderr: '',
  });
  execFileSync(compiler, ['-fPIE', '-pie', ...options, '-o', `${base}.native`], {
    cwd: work,
    stdio: 'pipe',
  });
  const { status, signal, stdout } = run(`${base}.native`);
  const report = `${base}.json`;
  const actual = run(mirrored, [], { MIRROR_CHECK: 'exit', MIRROR_REPORT: report });
  expect(actual).toMatchObject({ status, signal, stdout });
  expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ bytesDiffering: 0, differences: [] });
  // The program's own code was rewritten, not only the libraries'.
  expect(execFileSync('objdump', ['-d', '--disassemble=main', mirrored], { encoding: 'utf8' })).toContain(
    name === 'interrupt' ? 'ret' : options.includes('-m32') ? '-0x7f' : '%gs:',
  );
});

test('docs/compatibility.md shows these rows (npm run bless writes them)', () => {
  const path = join(root, 'docs/compatibility.md');
  const text = readFileSync(path, 'utf8');
  const table = /(?<=<!-- options: test\/options\/rows\.ts -->\n\n)\|[^]*?(?=\n\n)/;
  if (process.env['BLESS'] === '1') writeFileSync(path, text.replace(table, optionTable));
  else expect(table.exec(text)?.[0]).toBe(optionTable());
});
