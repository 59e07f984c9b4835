// Compiler options that change what code or sections look like: the mirrored program behaves as the native one built with the same
// options, nothing in it is unmirrored, both copies agree at exit; or the option is refused by name.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const mirrorcc = join(root, 'dist/mirrorcc.js');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-options-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

type Compilers = 'gcc' | 'clang' | 'both';
type Expectation = 'runs' | 'M028' | RegExp;

/** Compilers, options, program, what has to come of it: it runs, a refusal of ours, or the linker's own. */
const rows: readonly (readonly [Compilers, string, string, Expectation])[] = [
  ['both', '-O2', 'general', 'runs'],
  ['both', '-O0 -fomit-frame-pointer', 'general', 'runs'],
  ['both', '-O2 -fno-omit-frame-pointer', 'general', 'runs'],
  // Link-time code: gcc's link runs our assembler again. clang's makes objects by itself.
  ['gcc', '-O2 -flto', 'general', 'runs'],
  ['gcc', '-O2 -flto -ffat-lto-objects -flto-partition=none', 'general', 'runs'],
  ['clang', '-O2 -flto', 'general', 'M028'],
  ['clang', '-O2 -flto=thin', 'general', 'M028'],
  ['both', '-O2 -ffunction-sections -fdata-sections -Wl,--gc-sections', 'general', 'runs'],
  ['gcc', '-O2 -freorder-blocks-and-partition -fcommon', 'general', 'runs'],
  ['both', '-O2 -fcf-protection=full', 'general', 'runs'],
  ['gcc', '-O2 -mindirect-branch=thunk -mfunction-return=thunk', 'general', 'runs'],
  ['gcc', '-O2 -fsanitize=undefined -fsanitize-undefined-trap-on-error', 'general', 'runs'],
  ['clang', '-O2 -fsanitize=undefined -fsanitize-trap=undefined', 'general', 'runs'],
  ['both', '-O1 -ftrapv', 'general', 'runs'],
  ['both', '-O2 -fsanitize=undefined', 'general', 'M028'],
  ['both', '-O1 -fsanitize=address', 'general', 'M028'],
  ['both', '-O2 -pg', 'general', 'M028'],
  ['gcc', '-O1 --coverage', 'general', 'runs'],
  ['gcc', '-O2 -fprofile-generate -fprofile-update=atomic', 'general', 'runs'],
  ['clang', '-O1 --coverage', 'general', 'M028'],
  ['clang', '-O1 -fprofile-instr-generate', 'general', 'M028'],
  ['gcc', '-O2 -fopenmp', 'parallel', 'M028'],
  ['gcc', '-O2 -fsplit-stack', 'general', 'M028'],
  ['both', '-O2 -finstrument-functions', 'hooks', 'runs'],
  ['both', '-O2 -fpatchable-function-entry=4,2', 'general', 'runs'],
  ['both', '-O2 -fno-plt', 'general', 'runs'],
  ['both', '-O2 -fPIC', 'general', 'runs'],
  ['both', '-O2 -mcmodel=large', 'general', 'runs'],
  ['gcc', '-O2 -mcmodel=medium', 'general', 'runs'],
  // clang 14 writes absolute addresses into code here, with -fPIE, too.
  ['clang', '-O2 -mcmodel=medium', 'general', /read-only segment has dynamic relocations/],
  ['both', '-O2 -mno-red-zone', 'general', 'runs'],
  ['both', '-O2 -fstack-protector-strong', 'general', 'runs'],
  ['both', '-O0 -fstack-protector-all', 'general', 'runs'],
  ['both', '-O2 -fstack-clash-protection', 'general', 'runs'],
  ['gcc', '-O2 -fzero-call-used-regs=all', 'general', 'runs'],
  ['gcc', '-O2 -ffixed-r10 -ffixed-r11', 'general', 'runs'],
  ['gcc', '-O2 -fexceptions -fnon-call-exceptions', 'general', 'runs'],
  ['gcc', '-O3 -funroll-all-loops -fno-inline', 'general', 'runs'],
  ['gcc', '-O2 -mstringop-strategy=rep_8byte', 'general', 'runs'],
  ['both', '-O3 -mavx2', 'vectors', 'runs'],
  ['gcc', '-O2 -mfpmath=387', 'vectors', 'runs'],
  ['both', '-O2 -g3', 'general', 'runs'],
  ['both', '-O1 -g -gsplit-dwarf', 'general', 'runs'],
  ['gcc', '-O2 -fverbose-asm -dA', 'general', 'runs'],
  ['both', '-O2 -masm=intel', 'general', 'runs'],
  ['gcc', '-O0', 'nested', 'runs'],
  ['gcc', '-O2', 'nested', 'runs'],
  ['both', '-O2', 'assembly', 'runs'],
  ['both', '-O2', 'kernel', 'runs'],
  // In a user program nothing calls such a handler; its `iretq` only reads.
  ['both', '-O2 -mgeneral-regs-only', 'interrupt', 'runs'],
];

const cases = rows.flatMap(([compilers, options, program, expectation]) =>
  (compilers === 'both' ? ['gcc', 'clang'] : [compilers]).map(
    (compiler) => [compiler, options, program, expectation] as const,
  ),
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
    expect(built.stderr).toMatch(expectation === 'M028' ? /error\[M028\]: -/ : expectation);
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
    name === 'interrupt' ? 'ret' : '%gs:',
  );
});
