// GNU as on an Intel statement and on the AT&T text made of it: the bytes have to be those of the same instruction.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86';
import { assemble, SLOT } from '../../scripts/isa-check/assemble.js';
import { collectCode } from '../../src/analyze/code.js';
import { formatInstruction } from '../../src/instrument/format.js';
import { parse } from '../../src/parse/parse.js';

export type Outcome =
  /** Same bytes. */
  | { readonly kind: 'same'; readonly att: string }
  /** Another encoding of the same instruction. */
  | { readonly kind: 'equal'; readonly att: string }
  | { readonly kind: 'different'; readonly att: string; readonly native: string; readonly ours: string }
  /** Not translated, or not known to the table: refused when it is rewritten. */
  | { readonly kind: 'refused'; readonly reason: string; readonly att: string }
  /** GNU as does not take the Intel text; `att` is empty where it is refused here as well. */
  | { readonly kind: 'rejected'; readonly message: string; readonly att: string };

/** The AT&T text of one Intel statement (several instructions for prefixes that stand alone), or why there is none. */
function translate(statement: string, syntax: string): { att: string; reason: string } {
  const file = parse('a.s', `.${syntax}\n${statement}\n`);
  const lines: string[] = [];
  for (const { labels, body } of file.parsed.slice(1)) {
    for (const label of labels) lines.push(`${label}:`);
    if (body.kind === 'malformed') return { att: '', reason: body.reason };
    if (body.kind === 'instruction') lines.push(formatInstruction(body, body.mnemonic, -1, ''));
    else if (body.kind === 'assignment') lines.push(`${body.symbol} = ${body.expression}`);
  }
  const att = lines.join('; ').replaceAll('\t', ' ').trim();
  const [first] = collectCode(file, new Set()).diagnostics;
  return { att, reason: first === undefined ? '' : first.message };
}

const formatter = new Formatter(FormatterSyntax.Nasm);

function decoded(bytes: Uint8Array, at: number): string {
  const slot = bytes.subarray(at, at + SLOT);
  const decoder = new Decoder(64, slot, DecoderOptions.None);
  const texts: string[] = [];
  while (decoder.canDecode) {
    const instruction = decoder.decode();
    const text = formatter.format(instruction);
    instruction.free();
    if (text === 'int3') break;
    texts.push(text);
  }
  decoder.free();
  return texts.join('; ');
}

interface Place {
  readonly hex: string;
  readonly decoded: string;
  /** Relocations: their symbols are no bytes. */
  readonly relocations: string;
}

/** What became of each statement that GNU as takes, and why it does not take the others. */
function assembled(folder: string, statements: readonly string[]): (Place | string)[] {
  const { bytes, accepted, rejected } = assemble(folder, 64, statements);
  const relocations = new Map<number, string>();
  const listed = execFileSync('objdump', ['-r', '-w', '-j', '.text', join(folder, 'a.o')], {
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  });
  for (const [, offset = '', what = ''] of listed.matchAll(/^([0-9a-f]{8,}) (\S+\s+\S.*)$/gm)) {
    const at = parseInt(offset, 16);
    const slot = Math.floor(at / SLOT);
    // Places in this section as distances from the statement.
    const relative = what.replace(
      /\.text(?:([+-])0x([0-9a-f]+))?$/,
      (_, sign = '+', to = '0') => `.text ${Number(`${sign}1`) * parseInt(to, 16) - slot * SLOT}`,
    );
    relocations.set(slot, `${relocations.get(slot) ?? ''}${at % SLOT} ${relative}; `);
  }
  const result: (Place | string)[] = statements.map((_, i) => rejected.get(i) ?? '');
  accepted.forEach((statement, slot) => {
    const at = slot * SLOT;
    result[statement] = {
      hex: Buffer.from(bytes.subarray(at, at + SLOT)).toString('hex'),
      decoded: decoded(bytes, at),
      relocations: relocations.get(slot) ?? '',
    };
  });
  return result;
}

/** One outcome a statement. */
export function checkIntel(
  folder: string,
  statements: readonly string[],
  syntax: 'intel_syntax noprefix' | 'intel_syntax prefix' = 'intel_syntax noprefix',
): Outcome[] {
  const native = assembled(
    folder,
    statements.map((text) => `.${syntax}; ${text}`),
  );
  const translated = statements.map((text) => translate(text, syntax));
  // An empty statement would have no place.
  const ours = assembled(
    folder,
    translated.map(({ att }) => (att === '' ? 'nop' : att)),
  );
  return statements.map((_, i): Outcome => {
    const { att, reason } = translated[i]!;
    const [theirs, mine] = [native[i]!, ours[i]!];
    if (typeof theirs === 'string')
      return { kind: 'rejected', message: theirs, att: reason === '' ? att : '' };
    if (reason !== '') return { kind: 'refused', reason, att };
    if (typeof mine === 'string') return { kind: 'different', att, native: theirs.decoded, ours: mine };
    if (theirs.hex === mine.hex && theirs.relocations === mine.relocations) return { kind: 'same', att };
    if (theirs.decoded === mine.decoded && theirs.relocations === mine.relocations)
      return { kind: 'equal', att };
    const show = ({ decoded, relocations }: Place): string => `${decoded} ${relocations}`;
    return { kind: 'different', att, native: show(theirs), ours: show(mine) };
  });
}
