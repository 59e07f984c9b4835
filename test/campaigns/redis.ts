// redis under load: clients write and read by turns, each answer is compared, and in the end all that was acknowledged is read back.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProtectedProcess } from '../../src/cli/protected-process.js';
import { copies, kinds } from '../../src/inject/layout.js';
import { randomOf } from '../../src/inject/random.js';
import { freePort } from '../programs/port.js';
import { Model } from './model.js';
import { Connection } from './resp.js';

export interface ServerRun {
  readonly acknowledged: number;
  readonly readBack: number;
  /** Answers that were wrong, and writes that were gone in the end. */
  readonly wrong: number;
  readonly errors: number;
  readonly recovered: number;
  readonly lost: number;
  readonly callsNotRetried: number;
  readonly bytesChecked: number;
  readonly bytesDiffering: number;
  readonly exitCode: number | null;
}

const clients = 8;
const depth = 16; // requests of a client that are under way at a time
const begin = 20_000; // requests before the first error, so that there is something to lose

/** @param errors pages to lose, at `rate` a second */
export async function redisRun(
  server: string,
  folder: string,
  seed: number,
  errors: number,
  rate: number,
): Promise<ServerRun> {
  const port = await freePort();
  const report = join(folder, 'redis.json');
  const child = spawn(
    server,
    ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'],
    {
      stdio: 'ignore',
      env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
    },
  );
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  try {
    const load = new Load(await Promise.all(Array.from({ length: clients }, () => connected(port))), seed);
    const working = load.run();
    while (load.acknowledged < begin && !load.failed) await sleep(10);
    const lost = await losePages(child.pid ?? 0, seed, errors, rate, () => load.failed);
    load.stop();
    await working;
    const readBack = await load.readBack();
    await load.shutDown();
    const exitCode = await ended;
    const { recoveries, pagesLost, callsNotRetried, bytesChecked, bytesDiffering } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Record<string, number>;
    return {
      acknowledged: load.acknowledged,
      readBack,
      wrong: load.wrong,
      errors: lost,
      recovered: recoveries ?? 0,
      lost: pagesLost ?? 0,
      callsNotRetried: callsNotRetried ?? 0,
      bytesChecked: bytesChecked ?? 0,
      bytesDiffering: bytesDiffering ?? 0,
      exitCode,
    };
  } finally {
    child.kill('SIGKILL');
  }
}

async function connected(port: number): Promise<Connection> {
  for (let tries = 0; ; tries++)
    try {
      return await Connection.open(port);
    } catch (error) {
      if (tries === 300) throw error;
      await sleep(100);
    }
}

async function losePages(
  pid: number,
  seed: number,
  errors: number,
  rate: number,
  failed: () => boolean,
): Promise<number> {
  const random = randomOf(seed);
  const target = ProtectedProcess.open(pid);
  let lost = 0;
  try {
    while (lost < errors && !failed()) {
      await sleep((1000 / rate) * (0.5 + random()));
      const page = target.choose({ kinds, copies }, random);
      if (page !== undefined && (await target.lose(page)) === 'lost') lost++;
    }
  } finally {
    target.close();
  }
  return lost;
}

class Load {
  acknowledged = 0;
  wrong = 0;
  failed = false;
  private stopped = false;
  private readonly models: readonly Model[];

  constructor(
    private readonly connections: readonly Connection[],
    seed: number,
  ) {
    this.models = connections.map((_, i) => new Model(`c${i}`, randomOf(seed * 1000 + i)));
  }

  stop(): void {
    this.stopped = true;
  }

  /** Ends when it is stopped, or when the server has gone. */
  async run(): Promise<void> {
    await Promise.all(
      this.connections.map(async (connection, i) => {
        const model = this.models[i];
        while (!this.stopped && model !== undefined) {
          const requests = Array.from({ length: depth }, () => model.next());
          try {
            await Promise.all(requests.map((request) => this.ask(connection, request)));
          } catch (error) {
            this.failed = true;
            throw error;
          }
        }
      }),
    );
  }

  async readBack(): Promise<number> {
    let read = 0;
    for (const [i, connection] of this.connections.entries())
      for (const request of this.models[i]?.all() ?? []) {
        await this.ask(connection, request);
        read++;
      }
    return read;
  }

  async shutDown(): Promise<void> {
    const [first, ...others] = this.connections;
    for (const connection of others) connection.close();
    await first?.ask('SHUTDOWN', 'NOSAVE').catch(() => undefined); // it answers by closing
  }

  private async ask(connection: Connection, { words, answer }: ReturnType<Model['next']>): Promise<void> {
    const said = await connection.ask(...words);
    this.acknowledged++;
    if (JSON.stringify(said) === JSON.stringify(answer)) return;
    this.wrong++;
    process.stderr.write(
      `${words.slice(0, 2).join(' ')}: ${JSON.stringify(said)?.slice(0, 100)}, not ${JSON.stringify(answer).slice(0, 100)}\n`,
    );
  }
}
