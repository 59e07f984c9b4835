// Which objects of a link were not rewritten, or otherwise than the libraries, read from the linker's map (GNU ld manual, -Map).
import type { CallMirror, ProfileName } from '../../profile/profile.js';
import { callMirrorOf, profiles } from '../../profile/profiles.js';

/** The section that every rewritten object carries, and that no other does. */
const markerSection = '.mirrorasm';

/** Carried beside it where return addresses are not mirrored as in the libraries (--mirror-call). */
const callSection = '.mirrorasm_call';

/** A line in front of rewritten text. Equal strings are merged by the linker, so a program holds it once, in no memory. */
const lineOf = (section: string): string =>
  `\t.pushsection ${section},"MS",@progbits,1; .string "mirrorasm"; .popsection\n`;
export const marker = lineOf(markerSection);
const otherMarker = marker + lineOf(callSection);

/**
 * What stands in front of rewritten text.
 *
 * @param name what it was rewritten for
 * @param wanted who was asked to mirror return addresses
 */
export function markerOf(name: ProfileName, wanted: CallMirror | undefined): string {
  const profile = profiles[name];
  return callMirrorOf(profile, wanted) === profile.callMirrors[0] ? marker : otherMarker;
}

/** Sections that hold code in the linker's default script. */
const code = /^\.(text|init|fini|plt)(\.|$)/;

/** ` .text.name  0xaddress  0xsize file`; a long name stands on a line of its own before the rest. */
const inputSection = /^ (\S+)?\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (.+)$/;

/** Objects as ld writes them: `file.o`, `library.a(member.o)`. */
interface Objects {
  /** Their code went into the program without having been rewritten. */
  readonly unmirrored: readonly string[];
  /** Return addresses of what they call in libraries are mirrored by nobody. */
  readonly otherCalls: readonly string[];
}

/** @param own objects and libraries of the runtime and of its start, which are not rewritten by design */
function readMap(map: string, own: readonly string[]): Objects {
  const from = map.indexOf('\nLinker script and memory map');
  const withCode = new Set<string>();
  const marked = new Set<string>();
  const otherCalls = new Set<string>();
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
    else if (name === callSection) otherCalls.add(file);
    else if (code.test(name) && parseInt(size, 16) > 0) withCode.add(file);
  }
  const isOwn = (file: string): boolean => own.some((one) => file === one || file.startsWith(`${one}(`));
  return {
    unmirrored: [...withCode].filter((file) => !marked.has(file) && !isOwn(file)).sort(),
    otherCalls: [...otherCalls].sort(),
  };
}

const namesShown = 10;

interface Kind {
  readonly code: string;
  readonly what: string;
  readonly more: string;
  readonly wayOut: string;
}
const unmirrored: Kind = {
  code: 'M026',
  what: 'is not mirrored: what its code writes has no second copy',
  more: 'are not mirrored',
  wayOut: 'build them with mirrorcc',
};
const otherCalls: Kind = {
  code: 'M031',
  what: 'was built with --mirror-call=callee: return addresses of its calls of libraries have no second copy',
  more: 'were built with --mirror-call=callee',
  wayOut: 'build them without that option',
};

function describe(kind: Kind, objects: readonly string[], level: string, strict: boolean): string[] {
  if (objects.length === 0) return [];
  const lines = objects
    .slice(0, namesShown)
    .map((object) => `${level}[${kind.code}]: ${object} ${kind.what}`);
  if (objects.length > namesShown)
    lines.push(`${level}[${kind.code}]: ${objects.length - namesShown} more objects ${kind.more}`);
  return strict ? [...lines, `note: ${kind.wayOut}, or leave --mirror-strict=1 out`] : lines;
}

/**
 * What is said about the objects of a link of which not all has a second copy, and whether the program is refused for them.
 *
 * @param map text of the linker's map
 */
export function reportUnmirrored(
  map: string,
  { own, strict }: { readonly own: readonly string[]; readonly strict: boolean },
): { readonly text: string; readonly refused: boolean } {
  const objects = readMap(map, own);
  const level = strict ? 'error' : 'warning';
  const lines = [
    ...describe(unmirrored, objects.unmirrored, level, strict),
    ...describe(otherCalls, objects.otherCalls, level, strict),
  ];
  return { text: lines.map((line) => `mirrorcc: ${line}\n`).join(''), refused: strict && lines.length > 0 };
}
