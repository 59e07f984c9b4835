// Damaged files are run as Linux would run them, or refused by an ElfError. Nothing else is thrown.
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { ElfError, Machine } from '../../src/emulate/index.js';
import { Workshop } from './build.js';

const shop = new Workshop();
afterAll(() => shop.remove());

/** Offsets of fields (System V gABI, chapter 4 and 5) and sizes of headers. */
const fields = {
  32: { header: 52, phentsize: 42, phnum: 44, segment: 32, segmentAddress: 8, memorySize: 20 },
  64: { header: 64, phentsize: 54, phnum: 56, segment: 56, segmentAddress: 16, memorySize: 40 },
} as const;

/** What became of it: within so many instructions the runtime has begun to copy what was read from the file. */
function attempt(file: Uint8Array, limit = 20_000): string {
  try {
    const machine = new Machine(file, { args: ['program'] });
    const { kind } = machine.run(limit);
    // They are read when somebody asks.
    expect(Array.isArray(machine.elf.symbols)).toBe(true);
    expect(machine.symbolize(machine.start.entry)).not.toBe('');
    machine.sourceLine(machine.start.entry);
    machine.originOf(machine.start.entry);
    return kind;
  } catch (error) {
    if (error instanceof ElfError) return error.message;
    throw error;
  }
}

describe.each([32, 64] as const)('%d bits', (bits) => {
  const source = '#include <stdio.h>\nint main(void) { return puts("done") < 0; }\n';
  const path = shop.mirrored(`p${bits}`, [shop.written('p.c', source)], [`-m${bits}`, '-static', '-g']);
  const file = readFileSync(path);
  const at = fields[bits];
  const changed = (change: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(file);
    change(copy);
    return copy;
  };
  const loadHeader = [...Array(file.readUInt16LE(at.phnum)).keys()]
    .map((n) => at.header + n * at.segment)
    .find((place) => file.readUInt32LE(place) === 1) as number;

  it('runs as it is', () => expect(attempt(file, 1_000_000)).toBe('exit'));

  it.each([
    ['nothing', file.subarray(0, 0), 'not an ELF file'],
    ['half a header', file.subarray(0, at.header - 1), 'not an ELF file'],
    ['the header only', file.subarray(0, at.header), 'damaged: its program headers are not in the file'],
    [
      'program headers of a strange size',
      changed((copy) => copy.writeUInt16LE(1, at.phentsize)),
      'damaged: its program headers are not in the file',
    ],
    ['no program headers', changed((copy) => copy.writeUInt16LE(0, at.phnum)), 'nothing to load'],
  ] as const)('%s', (_, damaged, message) => expect(attempt(damaged)).toBe(message));

  it('a segment that is longer in the file than in memory', () =>
    expect(attempt(changed((copy) => copy.writeUInt32LE(1, loadHeader + at.memorySize)))).toMatch(
      /^damaged: a segment of 1 bytes at 0x\w+ cannot be loaded$/,
    ));

  it('a segment that goes on beyond the addresses', () =>
    expect(
      attempt(changed((copy) => copy.writeUInt8(0xff, loadHeader + at.memorySize + bits / 8 - 1))),
    ).toMatch(/^damaged: a segment of \d+ bytes at 0x\w+ cannot be loaded$/));

  it('any end, any bytes of headers and tables', () => {
    const place = fc.oneof(
      fc.nat(at.header + file.readUInt16LE(at.phnum) * at.segment),
      fc.nat(file.length - 1),
      fc.integer({ min: file.length - 0x2000, max: file.length - 1 }),
    );
    const bytes = fc.array(fc.tuple(place, fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), { maxLength: 4 });
    const length = fc.oneof(fc.constant(file.length), fc.nat(file.length));
    fc.assert(
      fc.property(length, bytes, (end, edits) => {
        attempt(changed((copy) => edits.forEach(([n, value]) => (copy[n] = value))).subarray(0, end));
      }),
      { numRuns: 100, verbose: 1 },
    );
  });
});
