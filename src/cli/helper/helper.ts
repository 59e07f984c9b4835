// The helper: a process that stays for a few seconds after the last compilation and spares the next ones the start of node and a cold pass.
// It is started by the launcher with a socket that listens as descriptor 3, in a session of its own, with no file of the build open. It reads no
// file of the user's, writes none and runs nothing.
import { unlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from './pool.js';
import { serve } from './session.js';

const idleMs = 5000;
/** For launchers that had connected before the socket's name was removed. */
const lastCallMs = 200;
/** The pass is about an eighth of a compilation. */
const compilationsPerThread = 6;

const [, , path = ''] = process.argv;

const libexec = dirname(fileURLToPath(import.meta.url));
const pool = new Pool(
  new URL('worker.js', import.meta.url),
  Math.ceil(availableParallelism() / compilationsPerThread),
);

let open = 0;
let leaving = false;
let timer: NodeJS.Timeout | undefined;

const server = createServer((socket) => {
  open++;
  clearTimeout(timer);
  socket.on('error', () => {
    socket.destroy();
  });
  socket.on('close', () => {
    if (--open === 0) rest();
  });
  void serve(socket, pool, dirname(libexec));
});

/** Nothing to do: leaves after a while. Whoever comes when the name is gone starts another helper. */
function rest(): void {
  timer = setTimeout(
    () => {
      if (leaving) process.exit(0);
      leaving = true;
      try {
        unlinkSync(path);
      } catch {
        // Removed by somebody else: the same to us.
      }
      rest();
    },
    leaving ? lastCallMs : idleMs,
  );
}

server.on('error', () => process.exit(1));
server.listen({ fd: 3 });
rest();
