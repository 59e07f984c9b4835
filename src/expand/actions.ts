// What each directive does. The engine reads statements and keeps the stack of inputs; this file knows the directives' operands.
import { readBlock } from './body.js';
import type { BlockKind } from './body.js';
import { COMMA, QUOTE, endOfName, endPlain, endQuoted, readString, skipBlanks } from './characters.js';
import type { Conditions } from './conditions.js';
import { isDirective } from './directives.js';
import type { Action, Test } from './directives.js';
import type { Input, InputKind } from './input.js';
import { elementsOf } from './loops.js';
import { readHeading, substitute } from './macros.js';
import type { Body, Macro, Mode } from './macros.js';
import type { OriginsBuilder, Place } from './origins.js';
import type { Output } from './output.js';
import type { Symbols } from './symbols.js';
import { Refusal } from './types.js';
import type { ExpandOptions } from './types.js';
import { absolute, holds, nothingMore } from './values.js';

/** What directives act on. */
export interface Engine {
  readonly options: ExpandOptions;
  readonly origins: OriginsBuilder;
  readonly output: Output;
  readonly conditions: Conditions;
  /** By lower-case name. */
  readonly macros: Map<string, Macro>;
  readonly symbols: Symbols;
  readonly mode: Mode;
  /** Characters that may still be added. */
  readonly room: number;
  /** Labels before the directive or call being read, as text. */
  readonly labels: string;
  /**
   * The statement is copied as it stands.
   *
   * @param name a directive's name, in lower case; anything else is an instruction
   */
  plain(input: Input, at: number, name: string): void;
  /** Reads on in the expansion of a macro or loop, or in an included file. */
  enter(input: Input, kind: InputKind, name: string, text: string, place: Place): void;
  /** Counts characters against the limit. */
  spend(characters: number): void;
  /** Leaves the innermost input before its end. */
  leave(): void;
  /** Nothing more is read. */
  stop(): void;
}

export function act(engine: Engine, input: Input, action: Action, name: string, end: number): void {
  const { text } = input;
  const at = skipBlanks(text, end);
  switch (action.kind) {
    case 'if':
    case 'ifdef':
    case 'ifblank':
    case 'ifsame':
    case 'ifequal':
      return condition(engine, input, action, name, at);
    case 'elseif':
      input.finish(endPlain(text, at));
      engine.conditions.elseIf(() =>
        holds({ kind: 'if', test: 'ne' }, name, text, at, engine.symbols, false),
      );
      return dropLine(engine, input);
    case 'else':
    case 'endif':
      input.finish(endPlain(text, at));
      nothingMore(text, at, name);
      if (action.kind === 'else') engine.conditions.otherwise();
      else engine.conditions.close();
      return dropLine(engine, input);
    case 'macro':
      return define(engine, input, at);
    case 'rept':
      return repeat(engine, input, at);
    case 'irp':
    case 'irpc':
      return iterate(engine, input, action.kind, name, at);
    case 'include':
      return include(engine, input, at);
    case 'exitm':
      return exit(engine, input, at);
    case 'purgem':
      return purge(engine, input, at);
    case 'altmacro':
      input.finish(endPlain(text, at));
      nothingMore(text, at, name);
      engine.mode.altmacro = action.on;
      return dropLine(engine, input);
    case 'stray':
      input.finish(endPlain(text, at));
      throw new Refusal(
        `${name} without a beginning`,
        'remove it: GNU as only warns, but a body may be lost',
      );
    case 'syntax':
      engine.symbols.intel = action.intel;
      return engine.plain(input, at, name);
    case 'assign':
      return set(engine, input, at, action.eager);
    case 'define':
    case 'blur':
      return mention(engine, input, name, at, action.kind);
    case 'error': {
      const string = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
      input.finish(endQuoted(text, at, false));
      throw new Refusal(string?.value ?? action.message, 'the text itself stops here');
    }
    case 'end':
      return stop(engine, input, at);
    case 'refused':
      input.finish(endPlain(text, at));
      throw new Refusal(`${name} is not supported`, action.note);
  }
}

function condition(engine: Engine, input: Input, action: Test, name: string, at: number): void {
  const { text } = input;
  const strings = action.kind === 'ifequal';
  input.finish(strings ? endQuoted(text, at, false) : endPlain(text, at));
  const { place } = input;
  engine.conditions.open(
    holds(action, name, text, at, engine.symbols, engine.conditions.skipping),
    input.nesting,
    engine.origins.nameOf(place.file),
    input.lineOf(input.rawStart),
  );
  dropLine(engine, input);
}

function dropLine(engine: Engine, input: Input): void {
  if (engine.labels === '') engine.output.drop(input);
  else engine.output.keepLabels(input, engine.labels);
}

