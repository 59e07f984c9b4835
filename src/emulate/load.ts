// Puts a program into memory as Linux's fs/binfmt_elf.c does, at addresses that never change: image and brk near 2^46 + 2^44, mmap area
// below the stack, both with address bit 46 set, where mirrored programs have to be (runtime/x86_64/place.c); of 32-bit programs at the places that
// runtime/i386/place.c expects.
import { features1Edx } from './cpuid.js';
import { ElfError } from './elf.js';
import type { Elf } from './elf.js';
import { EXECUTE, pageSize, READ, WRITE } from './memory.js';
import type { Memory } from './memory.js';
import { anonymous } from './regions.js';

export interface Start {
  readonly entry: number;
  readonly stack: number;
  /** What is added to the addresses in the file. */
  readonly bias: number;
  readonly brk: number;
  /** mmap searches downwards from here. */
  readonly mmapTop: number;
  /** Where a program's addresses end. */
  readonly addressEnd: number;
}

export interface LoadOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly environment: readonly string[];
  readonly random: Uint8Array;
}

interface Places {
  readonly pieBase: number;
  readonly stackTop: number;
  readonly mmapTop: number;
}
/** Where Linux puts them without randomization; 32-bit programs as on x86-64. */
const places: Readonly<Record<32 | 64, Places>> = {
  32: { pieBase: 0x56555000, stackTop: 0xffffe000, mmapTop: 0xf7ffe000 },
  64: { pieBase: 0x555555554000, stackTop: 0x7ffffffff000, mmapTop: 0x7ffff7fff000 },
};
const stackSize = 0x800000;

const down = (at: number): number => at - (at % pageSize);
const up = (at: number): number => down(at + pageSize - 1);

export function load(memory: Memory, file: Uint8Array, elf: Elf, options: LoadOptions): Start {
  const { pieBase, stackTop, mmapTop } = places[elf.bits];
  const bias = elf.pie ? pieBase - down(Math.min(...elf.segments.map((s) => s.address))) : 0;
  let end = 0;
  for (const segment of elf.segments) {
    const start = down(bias + segment.address);
    const inPage = bias + segment.address - start;
    const fileEnd = up(bias + segment.address + segment.fileSize);
    const memoryEnd = up(bias + segment.address + segment.memorySize);
    // As Linux' load_elf_binary.
    if (segment.fileSize > segment.memorySize || memoryEnd > stackTop)
      throw new ElfError(
        `damaged: a segment of ${segment.memorySize} bytes at 0x${segment.address.toString(16)} cannot be loaded`,
      );
    if (segment.fileSize > 0)
      memory.map({
        start,
        end: fileEnd,
        protection: segment.protection,
        file,
        offset: segment.offset - inPage,
        // What follows in the file is seen in the last page of a segment, unless the segment goes on without the file.
        fileEnd:
          segment.memorySize > segment.fileSize
            ? segment.offset + segment.fileSize
            : Math.min(file.length, up(segment.offset + segment.fileSize)),
        name: options.name,
        shared: false,
      });
    const zeros = segment.fileSize > 0 ? fileEnd : start;
    if (memoryEnd > zeros) memory.map(anonymous(zeros, memoryEnd, segment.protection));
    end = Math.max(end, memoryEnd);
  }
  const stackProtection = READ | WRITE | (elf.executableStack ? EXECUTE : 0);
  memory.map(anonymous(stackTop - stackSize, stackTop, stackProtection, '[stack]'));
  const stack = buildStack(memory, elf, bias, stackTop, options);
  // Linux leaves a random gap; here one of 16 MiB.
  return { entry: bias + elf.entry, stack, bias, brk: end + 0x1000000, mmapTop, addressEnd: stackTop };
}

/** From <linux/auxvec.h>. */
const aux = {
  PHDR: 3,
  PHENT: 4,
  PHNUM: 5,
  PAGESZ: 6,
  BASE: 7,
  FLAGS: 8,
  ENTRY: 9,
  UID: 11,
  EUID: 12,
  GID: 13,
  EGID: 14,
  PLATFORM: 15,
  HWCAP: 16,
  CLKTCK: 17,
  SECURE: 23,
  RANDOM: 25,
  HWCAP2: 26,
  EXECFN: 31,
} as const;

/** argc, argv, envp, auxv and what they point to (psABI 3.4.1). Gives rsp. */
function buildStack(memory: Memory, elf: Elf, bias: number, stackTop: number, options: LoadOptions): number {
  const word = elf.bits / 8;
  let at = stackTop - word;
  const put = (bytes: Uint8Array): number => {
    at -= bytes.length;
    memory.writeBytes(at, bytes);
    return at;
  };
  const string = (value: string): number => put(Buffer.from(`${value}\0`, 'latin1'));
  const execfn = string(options.name);
  const environment = [...options.environment].reverse().map(string).reverse();
  const args = [...options.args].reverse().map(string).reverse();
  const platform = string(elf.bits === 64 ? 'x86_64' : 'i686');
  const random = put(options.random);
  const vector: readonly (readonly [number, number])[] = [
    [aux.HWCAP, features1Edx],
    [aux.PAGESZ, pageSize],
    [aux.CLKTCK, 100],
    [aux.PHDR, bias + elf.headers.address],
    [aux.PHENT, elf.headers.size],
    [aux.PHNUM, elf.headers.count],
    [aux.BASE, 0],
    [aux.FLAGS, 0],
    [aux.ENTRY, bias + elf.entry],
    [aux.UID, 1000],
    [aux.EUID, 1000],
    [aux.GID, 1000],
    [aux.EGID, 1000],
    [aux.SECURE, 0],
    [aux.RANDOM, random],
    [aux.HWCAP2, 2], // FSGSBASE may be used (Documentation/arch/x86/x86_64/fsgs.rst)
    [aux.EXECFN, execfn],
    [aux.PLATFORM, platform],
    [0, 0],
  ];
  const words = [args.length, ...args, 0, ...environment, 0, ...vector.flat()];
  const bytes = new Uint8Array(words.length * word);
  const view = new DataView(bytes.buffer);
  words.forEach((value, n) => {
    if (word === 8) view.setBigUint64(8 * n, BigInt(value), true);
    else view.setUint32(4 * n, value, true);
  });
  at -= bytes.length;
  at -= at % 16;
  memory.writeBytes(at, bytes);
  return at;
}
