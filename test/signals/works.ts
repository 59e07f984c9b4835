// Programs for a signal at instruction boundaries: short pieces of work, and those of the hazards with a handler linked in.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** SIGUSR1. */
export const signal = 10;
export const widths = ['-m64', '-m32'] as const;
export const works = ['actions', 'calls', 'jumps', 'maps', 'masks', 'texts', 'writes'] as const;
/** Of one thread. */
export const hazards = [
  'exotic',
  'flags',
  'ipa-ra',
  'order',
  'red-zone',
  'short-branch',
  'statements',
] as const;
/** In 32-bit code there is no red zone. */
export const isFor = (width: string, hazard: string): boolean => width === '-m64' || hazard !== 'red-zone';

// Where jest and npm run are started; neither __dirname nor import.meta is there in both.
const root = process.cwd();
const mirrorcc = join(root, 'dist/mirrorcc');
const test = join(root, 'test');

export function buildWorks(width: string, folder: string): string {
  const program = join(folder, `works${width}`);
  execFileSync(mirrorcc, [width, '-O2', join(test, 'signals/programs/every-boundary.c'), '-o', program]);
  return program;
}

export function buildHazard(width: string, name: string, folder: string): string {
  const program = join(folder, `${name}${width}`);
  const sources = [join(test, `hazards/programs/${name}.c`), join(test, 'signals/programs/handler.c')];
  execFileSync(mirrorcc, [width, '-O2', '-w', '-frounding-math', ...sources, '-lm', '-o', program]);
  return program;
}
