// Messages of many parts, and the files that they bring (man 2 sendmsg, recvmsg; cmsg(3), unix(7)).
import * as errno from './errno.js';
import type { Handler, Kernel, Open } from './kernel.js';
import {
  find,
  MSG_PEEK,
  MSG_TRUNC,
  receive,
  SOCK_STREAM,
  SOL_SOCKET,
  tellSender,
  transmit,
  withdraw,
} from './socket-calls.js';

const MSG_CTRUNC = 8;
const SCM_RIGHTS = 1;
/** SCM_MAX_FD */
const mostFiles = 253;

interface Message {
  readonly name: number;
  readonly nameLength: number;
  readonly parts: readonly (readonly [at: number, length: number])[];
  readonly control: number;
  readonly controlLength: number;
}

/** struct msghdr: name, its length, parts, their number, control data, its length, flags. */
function readMessage(k: Kernel, at: number): Message {
  const { word } = k.abi;
  const field = (n: number): number => k.readWord(at + n * word);
  const parts = Array.from(
    { length: field(3) },
    (_, n) => [k.readWord(field(2) + 2 * n * word), k.readWord(field(2) + (2 * n + 1) * word)] as const,
  );
  return {
    name: field(0),
    nameLength: k.readInt(at + word),
    parts,
    control: field(4),
    controlLength: field(5),
  };
}

const aligned = (k: Kernel, n: number): number => Math.ceil(n / k.abi.word) * k.abi.word;
/** struct cmsghdr: its length with this, the level, the type. */
const header = (k: Kernel): number => k.abi.word + 8;

/** Files of SCM_RIGHTS; a number is an error. */
function readControl(k: Kernel, { control, controlLength }: Message): Open[] | number {
  const files: Open[] = [];
  for (let at = control; at + header(k) <= control + controlLength;) {
    const length = k.readWord(at);
    const [level, type] = [k.readInt(at + k.abi.word), k.readInt(at + k.abi.word + 4)];
    if (length < header(k) || at + length > control + controlLength) return errno.EINVAL;
    if (level === SOL_SOCKET && type !== SCM_RIGHTS) k.missing(`sendmsg with control data of type ${type}`);
    if (level === SOL_SOCKET)
      for (let n = header(k); n + 4 <= length; n += 4) {
        const file = k.open.get(k.readInt(at + n));
        if (!file) return errno.EBADF;
        files.push(file);
      }
    at += aligned(k, length);
  }
  return files.length > mostFiles ? errno.EINVAL : files;
}

export const sendmsg: Handler = (k, [fd = -1, at = 0, flags = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  const message = readMessage(k, at);
  const files = readControl(k, message);
  if (typeof files === 'number') return files;
  const bytes = Buffer.concat(message.parts.map(([from, length]) => k.memory.readBytes(from, length)));
  return transmit(k, found.file, found.node, Uint8Array.from(bytes), {
    flags,
    to: [message.name, message.nameLength],
    files,
  });
};

/** As many as there is room for get numbers; the others are closed. Gives the bytes of control data, and flags. */
function writeControl(k: Kernel, message: Message, files: readonly Open[]): readonly [number, number] {
  const room = message.controlLength - header(k);
  const count = Math.max(0, Math.min(files.length, Math.floor(room / 4)));
  const flags = count < files.length ? MSG_CTRUNC : 0;
  if (count === 0) return [0, flags];
  const numbers = files.slice(0, count).map((file) => k.install(file));
  const length = header(k) + 4 * count;
  k.writeWords(message.control, length);
  k.writeNumbers(message.control + k.abi.word, 4, [SOL_SOCKET, SCM_RIGHTS, ...numbers]);
  return [Math.min(aligned(k, length), message.controlLength), flags];
}

export const recvmsg: Handler = (k, [fd = -1, at = 0, flags = 0]) => {
  const found = find(k, fd);
  if (typeof found === 'number') return found;
  const { word } = k.abi;
  const message = readMessage(k, at);
  const { name, parts } = message;
  const room = parts.reduce((sum, [, length]) => sum + length, 0);
  for (const [to, length] of parts) k.reachable(to, length, true);
  const taken = receive(k, found.file, found.node, room, { flags });
  if (typeof taken === 'number') return taken;
  let done = 0;
  for (const [to, length] of parts) {
    k.write(to, taken.bytes.subarray(done, done + length));
    done += Math.min(length, taken.bytes.length - done);
  }
  tellSender(k, taken.from, name, at + word);
  if (taken.from === undefined) k.writeInt(at + word, 0);
  const cut = taken.whole > taken.bytes.length;
  const [control, lost] = writeControl(k, message, taken.files);
  if (!(flags & MSG_PEEK)) withdraw(k, taken.files);
  k.writeWords(at + 5 * word, control);
  k.writeInt(at + 6 * word, (cut ? MSG_TRUNC : 0) | lost);
  return flags & MSG_TRUNC && found.node.type !== SOCK_STREAM ? taken.whole : taken.bytes.length;
};
