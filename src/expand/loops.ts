// The lists of `.irp` and `.irpc` (GNU as manual 7.57, 7.58).
import { AMPERSAND, QUOTE, endOfName, skipBlanks, skipComma } from './characters.js';
import { readArgument } from './macros.js';
import type { Mode } from './macros.js';
import { Refusal } from './types.js';

export interface Elements {
  readonly parameter: string;
  /** An empty list is worth one empty element. */
  readonly elements: readonly string[];
}

export function elementsOf(line: string, kind: 'irp' | 'irpc', name: string, mode: Mode): Elements {
  const start = skipBlanks(line, 0);
  const end = endOfName(line, start);
  if (end === start) throw new Refusal(`${name} has no parameter`, `write ${name} NAME, LIST`);
  const parameter = line.slice(start, end);
  const behind = mode.altmacro && line.charCodeAt(end) === AMPERSAND ? end + 1 : end;
  const at = skipComma(line, behind);
  if (at >= line.length) return { parameter, elements: [''] };
  return { parameter, elements: kind === 'irp' ? list(line, at, mode) : characters(line, at) };
}

function list(line: string, from: number, mode: Mode): string[] {
  const elements: string[] = [];
  for (let at = from; at < line.length;) {
    const { text, end } = readArgument(line, at, mode);
    elements.push(text);
    at = skipComma(line, end);
  }
  return elements;
}

/** Each character; blanks only inside quotes, which are elements but for the first and the last one. */
function characters(line: string, from: number): string[] {
  const elements: string[] = [];
  let quoted = false;
  let at = from;
  if (line.charCodeAt(at) === QUOTE) {
    quoted = true;
    at++;
  }
  while (at < line.length) {
    if (line.charCodeAt(at) === QUOTE) {
      quoted = !quoted;
      if (skipBlanks(line, at + 1) >= line.length) break;
    }
    elements.push(line[at] ?? '');
    at++;
    if (!quoted) at = skipBlanks(line, at);
  }
  return elements;
}
