// Branch hints: each belongs to a condition, also where code was put in before it later.
import { compileModule, wasm } from '../../../src/emulate/wasm/api.js';
import { Code, encodeModule, I32 } from '../../../src/emulate/wasm/encode.js';

/** What TypeScript has in its library for browsers only. */
const { Module } = wasm as unknown as {
  readonly Module: { readonly customSections: (module: object, name: string) => readonly ArrayBuffer[] };
};

const IF = 0x04;

function unsigned(bytes: readonly number[], at: number): { value: number; next: number } {
  let value = 0;
  for (let n = at, shift = 0; ; n++, shift += 7) {
    const byte = bytes[n] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, next: n + 1 };
  }
}

/** Of one function: offsets and values. */
function hintsOf(section: readonly number[]): { at: number; value: number }[] {
  const functions = unsigned(section, 0);
  expect(functions.value).toBe(1);
  const index = unsigned(section, functions.next);
  expect(index.value).toBe(0);
  const count = unsigned(section, index.next);
  const found = [];
  let next = count.next;
  for (let n = 0; n < count.value; n++) {
    const at = unsigned(section, next);
    expect(section[at.next]).toBe(1);
    found.push({ at: at.value, value: section[at.next + 1] ?? -1 });
    next = at.next + 2;
  }
  expect(next).toBe(section.length);
  return found;
}

/** What was given: 1, 2 and 4 for the three conditions that are true. */
function conditions(): Code {
  const c = new Code(1);
  const sum = c.local(I32);
  const add = (bit: number, open: () => void): void => {
    c.get(0);
    c.i32(bit);
    c.do(0x71);
    open();
    c.get(sum);
    c.i32(bit);
    c.do(0x6a);
    c.set(sum);
    c.end();
  };
  add(1, () => c.ifRare());
  const hole = c.hole();
  add(2, () => c.ifUsual());
  add(4, () => c.ifRare());
  c.get(sum);
  c.fill(hole, () => {
    for (let n = 0; n < 100; n++) {
      c.get(sum);
      c.set(sum);
    }
  });
  return c;
}

test('hints stand at conditions, in order, and change nothing', () => {
  const code = conditions();
  const bytes = encodeModule({
    types: [{ parameters: [I32], results: [I32] }],
    imports: [],
    table: false,
    pages: 1,
    functions: [{ name: 'run', type: 0, code }],
  });
  const module = compileModule(bytes);
  const [section] = Module.customSections(module, 'metadata.code.branch_hint');
  const hints = hintsOf([...new Uint8Array(section ?? new ArrayBuffer(0))]);
  expect(hints.map(({ value }) => value)).toEqual([0, 1, 0]);
  const function_ = [...code.finish()];
  const body = function_.slice(unsigned(function_, 0).next);
  expect(hints.map(({ at }) => body[at])).toEqual([IF, IF, IF]);
  expect(hints.map(({ at }) => at)).toEqual([...hints.map(({ at }) => at)].sort((a, b) => a - b));
  const memory = new wasm.Memory({ initial: 1, maximum: 1 });
  const { exports } = new wasm.Instance(module, { e: { memory } });
  const run = exports['run'] as (given: number) => number;
  for (let given = 0; given < 8; given++) expect(run(given)).toBe(given);
});
