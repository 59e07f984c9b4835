// A case as native.c reads it, and what it writes: places in both, which are the same.
/** Code or signal, general registers, what xsave writes, memory. */
export const state = 64;
export const flagsAt = state + 128;
export const extendedAt = state + 192;
export const vectorsAt = extendedAt + 160;
export const xsaveHeader = extendedAt + 512;
export const uppersAt = extendedAt + 576;
export const memoryAt = extendedAt + 832;
export const windowBytes = 1024;
export const recordBytes = memoryAt + windowBytes;
