// The clean run of a campaign: every touch of a protected page, before which losing the page may matter.
//
// A lost page is rebuilt when it is next touched, so that losing it at any boundary between two touches is one and the same case: the rebuild before
// the second touch. If both copies agree at that touch, the rebuild changes nothing and the run goes on as the clean one: such a case needs no run.
import { addressOf, pageSize } from '../memory.js';
import type { Decoded } from '../instruction.js';
import type { Machine } from '../machine.js';
import { redZone, runtimeStack, within } from '../check/runtime-map.js';
import type { RuntimeMap } from '../check/runtime-map.js';
import { mirrorDistance, runToProgram } from '../check/start.js';
import { RSP } from '../state.js';

export interface FaultCase {
  /** Instructions executed before the one that touches the page. */
  readonly at: number;
  readonly lost: 'native' | 'mirror';
  /** The native page's number, whichever copy is lost. */
  readonly page: number;
  /** Boundaries at which losing the page comes to this. */
  readonly boundaries: number;
  readonly memory: string;
  /** What touches the page: mnemonic, system call, or the runtime. */
  readonly class: string;
}

export interface Clean {
  /** Instructions executed when the program's own code began, and at its end. */
  readonly start: number;
  readonly end: number;
  readonly distance: number;
  /** The last call of the program's that depends on how memory is divided into mappings, which a recovery changes. */
  readonly lastMoving: number;
  /** Bytes below the stack that the runtime's last call used: nobody looks at them any more. */
  readonly unused: { readonly lo: number; readonly hi: number };
}

const dividing = new Set(['madvise', 'mremap']);

/** `classified` gets each class of cases; `same`: both copies agree. Those that nobody touches any more are of the class `nothing`. */
export function traceRun(
  machine: Machine,
  map: RuntimeMap,
  classified: (fault: FaultCase, same: boolean) => void,
): Clean {
  const { cpu, interpreter, kernel, memory } = machine;
  interpreter.precise = true;
  if (!runToProgram(machine, map)) throw new Error('the program ended before its own code began');
  const distance = mirrorDistance(machine);
  const pagesBetween = distance / pageSize;
  const start = machine.executed;
  const statePages = { lo: map.state.lo / pageSize, hi: map.state.hi / pageSize };
  const [imageLow, imageHigh] = imageBounds(machine);
  const runtime = new WeakMap<Decoded, boolean>();
  /** By page: the instruction that touched it last. */
  const touched = new Map<number, number>();
  let stackPointer = 0;

  const classOf = (): string => {
    const i = interpreter.current;
    if (!i) return 'start';
    if (i.name === 'syscall') return `system call ${kernel.call}`;
    let inRuntime = runtime.get(i);
    if (inRuntime === undefined) {
      inRuntime = within(map.code, Number(i.address));
      runtime.set(i, inRuntime);
    }
    if (inRuntime) return 'runtime';
    return (i.rep ? 'rep ' : i.repne ? 'repne ' : i.lock ? 'lock ' : '') + i.name;
  };
  const kindOf = (page: number): string => {
    const address = page * pageSize;
    if (address >= imageLow && address < imageHigh) return 'data';
    const name = memory.regions.find(address)?.name;
    return name === '[stack]' ? 'stack' : name === '[heap]' ? 'heap' : 'mmap';
  };
  /** The case of a page by its own number; undefined: not protected. */
  const describe = (number: number, at: number, before: number, what: string): FaultCase | undefined => {
    const native = number >= pagesBetween;
    const page = native ? number : number + pagesBetween;
    if (page >= statePages.lo && page < statePages.hi) return undefined;
    return {
      at,
      lost: native ? 'native' : 'mirror',
      page,
      boundaries: at - before,
      memory: kindOf(page),
      class: what,
    };
  };

  for (const number of memory.presentPages()) touched.set(number, start - 1);
  memory.onDrop = (number) => {
    touched.delete(number);
  };
  memory.onTouch = (number) => {
    const at = cpu.executed + interpreter.position;
    const before = touched.get(number);
    if (before === at) return;
    touched.set(number, at);
    // Nothing can be lost before a page is touched for the first time.
    if (before === undefined) return;
    const fault = describe(number, at, before, classOf());
    if (!fault) return;
    const same = memory.samePages(fault.page, fault.page - pagesBetween);
    if (same !== undefined) classified(fault, same);
  };
  memory.flush();
  interpreter.onBlock = (instructions) => {
    if (!within(map.code, Number(instructions[0]?.address ?? 0n)))
      stackPointer = addressOf(cpu.s[RSP] ?? 0, cpu.s[RSP + 1] ?? 0);
  };
  let lastMoving = start;
  kernel.onTrace = (name) => {
    if (dividing.has(name)) lastMoving = cpu.executed + interpreter.position;
  };
  const result = machine.run();
  kernel.onTrace = undefined;
  if (result.kind !== 'exit')
    throw new Error(`the clean run does not exit: ${'text' in result ? result.text : result.kind}`);
  memory.onTouch = memory.onDrop = interpreter.onBlock = undefined;
  memory.flush();

  const end = machine.executed;
  const unused = { lo: stackPointer - redZone - runtimeStack, hi: stackPointer - redZone };
  for (const [number, before] of touched) {
    const fault = describe(number, end - 1, before, 'nothing');
    if (
      !fault ||
      fault.boundaries === 0 ||
      memory.samePages(fault.page, fault.page - pagesBetween) === undefined
    )
      continue;
    classified(fault, sameOutside(machine, fault.page, pagesBetween, unused));
  }
  return { start, end, distance, lastMoving, unused };
}

function sameOutside(
  { memory }: Machine,
  page: number,
  pagesBetween: number,
  unused: { readonly lo: number; readonly hi: number },
): boolean {
  if (memory.samePages(page, page - pagesBetween) === true) return true;
  const address = page * pageSize;
  const native = memory.readBytes(address, pageSize);
  const mirror = memory.readBytes(address - pagesBetween * pageSize, pageSize);
  return native.every(
    (byte, n) => byte === mirror[n] || (address + n >= unused.lo && address + n < unused.hi),
  );
}

function imageBounds(machine: Machine): readonly [number, number] {
  const { bias } = machine.start;
  const ends = machine.elf.segments.map((s) => bias + s.address + s.memorySize);
  return [
    bias + Math.min(...machine.elf.segments.map((s) => s.address)),
    Math.ceil(Math.max(...ends) / pageSize) * pageSize,
  ];
}
