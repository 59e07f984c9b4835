// The clean run of a campaign: every touch of a protected page, before which losing the page may matter.
//
// A lost page is rebuilt when it is next touched, so that losing it at any boundary between two touches is one and the same case: the rebuild before
// the second touch. If both copies agree at that touch, the rebuild changes nothing and the run goes on as the clean one: such a case needs no run.
import { addressOf, pageSize } from '../memory.js';
import type { Decoded } from '../instruction.js';
import type { Machine } from '../machine.js';
import { isMirror, mirrorIn, mirrorOf, nativeOf } from '../check/mirror.js';
import type { Mirror } from '../check/mirror.js';
import { runtimeStack, within } from '../check/runtime-map.js';
import type { RuntimeMap, Span } from '../check/runtime-map.js';
import { runToProgram } from '../check/start.js';
import { onStack } from '../linux/signal-frame.js';
import { ownOf } from '../linux/threads.js';
import { RSP } from '../state.js';
import { unitOf } from './fault.js';
import type { Lose } from './fault.js';

export interface FaultCase {
  /** Instructions executed before the one that touches the page. */
  readonly at: number;
  readonly lost: 'native' | 'mirror';
  /** The native page's number, whichever copy is lost. */
  readonly page: number;
  /** The native address of what is lost: a page, a line, or of a flipped bit the first byte that is touched. */
  readonly address: number;
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
  /** The last boundary at which something is lost. */
  readonly last: number;
  readonly mirror: Mirror;
  /** The last call of the program's that depends on how memory is divided into mappings, which a recovery changes. */
  readonly lastMoving: number;
  /** The process's stack. */
  readonly stack: Span;
  /** Bytes below the stack pointers at the end: nobody looks at them any more. */
  readonly unused: readonly Span[];
}

export const mnemonicOf = (i: Decoded): string =>
  (i.rep ? 'rep ' : i.repne ? 'repne ' : i.lock ? 'lock ' : '') + i.name;

const dividing = new Set(['madvise', 'mremap']);

