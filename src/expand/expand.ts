// Expands macros, conditionals, loops and included files (GNU as manual chapter 7), so that all later stages see plain statements.
import {
  COLON,
  COMMA,
  DOT,
  EQUALS,
  QUOTE,
  SPACE,
  endOfName,
  endPlain,
  endQuoted,
  isBlank,
  isDigit,
  isEnd,
  isNameStart,
  readString,
  skipBlanks,
} from './characters.js';
import { Conditions } from './conditions.js';
import { actionOf, isDirective, mayExpand } from './directives.js';
import type { Action, Test } from './directives.js';
import { Input } from './input.js';
import type { InputKind } from './input.js';
import { readBlock } from './body.js';
import type { BlockKind } from './body.js';
import { elementsOf } from './loops.js';
import { bind, readHeading, substitute } from './macros.js';
import type { Body, Macro, Mode } from './macros.js';
import { OriginsBuilder, unchanged } from './origins.js';
import type { Place } from './origins.js';
import { Output } from './output.js';
import { Symbols } from './symbols.js';
import { absolute, holds, nothingMore } from './values.js';
import { Refusal } from './types.js';
import type { ExpandOptions, Expansion, Problem } from './types.js';

const defaultLimit = 256 << 20;
/** GNU as: --max-macro-nesting; 100 unless told. */
const maxNesting = 100;
const maxIncludes = 200;
/** What a macro or loop costs besides its text, so that empty ones come to an end, too. */
const useCost = 256;

/**
 * Expands one assembly text. A text that has nothing to expand comes back as it is.
 *
 * @param name file name, for messages
 * @param text bytes as characters 0 to 255
 */
export function expand(name: string, text: string, options: ExpandOptions): Expansion {
  if (!mayExpand(text)) return { ok: true, text, origins: unchanged(name) };
  return new Expander(options).run(name, text);
}

class Expander {
  private readonly origins = new OriginsBuilder();
  private readonly output = new Output(this.origins);
  private readonly conditions = new Conditions();
  private readonly macros = new Map<string, Macro>();
  private readonly inputs: Input[] = [];
  private readonly symbols: Symbols;
  private readonly mode: Mode;
  private room: number;
  private includes = 0;
  /** Labels before the directive or macro call being read, as text. */
  private labels = '';

  constructor(private readonly options: ExpandOptions) {
    this.symbols = new Symbols(options.defsym);
    this.room = options.limit ?? defaultLimit;
    this.mode = { altmacro: false, count: 0, locals: 0, symbols: this.symbols, room: () => this.room };
  }

  run(name: string, text: string): Expansion {
    let input = this.open('file', text, { file: this.origins.file(name), line: 1, period: 0 }, -1);
    try {
      if (text.includes('\0')) throw new Refusal('binary data', 'give assembly text');
      if (text.startsWith('#NO_APP')) throw new Refusal("'#NO_APP' switches comments off", 'remove the line');
      for (let top = this.inputs.at(-1); top; top = this.inputs.at(-1)) {
        input = top;
        if (input.openString >= 0) {
          input.rawStart = input.rawEnd = input.openString;
          throw new Refusal(
            'a string begins here and has no end',
            'close it; a " in a string is written \\"',
          );
        }
        if (input.ended) this.close(input);
        else this.statement(input);
      }
      const { innermost } = this.conditions;
      if (innermost)
        throw new Refusal(`the .if at ${innermost.file}:${innermost.line} has no .endif`, 'write the .endif');
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      return { ok: false, problems: [this.problem(input, refusal)] };
    }
    return { ok: true, text: this.output.text(), origins: this.origins.build() };
  }

  private problem(input: Input, { message, note }: Refusal): Problem {
    return {
      file: this.origins.nameOf(input.place.file),
      line: input.lineOf(input.rawStart),
      column: input.column(),
      text: input.excerpt(),
      message,
      note,
      uses: this.origins.chain(input.use),
    };
  }

  private open(kind: InputKind, text: string, place: Place, use: number): Input {
    const nesting = (this.inputs.at(-1)?.nesting ?? 0) + (kind === 'file' ? 0 : 1);
    const input = new Input(kind, text, place, use, nesting);
    this.inputs.push(input);
    return input;
  }

  /** The input is at its end. */
  private close(input: Input): void {
    this.output.copy(input, input.raw.length);
    // GNU as looks at the end of a macro alone: an .if may go on behind a loop.
    const { innermost } = this.conditions;
    if (input.kind === 'macro' && innermost && this.conditions.openIn(input.nesting))
      throw new Refusal(
        `the .if at ${innermost.file}:${innermost.line} has no .endif in its macro`,
        'write the .endif',
      );
    this.leave(input);
  }

