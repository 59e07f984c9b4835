// Programs that end by themselves, and the work that each does while its pages are lost.

export interface Work {
  readonly name: string;
  /** Of test/programs; null: one file of programs/. */
  readonly program: string | null;
  /** Shell text that makes the input, in the folder of the build, with the functions of prelude.sh. */
  readonly prepare: string;
  /** The program and its arguments, from there. */
  readonly command: readonly string[];
  readonly stdin?: string;
  /** What may change in its output. */
  readonly ignore?: string;
}

/** Sorted by name. */
export const works: readonly Work[] = [
  {
    name: 'gunzip',
    program: 'gzip',
    prepare: 'text 48 > text; ./gzip -c text > text.gz',
    command: ['./gzip', '-dc'],
    stdin: 'text.gz',
  },
  { name: 'gzip', program: 'gzip', prepare: 'text 12 > text', command: ['./gzip', '-c'], stdin: 'text' },
  {
    name: 'lua',
    program: 'lua',
    prepare: '',
    command: ['./lua', 'PROGRAMS/tables.lua'],
  },
  {
    name: 'speedtest1',
    program: 'sqlite3',
    prepare: '',
    command: ['./speedtest1', '--verify', '--size', '8', ':memory:'],
    ignore: ' +[0-9]+[.][0-9]+s$',
  },
  { name: 'threads', program: null, prepare: '', command: ['./threads'] },
];
