// Where a mirrored program's own code begins: the runtime has made the mirrors by then.
import type { Machine } from '../machine.js';
import { within } from './runtime-map.js';
import type { RuntimeMap } from './runtime-map.js';

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
