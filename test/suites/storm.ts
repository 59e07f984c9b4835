// The same programs while signals come at a high rate.
import { join } from 'node:path';
import { root } from '../../scripts/tools.mjs';
import { buildOf } from './program.js';
import type { Case } from './types.js';

const source = join(root, 'test/suites/storm.c');

export const isUnderStorm = ({ sources }: Case): boolean => sources.includes(source);

/** The case with storm.c linked into it; a project, which its own makefile links, is excluded. */
export function underStorm(one: Case): Case {
  if (one.program === null) return { ...one, excluded: one.excluded || 'its own makefile links it' };
  const program = { ...one.program, files: [...one.program.files, source] };
  return { ...one, sources: [...one.sources, source], program, build: buildOf(program) };
}
