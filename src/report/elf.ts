// How many bytes of code an object file has, as a whole and by function (System V gABI: file header, section header table, symbol table).
import type { FileStats } from './types.js';

export interface ObjectCode {
  /** Bytes of its executable sections. */
  readonly bytes: number;
  /** Sizes of its functions by name; a name that occurs twice counts with both. */
  readonly functions: ReadonlyMap<string, number>;
}

const EXECINSTR = 4n;
const SYMTAB = 2;
const FUNC = 2;

/** Reads a relocatable file of either word size. Throws a RangeError where it is none. */
export function readObject(file: Uint8Array): ObjectCode {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0) !== 0x7f454c46) throw new RangeError('not an ELF file');
  const wide = view.getUint8(4) === 2;
  const u32 = (at: number): number => view.getUint32(at, true);
  const word = (at: number): number => (wide ? Number(view.getBigUint64(at, true)) : u32(at));
  const table = word(wide ? 40 : 32);
  const entry = view.getUint16(wide ? 58 : 46, true);
  const count = view.getUint16(wide ? 60 : 48, true);
  const section = (i: number): { type: number; flags: bigint; at: number; size: number; link: number } => {
    const at = table + i * entry;
    return wide
      ? {
          type: u32(at + 4),
          flags: BigInt(word(at + 8)),
          at: word(at + 24),
          size: word(at + 32),
          link: u32(at + 40),
        }
      : {
          type: u32(at + 4),
          flags: BigInt(u32(at + 8)),
          at: u32(at + 16),
          size: u32(at + 20),
          link: u32(at + 24),
        };
  };
  const nameAt = (at: number): string => {
    let end = at;
    while (view.getUint8(end) !== 0) end++;
    return new TextDecoder('latin1').decode(file.subarray(at, end));
  };
  let bytes = 0;
  const functions = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const { type, flags, at, size, link } = section(i);
    if (flags & EXECINSTR) bytes += size;
    if (type !== SYMTAB) continue;
    const names = section(link).at;
    const symbol = wide ? 24 : 16;
    for (let s = at; s < at + size; s += symbol) {
      if ((view.getUint8(s + (wide ? 4 : 12)) & 15) !== FUNC) continue;
      const name = nameAt(names + u32(s));
      functions.set(name, (functions.get(name) ?? 0) + word(s + (wide ? 16 : 8)));
    }
  }
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
