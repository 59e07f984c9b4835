// Threads that run the pass, so that the helper can answer others meanwhile. A thread that has rewritten a few files is several times as fast as
// a new one.
import { Worker } from 'node:worker_threads';
import type { AsCommand } from '../as-command.js';
import type { Settings } from '../driver/settings.js';
import type { FileStats } from '../../report/types.js';

export interface Job {
  readonly command: AsCommand;
  readonly settings: Settings;
  /** The input, latin1. */
  readonly text: Uint8Array;
}

export interface Done {
  /** The rewritten text, latin1. */
  readonly text: Uint8Array;
  /** Where statistics are wanted: all but the bytes of code. */
  readonly stats: FileStats | undefined;
  /** Where it is wanted: the listing, compressed. */
  readonly listing: Uint8Array | undefined;
}

/** Undefined where the text is refused, or more than the text is needed: node in the launcher's place then says why. */
export type Answer = Done | undefined;

interface Thread {
  readonly worker: Worker;
  done: ((answer: Answer) => void) | undefined;
}

/** Nearly all that the pass makes of a file is garbage when the next one comes: with room for several files little of it is ever copied. */
const maxYoungGenerationSizeMb = 96;

export class Pool {
  private readonly threads: Thread[] = [];
  private readonly waiting: { job: Job; done: (answer: Answer) => void }[] = [];

  /** @param most threads; the first is started at once */
  constructor(
    private readonly script: URL,
    private readonly most: number,
  ) {
    this.add();
  }

  run(job: Job): Promise<Answer> {
    return new Promise((done) => {
      this.waiting.push({ job, done });
      if (this.threads.every((thread) => thread.done !== undefined) && this.threads.length < this.most)
        this.add();
      this.next();
    });
  }

  private add(): void {
    const worker = new Worker(this.script, { resourceLimits: { maxYoungGenerationSizeMb } });
    const thread: Thread = { worker, done: undefined };
    thread.worker.unref();
    thread.worker.on('message', (answer: Answer) => {
      const { done } = thread;
      thread.done = undefined;
      done?.(answer);
      this.next();
    });
    // Out of memory, or a fault of the pass: the job is done again by node, which says what is wrong.
    thread.worker.on('error', () => {
      this.threads.splice(this.threads.indexOf(thread), 1);
      thread.done?.(undefined);
      if (this.threads.length === 0) this.add();
      this.next();
    });
    this.threads.push(thread);
  }

  private next(): void {
    for (const thread of this.threads) {
      if (thread.done !== undefined) continue;
      const first = this.waiting.shift();
      if (first === undefined) return;
      thread.done = first.done;
      thread.worker.postMessage(first.job, [first.job.text.buffer as ArrayBuffer]);
    }
  }
}
