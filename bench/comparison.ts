// One quantity of three programs that were made from the same source. Pure.
import { ratios, spread } from './spread.js';
import type { Spread } from './spread.js';

/** gcc with the system's C library; gcc with the C library that mirrored programs have, so that what is left is mirroring alone; mirrorcc. */
export const sides = ['native', 'musl', 'mirrored'] as const;
export type Side = (typeof sides)[number];

export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly values: Readonly<Record<Side, Spread>>;
  /** Mirrored to native, round by round. */
  readonly toNative: Spread;
  readonly toMusl: Spread;
}

/** @param samples of each side one value a round; more is worse */
export const compare = (
  name: string,
  unit: string,
  samples: Readonly<Record<Side, readonly number[]>>,
): Comparison => ({
  name,
  unit,
  values: {
    native: spread(samples.native),
    musl: spread(samples.musl),
    mirrored: spread(samples.mirrored),
  },
  toNative: spread(ratios(samples.mirrored, samples.native)),
  toMusl: spread(ratios(samples.mirrored, samples.musl)),
});

/** One quantity of all the samples of each side. */
export const valuesOf = <T>(
  samples: Readonly<Record<Side, readonly T[]>>,
  value: (sample: T) => number,
): Record<Side, number[]> => ({
  native: samples.native.map(value),
  musl: samples.musl.map(value),
  mirrored: samples.mirrored.map(value),
});
