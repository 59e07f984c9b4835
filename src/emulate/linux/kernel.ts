// The state that Linux keeps for a process, and the way from `syscall` into the table of calls.
import { posix } from 'node:path';
import type { Memory } from '../memory.js';
import { addressOf, MemoryFault, pageSize } from '../memory.js';
import { cloneState } from '../snapshot.js';
import { RAX, RIP, sameRegisters } from '../state.js';
import type { Cpu } from '../state.js';
import type { Start } from '../load.js';
import type { Abi } from './abi.js';
import { waitingIn } from './channels.js';
import type { Channel } from './channels.js';
import type { EpollNode } from './epoll.js';
import { EFAULT } from './errno.js';
import type { EventNode } from './eventfd.js';
import type { FifoNode } from './fifos.js';
import { contentsOf } from './contents.js';
import { FileSystem } from './files.js';
import type { FileSystemState, Node } from './files.js';
import { RandomBytes } from './random.js';
import { makeAgain, waitsOn } from './recoveries.js';
import type { Recovery, Visit } from './recoveries.js';
import { deliverPending, noStack, ownId } from './signals.js';
import type { Socket } from './socket-calls.js';
import type { Pending } from './signals.js';
import type { Trapped } from './signal-frame.js';
import { Blocked, isAlone, ownFields, runningThread, schedule } from './threads.js';
import type { Thread } from './threads.js';
import { limited, nextDue } from './timers.js';
import type { TimerNode } from './timer-calls.js';
import type { Timers } from './timers.js';

/** An open file. Several numbers may share one. */
export interface Open {
  readonly node:
    | Node
    | { readonly kind: 'host'; readonly number: 0 | 1 | 2 }
    | Pipe
    | Socket
    | TimerNode
    | EpollNode
    | EventNode;
  readonly path: string;
  flags: number;
  offset: number;
  /** What getdents64 has still to give. */
  names?: string[];
}

export interface Pipe {
  readonly kind: 'pipe';
  readonly end: 'read' | 'write';
  readonly channel: Channel;
  /** That has the name. */
  readonly fifo?: FifoNode;
}

export interface Input {
  /** Up to `length` bytes of standard input; empty at its end. */
  readonly read: (length: number) => Uint8Array;
  readonly write: (number: 1 | 2, bytes: Uint8Array) => void;
}

/** How a program ended. */
export type End =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly number: number }
  | { readonly kind: 'missing'; readonly text: string };

export type Handler = (kernel: Kernel, a: readonly number[]) => number;
export interface Row {
  readonly name: string;
  readonly run: Handler;
}
export type Rows = ReadonlyMap<number, Row>;

/** Thrown by a call that has no way back to the program. */
export class Ended {
  constructor(readonly end: End) {}
}

/** Thrown by a call that has set all registers itself. */
export class Resumed {
  readonly answer = undefined;
}

const nanosecondsPerTick = 1000;
/** 2020-01-01: time is virtual, a nanosecond an instruction. */
const epoch = 1577836800;

export interface KernelOptions {
  readonly root: string | undefined;
  readonly folder: string;
  readonly seed: number;
  /** Instructions that a thread runs at most before it may be another's turn. */
  readonly slice: number;
  readonly io: Input;
  readonly executable: string;
  /** What the executable holds. */
  readonly file: Uint8Array;
}

const keptFields = [
  'alternateStack', 'brk', 'brkStart', 'call', 'calls', 'chance', 'clearChildTid', 'current', 'due', 'end', 'folder', 'frames', 'lastId', 'leaderCode', 'limits',
  'mmapTop', 'nextFileTimer', 'nextTimer', 'niceness', 'open', 'pending', 'recovery', 'refusedAt', 'refusedCount', 'robustList', 'savedMask', 'sent', 'sharedPending', 'signalActions', 'signalMask', 'slept', 'sockets', 'threadName', 'threads', 'ticks',
  'timers', 'trap', 'turnEnd', 'turns', 'umask', 'uncounted', 'visit', 'visits', 'waits', 'yielding',
] as const; // prettier-ignore
type Kept = Pick<Kernel, (typeof keptFields)[number]>;

export interface KernelSnapshot {
  readonly plain: Kept;
  readonly files: FileSystemState;
  readonly random: bigint;
}

