// What the pass needs to know of a target. One constant of this type a target.

export type ProfileName = 'linux-x86_64' | 'linux-i386';

/** Who mirrors return addresses: the call site, or the called function. */
export type CallMirror = 'site' | 'callee';

export interface Profile {
  readonly name: ProfileName;
  /** Word size of the code in bits. */
  readonly mode: 64 | 32;
  readonly wordBytes: 8 | 4;
  /** Name of the stack pointer at full width. */
  readonly stackPointer: 'rsp' | 'esp';
  /** Segment register whose base is the mirror distance; empty where the distance is added to the displacement. */
  readonly mirrorSegment: 'gs' | '';
  /** Mirror distance as a displacement; 0 where a segment holds it. */
  readonly mirrorDisplacement: number;
  /** Segment register of thread-local storage. At its offset 0 stands its own linear address (TLS variant II). */
  readonly threadSegment: 'fs' | 'gs';
  /** Bytes below the stack pointer that signal handlers leave alone and leaf functions use. */
  readonly redZoneBytes: number;
  /** Runtime entry for system calls. */
  readonly syscallEntry: string;
  /** Ways of mirroring return addresses that the target has; the first is the default. */
  readonly callMirrors: readonly [CallMirror, ...CallMirror[]];
  /** General registers in the order in which scratch registers are chosen. */
  readonly scratchOrder: readonly number[];
  /** Registers with an 8-bit part. */
  readonly byteRegisters: number;
  /** Registers that a callee may change: only these are scratch in compiled code (landing pads). */
  readonly volatile: number;
  /** Vector registers that may keep a general one where they are dead. */
  readonly vectorSpills: number;
}
