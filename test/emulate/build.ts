// Small programs for the emulator's tests, in a folder that goes away with the test.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLockstep, Lockstep, Machine } from '../../src/emulate/index.js';
import type { LockstepResult, MachineOptions, RunResult } from '../../src/emulate/index.js';

const mirrorcc = join(__dirname, '../../dist/mirrorcc');

export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'emulate-'));

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  written(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** With mirrorcc; `environment` is the compiler's. */
  mirrored(name: string, inputs: readonly string[], options: readonly string[], environment = {}): string {
    const out = join(this.folder, name);
    execFileSync(mirrorcc, [...options, ...inputs, '-o', out, '-lm'], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    return out;
  }

  native(name: string, inputs: readonly string[], options: readonly string[]): string {
    const out = join(this.folder, name);
    execFileSync('musl-gcc', ['-static', ...options, ...inputs, '-o', out]);
    return out;
  }
}

/** With the system's own C library; `compiler` is gcc or clang. */
export function native32(
  shop: Workshop,
  name: string,
  inputs: readonly string[],
  options: readonly string[],
  compiler = 'gcc',
): string {
  const out = join(shop.folder, name);
  execFileSync(compiler, [
    '-m32',
    ...(options.includes('-static-pie') ? [] : ['-static']),
    ...options,
    ...inputs,
    '-o',
    out,
    '-lm',
    '-pthread',
  ]);
  return out;
}

export interface Loaded {
  readonly machine: Machine;
  readonly output: () => string;
}

export function loaded(program: string, options: Partial<MachineOptions> = {}): Loaded {
  const chunks: Buffer[] = [];
  const machine = new Machine(readFileSync(program), {
    args: ['program', 'last'],
    io: { write: (_, bytes) => chunks.push(Buffer.from(bytes)) },
    ...options,
  });
  return { machine, output: () => Buffer.concat(chunks).toString() };
}

export interface Checked {
  readonly found: LockstepResult;
  readonly end: RunResult;
  readonly output: string;
}

/** By closures, in compiled code, and in threaded code. */
const ways = [{ tier: 0 }, { tier: 1, hot: 3 }, { tier: 1, warm: 2, hot: 1e9 }] as const;

/** The check of every store, interpreted and in compiled and threaded code: all have to find the same. */
export function checked(program: string, options: Partial<MachineOptions> = {}): Checked {
  const [interpreted, compiled, threaded] = ways.map((tiers) => {
    const { machine, output } = loaded(program, { ...options, tiers });
    const lockstep = new Lockstep(machine);
    const end = machine.run(60_000_000);
    return { found: lockstep.finish(end.kind === 'exit'), end, output: output() };
  });
  expect(compiled).toEqual(interpreted);
  expect(threaded).toEqual(interpreted);
  return compiled!;
}

/** Nothing is found; `run` says which run it was. */
export function expectMirrored(found: LockstepResult, run: object = {}): void {
  const findings = describeLockstep({ ...found, windows: [] })
    .split('\n')
    .slice(7, -1);
  expect({ ...run, findings }).toEqual({ ...run, findings: [] });
  expect(found).toMatchObject({ neverMirrored: 0, mirrorStoresWithoutNative: 0, bytesDiffering: 0 });
}
