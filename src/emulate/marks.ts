// Whose an instruction is: the program's, inserted by mirrorasm, or its runtime's. Objects made with marks (src/instrument/marks.ts) list it.
import type { Elf } from './elf.js';
import { runtimeMap } from './check/runtime-map.js';
import type { Span } from './check/runtime-map.js';

/** `unmarked`: mirrored code of which nothing tells. */
export type Origin = 'native' | 'inserted' | 'runtime' | 'unmarked';

interface Marks {
  readonly covered: readonly Span[];
  readonly inserted: readonly Span[];
}

function marksOf(file: Uint8Array, elf: Elf, bias: number): Marks {
  const covered: Span[] = [];
  const inserted: Span[] = [];
  const section = elf.sections.find(({ name }) => name === '.debug_mirror');
  if (section === undefined) return { covered, inserted };
  if (section.compressed)
    throw new Error('.debug_mirror is compressed: link without --compress-debug-sections');
  const view = new DataView(file.buffer, file.byteOffset + section.offset, section.size);
  const bytes = elf.bits / 8;
  const word = (at: number): number =>
    bytes === 8 ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);
  for (let at = 0; at + 3 * bytes <= section.size; at += 3 * bytes) {
    const span = { lo: word(at) + bias, hi: word(at + bytes) + bias };
    // The lowest two bits say what it is; behind them is where it stands in a listing.
    const list = [covered, inserted][word(at + 2 * bytes) & 3];
    // Linkers write 0 for code that they have dropped.
    if (span.hi > span.lo) list?.push(span);
  }
  const ascending = (a: Span, b: Span): number => a.lo - b.lo;
  return { covered: covered.sort(ascending), inserted: inserted.sort(ascending) };
}

/** Whether an address is in one of the spans, which are sorted and do not overlap. */
function inside(spans: readonly Span[], address: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.hi ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  return (spans[low]?.lo ?? Infinity) <= address;
}

/** Says whose the instruction at an address is. A program without the runtime has none but its own. */
export function originsOf(file: Uint8Array, elf: Elf, bias: number): (address: number) => Origin {
  let runtime: readonly Span[];
  try {
    runtime = runtimeMap(elf, bias).code;
  } catch {
    return () => 'native';
  }
  const { covered, inserted } = marksOf(file, elf, bias);
  return (address) => {
    if (runtime.some(({ lo, hi }) => address >= lo && address < hi)) return 'runtime';
    if (inside(inserted, address)) return 'inserted';
    return inside(covered, address) ? 'native' : 'unmarked';
  };
}
