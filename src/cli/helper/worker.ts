// A thread of the helper: texts in, rewritten texts out.
import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { rewriteFor, statsOf } from '../as-rewrite.js';
import { defsymOf } from '../files.js';
import type { Answer, Job } from './pool.js';

function answer({ command, settings, text }: Job): Answer {
  try {
    const rewritten = rewriteFor(command, Buffer.from(text.buffer).toString('latin1'), settings, {
      readInclude: () => {
        throw new Error('the helper reads no files');
      },
      defsym: defsymOf(command.symbols),
    });
    const { result, output } = rewritten;
    if (!result.ok) return undefined;
    // Memory of its own, so that it can be handed over.
    const bytes = new Uint8Array(output.length);
    Buffer.from(bytes.buffer).write(output, 'latin1');
    const { listing } = result;
    return {
      text: bytes,
      stats: settings.stats === undefined ? undefined : statsOf(rewritten, command, settings),
      listing: listing === '' ? undefined : Uint8Array.from(gzipSync(Buffer.from(listing, 'latin1'))),
    };
  } catch {
    return undefined;
  }
}

parentPort?.on('message', (job: Job) => {
  const done = answer(job);
  parentPort?.postMessage(done, done === undefined ? [] : [done.text.buffer as ArrayBuffer]);
});
