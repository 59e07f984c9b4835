// A case as native.c reads it, and what it writes: places in both, which are the same.
/** Code or signal, general registers, what xsave writes, memory. */
export const state = 64;
export const flagsAt = state + 128;
export const extendedAt = state + 192;
export const vectorsAt = extendedAt + 160;
export const xsaveHeader = extendedAt + 512;
export const uppersAt = extendedAt + 576;
export const masksAt = extendedAt + 832;
export const halvesAt = extendedAt + 896;
export const highAt = extendedAt + 1408;
export const memoryAt = extendedAt + 2432;
export const windowBytes = 3072;
export const recordBytes = memoryAt + windowBytes;
/** In the window, where rdi points to. */
export const operandAt = 2304;

/** Of a vector register: each 16 bytes. */
export function placesOf(register: number): readonly number[] {
  if (register >= 16) return [0, 16, 32, 48].map((n) => highAt + 64 * (register - 16) + n);
  return [
    vectorsAt + 16 * register,
    uppersAt + 16 * register,
    halvesAt + 32 * register,
    halvesAt + 32 * register + 16,
  ];
}
