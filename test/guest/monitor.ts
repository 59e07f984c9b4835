// The emulator's monitor: stops the machine, makes machine checks. QEMU's documentation, "QEMU Machine Protocol".
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** Intel SDM volume 3, 15.3.2: MCi_STATUS of recoverable errors; MCG_STATUS; MCi_MISC: a physical address, good to 4 KiB. */
const checks = {
  /** Software recoverable, action required: VAL UC EN MISCV ADDRV S AR, data load. */
  SRAR: '0xbd80000000000134 0x7',
  /** Software recoverable, action optional: the same without AR, memory scrubbing. */
  SRAO: '0xbd000000000000c0 0x5',
} as const;
const bank = 9;
const misc = '0x8c';
export type Check = keyof typeof checks;

export class Monitor {
  private readonly waiting: { resolve: (reply: unknown) => void; reject: (error: Error) => void }[] = [];

  private constructor(private readonly stream: Duplex) {
    const lines = createInterface({ input: stream });
    lines.on('error', () => undefined); // 'close' of the stream follows
    lines.on('line', (line) => {
      const message = JSON.parse(line) as Reply & { QMP?: unknown; event?: unknown };
      if (message.event !== undefined || message.QMP !== undefined) return;
      const next = this.waiting.shift();
      if (message.error) next?.reject(new Error(`monitor: ${message.error.desc}`));
      else next?.resolve(message.return);
    });
    stream.on('close', () => {
      for (const one of this.waiting.splice(0)) one.reject(new Error('the monitor is closed'));
    });
    stream.on('error', () => undefined);
  }

  static async open(stream: Duplex): Promise<Monitor> {
    const monitor = new Monitor(stream);
    await monitor.execute('qmp_capabilities');
    return monitor;
  }

  private execute(execute: string, args: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.stream.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    });
  }

  private async command(line: string): Promise<string> {
    return String(await this.execute('human-monitor-command', { 'command-line': line }));
  }

  /**
   * A machine check while the program runs between two addresses in user mode: in the kernel it would be a panic.
   * @returns false where the program was not met there
   */
  async machineCheck(check: Check, address: string, from: number, to: number): Promise<boolean> {
    for (let tries = 0; tries < 200; tries++) {
      await this.execute('stop');
      const registers = await this.command('info registers');
      const [, place = ''] = /\b[RE]IP=([0-9a-f]+)/.exec(registers) ?? [];
      const at = parseInt(place, 16);
      const there = /\bCPL=3\b/.test(registers) && at >= from && at < to;
      if (there) {
        const said = await this.command(`mce 0 ${bank} ${checks[check]} ${address} ${misc}`);
        if (said.trim() !== '') throw new Error(`monitor: mce: ${said}`);
      }
      await this.execute('cont');
      if (there) return true;
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    return false;
  }

  async quit(): Promise<void> {
    await this.execute('quit');
  }
}
