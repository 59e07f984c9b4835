// Programs that one command builds.
import type { Program } from './types.js';

/** The command; the map tells how many bytes the program's own code has. */
export const buildOf = ({ options, files }: Program): string =>
  ['$CC $CFLAGS', ...options, ...files, '-o program -Wl,-Map=map -lm'].join(' ');
