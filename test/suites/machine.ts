// A suite's program in the emulator.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Machine } from '../../src/emulate/index.js';
import type { MachineOptions } from '../../src/emulate/index.js';

/** The program of this folder, as its run natively would start it. */
export const machineIn = (work: string, options: Partial<MachineOptions> = {}): Machine =>
  new Machine(readFileSync(join(work, 'program')), {
    args: ['./program'],
    folder: work,
    io: { write: () => undefined },
    ...options,
  });
