// What of two runs' memory has to be the same: all but the runtime's own state, and what its calls leave below the stack.
import type { MemorySnapshot } from '../memory.js';
import { pageSize } from '../memory.js';
import type { Machine } from '../machine.js';
import { nativeOf } from '../check/mirror.js';
import type { Mirror } from '../check/mirror.js';
import type { Span } from '../check/runtime-map.js';

const inSpan = (s: Span, at: number): boolean => at >= s.lo && at < s.hi;
const inAny = (spans: readonly Span[], at: number): boolean => spans.some((s) => inSpan(s, at));

export interface Exempt {
  /** The runtime's state. */
  readonly state: Span;
  /** Of each thread, bytes below the stack that the runtime's last call used, and the alternate stack, where it does not run: the frame of SIGBUS was there. */
  readonly unused: readonly Span[];
  readonly mirror: Mirror;
}

/** Calls `visit` with each byte that differs, native or mirror, in order, until it gives false. A page that is not there is zeros. */
function compare(
  { memory, kernel }: Machine,
  now: MemorySnapshot,
  other: MemorySnapshot,
  visit: (address: number) => boolean,
): void {
  const numbers = [...new Set([...now.pages.keys(), ...other.pages.keys()])]
    .filter((number) => !sameFrame(now, other, number))
    .sort((a, b) => a - b);
  const { apart } = kernel.abi;
  for (const number of numbers) {
    const address = number * pageSize;
    if (address >= apart.start && address < apart.end) continue;
    const own = memory.pageBytes(now, number);
    const clean = memory.pageBytes(other, number);
    if (Buffer.compare(own, clean) === 0) continue;
    for (let n = 0; n < pageSize; n++) if (own[n] !== clean[n] && !visit(address + n)) return;
  }
}

function sameFrame(a: MemorySnapshot, b: MemorySnapshot, number: number): boolean {
  const own = a.pages.get(number);
  return own !== undefined && own.frame === b.pages.get(number)?.frame;
}

/** The first address at which protected memory is not as another moment has it. */
export function differingByte(
  machine: Machine,
  other: MemorySnapshot,
  { state, unused, mirror }: Exempt,
): number | undefined {
  const now = machine.memory.snapshot();
  let found: number | undefined;
  compare(machine, now, other, (address) => {
    const native = nativeOf(mirror, address);
    if (inSpan(state, native) || inAny(unused, native)) return true;
    found = address;
    return false;
  });
  machine.memory.release(now);
  return found;
}

/** Words of the runtime's state that differ; undefined: protected memory does. */
export function differingState(
  machine: Machine,
  other: MemorySnapshot,
  { state, unused, mirror }: Exempt,
): ReadonlySet<number> | undefined {
  const now = machine.memory.snapshot();
  const words = new Set<number>();
  let alike = true;
  compare(machine, now, other, (address) => {
    const native = nativeOf(mirror, address);
    if (inAny(unused, native)) return true;
    if (inSpan(state, address)) words.add(address - (address % 8));
    else alike = false;
    return alike;
  });
  machine.memory.release(now);
  return alike ? words : undefined;
}