/** `classified` gets each class of cases; `same`: both copies agree. Those that nobody touches any more are of the class `nothing`. */
export function traceRun(
  machine: Machine,
  map: RuntimeMap,
  lose: Lose,
  classified: (fault: FaultCase, same: boolean) => void,
): Clean {
  const { cpu, interpreter, kernel, memory } = machine;
  interpreter.precise = true;
  kernel.apart = true;
  if (!runToProgram(machine, map)) throw new Error('the program ended before its own code began');
  const mirror = mirrorIn(machine);
  if (!mirror) throw new Error('the runtime has made no mirror');
  const start = machine.executed;
  const region = memory.regions.all().find((r) => r.name === '[stack]');
  const stack = { lo: region?.start ?? 0, hi: region?.end ?? 0 };
  const statePages = { lo: map.state.lo / pageSize, hi: map.state.hi / pageSize };
  const [imageLow, imageHigh] = imageBounds(machine);
  const runtime = new WeakMap<Decoded, boolean>();
  const unit = unitOf(lose);
  const unitsPerPage = pageSize / unit;
  /** By unit: the instruction that touched it last. */
  const touched = new Map<number, number>();
  let stackPointer = 0;
  /** Behind the program's own last instruction. */
  let programEnd = start;
  /** Bits flip while the program runs, not while the check at its end looks: what the runtime touches counts once the program goes on. */
  const held: {
    readonly key: number;
    readonly before: number;
    readonly fault: FaultCase;
    readonly same: boolean;
  }[] = [];

  const inRuntime = (): boolean => {
    const i = interpreter.current;
    if (!i) return true;
    let known = runtime.get(i);
    if (known === undefined) {
      known = within(map.code, Number(i.address));
      runtime.set(i, known);
    }
    return known;
  };
  const classOf = (): string => {
    const i = interpreter.current;
    if (!i) return 'start';
    if (i.name === 'syscall' || i.name === 'int') return `system call ${kernel.call}`;
    if (inRuntime()) return 'runtime';
    return mnemonicOf(i);
  };
  const kindOf = (page: number): string => {
    const address = page * pageSize;
    if (address >= imageLow && address < imageHigh) return 'data';
    const name = memory.regions.find(address)?.name;
    return name === '[stack]' ? 'stack' : name === '[heap]' ? 'heap' : 'mmap';
  };
  /** The case of what is lost by its own address; undefined: not protected. */
  const describe = (address: number, at: number, before: number, what: string): FaultCase | undefined => {
    const own = nativeOf(mirror, address);
    const page = Math.floor(own / pageSize);
    if (page >= statePages.lo && page < statePages.hi) return undefined;
    return {
      at,
      lost: isMirror(mirror, address) ? 'mirror' : 'native',
      page,
      address: own,
      boundaries: at - before,
      memory: kindOf(page),
      class: what,
    };
  };

  for (const number of memory.presentPages())
    for (let n = 0; n < unitsPerPage; n++) touched.set(number * unitsPerPage + n, start - 1);
  memory.onDrop = (number) => {
    for (let n = 0; n < unitsPerPage; n++) touched.delete(number * unitsPerPage + n);
  };
  const touch = (key: number, address: number): void => {
    const at = cpu.executed + interpreter.position;
    const before = touched.get(key);
    if (before === at) return;
    touched.set(key, at);
    // Nothing can be lost before a page is there.
    if (before === undefined) return;
    const fault = describe(address, at, before, classOf());
    if (!fault) return;
    const same = memory.samePages(fault.page, mirrorPage(mirror, fault.page));
    if (same === undefined) return;
    if (lose === 'bit' && inRuntime()) held.push({ key, before, fault, same });
    else classified(fault, same);
  };
  memory.onTouch = (number, offset, size) => {
    const first = number * unitsPerPage;
    if (!touched.has(first))
      for (let n = 0; n < unitsPerPage; n++) touched.set(first + n, cpu.executed + interpreter.position);
    const last = Math.floor((offset + size - 1) / unit);
    for (let n = Math.floor(offset / unit); n <= last; n++)
      touch(first + n, number * pageSize + Math.max(offset, n * unit));
  };
  memory.tlb.flush();
  interpreter.onBlock = (instructions) => {
    if (within(map.code, Number(instructions[0]?.address ?? 0n))) return;
    stackPointer = addressOf(cpu.s[RSP] ?? 0, cpu.s[RSP + 1] ?? 0);
    programEnd = cpu.executed;
    for (const { fault, same } of held.splice(0)) classified(fault, same);
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
  memory.tlb.flush();

  const end = machine.executed;
  const unused = [below(stackPointer, stack, map.redZone), ...unusedByThreads(machine, stack, map.redZone)];
  for (const { key, before } of held.reverse()) touched.set(key, before);
  const last = (lose === 'bit' ? programEnd : end) - 1;
  for (const [key, before] of touched) {
    const fault = describe(key * unit, last, before, 'nothing');
    if (
      !fault ||
      fault.boundaries <= 0 ||
      memory.samePages(fault.page, mirrorPage(mirror, fault.page)) === undefined
    )
      continue;
    classified(fault, sameOutside(machine, fault.page, mirror, unused));
  }
  return { start, end, last, mirror, lastMoving, stack, unused };
}

/** Of a native page's number. */
export const mirrorPage = (mirror: Mirror, page: number): number =>
  mirrorOf(mirror, page * pageSize) / pageSize;

/** What is dead below a stack pointer; of another stack only what a call of the runtime uses. */
export function below(stackPointer: number, stack: Span, redZone: number): Span {
  const hi = stackPointer - redZone;
  return { lo: hi > stack.lo && hi <= stack.hi ? stack.lo : hi - runtimeStack, hi };
}

/** What is dead of each thread's memory: below its stack pointer, and of an alternate stack that it is not on. */
export function unusedByThreads({ cpu, kernel }: Machine, stack: Span, redZone: number): Span[] {
  return [...kernel.threads.values()].flatMap((thread) => {
    const registers = thread.registers?.general ?? cpu.s;
    const sp = addressOf(registers[RSP] ?? 0, registers[RSP + 1] ?? 0);
    const { alternateStack } = ownOf(kernel, thread);
    const { base, size } = alternateStack;
    return [below(sp, stack, redZone), { lo: base, hi: onStack(alternateStack, sp) ? base : base + size }];
  });
}

function sameOutside({ memory }: Machine, page: number, mirror: Mirror, unused: readonly Span[]): boolean {
  if (memory.samePages(page, mirrorPage(mirror, page)) === true) return true;
  const address = page * pageSize;
  const native = memory.readBytes(address, pageSize);
  const other = memory.readBytes(mirrorOf(mirror, address), pageSize);
  return native.every(
    (byte, n) => byte === other[n] || unused.some((s) => address + n >= s.lo && address + n < s.hi),
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
