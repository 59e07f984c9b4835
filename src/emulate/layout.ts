// Where things lie in the memory that compiled code shares with the interpreter: the CPU's registers, the TLB, what a region leaves to the next one,
// and behind it the frames of pages.

export const stateAt = 0;
/** Words of state.ts, then the 50 places of 64 bytes that are vector registers, masks and operands in the making. */
export const vectorsAt = 256;
/** A word of state.ts's that is always 0, and so the next one: what an address is without a register. */
export const zeroAt = stateAt + 4 * 62;
/** Which way out to the interpreter compiled code took (wasm/frame.ts). */
export const exitAt = 3864;
/** What threaded code leaves: the rest of its budget, the record at which it stopped, instructions since somebody looked (threaded/loop.ts). */
export const stoppedAt = 3464;
/** Its record that goes on where RIP is. */
export const enterAt = 3520;
/** Flags that compiled code has not computed yet (wasm/flags.ts). */
export const lazyAt = 3840;
/** What a check of stores and compiled code tell each other (wasm/watched.ts). */
export const watchAt = 3872;
export const tlbEntries = 4096;
export const readTlbAt = 0x1000;
export const writeTlbAt = readTlbAt + 16 * tlbEntries;
/** By address: the compiled region that starts there (wasm/driver.ts). */
export const jumpCacheAt = writeTlbAt + 16 * tlbEntries;
export const jumpCacheEntries = 16384;
/** Which page the operands of a place in compiled code were in last: its address, and how far its frame is from there modulo 2^32; places that read, then those that write. */
export const pagesAt = 0x70000;
export const pagesEach = 2048;
/** The same of pairs (wasm/watched.ts): the native page, how far its frame is from there, and how far the mirror page's; and a place while one is looked for. */
export const pairPagesAt = pagesAt + 2 * 16 * pagesEach;
export const pairSoughtAt = pairPagesAt + 16 * pagesEach;
/** By address: the header of the block that starts there (threaded/routines.ts), and behind them the blocks. */
export const blocksAt = 0x90000;
export const blockEntries = 16384;
export const recordsAt = blocksAt + 16 * blockEntries;
export const framesAt = recordsAt + 0x1000000;

/** Of a WebAssembly.Memory. */
export const wasmPage = 0x10000;
/** Places in it are signed words. */
export const largestShared = 0x80000000;
