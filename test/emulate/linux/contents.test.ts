// The contents of files, in pieces, against one array of bytes.
import fc from 'fast-check';
import { contentsOf, noContents, readAt, setSize, writeAt } from '../../../src/emulate/linux/contents.js';
import type { Contents } from '../../../src/emulate/linux/contents.js';
import { cloneState } from '../../../src/emulate/snapshot.js';

const piece = 0x10000;

/** Near where a piece ends, and where files are short. */
const place = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -70, max: 70 }))
    .map(([n, by]) => Math.max(0, n * piece + by)),
);
const length = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: piece - 5, max: 2 * piece + 5 }));

type Step =
  | { readonly kind: 'write' | 'read'; readonly at: number; readonly length: number; readonly byte: number }
  | { readonly kind: 'size'; readonly size: number }
  | { readonly kind: 'snapshot' };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('write' as const, 'read' as const),
    at: place,
    length,
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('size' as const), size: place }),
  fc.constant({ kind: 'snapshot' as const }),
);

const whole = (contents: Contents): Buffer => Buffer.from(readAt(contents, 0, contents.size + 10));

function resized(bytes: Buffer, size: number): Buffer {
  const to = Buffer.alloc(size);
  bytes.copy(to);
  return to;
}

test.each([
  ['empty', 0],
  ['as the host has it', 2 * piece + 17],
])('a file that is %s at first', (_, size) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let plain: Buffer = Buffer.alloc(size, 7);
      const contents = size === 0 ? noContents() : contentsOf(Uint8Array.from(plain));
      const kept: { readonly contents: Contents; readonly plain: Buffer }[] = [];
      for (const one of steps) {
        if (one.kind === 'write') {
          const bytes = new Uint8Array(one.length).fill(one.byte);
          writeAt(contents, one.at, bytes);
          if (one.length > 0) {
            plain = resized(plain, Math.max(plain.length, one.at + one.length));
            plain.set(bytes, one.at);
          }
        } else if (one.kind === 'read') {
          const read = Buffer.from(readAt(contents, one.at, one.length));
          expect(read.equals(plain.subarray(one.at, one.at + one.length))).toBe(true);
        } else if (one.kind === 'size') {
          setSize(contents, one.size);
          plain = resized(plain, one.size);
        } else kept.push({ contents: cloneState({ ...contents }), plain: Buffer.from(plain) });
        expect(contents.size).toBe(plain.length);
      }
      for (const { contents: then, plain: was } of [...kept, { contents, plain }])
        expect(whole(then).equals(was)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('a file that grows keeps no more than half of a piece that it does not have', () => {
  const contents = noContents();
  for (let n = 0; n < 1000; n++) writeAt(contents, contents.size, new Uint8Array(997).fill(1));
  const kept = [...contents.pieces.values()].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  expect(kept).toBeLessThanOrEqual(contents.size + piece);
  setSize(contents, 10);
  expect([...contents.pieces.values()].map(({ length: n }) => n)).toEqual([10]);
});