  private leave(input: Input): void {
    if (this.inputs.length > 1) this.output.freshLine();
    if (input.kind === 'file') this.includes--;
    this.inputs.pop();
  }

  /** Reads one statement, in the order GNU as 2.40 does: labels, assignment, directive, macro. */
  private statement(input: Input): void {
    const { text } = input;
    input.begin();
    this.labels = '';
    const start = input.at;
    let at = start;
    for (;;) {
      while (isBlank(text.charCodeAt(at)) || text.charCodeAt(at) === 12) at++;
      const c = text.charCodeAt(at);
      if (isEnd(c)) return this.blank(input, at);
      const named = isNameStart(c) || c === QUOTE;
      if (this.conditions.skipping && !(named && /^\.(if|else|endif|endc)/i.test(text.slice(at, at + 6)))) {
        input.finish(endQuoted(text, at, false));
        return this.output.drop(input);
      }
      if (!named) {
        const label = isDigit(c) ? /\d+:/y : undefined;
        if (label) label.lastIndex = at;
        if (!label?.test(text)) return this.plain(input, at, '');
        at = label.lastIndex;
        this.labels = text.slice(start, at);
        continue;
      }
      const quoted = c === QUOTE ? readString(text, at) : undefined;
      const end = quoted ? quoted.end : endOfName(text, at);
      if (c === QUOTE && !quoted) return this.plain(input, at, '');
      const name = quoted ? quoted.value : text.slice(at, end);
      const next = text.charCodeAt(end);
      if (next === COLON) {
        this.symbols.define(name);
        at = skipBlanks(text, end + 1);
        this.labels = text.slice(start, end + 1);
        continue;
      }
      const sign = next === SPACE ? end + 1 : end;
      if (text.charCodeAt(sign) === EQUALS) return this.assignment(input, name, sign);
      if (c !== DOT && this.macros.size === 0) return this.plain(input, end, '');
      return this.named(input, name.toLowerCase(), end, c === QUOTE);
    }
  }

  /**
   * The statement is copied as it stands.
   *
   * @param name a directive's name, in lower case; anything else is an instruction
   */
  private plain(input: Input, at: number, name: string): void {
    const end = endQuoted(input.text, at, true);
    this.symbols.positions.pass(name, name.startsWith('.') ? input.text.slice(at, end) : '', this.symbols);
    input.finish(end);
  }

  /** Nothing, or labels alone. Blank lines of a macro are of no use. */
  private blank(input: Input, at: number): void {
    input.finish(at);
    if (input.kind !== 'file' && this.labels === '') this.output.drop(input);
  }

  private assignment(input: Input, name: string, sign: number): void {
    const { text } = input;
    const lazy = text.charCodeAt(sign + 1) === EQUALS;
    const from = sign + (lazy ? (text.charCodeAt(sign + 2) === EQUALS ? 3 : 2) : 1);
    const end = endQuoted(text, from, true);
    if (name === '.') this.symbols.positions.pass('.org', '', this.symbols);
    else this.symbols.assign(name, text.slice(from, end), !lazy);
    input.finish(end);
  }

  private named(input: Input, name: string, end: number, quoted: boolean): void {
    const directive = name.startsWith('.');
    const action = directive && !quoted ? actionOf(name) : undefined;
    if (action) return this.act(input, action, name, end);
    if (this.conditions.skipping) {
      input.finish(endPlain(input.text, end));
      throw new Refusal(
        `'${name}' is no directive`,
        'GNU as reads .if..., .else... and .endif... in skipped text, too',
      );
    }
    const macro = directive && isDirective(name) ? undefined : this.macros.get(name);
    if (!macro) return this.plain(input, end, name);
    // A call of a macro with a dot ends at the next `;`, in a string or not.
    const close = directive ? endPlain(input.text, end) : endQuoted(input.text, end, false);
    input.finish(close);
    if (quoted) throw new Refusal(`a call of macro '${macro.name}' in quotes`, 'write the name without them');
    this.call(input, macro, input.text.slice(end, close));
  }

  private call(input: Input, macro: Macro, line: string): void {
    const values = bind(macro, line, this.mode);
    const text = substitute(macro.body.text, values, this.mode, true);
    this.mode.count++;
    this.enter(input, 'macro', macro.name, text, macro.body.place);
  }

