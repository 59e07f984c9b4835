// The expanded text as it grows, and the origins of its lines.
import type { Input } from './input.js';
import type { OriginsBuilder } from './origins.js';

export class Output {
  private readonly parts: string[] = [];
  private line = 1;
  private atLineStart = true;

  constructor(private readonly origins: OriginsBuilder) {}

  /** Copies what of an input is pending, up to `end`. */
  copy(input: Input, end: number): void {
    const { raw, pending: from, place } = input;
    input.pending = end;
    if (from >= end) return;
    const first = input.linesBefore(from);
    this.origins.mark(this.line, place, first, input.use);
    this.put(raw.slice(from, end), input.linesBefore(end) - first);
  }

  /** Drops the input's statement; a file's newlines stay, so that its lines keep their numbers. */
  drop(input: Input): void {
    this.copy(input, input.rawStart);
    input.pending = input.rawEnd;
    if (input.kind !== 'file') return;
    const newlines = input.linesBefore(input.rawEnd) - input.linesBefore(input.rawStart);
    if (newlines > 0) this.blank(input, newlines);
  }

  /** Drops the statement but for the labels before it. */
  keepLabels(input: Input, labels: string): void {
    this.copy(input, input.rawStart);
    input.pending = input.rawEnd;
    if (labels === '') return;
    this.mark(input);
    this.put(labels, 0);
    this.freshLine();
  }

  /** The next text begins a line. */
  freshLine(): void {
    if (!this.atLineStart) this.put('\n', 1);
  }

  text(): string {
    return this.parts.join('');
  }

  private blank(input: Input, newlines: number): void {
    this.mark(input);
    this.put('\n'.repeat(newlines), newlines);
  }

  private mark(input: Input): void {
    this.origins.mark(this.line, input.place, input.linesBefore(input.rawStart), input.use);
  }

  private put(text: string, newlines: number): void {
    this.parts.push(text);
    this.line += newlines;
    this.atLineStart = text.endsWith('\n');
  }
}
