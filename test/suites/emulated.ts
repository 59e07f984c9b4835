// Programs of suites in the emulator.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Machine } from '../../src/emulate/index.js';
import { buildSide } from './run.js';
import type { Case, Side } from './types.js';

/** Programs that execute more are left out: nothing but patience is lost with them. */
export const mostInstructions = 1e9;

/** Builds cases, each in a folder that is there for as long as it is used. */
export class Emulated {
  private readonly folder = mkdtempSync(join(tmpdir(), 'mirrorasm-emulated-'));
  private made = 0;

  /** Undefined: it does not build. */
  async with<T>(one: Case, side: Side, use: (machine: Machine) => T): Promise<T | undefined> {
    const here = join(this.folder, `${this.made++}`);
    mkdirSync(here);
    try {
      const { error } = await buildSide(one, side, here);
      if (error !== '') return undefined;
      return use(
        new Machine(readFileSync(join(here, 'work/program')), {
          args: ['./program'],
          folder: join(here, 'work'),
          io: { write: () => undefined },
        }),
      );
    } finally {
      rmSync(here, { recursive: true, force: true });
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