  /** Reads on in the expansion of a macro or loop. */
  private enter(input: Input, kind: InputKind, name: string, text: string, place: Place): void {
    this.spend(text.length);
    if (kind !== 'file' && input.nesting > maxNesting)
      throw new Refusal(
        `macros and loops are nested more than ${maxNesting} deep`,
        `look for an end of the recursion of '${name}'`,
      );
    this.output.keepLabels(input, this.labels);
    this.output.freshLine();
    const use = this.origins.use(name, input.place.file, input.lineOf(input.rawStart), input.use);
    this.open(kind, text, place, use);
  }

  private spend(characters: number): void {
    this.room -= characters + useCost;
    if (this.room < 0)
      throw new Refusal(
        `macros, loops and included files add up to more than ${this.options.limit ?? defaultLimit} characters`,
        'raise the limit, or look for a macro or loop that has no end',
      );
  }

  /** Collects the body of a macro or loop whose directive's line ends at `end`. */
  private block(input: Input, end: number, kind: BlockKind): Body {
    input.finish(end);
    const line = input.lineOf(input.rawEnd);
    const block = readBlock(input.text, end + 1, kind);
    if (!block)
      throw new Refusal(
        kind === 'macro' ? '.macro without .endm' : 'a loop without .endr',
        'the end has to stand in the same file, macro or loop as the beginning',
      );
    input.finish(block.next - 1);
    return {
      text: block.text,
      place: { file: input.place.file, line, period: 0 },
    };
  }

  private act(input: Input, action: Action, name: string, end: number): void {
    const { text } = input;
    const at = skipBlanks(text, end);
    switch (action.kind) {
      case 'if':
      case 'ifdef':
      case 'ifblank':
      case 'ifsame':
      case 'ifequal':
        return this.condition(input, action, name, at);
      case 'elseif':
        input.finish(endPlain(text, at));
        this.conditions.elseIf(() => holds({ kind: 'if', test: 'ne' }, name, text, at, this.symbols));
        return this.dropLine(input);
      case 'else':
      case 'endif':
        input.finish(endPlain(text, at));
        nothingMore(text, at, name);
        if (action.kind === 'else') this.conditions.otherwise();
        else this.conditions.close();
        return this.dropLine(input);
      case 'macro':
        return this.define(input, at);
      case 'rept':
        return this.repeat(input, at);
      case 'irp':
      case 'irpc':
        return this.iterate(input, action.kind, name, at);
      case 'include':
        return this.include(input, at);
      case 'exitm':
        return this.exit(input, at);
      case 'purgem':
        return this.purge(input, at);
      case 'altmacro':
        input.finish(endPlain(text, at));
        nothingMore(text, at, name);
        this.mode.altmacro = action.on;
        return this.dropLine(input);
      case 'stray':
        input.finish(endPlain(text, at));
        throw new Refusal(
          `${name} without a beginning`,
          'remove it: GNU as only warns, but a body may be lost',
        );
      case 'syntax':
        this.symbols.intel = action.intel;
        return this.plain(input, at, name);
      case 'assign':
        return this.set(input, at, action.eager);
      case 'define':
      case 'blur':
        return this.mention(input, name, at, action.kind);
      case 'error': {
        const string = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
        input.finish(endQuoted(text, at, false));
        throw new Refusal(string?.value ?? action.message, 'the text itself stops here');
      }
      case 'end':
        return this.stop(input, at);
      case 'refused':
        input.finish(endPlain(text, at));
        throw new Refusal(`${name} is not supported`, action.note);
    }
  }

  private condition(input: Input, action: Test, name: string, at: number): void {
    const { text } = input;
    const strings = action.kind === 'ifequal';
    input.finish(strings ? endQuoted(text, at, false) : endPlain(text, at));
    // GNU as reads the operands of most of them in skipped text, too, and refuses bad ones; here only those that count are read.
    const { place } = input;
    this.conditions.open(
      !this.conditions.skipping && holds(action, name, text, at, this.symbols),
      input.nesting,
      this.origins.nameOf(place.file),
      input.lineOf(input.rawStart),
    );
    this.dropLine(input);
  }

  private dropLine(input: Input): void {
    if (this.labels === '') this.output.drop(input);
    else this.output.keepLabels(input, this.labels);
  }

  private define(input: Input, at: number): void {
    const { text } = input;
    const end = endQuoted(text, at, false);
    const heading = text.slice(at, end);
    const body = this.block(input, end, 'macro');
    if (this.labels !== '')
      throw new Refusal(
        'a label before .macro, which GNU as takes for the name',
        'write .macro NAME on a line of its own',
      );
    const { name, parameters } = readHeading(heading, this.mode);
    const key = name.toLowerCase();
    if (isDirective(key))
      throw new Refusal(
        `macro '${name}' has the name of a directive`,
        'GNU as ignores such a macro: give it another name',
      );
    if (this.macros.has(key))
      throw new Refusal(
        `macro '${name}' is defined already`,
        `write .purgem ${name} before the new definition`,
      );
    this.macros.set(key, { name, parameters, body });
    this.output.drop(input);
  }

