// What the check does not reach, by name: codes no text stands for, and spellings of GNU as that are not in the table.
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as iced from 'iced-x86';
import { candidates } from '../../src/isa/choose.js';
import { refusedReason } from '../../src/isa/refused.js';
import type { Assembled } from './assemble.js';
import { PREFIX_WORDS, UNREACHED } from './exceptions.js';
import { ALL_CODES, type Case, type Mode } from './forms.js';

/** Codes of a mode without an accepted statement: name to reason; an empty reason is a gap in exceptions.ts. */
export function unreached(
  mode: Mode,
  printed: readonly Case[],
  cases: readonly Case[],
  assembled: Assembled,
): Map<string, string> {
  // Several codes may have one text.
  const accepted = new Set(assembled.accepted.map((i) => cases[i]?.text));
  const reached = new Set(printed.filter((item) => accepted.has(item.text)).map((item) => item.code));
  const messages = new Map<iced.Code, string>();
  for (const [i, message] of assembled.rejected) {
    const code = cases[i]?.code;
    if (code !== undefined && !messages.has(code)) messages.set(code, message);
  }
  const names = new Map<string, string>();
  for (const code of ALL_CODES) {
    const info = iced.CodeExt.opCode(code);
    if (info.isInstruction && (mode === 64 ? !info.mode64 : !info.mode32)) continue;
    if (reached.has(code)) continue;
    const name = iced.Code[code] ?? String(code);
    const message = messages.get(code) ?? '';
    const entry = UNREACHED.find((item) => item.code?.test(name) ?? item.why?.test(message));
    names.set(name, entry?.reason ?? '');
  }
  return names;
}

/** All mnemonics of a mode that stand as text in the assembler itself (string tables share endings). */
export function mnemonicsOfAs(folder: string, mode: Mode): string[] {
  const found = spawnSync('sh', ['-c', 'command -v as'], { encoding: 'utf8' }).stdout.trim();
  const text = readFileSync(realpathSync(found)).toString('latin1');
  const words = new Set<string>();
  for (const [word] of text.matchAll(/[a-z][a-z0-9_]{1,19}(?=\0)/g))
    for (let i = 0; i < word.length - 1; i++) if (/[a-z]/.test(word[i] ?? '')) words.add(word.slice(i));
  const all = [...words];
  const source = join(folder, 'names.s');
  writeFileSync(source, all.map((word) => `${word}\n`).join(''));
  const run = spawnSync('as', [`--${mode}`, '--no-warn', '-o', join(folder, 'names.o'), source], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  // A message about another name is about that name with a size suffix.
  const unknown = new Set<number>();
  for (const line of run.stderr.split('\n')) {
    const match = /:(\d+): Error: (.*)$/.exec(line);
    if (!match) continue;
    const [, number = '', message = ''] = match;
    const quoted = /`([^']*)'/.exec(message)?.[1];
    if (
      /^(no such instruction|.*supported in|junk|invalid char)/.test(message) ||
      quoted !== all[Number(number) - 1]
    )
      unknown.add(Number(number) - 1);
  }
  return all.filter((_, i) => !unknown.has(i)).sort();
}

/** Mnemonics GNU as knows and lookup has neither forms nor a refusal for. */
export function unknownMnemonics(names: readonly string[], mode: Mode): string[] {
  return names.filter((name) => {
    if (refusedReason(name, mode) !== undefined || PREFIX_WORDS.test(name)) return false;
    const { forms, suffixed } = candidates(name, mode);
    return forms.length === 0 && suffixed.length === 0;
  });
}

const mnemonicOf = (text: string): string => /^\S+/.exec(text)?.[0] ?? '';

/** Statements for the mnemonics iced-x86 does not print: those of the mnemonics whose forms they share. */
export function otherSpellings(names: readonly string[], cases: readonly Case[], mode: Mode): Case[] {
  const byForm = new Map<object, Case[]>();
  const printed = new Set<string>();
  const shapes = new Set<string>();
  for (const item of cases) {
    const mnemonic = mnemonicOf(item.text);
    printed.add(mnemonic);
    // One statement for each kind of operands is enough.
    const shape = item.text.replace(/\d+/g, '');
    if (shapes.has(shape)) continue;
    shapes.add(shape);
    for (const form of candidates(mnemonic, mode).forms) {
      const known = byForm.get(form);
      if (known) known.push(item);
      else byForm.set(form, [item]);
    }
  }
  const made = new Map<string, Case>();
  for (const name of names) {
    if (printed.has(name)) continue;
    const { forms, suffixed, pseudo } = candidates(name, mode);
    for (const form of [...forms, ...suffixed])
      for (const item of byForm.get(form) ?? []) {
        const operands = item.text.slice(mnemonicOf(item.text).length).trim();
        const text = `${name} ${pseudo ? operands.replace(/^\$\w+, */, '') : operands}`.trim();
        if (!made.has(text)) made.set(text, { text, code: item.code });
      }
  }
  return [...made.values()];
}
