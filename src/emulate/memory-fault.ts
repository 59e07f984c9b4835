// Addresses as pairs of words, and what memory says when it refuses one.

/** An access that memory refuses. The guest's address is hi * 2^32 + lo. */
export class MemoryFault {
  constructor(
    readonly lo: number,
    readonly hi: number,
    readonly access: number,
    /** unmapped: SEGV_MAPERR; denied: SEGV_ACCERR; noncanonical: #GP; beyond: SIGBUS behind the end of a file; lost: a memory error
     * took the page. */
    readonly why: 'unmapped' | 'denied' | 'noncanonical' | 'beyond' | 'lost',
  ) {}

  get address(): number {
    return addressOf(this.lo, this.hi);
  }
}

export function addressOf(lo: number, hi: number): number {
  return (hi >>> 0) * 0x100000000 + (lo >>> 0);
}
