// Source lines of addresses, from .debug_line (DWARF 5, section 6.2; versions 2 to 4 are read as well). What is not understood gives no line.
import type { Elf } from './elf.js';

export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

interface Row {
  readonly address: number;
  /** Undefined: nothing stands here, the sequence has ended. */
  readonly source: SourceLine | undefined;
}

/** Reads forward through a section. */
class Reader {
  private readonly view: DataView;
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    /** Bytes of an offset into another section: 4 or 8 (DWARF 5, section 7.4). */
    public offsetSize = 4,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  unsigned(size: number): number {
    const { view, at } = this;
    this.at += size;
    if (size === 1) return view.getUint8(at);
    if (size === 2) return view.getUint16(at, true);
    if (size === 4) return view.getUint32(at, true);
    if (size === 8) return Number(view.getBigUint64(at, true));
    throw new RangeError(`a number of ${size} bytes`);
  }
  signedByte(): number {
    return this.view.getInt8(this.at++);
  }
  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.unsigned(1);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.unsigned(1);
      value += (byte & 127) * scale;
      if (byte < 128) return byte & 64 ? value - 128 * scale : value;
    }
  }
  string(): string {
    const end = this.bytes.indexOf(0, this.at);
    const found = Buffer.from(this.bytes.subarray(this.at, end)).toString('latin1');
    this.at = end + 1;
    return found;
  }
}

type Sections = Readonly<Record<'line' | 'lineStrings' | 'strings', Uint8Array>>;

/** Forms that a table of files uses (section 6.2.4.1), by number of section 7.5.6. */
function form(r: Reader, kind: number, sections: Sections): string | number {
  switch (kind) {
    case 0x08: // string
      return r.string();
    case 0x0b: // data1
      return r.unsigned(1);
    case 0x05: // data2
      return r.unsigned(2);
    case 0x0f: // udata
      return r.uleb();
    case 0x1e: // data16: an MD5 sum
      r.at += 16;
      return 0;
    case 0x1f: // line_strp
      return new Reader(sections.lineStrings, r.unsigned(r.offsetSize)).string();
    case 0x0e: // strp
      return new Reader(sections.strings, r.unsigned(r.offsetSize)).string();
    default:
      throw new RangeError(`form ${kind}`);
  }
}

interface Entry {
  readonly path: string;
  readonly folder: number;
}

/** Version 5's table of folders or files. */
function entries(r: Reader, sections: Sections): Entry[] {
  const shape = Array.from({ length: r.unsigned(1) }, () => [r.uleb(), r.uleb()] as const);
  return Array.from({ length: r.uleb() }, () => {
    let path = '';
    let folder = 0;
    for (const [content, kind] of shape) {
      const value = form(r, kind, sections);
      if (content === 1) path = String(value);
      if (content === 2) folder = Number(value);
    }
    return { path, folder };
  });
}

function join(folder: string, path: string): string {
  return path.startsWith('/') || folder === '' ? path : `${folder}/${path}`;
}

/** The names that a program of this unit may set, by number. */
function fileNames(r: Reader, version: number, sections: Sections): readonly string[] {
  if (version >= 5) {
    const folders = entries(r, sections).map(({ path }) => path);
    return entries(r, sections).map(({ path, folder }) => join(folders[folder] ?? '', path));
  }
  // Folder 0 is where the compiler ran, file 0 does not exist.
  const folders = [''];
  for (let name = r.string(); name !== ''; name = r.string()) folders.push(name);
  const files = [''];
  for (let name = r.string(); name !== ''; name = r.string()) {
    files.push(join(folders[r.uleb()] ?? '', name));
    r.uleb();
    r.uleb();
  }
  return files;
}

/** Executes one unit's line number program. Gives where the next unit starts. */
function unit(sections: Sections, start: number, rows: Row[]): number {
  const r = new Reader(sections.line, start);
  let length = r.unsigned(4);
  if (length === 0xffffffff) {
    r.offsetSize = 8;
    length = r.unsigned(8);
  }
  const end = r.at + length;
  const version = r.unsigned(2);
  if (version < 2 || version > 5) return end;
  if (version >= 5) r.at += 2; // sizes of addresses and of segment selectors
  const headerLength = r.unsigned(r.offsetSize);
  const program = r.at + headerLength;
  const minimum = r.unsigned(1);
  if (version >= 4) r.at += 1; // operations a bundle: 1 on x86
  r.at += 1; // default_is_stmt
  const lineBase = r.signedByte();
  const lineRange = r.unsigned(1);
  const opcodeBase = r.unsigned(1);
  const operands = Array.from({ length: opcodeBase - 1 }, () => r.unsigned(1));
  const files = fileNames(r, version, sections);
  r.at = program;
  let address = 0;
  let file = 1;
  let line = 1;
  const emit = (): void => {
    rows.push({ address, source: { file: files[file] ?? '?', line } });
  };
  const reset = (): void => {
    address = 0;
    file = 1;
    line = 1;
  };
  const special = (code: number): void => {
    const adjusted = code - opcodeBase;
    address += Math.floor(adjusted / lineRange) * minimum;
    line += lineBase + (adjusted % lineRange);
  };
  while (r.at < end) {
    const code = r.unsigned(1);
    if (code >= opcodeBase) {
      special(code);
      emit();
      continue;
    }
    switch (code) {
      case 0: {
        const size = r.uleb();
        const next = r.at + size;
        const extended = r.unsigned(1);
        if (extended === 1) {
          rows.push({ address, source: undefined });
          reset();
        } else if (extended === 2) address = r.unsigned(size - 1);
        r.at = next;
        break;
      }
      case 1: // copy
        emit();
        break;
      case 2: // advance_pc
        address += r.uleb() * minimum;
        break;
      case 3: // advance_line
        line += r.sleb();
        break;
      case 4: // set_file
        file = r.uleb();
        break;
      case 8: // const_add_pc
        address += Math.floor((255 - opcodeBase) / lineRange) * minimum;
        break;
      case 9: // fixed_advance_pc
        address += r.unsigned(2);
        break;
      default:
        for (let n = operands[code - 1] ?? 0; n > 0; n--) r.uleb();
    }
  }
  return end;
}

/** Looks up the source line of an address as it stands in the file. */
export function sourceLines(file: Uint8Array, elf: Elf): (address: number) => SourceLine | undefined {
  const contents = (name: string): Uint8Array => {
    const section = elf.sections.find((s) => s.name === name && !s.compressed);
    return section ? file.subarray(section.offset, section.offset + section.size) : new Uint8Array(0);
  };
  const sections = {
    line: contents('.debug_line'),
    lineStrings: contents('.debug_line_str'),
    strings: contents('.debug_str'),
  };
  const rows: Row[] = [];
  try {
    for (let at = 0; at < sections.line.length;) at = unit(sections, at, rows);
  } catch (error) {
    // Cut short or of a form that is not known: lines are a help, and what was read so far is true.
    if (!(error instanceof RangeError)) throw error;
  }
  // The end of one sequence may be the start of another: ends first.
  rows.sort(
    (a, b) => a.address - b.address || Number(a.source !== undefined) - Number(b.source !== undefined),
  );
  return (address) => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rows[middle]?.address ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return rows[low - 1]?.source;
  };
}
