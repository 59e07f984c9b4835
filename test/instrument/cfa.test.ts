// At every instruction that an edit puts in, the unwinder's idea of the stack pointer is right: moves of the stack pointer and
// .cfi_adjust_cfa_offset are followed line by line, over all forms of test/hazards/i386/cases.txt and their like for 64 bits.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectCode } from '../../src/analyze/code.js';
import { computeLiveness } from '../../src/analyze/liveness.js';
import type { Abi } from '../../src/analyze/liveness.js';
import { instrument } from '../../src/instrument/instrument.js';
import { parse } from '../../src/parse/parse.js';
import type { Profile } from '../../src/profile/profile.js';
import { linuxI386 } from '../../src/profile/linux-i386.js';
import { linuxX8664 } from '../../src/profile/linux-x86_64.js';

/** Bytes by which one line moves the stack pointer down. */
function movement(line: string, word: number): number {
  const text = line.trim().replace(/^[\w.]+:\s*/, '');
  const lea = /^lea[lq]\s+(-?\d*)\(%[er]sp\), %[er]sp$/.exec(text);
  if (lea) return -Number(lea[1]);
  const many = /^(push|pop)(a|aw|al)$/.exec(text);
  if (many) return (many[1] === 'push' ? 1 : -1) * (many[2] === 'aw' ? 16 : 32);
  const found = /^(push|pop)f?([wlq]?)(\s|$)/.exec(text);
  if (!found) return 0;
  const bytes = found[2] === 'w' ? 2 : word;
  return found[1] === 'push' ? bytes : -bytes;
}

/** Walks over the lines; returns the first instruction at which the directives are behind, or what the end is off by. */
function follow(lines: readonly string[], word: number): string {
  let behind = 0;
  for (const line of lines) {
    const directive = /^\t\.cfi_adjust_cfa_offset (-?\d+)$/.exec(line);
    if (directive) behind -= Number(directive[1]);
    else if (line.endsWith(':') || line.startsWith('\t.')) continue;
    else if (behind !== 0) return `${behind} bytes off at '${line.trim()}'`;
    // The place a call of a local label goes to begins with the return address pushed.
    else if (/^\tjmp\t\.Lm/.test(line) && lines.some((l) => /^\tcall\t\.Lm/.test(l))) behind += word;
    else behind += movement(line, word);
    // What follows it is reached by the jump before that place.
    if (/^\tjmp\t(?!\.Lm)/.test(line) && lines.some((l) => /^\tcall\t\.Lm/.test(l))) behind -= word;
  }
  return String(behind);
}

const shared = readFileSync(join(__dirname, '../hazards/i386/cases.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const long = [
  'pushq %rax',
  'pushq 8(%rsp)',
  'pushw %ax',
  'pushfq',
  'popq 8(%rbx)',
  'incl (%rbx)',
  'lock incl (%rbx)',
  'rep movsq',
  'movl %eax, %fs:8(%rcx,%rdx)',
];

const rows: [string, Profile, Abi, readonly string[]][] = [
  ['linux-i386', linuxI386, 'none', shared],
  ['linux-i386', linuxI386, 'sysv', shared],
  ['linux-x86_64', linuxX8664, 'none', long],
  ['linux-x86_64', linuxX8664, 'sysv', long],
];

test.each(rows)(
  '%s, %#: the canonical frame address at every inserted instruction',
  (_, profile, abi, cases) => {
    let checked = 0;
    for (const body of cases) {
      const file = parse(
        'case.s',
        `f:\n\t.cfi_startproc\n\t${body.replace(/FN/g, 'x')}\n\tret\n\t.cfi_endproc\n`,
      );
      const code = collectCode(file, new Set(), profile.mode);
      const options = { profile, abi, callMirror: profile.callMirrors[0], breakAt: 0, labelPrefix: '.Lm' };
      const { edits } = instrument(code, computeLiveness(code, abi), options);
      for (const { statement, before, replace, after } of edits) {
        const parsed = file.parsed[statement]!;
        const start = file.starts[statement]! + parsed.bodyOffset;
        const native = `\t${file.text.slice(start, start + parsed.bodyLength)}`;
        const lines = [before, replace ?? native, after]
          .flatMap((text) => text.split('\n'))
          .filter((l) => l !== '');
        const wanted = String(movement(native, profile.wordBytes));
        expect({ native, off: follow(lines, profile.wordBytes) }).toEqual({
          native,
          off: enter(native) ?? wanted,
        });
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(cases.length / 2);
  },
);

/** `enter` moves by its operand, too. */
function enter(native: string): string | undefined {
  const found = /^\tenter \$(\d+)/.exec(native);
  return found ? String(4 + Number(found[1])) : undefined;
}
