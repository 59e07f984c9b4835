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
 * @param own objects and libraries of the runtime and of its start, which are not rewritten by design
 */
export function unmirroredObjects(map: string, own: readonly string[]): string[] {
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
  const isOwn = (file: string): boolean => own.some((one) => file === one || file.startsWith(`${one}(`));
  return [...withCode].filter((file) => !marked.has(file) && !isOwn(file)).sort();
}

const namesShown = 10;

/**
 * What is said about the objects of a link that are not mirrored, and whether the program is refused for them.
 *
 * @param map text of the linker's map
 */
export function reportUnmirrored(
  map: string,
  { own, strict }: { readonly own: readonly string[]; readonly strict: boolean },
): { readonly text: string; readonly refused: boolean } {
  const objects = unmirroredObjects(map, own);
  if (objects.length === 0) return { text: '', refused: false };
  const level = strict ? 'error' : 'warning';
  const lines = objects
    .slice(0, namesShown)
    .map((object) => `${level}[M026]: ${object} is not mirrored: what its code writes has no second copy`);
  if (objects.length > namesShown)
    lines.push(`${level}[M026]: ${objects.length - namesShown} more objects are not mirrored`);
  if (strict) lines.push('note: build them with mirrorcc, or leave --mirror-strict=1 out');
  return { text: lines.map((line) => `mirrorcc: ${line}\n`).join(''), refused: strict };
}
