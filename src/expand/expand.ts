// Expands macros, conditionals, loops and included files (GNU as manual chapter 7), so that all later stages see plain statements.
import { act } from './actions.js';
import type { Engine } from './actions.js';
import {
  COLON,
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
import { Input } from './input.js';
import type { InputKind } from './input.js';
import { bind, substitute } from './macros.js';
import type { Macro, Mode } from './macros.js';
import { OriginsBuilder, unchanged } from './origins.js';
import type { Place } from './origins.js';
import { Output } from './output.js';
import { Symbols } from './symbols.js';
import { Refusal } from './types.js';
import type { ExpandOptions, Expansion, Problem } from './types.js';

const defaultLimit = 256 << 20;
/** GNU as: --max-macro-nesting; 100 unless told. */
const maxNesting = 100;
const maxInputs = 300;
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

const faults = {
  string: new Refusal('a string begins here and has no end', 'close it; a " in a string is written \\"'),
  marker: new Refusal(
    'a line marker has more on its line than a file name and flags, which GNU as takes for statements',
    'write the marker on a line of its own',
  ),
};

class Expander implements Engine {
  readonly origins = new OriginsBuilder();
  readonly output = new Output(this.origins);
  readonly conditions = new Conditions();
  readonly macros = new Map<string, Macro>();
  private readonly inputs: Input[] = [];
  readonly symbols: Symbols;
  readonly mode: Mode;
  room: number;
  labels = '';

  constructor(readonly options: ExpandOptions) {
    this.symbols = new Symbols(options.defsym);
    this.room = options.limit ?? defaultLimit;
    this.mode = { altmacro: false, count: 0, locals: 0, symbols: this.symbols, room: () => this.room };
  }

  run(name: string, text: string): Expansion {
    let input = this.open('file', text, { file: this.origins.file(name), line: 1, period: 0 }, -1);
    try {
      if (text.includes('\0')) throw new Refusal('binary data', 'give assembly text');
      for (let top = this.inputs.at(-1); top; top = this.inputs.at(-1)) {
        input = top;
        // There GNU as reads the text without scrubbing it first.
        if (input.kind === 'file' && input.rawEnd === 0 && input.raw.startsWith('#NO_APP\n'))
          throw new Refusal("'#NO_APP' switches comments off", 'remove the line');
        if (input.fault) {
          input.rawStart = input.rawEnd = input.fault.at;
          throw faults[input.fault.kind];
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
      message: message.slice(0, 500),
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
    this.leave();
  }

  leave(): void {
    if (this.inputs.length > 1) this.output.freshLine();
    this.inputs.pop();
  }

  stop(): void {
    this.inputs.length = 0;
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

  plain(input: Input, at: number, name: string): void {
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
    if (action) return act(this, input, action, name, end);
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

  enter(input: Input, kind: InputKind, name: string, text: string, place: Place): void {
    this.spend(text.length);
    if (this.inputs.length > maxInputs)
      throw new Refusal(
        `files include each other more than ${maxInputs} deep`,
        'look for a file that includes itself',
      );
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

  spend(characters: number): void {
    this.room -= characters + useCost;
    if (this.room < 0)
      throw new Refusal(
        `macros, loops and included files add up to more than ${this.options.limit ?? defaultLimit} characters`,
        'raise the limit, or look for a macro or loop that has no end',
      );
  }
}
