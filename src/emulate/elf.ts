// Static ELF files, of 32 and 64 bits, as plain data (System V ABI, chapter 4 and 5). Fails closed: a file that cannot be run is an error that says why.

export interface Segment {
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  /** READ 1, WRITE 2, EXECUTE 4, as memory.ts has them. */
  readonly protection: number;
}

export interface Elf {
  readonly bits: 32 | 64;
  readonly pie: boolean;
  readonly entry: number;
  readonly segments: readonly Segment[];
  /** gcc's nested functions need it. */
  readonly executableStack: boolean;
  readonly headers: { readonly address: number; readonly size: number; readonly count: number };
  readonly symbols: readonly ElfSymbol[];
  readonly sections: readonly ElfSection[];
}

export interface ElfSection {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** SHF_COMPRESSED: the bytes are not the contents. */
  readonly compressed: boolean;
}

export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly kind: 'function' | 'object' | 'other';
}

export class ElfError extends Error {}

/** Where fields of both classes stand: offset and size. */
interface Layout {
  readonly word: 4 | 8;
  /** Bytes of the file header. */
  readonly header: number;
  readonly entry: number;
  readonly phoff: number;
  readonly shoff: number;
  readonly phentsize: number;
  readonly shentsize: number;
  readonly segment: Readonly<
    Record<'bytes' | 'flags' | 'offset' | 'address' | 'fileSize' | 'memorySize', number>
  >;
  readonly section: Readonly<Record<'flags' | 'offset' | 'size', number>>;
  readonly symbol: Readonly<Record<'bytes' | 'info' | 'section' | 'address' | 'size', number>>;
}

const layouts: Readonly<Record<32 | 64, Layout>> = {
  32: {
    word: 4,
    header: 52,
    entry: 24,
    phoff: 28,
    shoff: 32,
    phentsize: 42,
    shentsize: 46,
    segment: { bytes: 32, flags: 24, offset: 4, address: 8, fileSize: 16, memorySize: 20 },
    section: { flags: 8, offset: 16, size: 20 },
    symbol: { bytes: 16, info: 12, section: 14, address: 4, size: 8 },
  },
  64: {
    word: 8,
    header: 64,
    entry: 24,
    phoff: 32,
    shoff: 40,
    phentsize: 54,
    shentsize: 58,
    segment: { bytes: 56, flags: 4, offset: 8, address: 16, fileSize: 32, memorySize: 40 },
    section: { flags: 8, offset: 24, size: 32 },
    symbol: { bytes: 24, info: 4, section: 6, address: 8, size: 16 },
  },
};

const machines: Readonly<Record<32 | 64, number>> = { 32: 3, 64: 62 };
const PT_LOAD = 1;
const PT_INTERP = 3;
const PT_GNU_STACK = 0x6474e551;
const ET_EXEC = 2;
const ET_DYN = 3;
const SHT_SYMTAB = 2;
const SHF_COMPRESSED = 0x800;

