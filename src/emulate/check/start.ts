// Where a mirrored program's own code begins: the runtime has made the mirrors by then, and the %gs base says how far away they are.
import type { Machine } from '../machine.js';
import { GS } from '../state.js';
import { within } from './runtime-map.js';
import type { RuntimeMap } from './runtime-map.js';

/** Native address minus mirror address. */
export function mirrorDistance(machine: Machine): number {
  const { s } = machine.cpu;
  return -((s[GS + 1] ?? 0) * 0x100000000 + ((s[GS] ?? 0) >>> 0));
}

/** Runs the runtime's start. False: the program ended in it. */
export function runToProgram(machine: Machine, map: RuntimeMap): boolean {
  const { interpreter } = machine;
  const before = interpreter.onBlock;
  interpreter.onBlock = () => {
    if (!within(map.code, machine.rip)) interpreter.stop();
  };
  try {
    while (within(map.code, machine.rip)) if (machine.run().kind !== 'limit') return false;
  } finally {
    interpreter.onBlock = before;
  }
  return true;
}
