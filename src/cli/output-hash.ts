// What a program prints, as a number to compare: without what changes from run to run.
import { createHash } from 'node:crypto';

export class OutputHash {
  private readonly hash = createHash('sha256');
  private readonly ignored: RegExp | undefined;
  private line = '';

  /** @param ignore a regular expression: what it matches in a line does not count; undefined: every byte counts */
  constructor(ignore: string | undefined) {
    this.ignored = ignore === undefined ? undefined : new RegExp(ignore, 'g');
  }

  update(data: Buffer): void {
    if (this.ignored === undefined) {
      this.hash.update(data);
      return;
    }
    const lines = (this.line + data.toString('latin1')).split('\n');
    this.line = lines.pop() ?? '';
    for (const line of lines) {
      this.add(line, this.ignored);
      this.hash.update('\n');
    }
  }

  digest(): string {
    if (this.ignored !== undefined) this.add(this.line, this.ignored);
    return this.hash.digest('hex');
  }

  private add(line: string, ignored: RegExp): void {
    this.hash.update(line.replace(ignored, ''), 'latin1');
  }
}
