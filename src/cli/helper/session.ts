// One launcher's work. The helper decides and rewrites; the launcher reads, runs and writes.
import type { Socket } from 'node:net';
import { measuringOptions, readCommand } from '../as-command.js';
import { listingPath, placesBytes, placesPath, statsFile } from '../files.js';
import { readObject, withBytes } from '../../report/elf.js';
import { statsText } from '../../report/format.js';
import { CannotAsk, plan } from '../driver/plan.js';
import type { Plan } from '../driver/plan.js';
import { reportUnmirrored } from '../driver/linkmap.js';
import { readSettings } from '../driver/settings.js';
import { decodeWork, encode, encodeStrings, messages } from './messages.js';
import type { MessageType, Work } from './messages.js';
import type { Pool } from './pool.js';

/** The launcher waits 15 s for a sign of life. */
const signOfLifeMs = 2000;

/** No answer: the launcher has node do the work. */
class Unanswered extends Error {}

/** What compilers answered, by everything that the answer may depend on. */
const answers = new Map<string, string>();

class Launcher {
  private readonly incoming;

  constructor(private readonly socket: Socket) {
    this.incoming = messages(socket);
  }

  async next(): Promise<{ type: string; payload: Buffer }> {
    const { value } = await this.incoming.next();
    if (value === undefined) throw new Unanswered();
    return value;
  }

  /** Sends a demand and waits for the answer. */
  async demand(type: MessageType, words: readonly string[]): Promise<Buffer> {
    this.say(type, encodeStrings(words));
    return this.given();
  }

  async given(): Promise<Buffer> {
    const { type: got, payload } = await this.next();
    if (got !== 'd') throw new Unanswered();
    return payload;
  }

  /** Words, and a text behind them. */
  sayWithText(type: MessageType, words: readonly string[], text: Uint8Array): void {
    const encoded = encodeStrings(words);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(encoded.length);
    this.say(type, length, encoded, text);
  }

  say(type: MessageType, ...payload: readonly Uint8Array[]): void {
    this.socket.write(encode(type, ...payload));
  }
}

/** Serves one connection to its end. */
export async function serve(socket: Socket, pool: Pool, dist: string): Promise<void> {
  const launcher = new Launcher(socket);
  try {
    const { type, payload } = await launcher.next();
    const work = decodeWork(payload);
    if (work === undefined) throw new Unanswered();
    switch (type) {
      case 'a':
        await assemble(launcher, work, pool);
        break;
      case 'c':
        await drive(launcher, work, 'gcc', dist);
        break;
      case 'x':
        await drive(launcher, work, 'g++', dist);
        break;
      default:
        throw new Unanswered();
    }
  } catch {
    launcher.say('f');
  }
  socket.end();
}

/** Settings that have files read or written beside the object. */
const withFiles = ['MIRROR_CLOBBER', 'MIRROR_EMIT', 'MIRROR_KEEP', 'MIRROR_SITES', 'MIRROR_SITE_LIST'];

async function assemble(launcher: Launcher, { argv, env, folder }: Work, pool: Pool): Promise<void> {
  if (withFiles.some((name) => env[name] !== undefined)) throw new Unanswered();
  if (argv.includes('--version') || argv.includes('--help')) throw new Unanswered();
  const settings = readSettings(env);
  const command = readCommand(argv);
  // Words of the launcher's protocol end at an empty one.
  if (settings.stats === '' || argv.includes('')) throw new Unanswered();
  if (command.refused !== undefined) throw new Unanswered();
  const parts: Buffer[] = [];
  for (const input of command.inputs) parts.push(await launcher.demand('n', [input]));
  const text = Uint8Array.from(Buffer.concat(parts));
  const alive = setInterval(() => {
    launcher.say('h');
  }, signOfLifeMs);
  try {
    const rewritten = await pool.run({ command, settings, text });
    if (rewritten === undefined) throw new Unanswered();
    const args = [settings.assembler, ...command.rest];
    const { stats, text: output } = rewritten;
    if (settings.stats === undefined || stats === undefined) {
      launcher.sayWithText('t', args, output);
      return;
    }
    const measuring = [settings.assembler, ...measuringOptions(command)];
    launcher.sayWithText('s', [...args, '', ...measuring, '', settings.stats, command.output], output);
    const many = (await launcher.given()).toString('latin1') === 'm';
    const native = await launcher.given();
    const mirrored = await launcher.given();
    const whole = native.length === 0 ? stats : withBytes(stats, readObject(native), readObject(mirrored));
    const file = many ? statsFile(settings.stats, command.output, folder) : settings.stats;
    launcher.say('w', encodeStrings([file]), Buffer.from(statsText(whole), 'utf8'));
    launcher.say('w', encodeStrings([listingPath(file)]), rewritten.listing ?? Buffer.alloc(0));
    const places = settings.listing ? placesBytes(mirrored) : Buffer.alloc(0);
    launcher.say('w', encodeStrings([placesPath(file)]), places);
    launcher.say('e');
  } finally {
    clearInterval(alive);
  }
}

async function drive(launcher: Launcher, work: Work, compiler: 'gcc' | 'g++', dist: string): Promise<void> {
  const made = await planFor(launcher, work, compiler, dist);
  if (made.kind !== 'run') throw new Unanswered();
  const { command, args, variables, linked } = made.run;
  launcher.say(
    'r',
    encodeStrings([
      ...[command, ...args, ''],
      ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      ...['', linked?.map ?? ''],
    ]),
  );
  if (linked === undefined) return;
  const { payload } = await launcher.next();
  const { text, refused } = reportUnmirrored(payload.toString('utf8'), linked);
  // A program that is refused has to be removed: node does that.
  if (refused) throw new Unanswered();
  launcher.say('e', Buffer.from(text, 'utf8'));
}

async function planFor(launcher: Launcher, work: Work, compiler: 'gcc' | 'g++', dist: string): Promise<Plan> {
  const { argv, env, folder, scratch } = work;
  // A response file would have to be read.
  if (argv.some((arg) => arg.startsWith('@') || arg.includes('\0')) || scratch === '') throw new Unanswered();
  // Words of the launcher's protocol end at an empty one.
  if (argv.includes('')) throw new Unanswered();
  const keyOf = (command: string, option: string): string =>
    [
      command,
      option,
      env['PATH'],
      env['GCC_EXEC_PREFIX'],
      env['COMPILER_PATH'],
      command.includes('/') ? folder : '',
    ].join('\0');
  let question: { command: string; option: string } | undefined;
  const ask = (command: string, option: string): string => {
    const known = answers.get(keyOf(command, option));
    if (known !== undefined) return known;
    question = { command, option };
    throw new CannotAsk(command, 'not asked yet');
  };
  for (;;) {
    try {
      return plan(argv, compiler, { dist, env, folder, scratch, ask });
    } catch (error) {
      if (!(error instanceof CannotAsk) || question === undefined) throw error;
      const { command, option } = question;
      const answer = (await launcher.demand('q', [command, option])).toString('utf8').trim();
      answers.set(keyOf(command, option), answer);
    }
  }
}
