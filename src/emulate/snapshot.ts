// Copies of plain state for snapshots: maps, arrays and objects, of which each is copied once however many refer to it. Bytes are not copied but
// frozen: whoever changes them in place has to ask first.

const frozen = new WeakSet<Uint8Array>();

/** A snapshot has these bytes: change a copy. */
export function isFrozen(bytes: Uint8Array): boolean {
  return frozen.has(bytes);
}

export function cloneState<T>(value: T): T {
  return clone(value, new Map()) as T;
}

function clone(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value === 'function') throw new TypeError('a function is no state');
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (value instanceof Uint8Array) {
    frozen.add(value);
    return value;
  }
  // Registers of a thread that does not run: replaced as a whole, never changed.
  if (ArrayBuffer.isView(value)) return value;
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    seen.set(value, copy);
    for (const [key, item] of value as ReadonlyMap<unknown, unknown>) copy.set(key, clone(item, seen));
    return copy;
  }
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    seen.set(value, copy);
    for (const item of value as readonly unknown[]) copy.push(clone(item, seen));
    return copy;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype)
    throw new TypeError('an instance of a class is no state');
  const copy: Record<string, unknown> = {};
  seen.set(value, copy);
  for (const [key, item] of Object.entries(value)) copy[key] = clone(item, seen);
  return copy;
}
