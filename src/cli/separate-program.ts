// The command line's two parts: what is ours, and the program that a command starts with its arguments.
const takesValue = new Set([
  '--root',
  '--env',
  '--seed',
  '--slice',
  '--memory',
  '--tier',
  '--limit',
  '--report',
  '--cases',
  '--notice',
  '--case',
  '--jobs',
  '--recovery',
  '--lose',
  '--profile',
]);

/** Splits off the program of `run`, and what `--` parts from other commands: its arguments are not ours to parse. */
export function separateProgram(args: readonly string[]): {
  readonly own: string[];
  readonly program: readonly string[];
} {
  if (args[0] !== 'run') {
    const end = args.includes('--') ? args.indexOf('--') : args.length;
    return { own: args.slice(0, end), program: args.slice(end + 1) };
  }
  let n = 1;
  while (n < args.length && args[n]?.startsWith('-') && args[n] !== '--')
    n += takesValue.has(args[n] ?? '') ? 2 : 1;
  return { own: args.slice(0, n), program: args.slice(args[n] === '--' ? n + 1 : n) };
}
