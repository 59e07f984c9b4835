// Object files as data: sections, symbols, and how many bytes of code there are (System V gABI: file header, section header table, symbol table).
import type { FileStats } from './types.js';

export interface ObjectSection {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  /** Where its bytes are in the file. */
  readonly at: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

export interface ObjectSymbol {
  readonly name: string;
  readonly type: number;
  readonly section: number;
  /** From the section's beginning. */
  readonly value: number;
  readonly size: number;
}

export interface ObjectFile {
  readonly view: DataView;
  readonly bits: 32 | 64;
  readonly sections: readonly ObjectSection[];
  readonly symbols: readonly ObjectSymbol[];
}

export interface ObjectCode {
  /** Bytes of its executable sections. */
  readonly bytes: number;
  /** Sizes of its functions by name; a name that occurs twice counts with both. */
  readonly functions: ReadonlyMap<string, number>;
}

const EXECINSTR = 4n;
const SYMTAB = 2;
export const FUNC = 2;

/** Reads a relocatable file of either word size. Throws a RangeError where it is none. */
export function openObject(file: Uint8Array): ObjectFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0) !== 0x7f454c46) throw new RangeError('not an ELF file');
  const wide = view.getUint8(4) === 2;
  const u32 = (at: number): number => view.getUint32(at, true);
  const word = (at: number): number => (wide ? Number(view.getBigUint64(at, true)) : u32(at));
  const table = word(wide ? 40 : 32);
  const entry = view.getUint16(wide ? 58 : 46, true);
  const count = view.getUint16(wide ? 60 : 48, true);
  const decoder = new TextDecoder('latin1');
  const nameAt = (at: number): string => decoder.decode(file.subarray(at, file.indexOf(0, at)));
  const place = (i: number): number => word(table + i * entry + (wide ? 24 : 16));
  const names = count === 0 ? 0 : place(view.getUint16(wide ? 62 : 50, true));
  const sections = Array.from({ length: count }, (_, i): ObjectSection => {
    const at = table + i * entry;
    return {
      name: nameAt(names + u32(at)),
      type: u32(at + 4),
      flags: BigInt(word(at + 8)),
      at: place(i),
      size: word(at + (wide ? 32 : 20)),
      link: u32(at + (wide ? 40 : 24)),
      info: u32(at + (wide ? 44 : 28)),
    };
  });
  const symbols: ObjectSymbol[] = [];
  for (const { type, at, size, link } of sections) {
    if (type !== SYMTAB) continue;
    const strings = sections[link]?.at ?? 0;
    for (let s = at; s < at + size; s += wide ? 24 : 16)
      symbols.push({
        name: nameAt(strings + u32(s)),
        type: view.getUint8(s + (wide ? 4 : 12)) & 15,
        section: view.getUint16(s + (wide ? 6 : 14), true),
        value: word(s + (wide ? 8 : 4)),
        size: word(s + (wide ? 16 : 8)),
      });
  }
  return { view, bits: wide ? 64 : 32, sections, symbols };
}

/** How much code there is. Throws a RangeError where it is no object file. */
export function readObject(file: Uint8Array): ObjectCode {
  const { sections, symbols } = openObject(file);
  const functions = new Map<string, number>();
  for (const { name, type, size } of symbols)
    if (type === FUNC) functions.set(name, (functions.get(name) ?? 0) + size);
  const bytes = sections.reduce((sum, { flags, size }) => sum + (flags & EXECINSTR ? size : 0), 0);
  return { bytes, functions };
}

/** The statistics with the sizes of the object natively and mirrored. */
export function withBytes(stats: FileStats, native: ObjectCode, mirrored: ObjectCode): FileStats {
  return {
    ...stats,
    bytes: { native: native.bytes, mirrored: mirrored.bytes },
    functions: stats.functions.map((one) => {
      const before = native.functions.get(one.name);
      const after = mirrored.functions.get(one.name);
      return before === undefined || after === undefined
        ? one
        : { ...one, bytes: { native: before, mirrored: after } };
    }),
  };
}
