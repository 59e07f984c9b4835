// What a gcc command line asks for, as far as the driver must know; every option is passed on as it stands.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Bits } from './target.js';

/** Options whose value is the next argument (gcc manual, 3.1 to 3.15). Sorted. */
const takesValue: ReadonlySet<string> = new Set([
  '--param',
  '-A',
  '-D',
  '-I',
  '-L',
  '-MF',
  '-MQ',
  '-MT',
  '-T',
  '-U',
  '-Xassembler',
  '-Xlinker',
  '-Xpreprocessor',
  '-aux-info',
  '-dumpbase',
  '-dumpbase-ext',
  '-dumpdir',
  '-e',
  '-idirafter',
  '-imacros',
  '-imultilib',
  '-include',
  '-iprefix',
  '-iquote',
  '-isysroot',
  '-isystem',
  '-iwithprefix',
  '-iwithprefixbefore',
  '-l',
  '-u',
  '-wrapper',
  '-z',
]);

/** Options after which nothing is assembled or linked. */
const informs: ReadonlySet<string> = new Set([
  '-E',
  '-M',
  '-MM',
  '-fsyntax-only',
  '--help',
  '--version',
  '-v',
]);

const informsByPrefix = ['-print-', '-dump', '--help=', '--target-help'];

export type Phase = 'inform' | 'assembly' | 'object' | 'link';

export interface Request {
  readonly phase: Phase;
  readonly inputs: readonly string[];
  readonly output: string | undefined;
  /** Some input is assembly text, so no calling convention may be assumed. */
  readonly handWritten: boolean;
  readonly bits: Bits;
  /** A position-independent program is asked for. */
  readonly pie: boolean;
  /** No shared library is to be linked. */
  readonly isStatic: boolean;
  /** A shared object is asked for. */
  readonly isShared: boolean;
  /** All global symbols are to be visible to libraries. */
  readonly exportsAll: boolean;
  readonly picChosen: boolean;
  readonly noStandardInclude: boolean;
  readonly noStandardCxxInclude: boolean;
  readonly noStandardLibrary: boolean;
  readonly noStandardCxxLibrary: boolean;
  readonly noStartFiles: boolean;
  readonly relocatable: boolean;
  /** Everything but our own options, response files expanded, in order. */
  readonly arguments: readonly string[];
  readonly own: ReadonlyMap<string, string>;
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly note: string;
}

/** Options that ask for what this release cannot do. */
const refusals: Readonly<Record<string, Refusal>> = {
  '-m16': { code: 'M020', message: '-m16: 16-bit code is not supported', note: 'build with -m64 or -m32' },
  '-mx32': { code: 'M020', message: '-mx32: the x32 ABI is not supported', note: 'build with -m64 or -m32' },
};

/** The same of 64-bit programs alone. */
const refusals64: Readonly<Record<string, Refusal>> = {
  '-no-pie': {
    code: 'M021',
    message:
      '-no-pie: a mirrored program has to be position-independent, or its memory has no constant distance to a mirror',
    note: 'leave -no-pie out; programs are linked static-PIE',
  },
  '-nopie': {
    code: 'M021',
    message: '-nopie: a mirrored program has to be position-independent',
    note: 'leave -nopie out',
  },
};

const ownOptions: ReadonlySet<string> = new Set([
  '--mirror-abi',
  '--mirror-allow',
  '--mirror-break',
  '--mirror-call',
  '--mirror-libc',
  '--mirror-sites',
  '--mirror-stats',
  '--mirror-strict',
]);

/** Options of the driver's own link, which it makes itself. */
const absorbed: ReadonlySet<string> = new Set([
  '-no-pie',
  '-nopie',
  '-pie',
  '-rdynamic',
  '-static',
  '-static-pie',
]);

/** Splits a response file as gcc does: blanks separate, quotes group, a backslash takes the next character. */
export function splitResponse(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let open = false;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '\\' && i + 1 < text.length) {
      word += text.charAt(++i);
      open = true;
    } else if (quote !== '') {
      if (c === quote) quote = '';
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      open = true;
    } else if (/\s/.test(c)) {
      if (open) words.push(word);
      word = '';
      open = false;
    } else {
      word += c;
      open = true;
    }
  }
  if (open) words.push(word);
  return words;
}

