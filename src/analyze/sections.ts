// Which section each statement assembles into: .section and its relatives (GNU as manual 7.85, 7.74, 7.79).

/** Follows section directives; `current` is the name of the section in force. */
export interface SectionTracker {
  current: string;
  executable: boolean;
  /** Applies one section directive. Returns false when it cannot be followed. */
  apply(name: string, args: string): boolean;
}

const executableByName = /^\.(text|init|fini|plt)(\.|$)/;

/** Splits at commas outside quotes. */
export function splitArguments(args: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let i = 0; i < args.length; i++) {
    const c = args.charCodeAt(i);
    if (c === 34) quoted = !quoted;
    else if (c === 44 && !quoted) {
      parts.push(args.slice(from, i).trim());
      from = i + 1;
    }
  }
  parts.push(args.slice(from).trim());
  return parts;
}

export function createSectionTracker(): SectionTracker {
  const flagsOf = new Map<string, boolean>([['.text', true]]);
  const stack: [current: string, previous: string][] = [];
  let previous = '.text';
  const tracker: SectionTracker = { current: '.text', executable: true, apply };

  function enter(name: string): void {
    previous = tracker.current;
    tracker.current = name;
    tracker.executable = flagsOf.get(name) ?? executableByName.test(name);
  }

  function enterNamed(args: string): void {
    const parts = splitArguments(args);
    const name = (parts[0] ?? '').replace(/^"|"$/g, '');
    const flags = parts.find((p) => p.startsWith('"') && p !== parts[0]);
    if (flags !== undefined && !flagsOf.has(name)) flagsOf.set(name, flags.includes('x'));
    // A second section of the same name in another COMDAT group is another section, but code stays code.
    enter(name);
  }

  function apply(name: string, args: string): boolean {
    switch (name) {
      case '.text':
      case '.data':
      case '.bss':
        enter(name);
        return true;
      case '.section':
        enterNamed(args);
        return true;
      case '.pushsection':
        stack.push([tracker.current, previous]);
        enterNamed(args);
        return true;
      case '.popsection': {
        const top = stack.pop();
        if (!top) return false;
        enter(top[0]);
        previous = top[1];
        return true;
      }
      case '.previous':
        enter(previous);
        return true;
      default:
        return name === '.subsection' && args === '0';
    }
  }
  return tracker;
}