  private repeat(input: Input, at: number): void {
    const { text } = input;
    const close = endPlain(text, at);
    const { value = 0n, end } = absolute(text, at, '.rept', this.symbols);
    const body = this.block(input, close, 'loop');
    nothingMore(text, end, '.rept');
    if (value < 0n) throw new Refusal(`.rept ${value} times`, 'the count must not be negative');
    const size = value * BigInt(body.text.length);
    if (size > BigInt(this.room)) this.spend(this.room);
    const lines = body.text.split('\n').length - 1;
    this.enter(input, 'loop', '.rept', body.text.repeat(Number(size === 0n ? 0n : value)), {
      ...body.place,
      period: lines,
    });
  }

  private iterate(input: Input, kind: 'irp' | 'irpc', name: string, at: number): void {
    const { text } = input;
    const end = endQuoted(text, at, false);
    const line = text.slice(at, end);
    const body = this.block(input, end, 'loop');
    const { parameter, elements } = elementsOf(line, kind, name, this.mode);
    const parts: string[] = [];
    let size = 0;
    for (const element of elements) {
      const part = substitute(body.text, new Map([[parameter, element]]), this.mode, false);
      size += part.length + 1;
      if (size > this.room) this.spend(this.room);
      parts.push(part);
    }
    const lines = body.text.split('\n').length - 1;
    this.enter(input, 'loop', name, parts.join(''), { ...body.place, period: Math.max(lines, 1) });
  }

  private include(input: Input, at: number): void {
    const { text } = input;
    const string = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
    input.finish(endQuoted(text, string?.end ?? at, false));
    if (!string) throw new Refusal('.include has no file name', 'write .include "FILE"');
    nothingMore(text, string.end, '.include');
    const file = this.options.readInclude(string.value);
    if (!file)
      throw new Refusal(
        `cannot read '${string.value}'`,
        'it is looked for in the current folder and in the -I folders, in order',
      );
    if (file.text.includes('\0'))
      throw new Refusal(`'${file.name}' is binary data`, 'data goes in with .incbin');
    if (++this.includes > maxIncludes)
      throw new Refusal(
        `files include each other more than ${maxIncludes} deep`,
        'look for a file that includes itself',
      );
    this.enter(input, 'file', '.include', file.text, {
      file: this.origins.file(file.name),
      line: 1,
      period: 0,
    });
  }

  private exit(input: Input, at: number): void {
    input.finish(endPlain(input.text, at));
    if (input.nesting === 0) throw new Refusal('.exitm outside of a macro', 'remove it');
    if (input.kind === 'file')
      throw new Refusal('.exitm in a file that a macro includes', 'leave the macro with .if instead');
    this.conditions.leave(input.nesting);
    this.dropLine(input);
    this.leave(input);
  }

  private purge(input: Input, at: number): void {
    const { text } = input;
    const end = endPlain(text, at);
    input.finish(end);
    for (const part of text.slice(at, end).trim() === '' ? [] : text.slice(at, end).split(',')) {
      const name = part.trim();
      if (endOfName(name, 0) !== name.length || name === '')
        throw new Refusal(`'${name}' is no name of a macro`, 'write .purgem NAME, NAME');
      this.macros.delete(name.toLowerCase());
    }
    this.dropLine(input);
  }

  private set(input: Input, at: number, eager: boolean): void {
    const { text } = input;
    const quoted = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
    const end = quoted?.end ?? endOfName(text, at);
    const comma = skipBlanks(text, end);
    const close = endQuoted(text, comma, true);
    const name = quoted?.value ?? text.slice(at, end);
    if (end > at && text.charCodeAt(comma) === COMMA && name !== '.')
      this.symbols.assign(name, text.slice(comma + 1, close), eager);
    input.finish(close);
  }

  private mention(input: Input, directive: string, at: number, kind: 'define' | 'blur'): void {
    const { text } = input;
    const quoted = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
    const name = quoted?.value ?? /^[^\s,;"]*/.exec(text.slice(at, at + 1000))?.[0] ?? '';
    if (kind === 'define') this.symbols.define(name);
    else this.symbols.blur(name);
    this.plain(input, at, directive);
  }

  /** `.end`: nothing behind it is read, here or in any file or macro around. */
  private stop(input: Input, at: number): void {
    input.finish(endPlain(input.text, at));
    this.output.copy(input, input.rawEnd);
    this.inputs.length = 0;
  }
}
