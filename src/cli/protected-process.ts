// A running mirrored program, seen from outside: its control block and its memory, through /proc.
import { closeSync, openSync, readFileSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { ElfError, parseElf } from '../emulate/elf.js';
import type { Elf } from '../emulate/elf.js';
import { choosePage } from '../inject/choose.js';
import type { Target, Wanted } from '../inject/choose.js';
import { control, decodeRanges, mirrorOf, pageBytes, request, rowBytes } from '../inject/layout.js';
import type { Range } from '../inject/layout.js';
import type { Random } from '../inject/random.js';

/** Why a process cannot be looked into; the message is for the user. */
export class NotProtected extends Error {}

export interface Counters {
  readonly recovered: number;
  readonly lost: number;
  readonly retried: number;
  readonly notRetried: number;
  /** Comparisons of all memory: MIRROR_SCRUB, MIRROR_CHECK=<interval>. */
  readonly checks: number;
  /** Bytes that a comparison or mirror_verify found differing. */
  readonly differing: number;
}

/** What came of an error that was asked for. */
export type Outcome = 'lost' | 'busy' | 'gone' | 'refused';

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Whether an error says that the process has ended. */
export const hasEnded = (error: unknown): boolean =>
  ['ESRCH', 'EIO', 'ENOENT'].includes(String((error as NodeJS.ErrnoException).code));

export class ProtectedProcess {
  private constructor(
    readonly pid: number,
    private readonly bits: 32 | 64,
    private readonly memory: number,
    private readonly control: number,
  ) {}

  /** Throws NotProtected where it is no mirrored program, or not one of ours to look into. */
  static open(pid: number): ProtectedProcess {
    const { bits, address } = controlOf(pid);
    try {
      return new ProtectedProcess(pid, bits, openSync(`/proc/${pid}/mem`, 'r+'), address);
    } catch (error) {
      throw new NotProtected(
        `process ${pid} cannot be looked into (${String((error as NodeJS.ErrnoException).code)}): ` +
          'be its user, and root where kernel.yama.ptrace_scope is not 0',
      );
    }
  }

  close(): void {
    closeSync(this.memory);
  }

  private read(address: number, bytes: number): DataView {
    const buffer = new Uint8Array(bytes);
    // Nothing is left to read of a process that has ended.
    if (readSync(this.memory, buffer, 0, bytes, address) !== bytes)
      throw Object.assign(new Error(`process ${this.pid} has ended`), { code: 'ESRCH' });
    return new DataView(buffer.buffer);
  }

  private field(name: keyof typeof control): number {
    return Number(this.read(this.control + control[name], 8).getBigUint64(0, true));
  }

  private set(name: keyof typeof control, value: number): void {
    const buffer = Buffer.alloc(8);
    buffer.writeBigUInt64LE(BigInt(value));
    writeSync(this.memory, buffer, 0, 8, this.control + control[name]);
  }

  counters(): Counters {
    return {
      recovered: this.field('recovered'),
      lost: this.field('lost'),
      retried: this.field('retried'),
      notRetried: this.field('notRetried'),
      checks: this.field('checks'),
      differing: this.field('differing'),
    };
  }

  /** The protected ranges; none before the program has begun. */
  ranges(): Range[] {
    const where = this.field('ranges');
    if (where === 0) return [];
    const word = (at: number): number =>
      this.bits === 64 ? Number(this.read(at, 8).getBigUint64(0, true)) : this.read(at, 4).getUint32(0, true);
    const table = this.read(word(where), word(this.field('rows')) * rowBytes(this.bits));
    return decodeRanges(new Uint8Array(table.buffer), this.bits);
  }

  /** Pages that are in memory: bit 63 (Documentation/admin-guide/mm/pagemap.rst). */
  private present(low: number, pages: number): boolean[] {
    const entries = new Uint8Array(pages * 8);
    const pagemap = openSync(`/proc/${this.pid}/pagemap`, 'r');
    try {
      readSync(pagemap, entries, 0, entries.length, Math.floor(low / pageBytes) * 8);
    } finally {
      closeSync(pagemap);
    }
    return Array.from({ length: pages }, (_, page) => (entries[page * 8 + 7] ?? 0) >> 7 === 1);
  }

  /** Pages of which both copies are in memory: the other copy of one that is lost already must stay. */
  private whole({ low, high }: Range): boolean[] {
    const pages = Math.ceil((high - low) / pageBytes);
    const mirror = this.present(mirrorOf(low, this.bits), pages);
    return this.present(low, pages).map((there, page) => there && mirror[page] === true);
  }

  choose(wanted: Wanted, random: Random): Target | undefined {
    return choosePage(this.ranges(), (range) => this.whole(range), wanted, random);
  }

  /** Loses a page: the runtime does it when it hears of it, and says so. */
  async lose({ address, copy }: Pick<Target, 'address' | 'copy'>): Promise<Outcome> {
    try {
      if (this.field('request') === request.asked) return 'busy';
      this.set('address', copy === 'mirror' ? mirrorOf(address, this.bits) : address);
      this.set('request', request.asked);
      process.kill(this.pid, 'SIGBUS');
      for (let tries = 0; tries < 2000; tries++) {
        const state = this.field('request');
        if (state === request.done || state === request.failed) {
          this.set('request', request.none); // a SIGBUS is the program's own again
          return state === request.done ? 'lost' : 'refused';
        }
        await sleep(tries < 50 ? 0 : 1);
      }
      return 'busy';
    } catch (error) {
      if (hasEnded(error)) return 'gone';
      throw error;
    }
  }

  /** Why the runtime refused the last error: a number of errno(3). */
  refusal(): number {
    return this.field('result');
  }
}

/** Where the control block is. */
function controlOf(pid: number): { readonly bits: 32 | 64; readonly address: number } {
  let program: string;
  let maps: string;
  try {
    program = readlinkSync(`/proc/${pid}/exe`);
    maps = readFileSync(`/proc/${pid}/maps`, 'latin1');
  } catch (error) {
    throw new NotProtected(
      `there is no process ${pid} of yours (${String((error as NodeJS.ErrnoException).code)})`,
    );
  }
  const elf = staticProgram(pid);
  const symbol = elf?.symbols.find(({ name }) => name === 'mr_control');
  if (elf === undefined || symbol === undefined)
    throw new NotProtected(
      `${program} is no static program that mirrorcc linked, or its symbols are stripped`,
    );
  const first = maps
    .split('\n')
    .find((line) => line.endsWith(program) || line.endsWith(`${program} (deleted)`));
  const [segment] = elf.segments;
  if (first === undefined || segment === undefined)
    throw new NotProtected(`process ${pid} has not begun ${program}`);
  const bias = parseInt(first, 16) - (segment.address - (segment.address % pageBytes));
  return { bits: elf.bits, address: symbol.address + (elf.pie ? bias : 0) };
}

function staticProgram(pid: number): Elf | undefined {
  try {
    return parseElf(readFileSync(`/proc/${pid}/exe`));
  } catch (error) {
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}
