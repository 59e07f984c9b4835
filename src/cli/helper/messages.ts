// Messages between launcher and helper: one byte of type, 32 bits of length (little-endian), the payload (../launcher/channel.h).
import type { Socket } from 'node:net';

/**
 * From the launcher: `c`, `x`, `a` ask for the work of mirrorcc, mirrorc++ and as; `d` answers `q` or `n`.
 * From the helper: `q` run this and give what it writes, `n` give this file, `r` run the compiler, `t` assemble this text,
 * `s` the same with statistics: then come `w` write this file and `e`, `e` print this and end, `h` still working, `f` no answer: do it with node.
 */
export type MessageType = 'a' | 'c' | 'd' | 'e' | 'f' | 'h' | 'n' | 'q' | 'r' | 's' | 't' | 'w' | 'x';

const headLength = 5;

export function encode(type: MessageType, ...payload: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(headLength);
  head.write(type, 'latin1');
  head.writeUInt32LE(
    payload.reduce((sum, part) => sum + part.length, 0),
    1,
  );
  return Buffer.concat([head, ...payload]);
}

/** Strings, each with a NUL behind it. */
export const encodeStrings = (strings: readonly string[]): Buffer =>
  Buffer.from(strings.map((text) => `${text}\0`).join(''), 'utf8');

export interface Work {
  readonly folder: string;
  readonly scratch: string;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** What a launcher asks; undefined where its words are not UTF-8 and would not come back as they were. */
export function decodeWork(payload: Buffer): Work | undefined {
  const text = payload.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(payload)) return undefined;
  const [folder = '', scratch = '', count = '', ...rest] = text.split('\0').slice(0, -1);
  const words = Number(count);
  const env: NodeJS.ProcessEnv = {};
  for (const variable of rest.slice(words)) {
    const equals = variable.indexOf('=');
    // The first of two of a name counts, as with getenv.
    const name = variable.slice(0, equals);
    if (equals > 0) env[name] ??= variable.slice(equals + 1);
  }
  return { folder, scratch, argv: rest.slice(0, words), env };
}

/** The messages that come over a connection, in order. Ends with it. */
export async function* messages(
  socket: Socket,
): AsyncGenerator<{ type: string; payload: Buffer }, undefined> {
  let parts: Buffer[] = [];
  let have = 0;
  let wanted = headLength;
  for await (const part of socket as AsyncIterable<Buffer>) {
    parts.push(part);
    have += part.length;
    while (have >= wanted) {
      const all: Buffer = parts.length === 1 ? (parts[0] ?? part) : Buffer.concat(parts);
      parts = [all];
      wanted = headLength + all.readUInt32LE(1);
      if (have < wanted) break;
      yield { type: all.toString('latin1', 0, 1), payload: all.subarray(headLength, wanted) };
      parts = [all.subarray(wanted)];
      have -= wanted;
      wanted = headLength;
    }
  }
  return undefined;
}
