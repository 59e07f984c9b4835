// x86-64 Linux user programs.
import type { Profile } from './profile.js';

export const linuxX8664: Profile = {
  name: 'linux-x86_64',
  mode: 64,
  wordBytes: 8,
  stackPointer: 'rsp',
  // `%gs:m` is the mirror of `m` (DESIGN: addressing).
  mirrorSegment: 'gs',
  mirrorDisplacement: 0,
  threadSegment: 'fs',
  redZoneBytes: 128, // psABI 3.2.2
  // Expects the return address in rcx, which `syscall` destroys anyway.
  syscallEntry: '__mirror_syscall',
  callMirrors: ['site', 'callee'],
  // Registers without a REX prefix in 32-bit operations first.
  scratchOrder: [0, 1, 2, 6, 7, 8, 9, 10, 11, 3, 5, 12, 13, 14, 15],
  byteRegisters: 0xffff,
  volatile: 0xfc7, // rax rcx rdx rsi rdi r8 to r11: psABI 3.2.1
  vectorSpills: 0xffff,
};
