// A redis server of ours on a socket of its own, with a data set whose every value is known.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { start } from './measure.js';
import type { Started } from './measure.js';

export const valueBytes = 1000;
/** Commands under way at a time. */
const window = 1000;

export interface Redis {
  readonly process: Started;
  /** Seconds from its start until it answers, with its data set loaded. */
  readonly started: number;
  readonly socket: Socket;
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

const command = (...parts: readonly string[]): string =>
  `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`;

/** One reply, as text; errors begin with `-`, and a value has no length before it. Undefined where it is not whole yet. */
function replyIn(text: string, at: number): { readonly reply: string; readonly end: number } | undefined {
  const line = text.indexOf('\r\n', at);
  if (line < 0) return undefined;
  const head = text.slice(at, line);
  const length = Number(head.slice(1));
  if (!head.startsWith('$') || length < 0) return { reply: head, end: line + 2 };
  const end = line + 2 + length + 2;
  return end > text.length ? undefined : { reply: text.slice(line + 2, end - 2), end };
}

/** Sends commands and gives their replies, in order. */
export function ask(socket: Socket, commands: readonly (readonly string[])[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const replies: string[] = [];
    let rest = '';
    const done = (error?: Error): void => {
      socket.off('data', onData).off('close', onClose);
      if (error) reject(error);
      else resolve(replies);
    };
    const onClose = (): void => done(new Error('the server has closed the connection'));
    const onData = (data: Buffer): void => {
      rest += data.toString('latin1');
      let at = 0;
      for (let found = replyIn(rest, at); found; found = replyIn(rest, at)) {
        replies.push(found.reply);
        at = found.end;
      }
      rest = rest.slice(at);
      if (replies.length === commands.length) done();
    };
    socket.on('data', onData).on('close', onClose);
    socket.write(commands.map((parts) => command(...parts)).join(''), 'latin1');
  });
}

/** Connects; undefined where nobody listens yet. */
function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
      .on('connect', () => resolve(socket))
      .on('error', () => resolve(undefined));
  });
}

/** Starts a server in `folder`, with what dump.rdb there holds, and waits until it answers. */
export async function startRedis(
  program: string,
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Redis> {
  const path = join(folder, 'redis.sock');
  const from = performance.now();
  const process = start(
    [
      ...[program, '--port', '0', '--unixsocket', path, '--dir', folder, '--dbfilename', 'dump.rdb'],
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
    // While it loads it says so instead of PONG.
    const socket = await connected(path);
    if (socket && (await ask(socket, [['PING']]))[0] === '+PONG')
      return { process, started: (performance.now() - from) / 1000, socket };
    socket?.destroy();
    if (ended) {
      await process.ended;
      throw new Error(`redis ended at once: ${process.stderr()}`);
    }
    await sleep(1);
  }
}

export async function stopRedis({ process, socket }: Redis): Promise<void> {
  socket.destroy();
  process.stop();
  await process.ended;
}

/** So many keys from 0, in parts: `make` gives the command of a key, `check` sees its reply. */
export async function forKeys(
  { socket }: Redis,
  keys: number,
  make: (key: number) => readonly string[],
  check: (key: number, reply: string) => void,
): Promise<void> {
  for (let first = 0; first < keys; first += window) {
    const part = Array.from({ length: Math.min(window, keys - first) }, (_, i) => first + i);
    const replies = await ask(socket, part.map(make));
    part.forEach((key, i) => check(key, replies[i] ?? ''));
  }
}

export const keyOf = (key: number): string => `key:${key}`;
