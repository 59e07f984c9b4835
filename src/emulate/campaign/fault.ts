// What a case loses, and its name on the command line.
import { pageSize } from '../memory.js';
import type { RandomBytes } from '../linux/random.js';
import type { FaultCase } from './trace.js';

/** page: all of it. line: 64 bytes, which Linux makes a lost page once they are touched. bit: it changes, and nobody is told. */
export type Lose = 'page' | 'line' | 'bit';

export const lineSize = 64;
/** Bytes that are lost together. Flipped bits are counted by the line. */
export const unitOf = (lose: Lose): number => (lose === 'page' ? pageSize : lineSize);

export interface Fault extends Pick<FaultCase, 'at' | 'lost' | 'page' | 'address'> {
  /** Of the byte at `address`. */
  readonly bit?: number;
}

export function caseId(lose: Lose, { at, lost, address, bit }: Fault): string {
  const place = lose === 'bit' ? address : address - (address % unitOf(lose));
  return `${lost}:${place.toString(16)}${bit === undefined ? '' : `.${bit}`}@${at}`;
}

export function parseCase(lose: Lose, id: string): Fault {
  const found = /^(native|mirror):([0-9a-f]+)(?:\.([0-7]))?@([0-9]+)$/.exec(id);
  const address = parseInt(found?.[2] ?? '', 16);
  const aligned = lose === 'bit' || address % unitOf(lose) === 0;
  if (!found || !aligned || (found[3] !== undefined) !== (lose === 'bit'))
    throw new RangeError(
      `--case takes native:ADDRESS${lose === 'bit' ? '.BIT' : ''}@INSTRUCTION or mirror:..., not '${id}'`,
    );
  return {
    lost: found[1] === 'native' ? 'native' : 'mirror',
    page: Math.floor(address / pageSize),
    address,
    at: Number(found[4]),
    ...(found[3] === undefined ? {} : { bit: Number(found[3]) }),
  };
}

/** One bit of a class: for every other one the byte that is touched next, just before, else any of the line at any of the boundaries. */
export function chooseBit(fault: FaultCase, random: RandomBytes): FaultCase & Fault {
  const [where = 0, bit = 0, byte = 0, ...rest] = random.next(9);
  if (where % 2 === 0 && fault.class !== 'nothing') return { ...fault, bit: bit % 8 };
  const at = fault.at - (Buffer.from(rest).readUIntLE(0, 6) % fault.boundaries);
  return {
    ...fault,
    at,
    address: fault.address - (fault.address % lineSize) + (byte % lineSize),
    bit: bit % 8,
  };
}
