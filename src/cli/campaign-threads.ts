// The cases of `mirrorasm run --campaign` on several threads. Who executes which part does not matter to the result.
import { Worker } from 'node:worker_threads';
import type * as Emulate from '../emulate/index.js';
import type { FromThread, ThreadData } from './campaign-thread.js';

/** `done` is called behind each case. Rejects with the first error of any thread. */
export async function executeParts(
  parts: Emulate.CampaignPlan['parts'],
  jobs: number,
  data: ThreadData,
  done: (executed: Emulate.Executed) => void,
): Promise<Emulate.Executed[][]> {
  const executed: Emulate.Executed[][] = parts.map(() => []);
  const script = new URL('libexec/campaign-thread.js', import.meta.url);
  const workers: Worker[] = [];
  let next = 0;
  const oneThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(script, { workerData: data });
      workers.push(worker);
      let current = -1;
      const takePart = (): void => {
        current = next++;
        const part = parts[current];
        if (part) worker.postMessage(part);
        else resolve();
      };
      worker.on('message', (message: FromThread) => {
        if ('error' in message) {
          reject(new Error(message.error));
          return;
        }
        const own = executed[current];
        own?.push(message.done);
        done(message.done);
        if (own?.length === parts[current]?.length) takePart();
      });
      worker.on('error', reject);
      takePart();
    });
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, parts.length) }, oneThread));
  } finally {
    for (const worker of workers) void worker.terminate();
  }
  return executed;
}
