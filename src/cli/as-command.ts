// What the compiler asks of `as`.

/** Options of GNU as whose value is the next argument (GNU as manual, 1 Overview). */
const takesValue: ReadonlySet<string> = new Set(['--MD', '--debug-prefix-map', '--defsym', '-I', '-o']);

/** Options that make another language of the input; the directives for it are understood, these are not. */
const refusedOptions = /^(-m(syntax|mnemonic)=intel|-mnaked-reg|--x32|--divide)$/;

export interface AsCommand {
  /** Files; `-` is standard input. */
  readonly inputs: readonly string[];
  readonly output: string;
  /** `-I` folders and `--defsym` arguments; they are in `rest`, too. */
  readonly folders: readonly string[];
  readonly symbols: readonly string[];
  /** Everything but the inputs, for the real assembler. */
  readonly rest: readonly string[];
  /** An option that cannot be had. */
  readonly refused: string | undefined;
}

/** The options for the text as it was, which is assembled only to be measured. Its dependencies are written already; `-o` follows. */
export const measuringOptions = ({ rest }: AsCommand): string[] =>
  rest.filter((option, i) => option !== '--MD' && rest[i - 1] !== '--MD');

export function readCommand(argv: readonly string[]): AsCommand {
  const inputs: string[] = [];
  const folders: string[] = [];
  const symbols: string[] = [];
  const rest: string[] = [];
  let output = 'a.out';
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? '';
    if (takesValue.has(arg)) {
      const value = argv[++i] ?? '';
      if (arg === '-o') output = value;
      else if (arg === '-I') folders.push(value);
      else if (arg === '--defsym') symbols.push(value);
      rest.push(arg, value);
    } else if (arg.startsWith('-') && arg !== '-' && arg !== '--') {
      if (arg.startsWith('-I')) folders.push(arg.slice(2));
      rest.push(arg);
    } else inputs.push(arg === '--' ? '-' : arg);
  }
  return {
    inputs: inputs.length === 0 ? ['-'] : inputs,
    output,
    folders,
    symbols,
    rest,
    refused: rest.find((option) => refusedOptions.test(option)),
  };
}