export function parseElf(file: Uint8Array): Elf {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const bits = file[4] === 1 ? 32 : 64;
  const layout = layouts[bits];
  if (file.length < layout.header || view.getUint32(0, false) !== 0x7f454c46)
    throw new ElfError('not an ELF file');
  if (view.getUint8(5) !== 1) throw new ElfError('not little-endian');
  const word = (at: number): number =>
    layout.word === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
  const type = view.getUint16(16, true);
  if (view.getUint16(18, true) !== machines[bits]) throw new ElfError('not for x86');
  if (type !== ET_EXEC && type !== ET_DYN) throw new ElfError('not an executable: link it first');
  const phoff = word(layout.phoff);
  const phentsize = view.getUint16(layout.phentsize, true);
  const count = view.getUint16(layout.phentsize + 2, true);
  // As Linux' load_elf_phdrs.
  if (phentsize !== layout.segment.bytes || phoff + count * phentsize > file.length)
    throw new ElfError('damaged: its program headers are not in the file');
  const segments: Segment[] = [];
  let headers = 0;
  let executableStack = false;
  for (let n = 0; n < count; n++) {
    const at = phoff + n * phentsize;
    const kind = view.getUint32(at, true);
    if (kind === PT_INTERP) throw new ElfError('dynamically linked: link it with -static or -static-pie');
    if (kind === PT_GNU_STACK) executableStack = (view.getUint32(at + layout.segment.flags, true) & 1) !== 0;
    if (kind !== PT_LOAD) continue;
    const field = (name: keyof Layout['segment']): number => word(at + layout.segment[name]);
    const flags = view.getUint32(at + layout.segment.flags, true);
    const offset = field('offset');
    const address = field('address');
    const fileSize = field('fileSize');
    if (offset <= phoff && phoff < offset + fileSize) headers = address + phoff - offset;
    segments.push({
      offset,
      address,
      fileSize,
      memorySize: field('memorySize'),
      // PF_R 4, PF_W 2, PF_X 1
      protection: ((flags >> 2) & 1) | (flags & 2) | ((flags & 1) << 2),
    });
  }
  if (segments.length === 0) throw new ElfError('nothing to load');
  let symbols: ElfSymbol[] | undefined;
  return {
    bits,
    pie: type === ET_DYN,
    entry: word(layout.entry),
    segments,
    executableStack,
    headers: { address: headers, size: phentsize, count },
    // Most runs ask for none, and to read them all takes as long as to run a small program.
    get symbols() {
      return (symbols ??= symbolsOf(file, view, layout, word));
    },
    sections: sectionsOf(file, view, layout, word),
  };
}

function text(file: Uint8Array, start: number): string {
  return Buffer.from(file.subarray(start, file.indexOf(0, start))).toString('latin1');
}

function sectionsOf(
  file: Uint8Array,
  view: DataView,
  layout: Layout,
  word: (at: number) => number,
): ElfSection[] {
  const table = word(layout.shoff);
  const size = view.getUint16(layout.shentsize, true);
  const count = view.getUint16(layout.shentsize + 2, true);
  const names = view.getUint16(layout.shentsize + 4, true);
  if (table + count * size > file.length || names >= count) return [];
  const strings = word(table + names * size + layout.section.offset);
  return Array.from({ length: count }, (_, n) => {
    const at = table + n * size;
    return {
      name: text(file, strings + view.getUint32(at, true)),
      offset: word(at + layout.section.offset),
      size: word(at + layout.section.size),
      compressed: (word(at + layout.section.flags) & SHF_COMPRESSED) !== 0,
    };
  });
}

function symbolsOf(
  file: Uint8Array,
  view: DataView,
  layout: Layout,
  word: (at: number) => number,
): ElfSymbol[] {
  const shoff = word(layout.shoff);
  const shentsize = view.getUint16(layout.shentsize, true);
  const count = view.getUint16(layout.shentsize + 2, true);
  const symbols: ElfSymbol[] = [];
  for (let n = 0; n < count; n++) {
    const at = shoff + n * shentsize;
    if (at + shentsize > file.length) break;
    if (view.getUint32(at + 4, true) !== SHT_SYMTAB) continue;
    const offset = word(at + layout.section.offset);
    const size = word(at + layout.section.size);
    const link = view.getUint32(at + (layout.word === 4 ? 24 : 40), true);
    // As Linux, which looks at neither, a damaged table keeps nobody from running the program.
    if (offset + size > file.length || shoff + (link + 1) * shentsize > file.length) continue;
    const strings = word(shoff + link * shentsize + layout.section.offset);
    for (let s = offset; s < offset + size; s += layout.symbol.bytes) {
      if (view.getUint16(s + layout.symbol.section, true) === 0) continue;
      const info = view.getUint8(s + layout.symbol.info) & 15;
      const kind = info === 2 ? 'function' : info === 1 ? 'object' : 'other';
      symbols.push({
        name: text(file, strings + view.getUint32(s, true)),
        address: word(s + layout.symbol.address),
        size: word(s + layout.symbol.size),
        kind,
      });
    }
  }
  return symbols.sort((a, b) => a.address - b.address);
}
