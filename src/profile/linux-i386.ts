// i386 Linux user programs.
import type { Profile } from './profile.js';

export const linuxI386: Profile = {
  name: 'linux-i386',
  mode: 32,
  wordBytes: 4,
  stackPointer: 'esp',
  // 2^31 + 2^21 modulo 2^32, as a signed displacement: for the 2 MiB see docs/architecture.md, last section.
  mirrorSegment: '',
  mirrorDisplacement: 0x80200000 | 0,
  threadSegment: 'gs',
  redZoneBytes: 0, // the i386 psABI has none: signal frames go directly below %esp
  syscallEntry: '__mirror_syscall',
  // The site cannot know its return address without a call of its own, nor write below %esp.
  callMirrors: ['callee'],
  scratchOrder: [0, 1, 2, 6, 7, 3, 5],
  byteRegisters: 0b1111, // al cl dl bl
  volatile: 0b111, // eax ecx edx: i386 psABI 2.2.1
  vectorSpills: 0b11111000, // xmm0 to xmm2 are arguments and results; the runtime asks for SSE2
};
