// Which objects of a link were not rewritten, read from the linker's map (GNU ld manual, -Map).

/** The section that every rewritten object carries, and that no other does. */
const markerSection = '.mirrorasm';

/** A line in front of rewritten text. Equal strings are merged by the linker, so a program holds it once, in no memory. */
export const marker = `\t.pushsection ${markerSection},"MS",@progbits,1; .string "mirrorasm"; .popsection\n`;

/** Sections that hold code in the linker's default script. */
const code = /^\.(text|init|fini|plt)(\.|$)/;

/** ` .text.name  0xaddress  0xsize file`; a long name stands on a line of its own before the rest. */
const inputSection = /^ (\S+)?\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (.+)$/;

/**
 * Objects whose code went into a program without having been rewritten, as ld writes them: `file.o`, `library.a(member.o)`.
 *
 * @param map text of the linker's map
 * @param ownLibrary the runtime, which is not rewritten by design
 */
export function unmirroredObjects(map: string, ownLibrary: string): string[] {
  const from = map.indexOf('\nLinker script and memory map');
  const withCode = new Set<string>();
  const marked = new Set<string>();
  let pending = '';
  for (const line of map.slice(Math.max(from, 0)).split('\n')) {
    const found = inputSection.exec(line);
    if (!found) {
      pending = /^ \S+$/.test(line) ? line.slice(1) : '';
      continue;
    }
    const [, named, size = '0', file = ''] = found;
    const name = named ?? pending;
    pending = '';
    if (name === markerSection) marked.add(file);
    else if (code.test(name) && parseInt(size, 16) > 0) withCode.add(file);
  }
  return [...withCode].filter((file) => !marked.has(file) && !file.startsWith(`${ownLibrary}(`)).sort();
}
