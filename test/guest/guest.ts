// A machine in software that runs the cases: started, asked over its serial port, ended.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { Case } from './cases.js';
import type { Image } from './image.js';
import { Monitor } from './monitor.js';

/** How one run of the program ended. */
export interface Ending {
  readonly output: string;
  readonly errors: string;
  /** The runtime's report, where it wrote one. */
  readonly report: string;
  readonly exit?: number;
  readonly signal?: number;
  /** Why the page could not be lost, or that the program hung. */
  readonly failed?: string;
}

const emulator = 'qemu-system-x86_64';
/** Bytes of wait_for_it in victim.c. */
const waitBytes = 128;

const machine = (image: Image, log: string): string[] => [
  ...['-accel', 'tcg', '-machine', 'pc', '-smp', '1', '-m', '512', '-nodefaults', '-no-user-config'],
  // Linux takes a machine check as recoverable on Intel's CPUs; the first of x86-64 had no FSGSBASE.
  ...['-cpu', 'qemu64,vendor=GenuineIntel,+fsgsbase', '-display', 'none', '-no-reboot'],
  ...['-kernel', image.kernel, '-initrd', image.initramfs],
  ...['-append', 'console=ttyS0 quiet panic=-1'],
  ...['-serial', `file:${log}`, '-serial', 'stdio'],
  ...['-chardev', 'socket,id=monitor,fd=3', '-mon', 'chardev=monitor,mode=control'],
];

export class Guest {
  private readonly lines: string[] = [];
  private wake: () => void = () => undefined;
  private ended: string | undefined;

  private constructor(
    private readonly image: Image,
    private readonly child: ReturnType<typeof spawn>,
    private readonly monitor: Monitor,
    private readonly log: string,
  ) {
    if (child.stdout === null) throw new Error('QEMU has no standard output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.wake();
    });
    child.on('exit', (code, signal) => {
      this.ended = `QEMU ended (${code ?? signal})`;
      this.wake();
    });
  }

  /** @param work a folder for the console's log */
  static async boot(image: Image, work: string): Promise<Guest> {
    const log = join(work, 'console.log');
    const { error } = spawnSync(emulator, ['--version']);
    if (error) throw new Error(`${error.message}; apt-get install --no-install-recommends qemu-system-x86`);
    // It ends with this process, however that ends.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', emulator, ...machine(image, log)], {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    try {
      const guest = new Guest(image, child, await Monitor.open(child.stdio[3] as Duplex), log);
      const ready = await guest.line(120);
      if (ready !== 'ready') throw new Error(`the guest says '${ready}'`);
      return guest;
    } catch (failure) {
      child.kill('SIGKILL');
      throw failure;
    }
  }

  /** The next line that the guest prints. */
  private async line(seconds: number): Promise<string> {
    const until = Date.now() + seconds * 1000;
    while (this.lines.length === 0) {
      const left = until - Date.now();
      if (this.ended !== undefined || left <= 0)
        throw new Error(`${this.ended ?? `nothing from the guest for ${seconds} s`}\n${this.consoleEnd()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return (this.lines.shift() ?? '').replace(/\r$/, '');
  }

  private consoleEnd(): string {
    return readFileSync(this.log, 'utf8').split('\n').slice(-25).join('\n');
  }

  private send(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async run({ bits, kind, copy, loss }: Case): Promise<Ending> {
    const poke = kind.fromFile ? 'poke' : '-';
    const when = loss.late ? 'late' : 'early';
    // init.c: program, how, its own word, then the program's arguments.
    this.send(
      [`/victim${bits}`, loss.by, poke, this.image.control[bits], kind.name, copy, loss.by, when].join(' '),
    );
    const told = new Map<string, string>();
    for (;;) {
      const line = await this.line(120);
      if (line === 'end') break;
      const [word = '', ...rest] = line.split(' ');
      const text = rest.join(' ');
      if (word === 'fatal') throw new Error(`the guest: ${text}\n${this.consoleEnd()}`);
      if (word === 'mce') {
        const [check, address = '', from = ''] = rest;
        const place = parseInt(from, 16);
        if (check !== 'SRAR' && check !== 'SRAO') throw new Error(`the guest asks for '${line}'`);
        const done = await this.monitor.machineCheck(check, address, place, place + waitBytes);
        this.send(done ? 'done' : 'not done');
      } else told.set(word, told.has(word) ? `${told.get(word)}\n${text}` : text);
    }
    const lines = (word: string): string => (told.has(word) ? `${told.get(word)}\n` : '');
    const number = (word: 'exit' | 'signal') => (told.has(word) ? { [word]: Number(told.get(word)) } : {});
    const failed = told.get('failed');
    return {
      output: lines('out'),
      errors: lines('err'),
      report: lines('report'),
      ...number('exit'),
      ...number('signal'),
      ...(failed === undefined ? {} : { failed }),
    };
  }

  /** Ends the machine, however it is. */
  async end(): Promise<void> {
    if (this.ended !== undefined) return;
    const exit = new Promise((resolve) => this.child.once('exit', resolve));
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await this.monitor.quit().catch(() => this.child.kill('SIGKILL'));
    await exit;
    clearTimeout(timer);
  }
}
