// Register sets of the System V ABIs of AMD64 and i386 as bit masks (encoding: src/isa/effects.ts).

const bits = (...numbers: number[]): number => numbers.reduce((set, n) => set | (1 << n), 0);

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;
export const R11 = 11;

/** rax rcx rdx rbx rsp rbp rsi rdi r8..r15 and the seven flags. */
export const ALL_INTEGER = 0x7fffff;
export const ALL_FLAGS = 0x7f0000;
const DIRECTION_FLAG = bits(21);
/** Those that arithmetic sets. */
export const STATUS_FLAGS = ALL_FLAGS & ~DIRECTION_FLAG;
export const ALL_VECTOR = 0xffffffff | 0;

/** Registers a callee may change: psABI 3.2.1. */
export const CALL_CHANGES = bits(0, 1, 2, 6, 7, 8, 9, 10, 11);

/**
 * What a call may read and what may be read after a return: all but r11. The text does not tell a function's convention, and each of
 * these keeps or passes more than the psABI: ms_abi (keeps rsi rdi xmm6..15), preserve_most and preserve_all (keep all but r11), regcall
 * and vectorcall (xmm0..15, r8..r10), LLVM's own for local functions (a third result in rcx, xmm2, xmm3), calls that destroy
 * nothing (TLS descriptors, __fentry__, mcount). r11 is nobody's argument, result or kept register (LLVM X86CallingConv.td; psABI 3.2.1)
 * but for the names in conventions.ts. Status flags are nobody's, either.
 */
export const EXCHANGED = ALL_INTEGER & ~bits(11) & ~STATUS_FLAGS;

/** What the kernel reads at a system call: number, six arguments, rsp (a clone's child continues with every register). */
export const SYSCALL_READS = bits(0, 2, 4, 6, 7, 8, 9, 10);

/**
 * i386: what a call may read: ebx for the procedure linkage table, eax edx ecx for register parameters (gcc uses them for local
 * functions on its own) and the static chain.
 */
export const CALL_READS_32 = bits(0, 1, 2, 3, 4) | DIRECTION_FLAG;
/**
 * i386: vector registers that a call or a return may pass, in a file that names none: arguments (psABI 2.2.3) and results. Only regcall has more,
 * and functions that keep them all; see docs/architecture.md.
 */
export const PASSED_VECTOR_32 = ALL_VECTOR & ~bits(3, 4, 5, 6, 7);
export const RETURN_READS_32 = bits(0, 2, 3, 4, 5, 6, 7) | DIRECTION_FLAG;