function expand(args: readonly string[], folder: string, depth: number): string[] {
  return args.flatMap((arg) => {
    if (!arg.startsWith('@') || depth > 20) return [arg];
    let text: string;
    try {
      text = readFileSync(resolve(folder, arg.slice(1)), 'utf8');
    } catch {
      return [arg]; // gcc takes it as it stands
    }
    return expand(splitResponse(text), folder, depth + 1);
  });
}

const isAssembly = (path: string): boolean => /\.(s|S|sx)$/.test(path);

/**
 * Reads a command line. Pure but for response files.
 *
 * @param folder the current folder, where relative paths start
 */
export function readArguments(argv: readonly string[], folder = '.'): Request {
  const args: string[] = [];
  const inputs: string[] = [];
  const own = new Map<string, string>();
  const refused: Refusal[] = [];
  const refused64: Refusal[] = [];
  let bits: Bits = 64;
  let pie = false;
  let phase: Phase = 'link';
  let output: string | undefined;
  let language = '';
  let handWritten = false;
  const has = {
    pic: false,
    nostdinc: false,
    nostdincxx: false,
    nostdlib: false,
    nostdlibxx: false,
    nostartfiles: false,
    relocatable: false,
    static: false,
    shared: false,
    rdynamic: false,
  };
  const all = expand(argv, folder, 0);
  for (let i = 0; i < all.length; i++) {
    const arg = all[i] ?? '';
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    if (name.startsWith('--mirror-')) {
      if (!ownOptions.has(name) || equals < 0)
        refused.push({
          code: 'M023',
          message: `unknown option '${arg}'`,
          note: `known: ${[...ownOptions].join('=, ')}=`,
        });
      else own.set(name, arg.slice(equals + 1));
      continue;
    }
    const refusal = refusals[arg];
    if (refusal) refused.push(refusal);
    const refusal64 = refusals64[arg];
    if (refusal64) refused64.push(refusal64);
    if (arg === '-m32') bits = 32;
    else if (arg === '-m64') bits = 64;
    else if (arg === '-pie' || arg === '-static-pie') pie = true;
    else if (arg === '-no-pie' || arg === '-nopie') pie = false;
    if (arg === '-static' || arg === '-static-pie') has.static = true;
    else if (arg === '-shared') has.shared = true;
    else if (arg === '-rdynamic') has.rdynamic = true;
    if (absorbed.has(arg)) continue;
    if (arg === '-o' && i + 1 < all.length) {
      output = all[++i];
      args.push(arg, output ?? '');
      continue;
    }
    if (arg.startsWith('-o') && !arg.startsWith('-object')) output = arg.slice(2);
    args.push(arg);
    if (informs.has(arg) || informsByPrefix.some((p) => arg.startsWith(p))) {
      if (arg !== '-v') phase = 'inform';
    } else if (arg === '-c') phase = phase === 'inform' ? phase : 'object';
    else if (arg === '-S') phase = phase === 'inform' ? phase : 'assembly';
    else if (arg === '-x' && i + 1 < all.length) {
      language = all[++i] ?? '';
      args.push(language);
    } else if (arg.startsWith('-x') && arg.length > 2 && arg.charAt(2) !== '=') language = arg.slice(2);
    else if (takesValue.has(arg) && i + 1 < all.length) args.push(all[++i] ?? '');
    else if (/^-f(no-)?(pic|PIC|pie|PIE)$/.test(arg)) has.pic = true;
    else if (arg === '-nostdinc') has.nostdinc = true;
    else if (arg === '-nostdinc++') has.nostdincxx = true;
    else if (arg === '-nostdlib') has.nostdlib = true;
    else if (arg === '-nostdlib++') has.nostdlibxx = true;
    else if (arg === '-nostartfiles') has.nostartfiles = true;
    else if (arg === '-r') has.relocatable = true;
    else if (!arg.startsWith('-') || arg === '-') {
      inputs.push(arg);
      if (isAssembly(arg) || language.startsWith('assembler')) handWritten = true;
    }
  }
  return {
    phase,
    inputs,
    output,
    handWritten,
    bits,
    pie,
    isStatic: has.static,
    isShared: has.shared,
    exportsAll: has.rdynamic,
    picChosen: has.pic,
    noStandardInclude: has.nostdinc,
    noStandardCxxInclude: has.nostdincxx,
    noStandardLibrary: has.nostdlib,
    noStandardCxxLibrary: has.nostdlibxx,
    noStartFiles: has.nostartfiles,
    relocatable: has.relocatable,
    arguments: args,
    own,
    refused: bits === 64 ? [...refused, ...refused64] : refused,
  };
}