export class Kernel {
  readonly files: FileSystem;
  open = new Map<number, Open>();
  /** Those that messages bring which nobody has read yet (SCM_RIGHTS). */
  sent: Open[] = [];
  /** Those that have a name: a path, or behind a zero byte one that is none. */
  sockets = new Map<string, Socket>();
  readonly memory: Memory;
  signalActions = new Map<number, Uint8Array>();
  threadName = 'program';
  signalMask: Uint8Array = new Uint8Array(8);
  /** Of a call that waits with another one. */
  savedMask: Uint8Array | undefined;
  /** setpriority. */
  niceness = 0;
  pending: readonly Pending[] = [];
  /** Handlers that were entered and have not come back. */
  frames = 0;
  /** The last exception, which frames tell of. */
  trap: Trapped = { number: 0, error: 0, address: 0 };
  /** Lost pages are noticed by the CPU, not by the page table: the signal has the page's address. */
  byMachineCheck = false;
  /** In fault campaigns: what a recovery maps lies in a place of its own (memory-calls.ts), and the clock counts calls that are not a recovery's. */
  apart = false;
  ticks = 0;
  /** Where a call met a lost page and is not made again yet. */
  refusedAt = 0;
  /** Instructions counted before that. */
  refusedCount = 0;
  /** What recoveries do in a fault campaign (recoveries.ts). */
  recovery: Recovery | undefined;
  visit: Visit | undefined;
  visits = 0;
  /** Instructions that did not count. */
  uncounted = 0;
  folder: string;
  umask = 0o022;
  /** Those that the program has set (process-calls.ts). */
  limits = new Map<number, readonly [number, number]>();
  brkStart: number;
  brk: number;
  mmapTop: number;
  readonly addressEnd: number;
  /** Nanoseconds that sleeping added. */
  slept = 0;
  clearChildTid = 0;
  robustList = 0;
  alternateStack = noStack;
  /** Signals to the process that every thread blocks. */
  sharedPending: readonly Pending[] = [];
  readonly firstThread = ownId;
  threads = new Map<number, Thread>();
  /** The thread that runs. */
  current = ownId;
  lastId = ownId;
  leaderCode = 0;
  /** Instructions executed when the turn ends. */
  turnEnd = 0;
  yielding = false;
  /** A sum of who has had turns, and been told by timers, when and where. */
  turns = 0;
  /** State of the generator that chooses turns. */
  chance: bigint;
  /** It has to be seen who runs before the next instruction. */
  due = false;
  /** Waits so far. */
  waits = 0;
  timers: Timers = new Map();
  /** The number of the next one that timer_create makes, and of the next that a file has. */
  nextTimer = 0;
  nextFileTimer = -10;
  private readonly generator: RandomBytes;
  /** System calls so far. */
  calls = 0;
  end: End | undefined;
  /** The number of the call that is under way, or of the last one. */
  number = 0;
  /** The name of the call that is under way, or of the last one. */
  call = '';
  /** Called with each range that a call wrote to the program's memory. */
  onWrite: ((address: number, length: number) => void) | undefined;
  /** Called when another thread begins to run. */
  onSwitch: ((thread: number) => void) | undefined;
  onTrace: ((name: string, a: readonly number[], result: number) => void) | undefined;

  constructor(
    readonly cpu: Cpu,
    start: Start,
    readonly options: KernelOptions,
    readonly abi: Abi,
  ) {
    this.memory = cpu.memory;
    this.brkStart = this.brk = start.brk;
    this.mmapTop = start.mmapTop;
    this.addressEnd = start.addressEnd;
    this.folder = options.folder;
    this.generator = RandomBytes.seeded(options.seed + 1);
    this.chance = RandomBytes.seeded(options.seed + 3).state;
    this.threads.set(ownId, {
      id: ownId,
      registers: undefined,
      own: ownFields(this),
      wait: undefined,
      since: 0,
      answer: undefined,
      again: false,
      over: false,
      left: undefined,
    });
    this.files = new FileSystem(
      options.root,
      new Map([
        ['/proc/self/maps', () => Buffer.from(this.maps(), 'latin1')],
        ['/proc/self/cmdline', () => Buffer.from(`${options.executable}\0`, 'latin1')],
      ]),
    );
    this.files.special('/proc/self/pagemap', 'pagemap');
    this.files.makeFolder(`/proc/self/task/${ownId}`, 0o555);
    const executable = posix.resolve(options.folder, options.executable);
    this.files.add(executable, {
      ...this.files.newFile(0o755),
      ...contentsOf(options.file),
    });
    this.files.add('/proc/self/exe', {
      kind: 'link',
      attributes: this.files.attributes(0o120777),
      target: executable,
    });
    for (const number of [0, 1, 2] as const)
      this.open.set(number, { node: { kind: 'host', number }, path: '', flags: 2, offset: 0 });
  }

  random(length: number): Uint8Array {
    return this.generator.next(length);
  }

