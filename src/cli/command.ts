// A command of `mirrorasm`: named when the command line is read, loaded when it is the one.
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';

export interface Command<T> {
  readonly builder: (y: Argv) => Argv<T>;
  readonly handler: (args: ArgumentsCamelCase<T>) => void | Promise<void>;
}

export const loaded = <T>(
  command: string,
  describe: string,
  load: () => Promise<Command<T>>,
): CommandModule<object, T> => ({
  command,
  describe,
  builder: async (y) => (await load()).builder(y),
  handler: async (args) => (await load()).handler(args),
});
