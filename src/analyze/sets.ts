// Register sets of the System V AMD64 ABI as bit masks (encoding: src/isa/effects.ts).

const bits = (...numbers: number[]): number => numbers.reduce((set, n) => set | (1 << n), 0);

export const RAX = 0;
export const RCX = 1;
export const RSP = 4;
export const RSI = 6;
export const RDI = 7;

/** rax rcx rdx rbx rsp rbp rsi rdi r8..r15 and the seven flags. */
export const ALL_INTEGER = 0x7fffff;
export const ALL_FLAGS = 0x7f0000;
const DIRECTION_FLAG = bits(21);
export const ALL_VECTOR = 0xffffffff | 0;

/** Registers a callee may change: psABI 3.2.1. Only these are ever taken as scratch in compiled code (landing pads). */
export const VOLATILE = bits(0, 1, 2, 6, 7, 8, 9, 10, 11);

/** What a call may read: arguments, al (vector count), r10 (static chain), rsp. psABI 3.2.3. */
export const CALL_READS = bits(0, 1, 2, 4, 6, 7, 8, 9, 10) | DIRECTION_FLAG;
export const CALL_READS_VECTOR = 0xff;
/** What no value survives in across a call. Vector registers are left out: ms_abi callees keep some of them. */
export const CALL_KILLS = VOLATILE | (ALL_FLAGS & ~DIRECTION_FLAG);

/**
 * What the caller may still read after a return. rsi, rdi and xmm6..15 are in it for functions with
 * __attribute__((ms_abi)), which must keep them.
 */
export const RETURN_READS = bits(0, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15) | DIRECTION_FLAG;
export const RETURN_READS_VECTOR = 0xffc3;

/** What the kernel reads at a system call: number, six arguments, rsp (a clone's child continues with every register). */
export const SYSCALL_READS = bits(0, 2, 4, 6, 7, 8, 9, 10);
