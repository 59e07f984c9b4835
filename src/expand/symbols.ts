// What is known about each symbol so far: only values that do not depend on where code ends up.
import { evaluate } from './expression.js';
import { Positions } from './positions.js';
import type { Spot, Value } from './expression.js';

interface Entry {
  readonly value: Value | { readonly kind: 'later'; readonly expression: string };
  /** How often the symbol was set. */
  readonly times: number;
}

export type Definedness = 'yes' | 'no' | 'unclear';

/** The version that `.gasversion.` gives; the GNU as manual has no entry for it, GNU as 2.40 defines it. */
const gasVersion = 24000n;

export class Symbols {
  private readonly entries = new Map<string, Entry>();
  private readonly unclear = new Set(['.text', '.data', '.bss', '.']);
  private depth = 0;
  private steps = 0;
  /** In `.intel_syntax` words such as `eq` and `mod` are operators. */
  intel = false;
  readonly positions = new Positions();

  constructor(defsym: ReadonlyMap<string, bigint> | undefined) {
    this.set('.gasversion.', { kind: 'constant', value: gasVersion });
    for (const [name, value] of defsym ?? [])
      this.set(name, { kind: 'constant', value: BigInt.asIntN(64, value) });
  }

  here(): Spot | undefined {
    // `.` of a value that is asked for later: where it was given, or where it is asked for? Not followed here.
    return this.depth > 0 ? undefined : this.positions.here();
  }

  define(label: string): void {
    this.set(label, { kind: 'address', what: label, spot: this.positions.here() });
  }

  /** A symbol whose place the linker or the end of the file gives: `.comm`. */
  reserve(name: string): void {
    this.set(name, { kind: 'address', what: name, spot: undefined });
  }

  /** A name that GNU as may or may not count as defined: a section, an alias. */
  blur(name: string): void {
    this.unclear.add(name);
  }

  /**
   * A symbol gets the value of an expression (GNU as manual 5.2 Giving Symbols Other Values).
   *
   * @param eager `.set`, `.equ`, `=`: the value now; otherwise (`.eqv`, `==`) the value whenever it is asked for
   */
  assign(name: string, expression: string, eager: boolean): void {
    const now = evaluate(expression, 0, this);
    const settled = now.value.kind !== 'unknown' && (eager || now.value.kind === 'register');
    this.set(name, settled ? now.value : { kind: 'later', expression });
  }

  /** The value, for expressions. */
  valueOf(name: string): Value {
    const entry = this.entries.get(name);
    if (!entry) return { kind: 'unknown', what: name, why: 'undefined' };
    const { value: given } = entry;
    if (given.kind !== 'later') return given;
    // Which of two values of a symbol such an expression sees depends on when each was made: not followed here.
    if (this.depth === 0) this.steps = 0;
    if (this.depth > 32 || this.steps++ > 10_000) return { kind: 'unknown', what: name, why: 'deep' };
    this.depth++;
    const { value, names } = evaluate(given.expression, 0, this);
    this.depth--;
    const again = names.find((part) => (this.entries.get(part)?.times ?? 0) > 1);
    return again === undefined ? value : { kind: 'unknown', what: again, why: 'reassigned' };
  }

  /** What `.ifdef` sees (GNU as manual 7.42 .if): a label or a value, given before this place. */
  isDefined(name: string): Definedness {
    const entry = this.entries.get(name);
    if (entry) return entry.value.kind === 'register' ? 'no' : 'yes';
    return this.unclear.has(name) ? 'unclear' : 'no';
  }

  private set(name: string, value: Entry['value']): void {
    this.entries.set(name, { value, times: (this.entries.get(name)?.times ?? 0) + 1 });
  }
}
