// All suites, in the order in which they run.
import { csmith } from './csmith.js';
import { lua, sqlite, zlib } from './projects.js';
import { torture } from './torture.js';
import type { Suite } from './types.js';

export const suites: readonly Suite[] = [torture, csmith, zlib, lua, sqlite];
