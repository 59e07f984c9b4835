// One line on a terminal's stderr that says how far a long command is; nothing where stderr is a file or a pipe.
import { clearLine, cursorTo } from 'node:readline';

const millisecondsBetween = 100;

export class Progress {
  private readonly begun = performance.now();
  private shown = -Infinity;
  private drawn = false;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  /** At once, whatever was shown before. */
  say(text: string): void {
    if (!this.stream.isTTY) return;
    clearLine(this.stream, 0);
    cursorTo(this.stream, 0);
    this.stream.write(text.slice(0, this.stream.columns - 1));
    this.drawn = true;
    this.shown = performance.now();
  }

  /** `done` of `all`, with the time that is left at this pace. Draws a few times a second at most. */
  count(done: number, all: number, more: string): void {
    if (performance.now() - this.shown < millisecondsBetween) return;
    const seconds = (performance.now() - this.begun) / 1000;
    const left = Math.round((seconds / done) * (all - done));
    this.say(`${done} of ${all} cases${more}, ${Math.floor(left / 60)} min ${left % 60} s left`);
  }

  /** Takes the line away, before anything else is written. */
  end(): void {
    if (!this.drawn) return;
    clearLine(this.stream, 0);
    cursorTo(this.stream, 0);
    this.drawn = false;
  }
}
