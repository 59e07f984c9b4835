// What stops a run because the emulator lacks it.
import type { Decoded } from './instruction.js';

/** Names an instruction that no table has. */
export class Missing {
  constructor(
    readonly instruction: Decoded,
    readonly bytes: Uint8Array,
  ) {}
}
