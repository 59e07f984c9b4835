// Compiler options that change what code or sections look like, and what has to come of them. docs/compatibility.md shows this table.
import { readArguments } from '../../src/cli/driver/arguments.js';
import { refusedShared } from '../../src/cli/driver/dynamic.js';
import { unsupportedOption } from '../../src/cli/driver/unsupported.js';

export type Compiler = 'gcc' | 'clang';

/** It runs; our driver refuses it, with this code; or the linker does, with a message of its own. */
export type Expectation = 'runs' | `M0${number}` | { readonly linker: RegExp; readonly why: string };

export interface Row {
  readonly compilers: Compiler | 'both';
  readonly options: string;
  /** Of programs/. */
  readonly program: string;
  readonly expectation: Expectation;
}

const row = (
  compilers: Row['compilers'],
  options: string,
  program: string,
  expectation: Expectation,
): Row => ({ compilers, options, program, expectation });

export const rows: readonly Row[] = [
  row('both', '-O2', 'general', 'runs'),
  row('both', '-O0 -fomit-frame-pointer', 'general', 'runs'),
  row('both', '-O2 -fno-omit-frame-pointer', 'general', 'runs'),
  // Link-time code: gcc's link runs our assembler again. clang's makes objects by itself.
  row('gcc', '-O2 -flto', 'general', 'runs'),
  row('gcc', '-O2 -flto -ffat-lto-objects -flto-partition=none', 'general', 'runs'),
  row('clang', '-O2 -flto', 'general', 'M028'),
  row('clang', '-O2 -flto=thin', 'general', 'M028'),
  row('both', '-O2 -ffunction-sections -fdata-sections -Wl,--gc-sections', 'general', 'runs'),
  row('gcc', '-O2 -freorder-blocks-and-partition -fcommon', 'general', 'runs'),
  row('both', '-O2 -fcf-protection=full', 'general', 'runs'),
  row('clang', '-O2 -mretpoline', 'general', 'runs'),
  row('gcc', '-O2 -mindirect-branch=thunk -mfunction-return=thunk', 'general', 'runs'),
  row('gcc', '-O2 -mindirect-branch=thunk-inline -mindirect-branch-register', 'general', 'runs'),
  row('clang', '-O2 -mlvi-hardening', 'general', 'runs'),
  row('clang', '-O2 -mspeculative-load-hardening', 'general', 'runs'),
  row('both', '-O2 -mharden-sls=all', 'general', 'runs'),
  row('gcc', '-O2 -fsanitize=undefined -fsanitize-undefined-trap-on-error', 'general', 'runs'),
  row('clang', '-O2 -fsanitize=undefined -fsanitize-trap=undefined', 'general', 'runs'),
  row('both', '-O1 -ftrapv', 'general', 'runs'),
  row('both', '-O2 -fsanitize=undefined', 'general', 'M028'),
  row('both', '-O1 -fsanitize=address', 'general', 'M028'),
  row('both', '-O2 -pg', 'general', 'M028'),
  row('gcc', '-O1 --coverage', 'general', 'runs'),
  row('gcc', '-O2 -fprofile-generate -fprofile-update=atomic', 'general', 'runs'),
  row('clang', '-O1 --coverage', 'general', 'M028'),
  row('clang', '-O1 -fprofile-instr-generate', 'general', 'M028'),
  row('gcc', '-O2 -fopenmp', 'parallel', 'M028'),
  row('gcc', '-O2 -fsplit-stack', 'general', 'M028'),
  row('both', '-O2 -finstrument-functions', 'hooks', 'runs'),
  row('both', '-O2 -fpatchable-function-entry=4,2', 'general', 'runs'),
  row('both', '-O2 -fno-plt', 'general', 'runs'),
  row('both', '-O2 -fPIC', 'general', 'runs'),
  row('both', '-shared -fPIC', 'general', 'M022'),
  row('both', '-no-pie', 'general', 'M021'),
  row('both', '-O2 -mcmodel=large', 'general', 'runs'),
  row('gcc', '-O2 -mcmodel=medium', 'general', 'runs'),
  row('clang', '-O2 -mcmodel=medium', 'general', {
    linker: /read-only segment has dynamic relocations/,
    why: 'clang 14 writes absolute addresses into code, with -fPIE, too; the linker says so',
  }),
  row('both', '-O2 -mno-red-zone', 'general', 'runs'),
  row('both', '-O2 -fstack-protector-strong', 'general', 'runs'),
  row('both', '-O0 -fstack-protector-all', 'general', 'runs'),
  row('both', '-O2 -fstack-clash-protection', 'general', 'runs'),
  row('gcc', '-O2 -fzero-call-used-regs=all', 'general', 'runs'),
  row('gcc', '-O2 -ffixed-r10 -ffixed-r11', 'general', 'runs'),
  row('gcc', '-O2 -fexceptions -fnon-call-exceptions', 'general', 'runs'),
  row('gcc', '-O3 -funroll-all-loops -fno-inline', 'general', 'runs'),
  row('gcc', '-O2 -mstringop-strategy=rep_8byte', 'general', 'runs'),
  row('both', '-O3 -mavx2', 'vectors', 'runs'),
  row('gcc', '-O2 -mfpmath=387', 'vectors', 'runs'),
  row('both', '-O2 -g3', 'general', 'runs'),
  row('both', '-O1 -g -gsplit-dwarf', 'general', 'runs'),
  row('gcc', '-O2 -fverbose-asm -dA', 'general', 'runs'),
  row('both', '-O2 -masm=intel', 'general', 'runs'),
  row('gcc', '-O0', 'nested', 'runs'),
  row('gcc', '-O2', 'nested', 'runs'),
  row('both', '-O2', 'assembly', 'runs'),
  row('both', '-O2', 'kernel', 'runs'),
  // In a user program nothing calls such a handler; its `iretq` only reads.
  row('both', '-O2 -mgeneral-regs-only', 'interrupt', 'runs'),
  row('both', '-m16', 'general', 'M020'),
  row('both', '-mx32', 'general', 'M020'),
  row('both', '-m32 -O2', 'general', 'runs'),
  row('both', '-m32 -O2 -fPIC -pie', 'general', 'runs'),
  row('both', '-m32 -O2 -fcf-protection=full -fstack-protector-strong', 'general', 'runs'),
  row('clang', '-m32 -O2 -mretpoline', 'general', 'runs'),
  row('gcc', '-m32 -O2 -mindirect-branch=thunk -mfunction-return=thunk', 'general', 'runs'),
];

export const compilersOf = ({ compilers }: Row): readonly Compiler[] =>
  compilers === 'both' ? ['gcc', 'clang'] : [compilers];

/** What our driver says of a row's options; undefined where it takes them. */
function refusalOf(row: Row): string | undefined {
  const request = readArguments([...row.options.split(' '), 'program.c']);
  const refusal =
    request.refused[0] ??
    unsupportedOption(request.arguments, request.phase, row.compilers === 'clang') ??
    refusedShared(request, 'musl', false);
  return refusal && `${refusal.code} ${refusal.message}`;
}

/** The table of docs/compatibility.md. */
export function optionTable(): string {
  const cells = rows.map((row) => [
    `\`${row.options}\`${row.program === 'general' ? '' : ` (${row.program})`}`,
    row.compilers === 'both' ? 'gcc, clang' : row.compilers,
    typeof row.expectation === 'object'
      ? `refused: ${row.expectation.why}`
      : row.expectation === 'runs'
        ? 'runs'
        : `refused: ${refusalOf(row) ?? ''}`,
  ]);
  const header = ['options', 'compiler', ''];
  const widths = header.map((_, i) =>
    Math.max(3, header[i]?.length ?? 0, ...cells.map((line) => line[i]?.length ?? 0)),
  );
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}
