// `mirrorasm top`: what the runtime of a running program has recovered so far.
import type { Command } from './command.js';
import { positive, whole } from './numbers.js';
import { kinds } from '../inject/layout.js';
import { hasEnded, NotProtected, ProtectedProcess } from './protected-process.js';

interface Arguments {
  pid: number;
  interval: number;
  once: boolean;
}

const exitRefused = 2;

export const topCommand: Command<Arguments> = {
  builder: (y) =>
    y
      .positional('pid', {
        type: 'number',
        demandOption: true,
        coerce: whole('the process', 1),
        describe: 'the process',
      })
      .option('interval', {
        type: 'number',
        default: 2,
        coerce: positive('--interval'),
        describe: 'seconds between two looks',
      })
      .option('once', { type: 'boolean', default: false, describe: 'look once' }),
  handler: async ({ pid, interval, once }) => {
    try {
      const target = ProtectedProcess.open(pid);
      for (;;) {
        process.stdout.write(`${look(target)}\n`);
        if (once) break;
        await new Promise((resolve) => setTimeout(resolve, interval * 1000));
      }
      target.close();
    } catch (error) {
      if (hasEnded(error)) return;
      if (!(error instanceof NotProtected)) throw error;
      process.stderr.write(`mirrorasm: error: ${error.message}\n`);
      process.exitCode = exitRefused;
    }
  },
};

function look(target: ProtectedProcess): string {
  const { recovered, lost, retried, notRetried, checks, differing } = target.counters();
  const bytes = new Map<string, number>();
  for (const { kind, low, high } of target.ranges()) bytes.set(kind, (bytes.get(kind) ?? 0) + high - low);
  const mapped = kinds
    .filter((kind) => bytes.has(kind))
    .map((kind) => `${kind} ${Math.ceil((bytes.get(kind) ?? 0) / 1024)}`)
    .join(', ');
  return (
    `${new Date().toISOString()} process ${target.pid}: ${recovered} pages recovered, ${lost} not; ` +
    `${retried} system calls done again, ${notRetried} not; ` +
    `compared ${checks} times, ${differing} bytes differ; KiB mapped: ${mapped}`
  );
}
