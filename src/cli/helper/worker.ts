// A thread of the helper: texts in, rewritten texts out.
import { parentPort } from 'node:worker_threads';
import { rewriteFor } from '../as-rewrite.js';
import { defsymOf } from '../files.js';
import type { Answer, Job } from './pool.js';

function answer({ command, settings, text }: Job): Answer {
  try {
    const { result, output } = rewriteFor(command, Buffer.from(text.buffer).toString('latin1'), settings, {
      readInclude: () => {
        throw new Error('the helper reads no files');
      },
      defsym: defsymOf(command.symbols),
    });
    if (!result.ok) return undefined;
    // Memory of its own, so that it can be handed over.
    const bytes = new Uint8Array(output.length);
    Buffer.from(bytes.buffer).write(output, 'latin1');
    return bytes;
  } catch {
    return undefined;
  }
}

parentPort?.on('message', (job: Job) => {
  const bytes = answer(job);
  parentPort?.postMessage(bytes, bytes === undefined ? [] : [bytes.buffer as ArrayBuffer]);
});
