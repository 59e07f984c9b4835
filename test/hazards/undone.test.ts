// Each hazard's fix taken out of the rewritten text: the program that shows the hazard has to go wrong, or the test of it shows nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleAndRun, compile, rewriteFile } from './toolchain.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-undone-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Hazard {
  readonly name: string;
  readonly program: string;
  /** Compiler options beside -O2 that bring the hazard in. */
  readonly options: readonly string[];
  /** The rewritten text without the fix. */
  readonly undo: (text: string) => string;
}

const hazards: readonly Hazard[] = [
  {
    name: 'a spill that does not step over the red zone',
    program: 'red-zone.c',
    options: [],
    undo: (text) => text.replace(/^\tleaq\t-?128\(%rsp\), %rsp\n/gm, ''),
  },
  {
    name: 'values that -fipa-ra keeps in caller-saved registers',
    program: 'ipa-ra.c',
    options: ['-fipa-ra'],
    undo: (text) =>
      text.replace(/^\t(leaq\t-?128\(%rsp\), %rsp|movq\t%rcx, %gs:-8\(%rsp\)|(push|pop)q\t%rcx)\n/gm, ''),
  },
  {
    name: 'an atomic operation without the flags of the operation',
    program: 'flags.c',
    options: [],
    undo: (text) => text.replace(/^(\.Lmirror\d+:\n)\tmovq\t%rax, %r11\n\t.*, %r11[dwb]?\n/gm, '$1'),
  },
  {
    name: 'a short branch over code that has grown',
    program: 'short-branch.c',
    options: [],
    undo: (text) =>
      text.replace(/^\t(jrcxz|loop)\t(\.L\w+)\n\tjmp\t\.L\w+\n\2:\n\tjmp\t(.*)\n/gm, '\t$1\t$3\n'),
  },
];

test.each(hazards)('$name', ({ program, options, undo }) => {
  const assembly = join(work, `${program}.s`);
  compile(join(__dirname, 'programs', program), ['-O2', '-frounding-math', ...options], assembly);
  const fixed = rewriteFile(assembly);
  const right = assembleAndRun(fixed, join(work, `${program}.right`));
  expect({ refused: right.refused, status: right.status }).toEqual({ refused: '', status: 0 });

  const undone = undo(fixed);
  expect(undone).not.toBe(fixed);
  expect(assembleAndRun(undone, join(work, `${program}.undone`))).not.toEqual(right);
});
