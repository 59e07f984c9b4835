// Reading input and writing output so that nothing half-written is left behind.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ExpandOptions } from '../expand/types.js';
import type { Message } from '../rewrite.js';
import { placesOf } from '../report/places.js';

/** yargs hands over a lone `-` as an empty string. */
export const pathArgument = (argument: string): string => (argument === '' ? '-' : argument);

/** Reads a file, or standard input for `-`. Bytes are kept one to one (latin1), whatever their encoding. */
export function readText(path: string): string {
  return readFileSync(path === '-' ? 0 : path, 'latin1');
}

/** Writes a whole file or nothing: to a neighbour first, then renamed. `-` is standard output. */
export function writeText(
  path: string,
  text: string | Uint8Array,
  encoding: 'latin1' | 'utf8' = 'latin1',
): void {
  if (path === '-') {
    writeFileSync(1, text, encoding);
    return;
  }
  const partial = `${path}.${process.pid}.partial`;
  try {
    writeFileSync(partial, text, encoding);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** A name for each object: whoever makes it again replaces what was said of it, and nobody else does. */
export function statsFile(folder: string, output: string, workingFolder: string): string {
  const place = createHash('sha256').update(resolve(workingFolder, output)).digest('hex').slice(0, 16);
  return join(folder, `${basename(output)}.${place}.json`);
}

/** Where the listing lies that belongs to a file of statistics. */
export const listingPath = (stats: string): string => `${stats.replace(/\.json$/, '')}.listing.gz`;

/** Where it is written at which places of the object the rows of the listing lie. */
export const placesPath = (stats: string): string => `${stats.replace(/\.json$/, '')}.places.gz`;

/** What `placesPath` has, empty where there is nothing to tell. */
export const placesBytes = (object: Uint8Array): Uint8Array => {
  const places = placesOf(object);
  return places === undefined ? new Uint8Array(0) : gzipSync(JSON.stringify(places));
};

/** Writes the listing that belongs to a file of statistics, and its places; an empty one removes what an earlier build left. */
export function writeListing(stats: string, listing: string, places: Uint8Array): void {
  const packed = listing === '' ? new Uint8Array(0) : gzipSync(Buffer.from(listing, 'latin1'));
  for (const [path, bytes] of [
    [listingPath(stats), packed],
    [placesPath(stats), places],
  ] as const)
    if (bytes.length === 0) rmSync(path, { force: true });
    else writeText(path, bytes);
}

/**
 * How the expansion reaches other files.
 *
 * @param folders `-I`, in order; the current folder goes first, as with GNU as
 * @param symbols `--defsym` arguments, `name=value`
 */
export function expandOptions(folders: readonly string[], symbols: readonly string[]): ExpandOptions {
  return {
    readInclude: (path) => {
      for (const name of [path, ...(path.startsWith('/') ? [] : folders.map((folder) => join(folder, path)))])
        if (existsSync(name)) return { name, text: readText(name) };
      return undefined;
    },
    defsym: defsymOf(symbols),
  };
}

/** @param symbols `--defsym` arguments, `name=value` */
export const defsymOf = (symbols: readonly string[]): Map<string, bigint> => new Map(symbols.map(readSymbol));

function readSymbol(argument: string): [name: string, value: bigint] {
  const [name = '', value = ''] = argument.split(/=(.*)/s, 2);
  if (name === '' || !/^(0x[0-9a-f]+|\d+)$/i.test(value))
    throw new RangeError(`--defsym takes name=number, not '${argument}'`);
  // GNU as reads a leading 0 as octal.
  return [name, BigInt(/^0\d+$/.test(value) ? `0o${value}` : value)];
}

/** Messages as a compiler prints them: place, what, the text, how it came there, how to fix it. At most `most` are shown. */
export function formatMessages(messages: readonly Message[], most = 20): string {
  const lines: string[] = [];
  for (const m of messages.slice(0, most)) {
    const place = `${m.file}:${m.line}:${m.column}`;
    lines.push(`${place}: error[${m.code}]: ${m.message}`);
    if (m.text !== '') lines.push(`    ${Buffer.from(m.text, 'latin1').toString('utf8').trim()}`);
    for (const use of m.uses) lines.push(`${use.file}:${use.line}: note: in the expansion of ${use.name}`);
    if (m.note !== '') lines.push(`${place}: note: ${m.note}`);
  }
  if (messages.length > most) lines.push(`${messages.length - most} more errors are not shown`);
  return `${lines.join('\n')}\n`;
}
