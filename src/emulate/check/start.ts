// Where a mirrored program's own code begins: the runtime has made the mirrors by then.
import type { Machine } from '../machine.js';
import { EXECUTE, pageSize } from '../memory.js';
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

/** Code that is executed from a snapshot on for the first time is not to come and go with it: it would be decoded again. */
export function touchCode({ memory }: Machine): void {
  for (const { start, end, protection } of [...memory.regions.all()])
    if (protection & EXECUTE) for (let at = start; at < end; at += pageSize) memory.readBytes(at, 1);
}
