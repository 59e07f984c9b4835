// Where the code of an object file stands in the listing, from the records that instrument/marks.ts leaves: exact, as the assembler itself says where
// each instruction came to lie. Pure.
import { FUNC, openObject } from './elf.js';
import type { ObjectFile } from './elf.js';

export const placesVersion = 1;

/** Numbers of a span: section, first byte and the byte behind the last one in it, kind, row of the listing. */
export const spanWords = 5;
/** Kinds of a span: what is inserted at a write, and the program's own instruction there. */
export const INSERTED = 1;
export const OWN = 2;

export interface Places {
  readonly version: typeof placesVersion;
  /** Name, section, place in it, bytes. */
  readonly functions: readonly (readonly [name: string, section: number, offset: number, size: number])[];
  /** `spanWords` numbers each, ascending by section and place. */
  readonly spans: readonly number[];
}

const RELA = 4;
const REL = 9;
const SHF_COMPRESSED = 0x800n;
/** Numbers of sections from here on mean something else (SHN_LORESERVE). */
const LORESERVE = 0xff00;

/** Addresses in a section of an object: by offset, the section and place that are meant. */
function targets(object: ObjectFile, marks: number): Map<number, readonly [section: number, offset: number]> {
  const { view, bits, sections, symbols } = object;
  const found = new Map<number, readonly [number, number]>();
  const start = sections[marks]?.at ?? 0;
  const u32 = (at: number): number => view.getUint32(at, true);
  for (const { type, at, size, info } of sections) {
    if ((type !== RELA && type !== REL) || info !== marks) continue;
    for (let r = at; r < at + size; r += bits === 64 ? 24 : 8) {
      const offset = u32(r);
      const symbol = symbols[bits === 64 ? u32(r + 12) : u32(r + 4) >>> 8];
      // 64-bit objects have what is added in the relocation, 32-bit ones in its place.
      const addend =
        bits === 64 ? Number(view.getBigInt64(r + 16, true)) : view.getInt32(start + offset, true);
      if (symbol !== undefined && symbol.section > 0 && symbol.section < LORESERVE)
        found.set(offset, [symbol.section, symbol.value + addend]);
    }
  }
  return found;
}

/** The places of an object; undefined where it does not tell them. Throws a RangeError where it is no object file. */
export function placesOf(file: Uint8Array): Places | undefined {
  const object = openObject(file);
  const { view, bits, sections, symbols } = object;
  const marks = sections.findIndex(({ name }) => name === '.debug_mirror');
  const section = sections[marks];
  if (section === undefined || section.flags & SHF_COMPRESSED) return undefined;
  const at = targets(object, marks);
  const bytes = bits / 8;
  const spans: (readonly number[])[] = [];
  for (let record = 0; record + 3 * bytes <= section.size; record += 3 * bytes) {
    const lo = at.get(record);
    const hi = at.get(record + bytes);
    const what = view.getUint32(section.at + record + 2 * bytes, true);
    const kind = what & 3;
    if (lo !== undefined && hi !== undefined && (kind === INSERTED || kind === OWN) && hi[1] > lo[1])
      spans.push([lo[0], lo[1], hi[1], kind, what >>> 2]);
  }
  spans.sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
  return {
    version: placesVersion,
    functions: symbols
      .filter(({ type, section }) => type === FUNC && section > 0 && section < LORESERVE)
      .map(({ name, section, value, size }) => [name, section, value, size]),
    spans: spans.flat(),
  };
}
