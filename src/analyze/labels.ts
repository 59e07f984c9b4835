// Where labels stand: named ones, and numeric ones that may be defined again and again (GNU as manual 5.3, Local Labels).

/** Definitions of one numeric label, in order. */
interface Definitions {
  readonly statements: number[];
  readonly units: number[];
}

export interface Labels {
  define(label: string, statement: number, unit: number): void;
  /** The unit a name or `1f`, `1b` means when used by `statement`; -2: not in this file. */
  resolve(expression: string, statement: number): number;
}

const isDigit = (c: number): boolean => c >= 48 && c <= 57;

export function createLabels(): Labels {
  const named = new Map<string, number>();
  const numeric = new Map<string, Definitions>();

  function define(label: string, statement: number, unit: number): void {
    if (!isDigit(label.charCodeAt(0))) {
      named.set(label, unit);
      return;
    }
    let definitions = numeric.get(label);
    if (!definitions) numeric.set(label, (definitions = { statements: [], units: [] }));
    definitions.statements.push(statement);
    definitions.units.push(unit);
  }

  function resolve(expression: string, statement: number): number {
    const unit = named.get(expression);
    if (unit !== undefined) return unit;
    const local = isDigit(expression.charCodeAt(0)) ? /^0*(\d+)([bf])$/.exec(expression) : null;
    const definitions = local ? numeric.get(local[1] ?? '') : undefined;
    if (!local || !definitions) return -2;
    const { statements, units } = definitions;
    let after = 0; // definitions up to and with this statement
    let high = statements.length;
    while (after < high) {
      const middle = (after + high) >> 1;
      if ((statements[middle] ?? 0) <= statement) after = middle + 1;
      else high = middle;
    }
    return units[local[2] === 'f' ? after : after - 1] ?? -2;
  }

  return { define, resolve };
}
