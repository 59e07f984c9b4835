// A signal at instruction boundaries of a program in the emulator: its handler has to find both copies equal, wherever it comes.
import { readFileSync } from 'node:fs';
import { isMirror, mirrorIn, mirrorOf } from '../../src/emulate/check/mirror.js';
import type { Mirror } from '../../src/emulate/check/mirror.js';
import { runtimeMap, within } from '../../src/emulate/check/runtime-map.js';
import type { RuntimeMap, Span } from '../../src/emulate/check/runtime-map.js';
import { runToProgram, touchCode } from '../../src/emulate/check/start.js';
import { unusedByThreads } from '../../src/emulate/campaign/trace.js';
import { Machine } from '../../src/emulate/index.js';
import { pageSize } from '../../src/emulate/memory.js';
import { sendSelf } from '../../src/emulate/linux/signals.js';

export interface Found {
  /** Boundaries before which a signal was sent. */
  readonly sent: number;
  /** Handlers entered: a signal may be blocked until the program ends. */
  readonly handled: number;
  /** Of the handlers that found something else in the mirror: where the signal came, and what differs first. */
  readonly unequal: readonly string[];
}

/** `every`: one of so many boundaries, from the program's own first instruction on. The program has one thread, and a handler. */
export function signalAtBoundaries(
  program: string,
  number: number,
  every: number,
  args: readonly string[] = [],
): Found {
  const machine = new Machine(readFileSync(program), {
    args: [program, ...args],
    io: { write: () => undefined },
  });
  const map = runtimeMap(machine.elf, machine.start.bias);
  if (!runToProgram(machine, map)) throw new Error(`${program} ends before its own code begins`);
  touchCode(machine);
  const mirror = mirrorIn(machine);
  if (!mirror) throw new Error(`${program} has no mirror`);
  const stack = machine.memory.regions.all().find((r) => r.name === '[stack]');
  const look = new Look(machine, map, mirror, { lo: stack?.start ?? 0, hi: stack?.end ?? 0 });
  const unequal: string[] = [];
  let [sent, handled] = [0, 0];
  for (let ended = false; !ended;) {
    machine.kernel.untilDue();
    const here = machine.snapshot();
    if (isHandled(machine, number)) {
      const { rip } = machine;
      sent++;
      sendSelf(machine.kernel, number);
      machine.kernel.due = true;
      if (look.runToHandler()) {
        handled++;
        const differs = look.differing();
        if (differs !== undefined)
          unequal.push(`${machine.symbolize(rip)}: ${machine.symbolize(differs)} differs`);
      }
      machine.restore(here);
    }
    ended = machine.run(every).kind !== 'limit';
    machine.release(here);
  }
  return { sent, handled, unequal };
}

/** Neither SIG_DFL nor SIG_IGN, which fit into a byte. */
function isHandled({ kernel }: Machine, number: number): boolean {
  const { word } = kernel.abi;
  return (
    kernel.signalActions
      .get(number)
      ?.subarray(0, word)
      .some((byte, n) => n > 0 && byte !== 0) === true
  );
}

class Look {
  private readonly state: Span;

  constructor(
    private readonly machine: Machine,
    private readonly map: RuntimeMap,
    private readonly mirror: Mirror,
    private readonly stack: Span,
  ) {
    const { lo, hi } = map.state;
    this.state = { lo: lo - (lo % pageSize), hi };
  }

  /** To the handler's first instruction; false: the program ends before. */
  runToHandler(): boolean {
    const { interpreter, kernel } = this.machine;
    const { frames } = kernel;
    const isThere = (): boolean => kernel.frames > frames && !within(this.map.code, this.machine.rip);
    interpreter.onBlock = () => {
      if (isThere()) interpreter.stop();
    };
    try {
      while (!isThere()) if (this.machine.run().kind !== 'limit') return false;
      return true;
    } finally {
      interpreter.onBlock = undefined;
    }
  }

  /** The first byte of native memory that the mirror does not have; nobody looks at what is below the stack. */
  differing(): number | undefined {
    const { machine, mirror, state } = this;
    const { memory } = machine;
    const unused = unusedByThreads(machine, this.stack, this.map.redZone);
    for (const page of [...memory.presentPages()].sort((a, b) => a - b)) {
      const address = page * pageSize;
      if (isMirror(mirror, address) || (address >= state.lo && address < state.hi)) continue;
      const other = mirrorOf(mirror, address);
      if (memory.samePages(page, other / pageSize) !== false) continue;
      const [native, copy] = [memory.readBytes(address, pageSize), memory.readBytes(other, pageSize)];
      const at = native.findIndex(
        (byte, n) => byte !== copy[n] && !unused.some(({ lo, hi }) => address + n >= lo && address + n < hi),
      );
      if (at >= 0) return address + at;
    }
    return undefined;
  }
}
