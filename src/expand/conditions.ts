// The stack of open `.if`s (GNU as manual 7.42 .if, 7.27 .else).
import { Refusal } from './types.js';

interface Frame {
  /** The branch being read is skipped. */
  skipping: boolean;
  /** No further branch can be taken: one was, or the whole `.if` is skipped. */
  done: boolean;
  elseSeen: boolean;
  /** How many macros and loops were open. */
  readonly nesting: number;
  readonly file: string;
  readonly line: number;
}

export class Conditions {
  private readonly frames: Frame[] = [];

  get skipping(): boolean {
    return this.frames.at(-1)?.skipping ?? false;
  }

  /** The innermost open `.if`, for messages. */
  get innermost(): { readonly file: string; readonly line: number } | undefined {
    return this.frames.at(-1);
  }

  /** The innermost `.if` that began inside the given nesting. */
  openIn(nesting: number): boolean {
    return (this.frames.at(-1)?.nesting ?? -1) >= nesting;
  }

  /** @param holds whether the condition is true; what it is under a skipped branch does not count */
  open(holds: boolean, nesting: number, file: string, line: number): void {
    const { skipping } = this;
    this.frames.push({ skipping: skipping || !holds, done: skipping, elseSeen: false, nesting, file, line });
  }

  /** @param holds asked only when no branch was taken before */
  elseIf(holds: () => boolean): void {
    const frame = this.branch('.elseif');
    frame.done ||= !frame.skipping;
    frame.skipping = frame.done || !holds();
  }

  otherwise(): void {
    const frame = this.branch('.else');
    frame.skipping = frame.done || !frame.skipping;
    frame.elseSeen = true;
  }

  close(): void {
    if (!this.frames.pop()) throw new Refusal('.endif without .if', 'remove it, or write the .if');
  }

  /** `.exitm` leaves what began inside the macro. */
  leave(nesting: number): void {
    while (this.openIn(nesting)) this.frames.pop();
  }

  private branch(name: string): Frame {
    const frame = this.frames.at(-1);
    if (!frame) throw new Refusal(`${name} without .if`, 'remove it, or write the .if');
    if (frame.elseSeen)
      throw new Refusal(
        `${name} behind the .else of the .if at ${frame.file}:${frame.line}`,
        'an .if has one .else, behind all its .elseif',
      );
    return frame;
  }
}
