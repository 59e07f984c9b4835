// Cases of the patterns executed by the emulator, for instructions that this CPU may not have.
import { readFileSync } from 'node:fs';
import { cpuFlags } from '../../scripts/isa-check/cpu.js';
import { Machine } from '../../src/emulate/index.js';
import type { Ran } from './cases.js';

/** Those of the CPU, and what AVX-512 has: as /proc/cpuinfo would name them. */
export function emulatedFlags(): ReadonlySet<string> {
  const newer = ['f', 'bw', 'dq', 'cd', 'vl', '_vbmi2'].map((part) => `avx512${part}`);
  return new Set([...cpuFlags(), ...newer]);
}

export function inEmulator(program: string): Ran {
  const chunks: Buffer[] = [];
  const machine = new Machine(readFileSync(program), {
    args: [program, 'no-clock'],
    io: { write: (_, bytes) => chunks.push(Buffer.from(bytes)) },
  });
  const end = machine.run();
  const stdout = Buffer.concat(chunks).toString();
  return { stdout, ended: `${JSON.stringify(end)}: ${stdout.slice(-500)}` };
}
