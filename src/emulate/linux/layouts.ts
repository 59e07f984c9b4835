// Structures that calls write, as data: where each field stands and how many bytes it has.

type Field = readonly [at: number, bytes: 4 | 8];
export interface Layout<Name extends string> {
  readonly bytes: number;
  /** A name may stand at several places. */
  readonly fields: readonly (readonly [Name, ...Field])[];
}

export function structure<Name extends string>(
  layout: Layout<Name>,
  values: Readonly<Record<Name, number>>,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(layout.bytes));
  for (const [name, at, bytes] of layout.fields)
    if (bytes === 8) view.setBigInt64(at, BigInt(values[name]), true);
    else view.setUint32(at, values[name], true);
  return new Uint8Array(view.buffer);
}

export type StatField =
  | 'device'
  | 'inode'
  | 'links'
  | 'mode'
  | 'user'
  | 'group'
  | 'special'
  | 'size'
  | 'block'
  | 'blocks'
  | 'accessed'
  | 'accessedPart'
  | 'modified'
  | 'modifiedPart'
  | 'changed';

/** struct stat of x86-64 (<asm/stat.h>). */
export const stat: Layout<StatField> = {
  bytes: 144,
  fields: [
    ['device', 0, 8],
    ['inode', 8, 8],
    ['links', 16, 8],
    ['mode', 24, 4],
    ['user', 28, 4],
    ['group', 32, 4],
    ['special', 40, 8],
    ['size', 48, 8],
    ['block', 56, 8],
    ['blocks', 64, 8],
    ['accessed', 72, 8],
    ['accessedPart', 80, 8],
    ['modified', 88, 8],
    ['modifiedPart', 96, 8],
    ['changed', 104, 8],
  ],
};

/** struct stat64 of i386 (<asm/stat.h>). */
export const stat64: Layout<StatField> = {
  bytes: 96,
  fields: [
    ['device', 0, 8],
    ['inode', 12, 4],
    ['mode', 16, 4],
    ['links', 20, 4],
    ['user', 24, 4],
    ['group', 28, 4],
    ['special', 32, 8],
    ['size', 44, 8],
    ['block', 52, 4],
    ['blocks', 56, 8],
    ['accessed', 64, 4],
    ['accessedPart', 68, 4],
    ['modified', 72, 4],
    ['modifiedPart', 76, 4],
    ['changed', 80, 4],
    ['inode', 88, 8],
  ],
};

/** The kernel's struct sigaction; the handler comes first. */
export interface ActionLayout {
  readonly bytes: number;
  readonly flags: number;
  readonly restorer: number;
  readonly mask: number;
}
