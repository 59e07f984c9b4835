// How many bytes of code a build made itself, without libc and runtime: from the objects, or from the linker's map where they are gone.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** ` .text.name  0xaddress  0xsize file` of GNU ld's map; a long name stands on a line of its own before the rest. */
const inMap = /^ *(?:\.text\S*)?\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+\.o)$/;

/** @param folder holds work/, and tmp/ for the compiler's temporary files */
export function codeBytes(folder: string): number {
  const objects = readdirSync(join(folder, 'work'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.o'),
  );
  if (objects.length > 0)
    return objects.reduce((sum, path) => sum + fromObject(readFileSync(join(folder, 'work', path))), 0);
  const map = join(folder, 'work/map');
  return existsSync(map) ? fromMap(readFileSync(map, 'utf8'), join(folder, 'tmp/')) : 0;
}

function fromMap(text: string, temporary: string): number {
  let sum = 0;
  let code = false;
  for (const line of text.split('\n')) {
    // The section's name decides, whether or not it stands on the same line.
    const name = /^ (\.\S+)/.exec(line);
    if (name) code = name[1]?.startsWith('.text') ?? false;
    const found = code ? inMap.exec(line) : null;
    if (found?.[2]?.startsWith(temporary)) sum += parseInt(found[1] ?? '0', 16);
  }
  return sum;
}

/** Sizes of the executable sections (System V ABI, object files: e_shoff, sh_flags, SHF_EXECINSTR). */
function fromObject(elf: Buffer): number {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46) return 0;
  const wide = elf[4] === 2;
  const table = wide ? Number(elf.readBigUInt64LE(40)) : elf.readUInt32LE(32);
  const entry = elf.readUInt16LE(wide ? 58 : 46);
  const count = elf.readUInt16LE(wide ? 60 : 48);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const at = table + i * entry;
    const flags = wide ? Number(elf.readBigUInt64LE(at + 8)) : elf.readUInt32LE(at + 8);
    if (flags & 4) sum += wide ? Number(elf.readBigUInt64LE(at + 32)) : elf.readUInt32LE(at + 20);
  }
  return sum;
}
