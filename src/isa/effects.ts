// What one instruction reads, writes and clobbers: the answer of src/isa, used by every later stage.

/**
 * `r` read, `w` write, `rw` both, `cw` written conditionally, `rcw` read and conditionally written,
 * `a` address only (lea, invlpg, clflush, nop, prefetch), `-` none.
 */
export type Access = 'r' | 'w' | 'rw' | 'cw' | 'rcw' | 'a' | '-';

/**
 * General registers and flags as one bit set. Bits 0..15: rax rcx rdx rbx rsp rbp rsi rdi r8..r15 (the hardware's
 * numbers); bits 16..22: CF PF AF ZF SF DF OF.
 */
export type IntegerSet = number;
/** Vector registers 0..31 as one bit set (xmm, ymm, zmm alike). */
export type VectorSet = number;
/**
 * The remaining registers as one bit set. Bits 0..7: k0..k7; 8..15: mm0..mm7; 16..23: tmm0..tmm7; 24..27: bnd0..bnd3;
 * 28: the x87 stack and its status and control (which the mm registers are part of); 29: segment registers (reads by
 * memory accesses are not counted); 30: control and debug registers, IF, AC, UIF.
 */
export type OtherSet = number;

/** Memory an instruction accesses without an operand that names it. */
export interface ImplicitMemory {
  /** Number of the general register that holds the address before the instruction, or -1. */
  readonly base: number;
  /** Index of the register operand that holds the address (movdir64b, enqcmd, umonitor), or -1. */
  readonly operand: number;
  readonly displacement: number;
  /** 0: not fixed. Below the stack pointer the address is the lowest byte. */
  readonly bytes: number;
  readonly access: Access;
  /** The address is rounded down to a multiple of this (clzero: 64), else 1. */
  readonly aligned: number;
}

export interface Effects {
  /** One for each operand, in AT&T order. Registers in a memory operand's address are not in here: see integerRead. */
  readonly access: readonly Access[];
  /** Index of the explicit memory operand, or -1. */
  readonly memoryOperand: number;
  /** Bytes the explicit memory operand covers; 0: none or not fixed (then `memorySizeKnown` is false). */
  readonly memoryBytes: number;
  readonly memorySizeKnown: boolean;
  /** Memory accessed without being named by an operand: push, call, stos, movs, maskmov, enter, ... */
  readonly implicitMemoryWrite: boolean;
  readonly implicitMemoryRead: boolean;
  /** All registers read: explicit, implicit, address registers, and what a partial (8, 16 bit) or conditional write keeps. */
  readonly integerRead: IntegerSet;
  /** Registers certainly and wholly overwritten (a 32-bit write counts as whole; flags set or left undefined count as well). */
  readonly integerKilled: IntegerSet;
  /** Registers possibly changed in any part (a superset of integerKilled). */
  readonly integerWritten: IntegerSet;
  readonly vectorRead: VectorSet;
  readonly vectorKilled: VectorSet;
  readonly vectorWritten: VectorSet;
  /** How control leaves. */
  readonly flow:
    'next' | 'jump' | 'branch' | 'indirect-jump' | 'call' | 'return' | 'syscall' | 'interrupt' | 'stop';
  /** Base name without size suffix as Intel spells it, lower case: `mov`, `add`, `movdqa`, `stosq` is `stos`. */
  readonly base: string;
  /** Operand size in bytes of the integer operation (the suffix): 1, 2, 4, 8; 0 where it has no meaning. */
  readonly operandBytes: number;
  /** True for instructions no user program may execute. */
  readonly privileged: boolean;
  /** What the implicit flags above summarize, place by place. With `rep` the bytes are 0 and the access conditional. */
  readonly implicitMemory: readonly ImplicitMemory[];
  /** Memory is written, but a mask, a count or a comparison decides which bytes of it. */
  readonly conditionalWrite: boolean;
  /**
   * Memory is written, and doing it twice (the first time to other addresses) gives the same as doing it once: no register
   * it reads is changed, memory is not read where it is written, nothing is popped.
   */
  readonly storeRepeatable: boolean;
  /** A register that an accessed address is computed from is changed by the instruction itself. */
  readonly changesAddress: boolean;
  /** What becomes of the x87 register stack; `set`: its top or its tags become something fixed (fninit, MMX). */
  readonly x87: '-' | 'use' | 'push' | 'pop' | 'pop2' | 'set';
  readonly otherRead: OtherSet;
  readonly otherKilled: OtherSet;
  readonly otherWritten: OtherSet;
}

export type Lookup =
  { readonly ok: true; readonly effects: Effects } | { readonly ok: false; readonly reason: string };