  snapshot(): KernelSnapshot {
    const plain = Object.fromEntries(keptFields.map((name) => [name, this[name]])) as Kept;
    return cloneState({ plain, files: this.files.state, random: this.generator.state });
  }

  restore(snapshot: KernelSnapshot): void {
    const { plain, files, random } = cloneState(snapshot);
    Object.assign(this, plain);
    this.files.state = files;
    this.generator.state = random;
  }

  /** Whether a program could tell this state from a moment's, but for the time of day and what files hold. */
  isAlike({ plain }: KernelSnapshot): boolean {
    const seen = (k: Kept): number => k.ticks * nanosecondsPerTick + k.slept;
    const text = (k: Kept): string =>
      JSON.stringify([
        k.alternateStack,
        k.brk,
        k.folder,
        [...k.open].map(([number, file]) => [number, file.path, file.offset, file.flags, waitingIn(file)]),
        k.pending.map((p) => [p.number, [...p.info]]),
        [...k.signalActions].map(([number, action]) => [number, [...action]]).sort(),
        [...k.signalMask],
        k.umask,
        [...k.timers].map(([number, t]) => [number, t.due - seen(k), t.at, t.interval, t.missed]),
        [k.current, k.threads.size > 1 ? k.turnEnd : 0, k.yielding, String(k.chance), [...k.sharedPending]],
        [...k.threads.values()].map((t) => [
          [t.id, waitOf(t), t.answer, t.again, t.over, t.left],
          t.id === k.current
            ? []
            : [t.own.alternateStack, t.own.robustList, t.own.clearChildTid, t.own.frames],
          t.id === k.current
            ? []
            : [[...t.own.signalMask], t.own.pending.map((p) => [p.number, [...p.info]])],
        ]),
      ]);
    const others = [...this.threads.values()].every(({ id, registers }) => {
      const clean = plain.threads.get(id)?.registers;
      return !registers || !clean || sameRegisters(registers, clean);
    });
    return others && text(this) === text(plain);
  }

  /** Nanoseconds since the program started. */
  elapsed(): number {
    const ran = this.apart ? this.ticks * nanosecondsPerTick : this.cpu.executed + this.cpu.position;
    return ran + this.slept;
  }

  now(): { readonly seconds: number; readonly nanoseconds: number } {
    const t = this.elapsed();
    return { seconds: epoch + Math.floor(t / 1e9), nanoseconds: Math.floor(t % 1e9) };
  }

  /** Runs the call in the registers. False: the program has ended. */
  syscall(): boolean {
    const s = this.cpu.s;
    const number = s[RAX] ?? 0;
    const args = this.abi.arguments.map((at) => (s[at + 1] ?? 0) * 0x100000000 + ((s[at] ?? 0) >>> 0));
    const row = this.abi.calls.get(number);
    if (!row) {
      this.end = { kind: 'missing', text: `system call ${number} (arguments ${args.map(hex).join(', ')})` };
      return false;
    }
    this.call = row.name;
    this.number = number;
    this.calls++;
    const from = addressOf(s[RIP] ?? 0, s[RIP + 1] ?? 0);
    if (this.refusedAt === from) {
      this.refusedAt = 0;
      makeAgain(this);
    }
    if (!this.recovering()) this.ticks++;
    if (this.apart && nextDue(this) <= this.elapsed()) this.due = true;
    try {
      const result = this.run(row, args, from);
      if (result !== undefined) {
        this.onTrace?.(row.name, args, result);
        this.answer(result);
      }
      // Whoever waits or has ended gets its signals when it runs.
      if (!this.due) deliverPending(this, this.cpu.executed + this.cpu.position + 1);
    } catch (thrown) {
      if (!(thrown instanceof Ended)) throw thrown;
      this.end = thrown.end;
      return false;
    }
    return true;
  }

  /** What a call gives. */
  answer(result: number): void {
    const { s } = this.cpu;
    s[RAX] = result | 0;
    s[RAX + 1] = this.abi.word === 4 ? 0 : Math.floor(result / 0x100000000);
  }

  /** Instructions until it has to be seen again who runs. */
  untilDue(): number {
    if (!this.due && isAlone(this)) return Infinity;
    try {
      return schedule(this);
    } catch (thrown) {
      if (!(thrown instanceof Ended)) throw thrown;
      this.end = thrown.end;
      return 0;
    }
  }

  /** A handler runs, or a call that met a lost page is not made again yet. */
  recovering(): boolean {
    return this.frames > 0 || this.refusedAt !== 0;
  }

