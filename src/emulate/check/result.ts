// What the lockstep check found, as data and as text.
import type { SourceLine } from '../dwarf-lines.js';
import type { Writer } from './pending.js';

export interface WindowClass {
  /** Mnemonic, system call, or the runtime's own stack use. */
  readonly class: string;
  readonly writer: Writer['kind'];
  windows: number;
  bytes: number;
  /** Sum of the lengths. */
  instructions: number;
  longest: number;
}

export interface Finding {
  /** never: a native store without its mirror store; stray: a mirror store without its native one; differs: bytes that no store explains. */
  readonly kind: 'never' | 'stray' | 'differs';
  readonly instruction: string;
  /** The instruction's address. */
  readonly at: number;
  readonly symbol: string;
  readonly source?: SourceLine;
  /** Where it wrote the first time, native. */
  readonly address: number;
  readonly object: string;
  readonly bytes: number;
  count: number;
}

export interface LockstepResult {
  readonly instructions: number;
  readonly runtimeInstructions: number;
  readonly distance: number;
  /** Instructions that stored to protected memory. */
  readonly stores: number;
  readonly mirroredAhead: number;
  /** Instructions from the mirror store to its native one, at most. */
  readonly longestAhead: number;
  readonly mirroredAfter: number;
  /** Stores of the value that stood there, without a mirror store before. */
  readonly unchanged: number;
  readonly neverMirrored: number;
  /** Of at most 8 bytes each. */
  readonly mirrorStores: number;
  readonly mirrorStoresWithoutNative: number;
  /** Mirror stores undone before the native one. */
  readonly takenBack: number;
  /** To the runtime's own memory, which has no mirror. */
  readonly runtimeStores: number;
  /** Below the stack, by the runtime's last call, which never returned. */
  readonly bytesUnfinished: number;
  readonly bytesCompared: number;
  readonly bytesDiffering: number;
  readonly windows: readonly WindowClass[];
  readonly findings: readonly Finding[];
}

export function holds(r: LockstepResult): boolean {
  return r.findings.length === 0;
}

const what: Readonly<Record<Finding['kind'], string>> = {
  never: 'is not mirrored',
  stray: 'is a mirror store without a native one',
  differs: 'differs from its mirror',
};

const shown = 20;

export function describe(r: LockstepResult): string {
  const inserted = r.runtimeInstructions;
  const lines = [
    `lockstep: ${r.instructions} instructions, ${inserted} of them in the runtime; ${r.bytesCompared} bytes compared at start and end, ${r.bytesDiffering} differ`,
    `  stores              ${r.stores}`,
    `  mirrored ahead      ${r.mirroredAhead} (at most ${r.longestAhead} instructions)`,
    `  mirrored after      ${r.mirroredAfter}`,
    `  unchanged           ${r.unchanged}`,
    `  never mirrored      ${r.neverMirrored}`,
    `  mirror stores       ${r.mirrorStores}, ${r.mirrorStoresWithoutNative} without a native one, ${r.takenBack} taken back`,
  ];
  if (r.windows.length > 0) {
    lines.push('  windows             count        bytes  mean length  longest');
    for (const w of r.windows)
      lines.push(
        `    ${w.class.padEnd(18)}${String(w.windows).padStart(7)}${String(w.bytes).padStart(13)}${(w.instructions / w.windows).toFixed(1).padStart(13)}${String(w.longest).padStart(9)}`,
      );
  }
  for (const f of r.findings.slice(0, shown)) {
    const place = f.source ? `${f.source.file}:${f.source.line}: ` : '';
    const where = `0x${f.address.toString(16)} (${f.object})`;
    const times = f.count === 1 ? 'once' : `${f.count} times`;
    lines.push(
      f.kind === 'differs'
        ? `${where} ${what[f.kind]} ${f.instruction.replace('system call ', '')}`
        : `${place}${f.instruction} at 0x${f.at.toString(16)} (${f.symbol}) ${what[f.kind]}: ${f.bytes} bytes at ${where}, ${times}`,
    );
  }
  if (r.findings.length > shown) lines.push(`and ${r.findings.length - shown} more places`);
  return lines.map((line) => `${line}\n`).join('');
}
