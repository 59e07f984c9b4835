// Segments of 32-bit programs, as Linux on x86-64 has them (arch/x86/include/asm/segment.h): all but FS and GS begin at 0; those two select one of three
// that set_thread_area made.
import { FS, FS_SELECTOR, GS, GS_SELECTOR, TLS_BASE, TLS_THERE, Trap } from './state.js';

export const codeSelector = 0x23;
export const dataSelector = 0x2b;
/** In the global descriptor table. */
export const firstThreadArea = 12;
export const threadAreas = 3;

const ES = 0;
const CS = 1;
const FS_NUMBER = 4;
const GS_NUMBER = 5;
const isNull = (selector: number): boolean => (selector & 0xfffc) === 0;

/** By the number of the segment register in instructions. */
export function selectorOf(s: Int32Array, register: number): number {
  switch (register) {
    case CS:
      return codeSelector;
    case FS_NUMBER:
      return s[FS_SELECTOR] ?? 0;
    case GS_NUMBER:
      return s[GS_SELECTOR] ?? 0;
    default:
      return dataSelector;
  }
}

/** What a selector selects begins there; undefined: nothing, which is #GP. */
function baseOf(s: Int32Array, selector: number): number | undefined {
  if (isNull(selector) || selector === dataSelector) return 0;
  const n = (selector >> 3) - firstThreadArea;
  const there = n >= 0 && n < threadAreas && ((s[TLS_THERE] ?? 0) >> n) & 1 && (selector & 4) === 0;
  return there ? (s[TLS_BASE + n] ?? 0) : undefined;
}

/** Throws the trap that the CPU gives; nothing has changed then. */
export function loadSegment(s: Int32Array, register: number, selector: number): void {
  if (register !== FS_NUMBER && register !== GS_NUMBER) {
    const names = ['es', 'cs', 'ss', 'ds'];
    if (selector !== dataSelector)
      throw new Trap('missing', `loading ${names[register] ?? ES} with selector 0x${selector.toString(16)}`);
    return;
  }
  const base = baseOf(s, selector);
  if (base === undefined) throw new Trap('protection', 'a selector of nothing', selector & 0xfffc);
  s[register === FS_NUMBER ? FS_SELECTOR : GS_SELECTOR] = selector;
  s[register === FS_NUMBER ? FS : GS] = base;
}

/** As Linux does where a frame or a change of descriptors may have left a selector of nothing: it becomes null (do_set_thread_area, sigreturn). */
export function reloadSegments(s: Int32Array, fs: number, gs: number): void {
  const load = (register: number, selector: number): void => {
    loadSegment(s, register, baseOf(s, selector) === undefined ? 0 : selector);
  };
  load(FS_NUMBER, fs);
  load(GS_NUMBER, gs);
}

/** The linear address, modulo 2^32. */
export function throughSelector(s: Int32Array, segment: 'fs' | 'gs', inner: () => number): () => number {
  const [base, selector] = segment === 'fs' ? [FS, FS_SELECTOR] : [GS, GS_SELECTOR];
  return () => {
    const lo = inner();
    if (isNull(s[selector] ?? 0)) throw new Trap('protection', 'a segment that is not there');
    return (lo + (s[base] ?? 0)) | 0;
  };
}