  private run(row: Row, args: readonly number[], from: number): number | undefined {
    try {
      return row.run(this, args);
    } catch (thrown) {
      if (thrown instanceof Resumed) return thrown.answer;
      if (thrown instanceof Blocked) {
        runningThread(this).wait = limited(this, {
          ...thrown.wait,
          since: waitsOn(this) ?? thrown.wait.since,
        });
        this.due = true;
        return undefined;
      }
      if (!(thrown instanceof MemoryFault)) throw thrown;
      if (thrown.why === 'lost' && !this.recovering()) {
        this.refusedAt = from;
        this.refusedCount = this.cpu.executed + this.cpu.position;
        this.ticks--;
      }
      return EFAULT;
    }
  }

  missing(text: string): never {
    throw new Ended({ kind: 'missing', text });
  }

  /** How many bytes from an address on can be read, or written: calls that move data do as much as they can. Throws where it is none at all. */
  reachable(address: number, length: number, writing: boolean): number {
    const end = address + length;
    for (let at = address; at < end; at = at - (at % pageSize) + pageSize)
      try {
        if (writing) this.memory.probeWrite(at | 0, (at / 0x100000000) | 0, 1);
        else this.memory.probeRead(at | 0, (at / 0x100000000) | 0, 1);
      } catch (fault) {
        if (fault instanceof MemoryFault && at > address) return at - address;
        throw fault;
      }
    return length;
  }

  write(address: number, bytes: Uint8Array): void {
    this.memory.writeBytes(address, bytes);
    this.onWrite?.(address, bytes.length);
  }

  /** Writes words of the program's size. */
  writeWords(address: number, ...values: readonly number[]): void {
    this.writeNumbers(address, this.abi.word, values);
  }

  writeNumbers(address: number, size: 4 | 8, values: readonly number[]): void {
    const bytes = new DataView(new ArrayBuffer(size * values.length));
    values.forEach((value, n) => {
      if (size === 8) bytes.setBigInt64(8 * n, BigInt(value), true);
      else bytes.setInt32(4 * n, value, true);
    });
    this.write(address, new Uint8Array(bytes.buffer));
  }

  writeInt(address: number, value: number): void {
    const bytes = new DataView(new ArrayBuffer(4));
    bytes.setInt32(0, value, true);
    this.write(address, new Uint8Array(bytes.buffer));
  }

  /** Of the program's size; what has 4 bytes is an address or a size. */
  readWord(address: number): number {
    return this.abi.word === 4 ? this.readInt(address) >>> 0 : this.readLong(address);
  }

  readLong(address: number): number {
    const bytes = this.memory.readBytes(address, 8);
    return Number(new DataView(bytes.buffer).getBigInt64(0, true));
  }

  readInt(address: number): number {
    return new DataView(this.memory.readBytes(address, 4).buffer).getInt32(0, true);
  }

  /** struct timespec, of two words or of two times 8 bytes, in nanoseconds. */
  readTime(address: number, size: 4 | 8 = this.abi.word): number {
    const at = (from: number): number => (size === 4 ? this.readInt(from) : this.readLong(from));
    // Of the second one a 32-bit program need not fill the upper half.
    const rest = this.abi.word === 4 ? this.readInt(address + size) : at(address + size);
    return at(address) * 1e9 + rest;
  }

  string(address: number): string {
    let text = '';
    for (let at = address; ;) {
      const part = this.memory.readBytes(at, Math.min(256, 4096 - (at % 4096)));
      const end = part.indexOf(0);
      text += Buffer.from(end < 0 ? part : part.subarray(0, end)).toString('latin1');
      if (end >= 0) return text;
      at += part.length;
    }
  }

  /** The lowest free number. */
  install(file: Open, from = 0): number {
    let number = from;
    while (this.open.has(number)) number++;
    this.open.set(number, file);
    return number;
  }

  private maps(): string {
    return this.memory.regions
      .all()
      .map((r) => {
        const p = r.protection;
        const flags = `${p & 1 ? 'r' : '-'}${p & 2 ? 'w' : '-'}${p & 4 ? 'x' : '-'}${r.shared ? 's' : 'p'}`;
        const offset = (r.file ? r.offset : 0).toString(16).padStart(8, '0');
        const range = [r.start, r.end].map((at) => at.toString(16).padStart(8, '0')).join('-');
        return `${range} ${flags} ${offset} 00:00 0 ${r.name}`.trimEnd() + '\n';
      })
      .join('');
  }
}

/** Without the objects of files. */
function waitOf({ wait }: Thread): unknown {
  if (!wait?.polled) return wait;
  const { call, files } = wait.polled;
  return { ...wait, polled: [call, files.map((one) => [one.file.path, one.events, waitingIn(one.file)])] };
}

function hex(n: number): string {
  return n < 0 ? `-0x${(-n).toString(16)}` : `0x${n.toString(16)}`;
}
