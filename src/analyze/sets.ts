// Register sets of the System V ABIs of AMD64 and i386 as bit masks (encoding: src/isa/effects.ts).

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

/** Registers a callee may change: psABI 3.2.1. */
const VOLATILE = bits(0, 1, 2, 6, 7, 8, 9, 10, 11);

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

/**
 * i386: what a call may read: ebx for the procedure linkage table, eax edx ecx for register parameters (gcc uses them for local
 * functions on its own) and the static chain. A callee may change eax ecx edx (i386 psABI 2.2.1). All that is killed is also read, so
 * calls with conventions of their own (inline assembly, __x86.get_pc_thunk) lose nothing before the call.
 */
export const CALL_READS_32 = bits(0, 1, 2, 3, 4) | DIRECTION_FLAG;
export const CALL_KILLS_32 = bits(0, 1, 2) | (ALL_FLAGS & ~DIRECTION_FLAG);
export const RETURN_READS_32 = bits(0, 2, 3, 4, 5, 6, 7) | DIRECTION_FLAG;
