// A connection to redis: requests are sent at once, answers come in their order (RESP2, redis.io/docs/reference/protocol-spec).
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export type Answer = string | number | null | readonly Answer[];

/** What the server refuses, in its own words. */
export class Refused extends Error {}

export class Connection {
  private received = Buffer.alloc(0);
  private readonly waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on('data', (data) => this.take(data));
    socket.on('close', () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error('the server closed the connection'));
    });
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Connection(socket)));
      socket.on('error', reject);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  ask(...words: readonly (string | number)[]): Promise<Answer> {
    const parts = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(`*${words.length}\r\n${parts.join('')}`);
    });
  }

  private take(data: Buffer): void {
    this.received = Buffer.concat([this.received, data]);
    for (;;) {
      const parsed = parse(this.received, 0);
      if (parsed === null) return;
      this.received = this.received.subarray(parsed.end);
      const { resolve, reject } = this.waiting.shift() ?? unasked();
      if (parsed.answer instanceof Refused) reject(parsed.answer);
      else resolve(parsed.answer);
    }
  }
}

function unasked(): never {
  throw new Error('an answer to no request');
}

interface Parsed {
  readonly answer: Answer | Refused;
  readonly end: number;
}

/** Null where the answer is not all there yet. */
function parse(bytes: Buffer, at: number): Parsed | null {
  const line = bytes.indexOf('\r\n', at);
  if (line < 0) return null;
  const text = bytes.toString('latin1', at + 1, line);
  const end = line + 2;
  const type = String.fromCharCode(bytes[at] ?? 0);
  switch (type) {
    case '+':
      return { answer: text, end };
    case '-':
      return { answer: new Refused(text), end };
    case ':':
      return { answer: Number(text), end };
    case '$': {
      const length = Number(text);
      if (length < 0) return { answer: null, end };
      if (bytes.length < end + length + 2) return null;
      return { answer: bytes.toString('latin1', end, end + length), end: end + length + 2 };
    }
    case '*':
      return parseList(bytes, end, Number(text));
    default:
      throw new Error(`an answer that begins with '${type}'`);
  }
}

function parseList(bytes: Buffer, from: number, length: number): Parsed | null {
  const answers: Answer[] = [];
  let at = from;
  for (let i = 0; i < length; i++) {
    const one = parse(bytes, at);
    if (one === null) return null;
    if (one.answer instanceof Refused) throw one.answer;
    answers.push(one.answer);
    at = one.end;
  }
  return { answer: answers, end: at };
}
