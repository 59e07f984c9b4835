// A redis server of ours, with a data set whose every value is known.
import { Connection } from '../test/campaigns/resp.js';
import type { Answer } from '../test/campaigns/resp.js';
import { freePort } from '../test/programs/port.js';
import { start } from './measure.js';
import type { Started } from './measure.js';

export const valueBytes = 1000;
/** Commands under way at a time. */
const depth = 1000;

export interface Redis {
  readonly process: Started;
  readonly connection: Connection;
  /** Seconds from its start until it answers, with its data set loaded. */
  readonly started: number;
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Text that does not repeat, from the number of the key: what comes back can be checked. */
export function valueOf(key: number): string {
  let state = (Math.imul(key, 0x9e3779b1) | 1) >>> 0;
  let text = '';
  while (text.length < valueBytes) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, valueBytes);
}

export const keyOf = (key: number): string => `key:${key}`;

/** A connection to a server that answers; undefined while nobody listens, or it still loads. */
async function answering(port: number): Promise<Connection | undefined> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.open(port);
    await connection.ask('PING');
    return connection;
  } catch {
    connection?.close();
    return undefined;
  }
}

/** Starts a server in `folder`, with what dump.rdb there holds, and waits until it answers. */
export async function startRedis(
  program: string,
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Redis> {
  const port = await freePort();
  const from = performance.now();
  const process = start(
    [
      ...[
        program,
        '--bind',
        '127.0.0.1',
        '--port',
        String(port),
        '--dir',
        folder,
        '--dbfilename',
        'dump.rdb',
      ],
      ...['--save', '', '--appendonly', 'no', '--loglevel', 'warning'],
    ],
    { env },
  );
  let ended = false;
  const noteEnd = (): void => {
    ended = true;
  };
  process.ended.then(noteEnd, noteEnd);
  for (;;) {
    const connection = await answering(port);
    if (connection) return { process, connection, started: (performance.now() - from) / 1000 };
    if (ended) {
      await process.ended;
      throw new Error(`redis ended at once: ${process.stderr()}`);
    }
    await sleep(1);
  }
}

export async function stopRedis({ process, connection }: Redis): Promise<void> {
  connection.close();
  process.stop();
  await process.ended;
}

/** Keys from 0, many requests at a time: `words` is the request for a key, `check` sees its answer. */
export async function forKeys(
  { connection }: Redis,
  keys: number,
  words: (key: number) => readonly string[],
  check: (key: number, answer: Answer) => void,
): Promise<void> {
  for (let first = 0; first < keys; first += depth) {
    const part = Array.from({ length: Math.min(depth, keys - first) }, (_, i) => first + i);
    const answers = await Promise.all(part.map((key) => connection.ask(...words(key))));
    part.forEach((key, i) => check(key, answers[i] ?? null));
  }
}
