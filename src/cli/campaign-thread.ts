// A thread of `mirrorasm run --campaign`: parts of the cases in, what each came to out, one message a case.
import { parentPort, workerData } from 'node:worker_threads';
import type * as Emulate from '../emulate/index.js';

/** What a thread needs to make its own machine. */
export interface ThreadData extends Emulate.Manner {
  readonly file: Uint8Array;
  readonly machine: Emulate.MachineOptions;
  readonly basis: Emulate.Basis;
}

/** An error is one that the caller has to tell of. */
export type FromThread = { readonly done: Emulate.Executed } | { readonly error: string };

const { file, machine, recovery, lose, notice, basis } = workerData as ThreadData;
const { CaseRunner, Machine } = await import('mirrorasm/emulate');
const say = (message: FromThread): void => parentPort?.postMessage(message);
let runner: Emulate.CaseRunner | undefined;

parentPort?.on('message', (part: readonly Emulate.Chosen[]) => {
  try {
    runner ??= new CaseRunner(
      { load: (io) => new Machine(file, { ...machine, io }), recovery, lose, notice },
      { clean: basis.clean, input: basis.input },
    );
    runner.execute(part, (done) => {
      say({ done });
    });
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) });
  }
});
