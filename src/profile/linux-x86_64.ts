// What the patterns need to know of the target: x86-64 Linux user programs.

/** Segment register whose base is the mirror offset: `%gs:m` is the mirror of `m` (DESIGN: addressing). */
export const MIRROR_SEGMENT = 'gs';

/** Bytes below %rsp that signal handlers leave alone and leaf functions use (psABI 3.2.2). */
export const RED_ZONE_BYTES = 128;

/** Runtime entry for system calls; expects the return address in rcx, which `syscall` destroys anyway. */
export const SYSCALL_ENTRY = '__mirror_syscall';
