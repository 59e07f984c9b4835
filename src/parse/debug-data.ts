// Debug information: most of what a compiler writes with -g, and nothing that any later stage looks at. Its sections are not loaded, so no byte of
// them is run, and the addresses in them are no jump's. It is kept as it stands and makes no statements, as a comment does.

/** A section that is not loaded: of its flags, neither `a` nor `x`. */
const section = /\.section[ \t]+(\.debug_\w+),"[GMSe]*",[@%]progbits[^"\n;#/]*\n/y;

/** Data or a label on a line of its own. What is written in any other way ends the run. */
const line =
  /(?:[ \t]+\.(?:[248]?byte|asci[iz]|long|quad|short|sleb128|string|uleb128|value)[ \t]+(?:[-+\w.$@(][-+\w.$@() \t,]*|"(?:[^"\\\n]|\\[^\n])*"[ \t]*)|\.L[\w.$]+:)(?:#[^\n]*)?\n/y;

/** DWARF has a score of them; each is looked for in the whole text. */
const mostSections = 64;

/** Under a quoted name any section may hide. */
const quotedName = /section[ \t]*"/i;

/** Says where the data behind a section directive ends. */
export class DebugData {
  /** By section: whether it is one of debug information. */
  private readonly known = new Map<string, boolean>();
  private quoted: boolean | undefined;

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
      found = !this.quoted && this.text.indexOf(name) === this.text.indexOf('.debug_', at);
      this.known.set(name, found);
    }
    return found;
  }
}
