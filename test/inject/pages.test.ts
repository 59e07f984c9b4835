// Which page an error hits, and how runs are judged and counted.
import { campaignTable, endingOf, merge } from '../../src/inject/campaign.js';
import type { Campaign, Run } from '../../src/inject/campaign.js';
import { choosePage } from '../../src/inject/choose.js';
import { copies, decodeRanges, kinds, mirrorOf } from '../../src/inject/layout.js';
import type { Range } from '../../src/inject/layout.js';
import { randomOf } from '../../src/inject/random.js';

test.each([32, 64] as const)('rows of the table of ranges, %d bits', (bits) => {
  const rows: readonly (readonly [low: number, high: number, protection: number, flags: number])[] = [
    [0x8048000, 0x8049000, 5, 128], // code: no mirror
    [0x8050000, 0x8052000, 3, 128 | 8],
    [0x9000000, 0x9001000, 3, 64 | 8 | 1],
    [0xa000000, 0xa001000, 0, 8 | 1], // not readable
    [0xb000000, 0xb001000, 3, 8 | 1 | 2],
    [0xc000000, 0xc001000, 3, 8 | 4],
    [0xd000000, 0xd001000, 3, 8 | 2 | 16], // written by others, too
    [0xe000000, 0xe001000, 3, 8 | 32],
    [0xf000000, 0xf001000, 3, 8 | 1],
  ];
  const size = bits === 64 ? 24 : 16;
  const table = Buffer.alloc(rows.length * size);
  rows.forEach(([low, high, protection, flags], i) => {
    const at = i * size;
    if (bits === 64) {
      table.writeBigUInt64LE(BigInt(low), at);
      table.writeBigUInt64LE(BigInt(high), at + 8);
    } else {
      table.writeUInt32LE(low, at);
      table.writeUInt32LE(high, at + 4);
    }
    table.writeUInt32LE(protection, at + bits / 4);
    table.writeUInt32LE(flags, at + bits / 4 + 4);
  });
  expect(decodeRanges(table, bits)).toEqual([
    { low: 0x8050000, high: 0x8052000, kind: 'data' },
    { low: 0x9000000, high: 0x9001000, kind: 'heap' },
    { low: 0xb000000, high: 0xb001000, kind: 'shared' },
    { low: 0xc000000, high: 0xc001000, kind: 'file' },
    { low: 0xe000000, high: 0xe001000, kind: 'stack' },
    { low: 0xf000000, high: 0xf001000, kind: 'anonymous' },
  ]);
});

test('mirrors are where runtime/limits.h puts them', () => {
  expect(mirrorOf(0x7fff00001000, 64)).toBe(0x3ffeffe01000);
  expect(mirrorOf(0x08048000, 32)).toBe(0x88248000);
});

describe('a page', () => {
  const ranges: readonly Range[] = [
    { low: 0x100000, high: 0x500000, kind: 'heap' },
    { low: 0x700000, high: 0x704000, kind: 'stack' },
  ];
  const all = { kinds, copies };
  const everywhere = ({ low, high }: Range): boolean[] => new Array<boolean>((high - low) / 4096).fill(true);

  test('is the same for the same seed, and of each kind as often as of another', () => {
    const found = Array.from({ length: 2000 }, (_, seed) =>
      choosePage(ranges, everywhere, all, randomOf(seed)),
    );
    expect(found).toEqual(
      Array.from({ length: 2000 }, (_, seed) => choosePage(ranges, everywhere, all, randomOf(seed))),
    );
    const stack = found.filter((target) => target?.kind === 'stack');
    expect(stack.length).toBeGreaterThan(850);
    expect(stack.length).toBeLessThan(1150);
    expect(new Set(stack.map((target) => target?.address))).toEqual(
      new Set([0x700000, 0x701000, 0x702000, 0x703000]),
    );
    expect(found.filter((target) => target?.copy === 'mirror').length).toBeGreaterThan(850);
  });

  test('can be brought back', () => {
    const one = ({ kind }: Range): boolean[] => (kind === 'stack' ? [false, false, true, false] : []);
    for (let seed = 0; seed < 50; seed++) {
      const target = choosePage(ranges, one, { kinds, copies: ['mirror'] }, randomOf(seed));
      expect(target).toEqual({ address: 0x702000, kind: 'stack', copy: 'mirror' });
      expect(choosePage(ranges, one, { kinds: ['heap'], copies }, randomOf(seed))).toBeUndefined();
    }
  });
});

const clean = { status: 3, signal: null, output: 'a', timedOut: false };
test.each([
  ['recovered', {}, 1, 1],
  ['untouched', {}, 1, 0],
  ['no error', {}, 0, 0],
  ['wrong output', { output: 'b' }, 1, 1],
  ['wrong output', { status: 0 }, 1, 1],
  ['crashed', { status: null, signal: 'SIGBUS' }, 1, 0],
  ['hung', { status: null, signal: 'SIGKILL', timedOut: true }, 1, 1],
] as const)('a run that is %s: %j', (ending, change, errors, recovered) => {
  expect(endingOf(clean, { ...clean, ...change }, errors, recovered)).toBe(ending);
});

const run = (seed: number, rest: Partial<Run>): Run => ({
  seed,
  ending: 'recovered',
  errors: [],
  recovered: 0,
  message: '',
  ...rest,
});
const error = { copy: 'native', address: '0x1000', milliseconds: 5 } as const;
const part = (...runs: readonly Run[]): Campaign => ({
  version: 1,
  command: ['./a', 'b'],
  options: ['--errors=2'],
  runs,
});

test('the table of a campaign', () => {
  const runs = [
    run(1, {
      errors: [
        { ...error, kind: 'heap' },
        { ...error, kind: 'heap' },
        { ...error, kind: 'data' },
      ],
      recovered: 2,
    }),
    run(2, { errors: [{ ...error, kind: 'stack' }], ending: 'crashed' }),
    run(3, { ending: 'no error' }),
  ];
  expect(campaignTable(part(...runs))).toBe(
    [
      'memory  runs  errors  recovered  untouched  no error  wrong output  crashed  hung',
      'data       1       1          1          0         0             0        0     0',
      'stack      1       1          0          0         0             0        1     0',
      'heap       1       2          1          0         0             0        0     0',
      'all        3       4          1          0         1             0        1     0',
      '4 pages lost, 2 rebuilt',
      '',
    ].join('\n'),
  );
});

test('parts of a campaign', () => {
  expect(merge([part(run(5, {}), run(6, {})), part(run(1, {}))]).runs.map(({ seed }) => seed)).toEqual([
    1, 5, 6,
  ]);
  expect(() => merge([part(run(1, {})), part(run(1, {}))])).toThrow('seed 1 is there twice');
  expect(() => merge([part(), { ...part(), command: ['./c'] }])).toThrow("other programs: './a b' and './c'");
  expect(() => merge([part(), { ...part(), options: ['--errors=3'] }])).toThrow(
    "other options: '--errors=2' and '--errors=3'",
  );
});
