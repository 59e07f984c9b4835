// The x87 unit's registers. Values are kept as they stand in memory: 64 bits of significand, sign and exponent in 16 more.
import { Trap } from './state.js';

export class X87 {
  control = 0x37f;
  /** Without the top of stack, which is `top`. */
  status = 0;
  top = 0;
  /** 1: the register is empty; by physical number. */
  readonly empty = new Uint8Array(8).fill(1);
  readonly significand = new BigUint64Array(8);
  readonly exponent = new Uint16Array(8);

  /** Raises what is unmasked and pending. */
  wait(): void {
    if (this.status & ~this.control & 0x3f) throw new Trap('float');
  }
}
