// One assembly file: lossless round trip, the same object from what was understood of it, and every statement classified or refused.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { collectCode } from '../../src/analyze/code.js';
import type { Diagnostic } from '../../src/analyze/diagnostic.js';
import { computeLiveness } from '../../src/analyze/liveness.js';
import { linuxI386 } from '../../src/profile/linux-i386.js';
import { linuxX8664 } from '../../src/profile/linux-x86_64.js';
import type { Edit } from '../../src/emit/edit.js';
import { emit } from '../../src/emit/emit.js';
import { expand } from '../../src/expand/expand.js';
import { formatInstruction } from '../../src/instrument/format.js';
import { instrument } from '../../src/instrument/instrument.js';
import { parse } from '../../src/parse/parse.js';
import { positionOf } from '../../src/parse/position.js';
import type { SourceFile } from '../../src/parse/syntax.js';

export interface CorpusFile {
  readonly path: string;
  readonly width: 32 | 64;
  /** Folders for .include, and further options of GNU as. */
  readonly includes: readonly string[];
}

/** Statements refused for one reason. */
export interface Refusals {
  readonly count: number;
  /** Place, statement and message of the first. */
  readonly example: string;
}

export interface Result {
  readonly statements: number;
  readonly instructions: number;
  readonly refused: ReadonlyMap<string, Refusals>;
  /** What is wrong; empty when nothing is. */
  readonly wrong: readonly string[];
  /** GNU as itself does not take the file. */
  readonly foreign: boolean;
}

interface Assembled {
  readonly hash: string;
  readonly error: string;
}

/** Assembles a text and gives a hash over all sections that hold bytes, their relocations and flags. */
function assemble(text: string, file: CorpusFile, folder: string): Assembled {
  const source = join(folder, 'a.s');
  const object = join(folder, 'a.o');
  writeFileSync(source, text, 'latin1');
  rmSync(object, { force: true });
  const includes = [dirname(file.path), ...file.includes].flatMap((path) => ['-I', path]);
  const { status, stderr } = spawnSync(
    'as',
    [`--${file.width}`, '--no-warn', ...includes, source, '-o', object],
    {
      encoding: 'latin1',
      cwd: dirname(file.path),
    },
  );
  if (status !== 0) return { hash: '', error: stderr };
  // Debug information of the assembler itself holds the place of the temporary file: there is none without -g.
  const { stdout } = spawnSync('objdump', ['-s', '-r', '-h', '-w', object], {
    encoding: 'latin1',
    maxBuffer: 1 << 30,
  });
  return { hash: createHash('sha256').update(stdout).digest('hex'), error: '' };
}

/** Checks one file; `folder` is for temporary files of this process. */
export function check(file: CorpusFile, folder: string): Result {
  const text = readFileSync(file.path, 'latin1');
  const refused = new Map<string, Refusals>();
  const wrong: string[] = [];
  const refuse = (reason: string, line: number, statement: string): void => {
    const general = reason.replace(/'[^']*'/g, "'...'").replace(/ takes .*/, ' takes these operands');
    const example = `${basename(dirname(file.path))}/${basename(file.path)}:${line}: ${statement.replace(/\s+/g, ' ')}: ${reason}`;
    const known = refused.get(general) ?? { count: 0, example };
    refused.set(general, { ...known, count: known.count + 1 });
  };
  const original = assemble(text, file, folder);
  if (original.error !== '') return { statements: 0, instructions: 0, refused, wrong, foreign: true };
  const expansion = expand(file.path, text, {
    readInclude: (path) => {
      for (const name of [path, ...[dirname(file.path), ...file.includes].map((base) => join(base, path))])
        if (existsSync(name)) return { name, text: readFileSync(name, 'latin1') };
      return undefined;
    },
  });
  if (!expansion.ok) {
    for (const { message, line, text: statement } of expansion.problems) refuse(message, line, statement);
    return { statements: 0, instructions: 0, refused, wrong, foreign: false };
  }
  const parsed = parse(file.path, expansion.text, file.width);
  if (emit(parsed, []) !== expansion.text) wrong.push('the round trip is not lossless');
  if (expansion.text !== text && assemble(expansion.text, file, folder).hash !== original.hash)
    wrong.push('the expanded text assembles to something else');

  // What follows is for another word size: nothing of it can be judged.
  const other = new RegExp(`^.*\\.code(?!${file.width}).*`, 'm').exec(expansion.text);
  if (other) {
    refuse(
      `the word size changes in '${basename(file.path)}'`,
      expansion.text.slice(0, other.index).split('\n').length,
      other[0],
    );
    return { statements: parsed.count, instructions: 0, refused, wrong, foreign: false };
  }
  const refuseAll = (diagnostics: readonly Diagnostic[]): void => {
    for (const { message, statement } of diagnostics) {
      const start = parsed.starts[statement] ?? 0;
      refuse(
        message,
        positionOf(parsed, start).line,
        expansion.text.slice(start, parsed.ends[statement] ?? start),
      );
    }
  };
  const code = collectCode(parsed, new Set(['data-in-code']), file.width);
  refuseAll(code.diagnostics);
  const profile = file.width === 64 ? linuxX8664 : linuxI386;
  const options = {
    abi: 'none',
    callMirror: profile.callMirrors[0],
    profile,
    breakAt: 0,
    labelPrefix: '.Lmirror',
  } as const;
  refuseAll(instrument(code, computeLiveness(code, 'none'), options).diagnostics);
  const respelled = emit(parsed, respell(parsed));
  const again = assemble(respelled, file, folder);
  if (again.hash !== original.hash)
    wrong.push(
      `what was understood assembles to something else: ${again.error.split('\n')[1] ?? 'other bytes'}`,
    );
  return { statements: parsed.count, instructions: code.units.length, refused, wrong, foreign: false };
}

/** Every instruction written anew from its typed form. */
function respell(file: SourceFile): Edit[] {
  const edits: Edit[] = [];
  file.parsed.forEach(({ body }, statement) => {
    if (body.kind !== 'instruction' || body.mnemonic === '') return;
    edits.push({ statement, before: '', replace: formatInstruction(body, body.mnemonic, -1, ''), after: '' });
  });
  return edits;
}
