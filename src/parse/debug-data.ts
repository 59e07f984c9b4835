// Debug information: most of what a compiler writes with -g, and nothing that any later stage looks at. Its sections are not loaded, so no byte of
// them is run, and the addresses in them are no jump's. It is kept as it stands and makes no statements, as a comment does.

/** A section that is not loaded: of its flags, neither `a` nor `x`. */
const section = /\.section[ \t]+(\.debug_\w+),"[GMSe]*",[@%]progbits[^"\n;#/]*\n/y;

/** Data or a label on a line of its own. What is written in any other way ends the run. */
const line =
  /(?:[ \t]+\.(?:[248]?byte|asci[iz]|long|quad|short|sleb128|string|uleb128|value)[ \t]+(?:[-+\w.$@(][-+\w.$@() \t,]*|"(?:[^"\\\n]|\\[^\n])*"[ \t]*)|\.L[\w.$]+:)(?:#[^\n]*)?\n/y;

/** DWARF has a score of them. */
const mostSections = 64;

/** A section's name, as it may stand anywhere. */
const anyName = /\.debug_\w+/g;

/** Under a quoted name any section may hide. */
const quotedName = /section[ \t]*"/i;

/** Says where the data behind a section directive ends. */
export class DebugData {
  /** By section: whether it is one of debug information. */
  private readonly known = new Map<string, boolean>();
  private quoted: boolean | undefined;
  /** Names in the text up to `readTo`. */
  private readonly names = new Set<string>();
  private readTo = 0;

  constructor(private readonly text: string) {}

  /**
   * @param at where a statement begins
   * @returns the offset behind the lines of data that follow it; -1 where it opens no section of debug information
   */
  behind(at: number): number {
    section.lastIndex = at;
    const name = section.exec(this.text)?.[1];
    if (name === undefined || !this.isDebug(name, at)) return -1;
    let end = section.lastIndex;
    for (line.lastIndex = end; line.test(this.text); line.lastIndex = end) end = line.lastIndex;
    return end;
  }

  /** GNU as goes by the flags of the first time that a section is named, and takes no offence at a second time without. */
  private isDebug(name: string, at: number): boolean {
    let found = this.known.get(name);
    if (found === undefined) {
      if (this.known.size === mostSections) return false;
      this.quoted ??= quotedName.test(this.text);
      found = !this.quoted && !this.namesBefore(at).has(name);
      this.known.set(name, found);
    }
    return found;
  }

  private namesBefore(at: number): ReadonlySet<string> {
    const name = this.text.startsWith('.debug_', at) ? at : this.text.indexOf('.debug_', at);
    for (anyName.lastIndex = this.readTo; ; this.readTo = anyName.lastIndex) {
      const found = anyName.exec(this.text);
      if (found === null || found.index >= name) break;
      this.names.add(found[0]);
    }
    return this.names;
  }
}
