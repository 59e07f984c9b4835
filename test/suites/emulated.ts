// Programs of suites in the emulator.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Machine } from '../../src/emulate/index.js';
import { machineIn } from './machine.js';
import { buildSide, generate } from './run.js';
import type { Case, Side } from './types.js';

/** Programs that execute more are left out: nothing but patience is lost with them. */
export const mostInstructions = 1e9;

/** Builds cases, each in a folder that is there for as long as it is used. */
export class Emulated {
  private readonly folder = mkdtempSync(join(tmpdir(), 'mirrorasm-emulated-'));
  private made = 0;

  /** The folder that has the program in it; undefined: it does not build. */
  async built<T>(one: Case, side: Side, use: (work: string) => T): Promise<T | undefined> {
    const here = join(this.folder, `${this.made++}`);
    mkdirSync(here);
    try {
      if ((await generate(one)) !== '') return undefined;
      const { error } = await buildSide(one, side, here);
      return error === '' ? use(join(here, 'work')) : undefined;
    } finally {
      rmSync(here, { recursive: true, force: true });
    }
  }

  with<T>(one: Case, side: Side, use: (machine: Machine) => T): Promise<T | undefined> {
    return this.built(one, side, (work) => use(machineIn(work)));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