function define(engine: Engine, input: Input, at: number): void {
  const { text } = input;
  const end = endQuoted(text, at, false);
  const heading = text.slice(at, end);
  const body = block(input, end, 'macro');
  if (engine.labels !== '')
    throw new Refusal(
      'a label before .macro, which GNU as takes for the name',
      'write .macro NAME on a line of its own',
    );
  const { name, parameters } = readHeading(heading, engine.mode);
  const key = name.toLowerCase();
  if (isDirective(key))
    throw new Refusal(
      `macro '${name}' has the name of a directive`,
      'GNU as ignores such a macro: give it another name',
    );
  if (engine.macros.has(key))
    throw new Refusal(
      `macro '${name}' is defined already`,
      `write .purgem ${name} before the new definition`,
    );
  engine.macros.set(key, { name, parameters, body });
  engine.output.drop(input);
}

function repeat(engine: Engine, input: Input, at: number): void {
  const { text } = input;
  const close = endPlain(text, at);
  input.finish(close);
  const { value = 0n, end } = absolute(text, at, '.rept', engine.symbols);
  const body = block(input, close, 'loop');
  nothingMore(text, end, '.rept');
  if (value < 0n) throw new Refusal(`.rept ${value} times`, 'the count must not be negative');
  const size = value * BigInt(body.text.length);
  if (size > BigInt(engine.room)) engine.spend(engine.room);
  const lines = body.text.split('\n').length - 1;
  engine.enter(input, 'loop', '.rept', body.text.repeat(Number(size === 0n ? 0n : value)), {
    ...body.place,
    period: lines,
  });
}

function iterate(engine: Engine, input: Input, kind: 'irp' | 'irpc', name: string, at: number): void {
  const { text } = input;
  const end = endQuoted(text, at, false);
  const line = text.slice(at, end);
  const body = block(input, end, 'loop');
  const { parameter, elements } = elementsOf(line, kind, name, engine.mode);
  const parts: string[] = [];
  let size = 0;
  for (const element of elements) {
    const part = substitute(body.text, new Map([[parameter, element]]), engine.mode, false);
    size += part.length + 1;
    if (size > engine.room) engine.spend(engine.room);
    parts.push(part);
  }
  const lines = body.text.split('\n').length - 1;
  engine.enter(input, 'loop', name, parts.join(''), { ...body.place, period: Math.max(lines, 1) });
}

function include(engine: Engine, input: Input, at: number): void {
  const { text } = input;
  const string = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
  input.finish(endQuoted(text, string?.end ?? at, false));
  if (!string) throw new Refusal('.include has no file name', 'write .include "FILE"');
  nothingMore(text, string.end, '.include');
  const file = engine.options.readInclude(string.value);
  if (!file)
    throw new Refusal(
      `cannot read '${string.value}'`,
      'it is looked for in the current folder and in the -I folders, in order',
    );
  if (file.text.includes('\0'))
    throw new Refusal(`'${file.name}' is binary data`, 'data goes in with .incbin');
  engine.enter(input, 'file', '.include', file.text, {
    file: engine.origins.file(file.name),
    line: 1,
    period: 0,
  });
}

function exit(engine: Engine, input: Input, at: number): void {
  input.finish(endPlain(input.text, at));
  if (input.nesting === 0) throw new Refusal('.exitm outside of a macro', 'remove it');
  if (input.kind === 'file')
    throw new Refusal('.exitm in a file that a macro includes', 'leave the macro with .if instead');
  engine.conditions.leave(input.nesting);
  dropLine(engine, input);
  engine.leave();
}

function purge(engine: Engine, input: Input, at: number): void {
  const { text } = input;
  const end = endPlain(text, at);
  input.finish(end);
  for (const part of text.slice(at, end).trim() === '' ? [] : text.slice(at, end).split(',')) {
    const name = part.trim();
    if (endOfName(name, 0) !== name.length || name === '')
      throw new Refusal(`'${name}' is no name of a macro`, 'write .purgem NAME, NAME');
    engine.macros.delete(name.toLowerCase());
  }
  dropLine(engine, input);
}

function set(engine: Engine, input: Input, at: number, eager: boolean): void {
  const { text } = input;
  const quoted = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
  const end = quoted?.end ?? endOfName(text, at);
  const comma = skipBlanks(text, end);
  const close = endQuoted(text, comma, true);
  const name = quoted?.value ?? text.slice(at, end);
  if (end > at && text.charCodeAt(comma) === COMMA && name !== '.')
    engine.symbols.assign(name, text.slice(comma + 1, close), eager);
  input.finish(close);
}

function mention(engine: Engine, input: Input, directive: string, at: number, kind: 'define' | 'blur'): void {
  const { text } = input;
  const quoted = text.charCodeAt(at) === QUOTE ? readString(text, at) : undefined;
  const name = quoted?.value ?? /^[^\s,;"]*/.exec(text.slice(at, at + 1000))?.[0] ?? '';
  if (kind === 'define') engine.symbols.reserve(name);
  else engine.symbols.blur(name);
  engine.plain(input, at, directive);
}

/** `.end`: nothing behind it is read, here or in any file or macro around. */
function stop(engine: Engine, input: Input, at: number): void {
  input.finish(endPlain(input.text, at));
  engine.output.copy(input, input.rawEnd);
  engine.stop();
}

/** Collects the body of a macro or loop whose directive's line ends at `end`. */
function block(input: Input, end: number, kind: BlockKind): Body {
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
