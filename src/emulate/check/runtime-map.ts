// What of a program is mirrorasm's runtime, by the symbols that its linker script-less build bounds it with (runtime/build.sh, runtime/ranges.c).
import type { Elf } from '../elf.js';

export interface Span {
  readonly lo: number;
  readonly hi: number;
}

export interface RuntimeMap {
  /** Code that is not rewritten, sorted. */
  readonly code: readonly Span[];
  /** Its state and its stacks, which have no mirror. */
  readonly state: Span;
  /** What compiled code may keep below its stack pointer (psABI 3.2.2). */
  readonly redZone: number;
}

/** What a call of the runtime may use below the stack, and below its red zone (runtime/limits.h, MR_K). */
export const runtimeStack = 1024;
export const stateSymbol = '__start_mirror_state';

/** Entry points stand in .text: they are reached by jumps of 32 bits from everywhere. */
const entryPoint = /^__mirror_|^mr_(exit_thread|unlock_exit)$/;

/** Addresses have the bias added. Throws where the program is not a mirrored one. */
export function runtimeMap(elf: Elf, bias: number): RuntimeMap {
  const at = (name: string): number | undefined => {
    const symbol = elf.symbols.find((s) => s.name === name);
    return symbol && symbol.address + bias;
  };
  const bounds = (section: string): Span | undefined => {
    const lo = at(`__start_${section}`);
    const hi = at(`__stop_${section}`);
    return lo === undefined || hi === undefined ? undefined : { lo, hi };
  };
  const state = bounds('mirror_state');
  const text = bounds('mirror_text');
  if (!state || !text)
    throw new Error('not a mirrored program with symbols: build it with mirrorcc, and do not strip it');
  const entries = elf.symbols
    .filter((s) => s.kind === 'function' && s.size > 0 && entryPoint.test(s.name))
    .map((s) => ({ lo: s.address + bias, hi: s.address + s.size + bias }));
  return { code: [text, ...entries].sort((a, b) => a.lo - b.lo), state, redZone: elf.bits === 64 ? 128 : 0 };
}

export function within(spans: readonly Span[], address: number): boolean {
  return spans.some((s) => address >= s.lo && address < s.hi);
}
