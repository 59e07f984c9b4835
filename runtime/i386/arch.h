/* What the runtime has to know of i386: calls, registers at the boundary, where programs may live. */
#ifndef MR_ARCH_H
#define MR_ARCH_H
#include <asm/unistd_32.h>

#define MR_NR_mmap __NR_mmap2 /* its offset counts pages */
#define MR_NR_sigprocmask __NR_sigprocmask
#define MR_NR_getrlimit __NR_ugetrlimit
#define MR_ELF(name) Elf32_##name
#define MR_RED_ZONE 0
enum { MR_MIRRORS_NEAR = 1 }; /* where the kernel puts mappings, too */
#define MR_MAX_STACK (1ul << 28) /* more is not followed: a guard page ends the stack there */
#define MR_STACK_ROOM 0x21000 /* its address space is too small for more */

/* What entry.S stores, lowest address first, at the offsets of limits.h. ebp holds its address while C code of the runtime does a call, 0 while it
   readies a signal handler, and while a thread begins its stack pointer with bit 0 set. */
#define MR_FRAME_REGISTER "ebp"
struct frame { word done, result, call, before, told, masked, mask[2], nr, a[6], flags, ret; };

long mr_sys6(long n, word a, word b, word c, word d, word e, word f); /* calls.S: six arguments need every register */
#define sys6(n, a, b, c, d, e, f) mr_sys6(n, a, b, c, d, e, f)

static inline long mr_fstatfs(word fd, word *to, word size) { return sys6(__NR_fstatfs64, fd, size, (word)to, 0, 0, 0); }

/* Addresses that can have a mirror: from S.high_start on, and below S.low_end; the mirrors are between (place.c). */
#define MR_USER_END 0xfffff000ul
int mr_in_zone(word lo, word len);

enum { FLOCK_SIZE = 16, FLOCK64_SIZE = 24 }; /* struct flock, struct flock64 */

#define IPC_DS_SIZES 64, 88, 84 /* semid64_ds, msqid64_ds, shmid64_ds */

/* socketcall(2) and ipc(2) hold many calls: each gets a number of its own here, above the kernel's. */
enum { NR_SOCKETCALL = 512, NR_IPC = 544, MR_ROWS = 576 };
struct frame *mr_unwrap(struct frame *f, struct frame *to);
long mr_rewrap(const struct frame *f, long result); /* and what the outer call gives then */
long mr_shmat(word id, word at, word flags);
long mr_shmdt(word at);
long mr_shm_size(word id, word *size);

/* struct sigcontext (uapi/asm/sigcontext.h) as words, the order is that of the registers' numbers; for the two frames see kernel.c. */
enum { MR_REG_SP = 7, MR_REG_TRAP = 12, MR_REG_IP = 14, MR_REG_FLAGS = 16, MR_REG_CR2 = 21, MR_REG_FRAME = 6 };
static const unsigned char mr_register_order[] = {11, 10, 9, 8, 7, 6, 5, 4};
static const unsigned char mr_argument_order[] = {8, 10, 9, 5, 4, 6};
static inline word *mr_registers(word frame, int info) { return (word *)(frame + (info ? 16 + 128 + 20 : 8)); }

static inline void *mr_mask_at(word frame) { return (void *)(frame + 16 + 128 + 108); } /* where a frame has siginfo */
/* oldmask, and the mask's other half behind the frame's floating-point state; or uc_sigmask. */
static inline uint64_t mr_saved_mask(word frame, int info) {
  const u32 *at = mr_mask_at(frame);
  if (info) return at[0] | (uint64_t)at[1] << 32;
  return mr_registers(frame, 0)[20] | (uint64_t) * (u32 *)(frame + 720) << 32;
}
/* What a frame has of x87 and SSE: the fsave image that Linux takes x87 from, and behind it the fxsave image, where there is one (0 at 110). */
static inline const unsigned char *mr_x87_control(const word *regs) { return (const unsigned char *)regs[19]; }
static inline const unsigned char *mr_x87(const word *regs, u32 st) { return mr_x87_control(regs) ? mr_x87_control(regs) + 28 + 10 * st : 0; }
static inline const unsigned char *mr_vectors(const word *regs) {
  const unsigned char *fp = mr_x87_control(regs);
  return fp && !fp[110] && !fp[111] ? fp + 112 + 160 : 0;
}
static inline word mr_siginfo(word frame) { return frame + 16; }
static inline word *mr_fault_address(word frame, int info) { return info ? (word *)(mr_siginfo(frame) + 12) : 0; }

enum { MR_MIRROR_PREFIX = 0, MR_TLS_PREFIX = 0x65 };
static inline word mr_thread_base(void) {
  word base = 0;
  __asm__("mov %%gs, %0" : "=r"(base));
  if (base & 0xffff) __asm__("mov %%gs:0, %0" : "=r"(base));
  return base;
}
int mr_is_mirror(word at);

/* retry.c: where st_mode is in the words of struct stat64; calls that receive, and calls that take something away before they tell of it. */
enum { MR_NR_fstat = __NR_fstat64, MR_STAT_MODE = 4 };
#define MR_RECEIVES case __NR_recvfrom: case __NR_recvmsg: case __NR_recvmmsg: case __NR_recvmmsg_time64: \
  case NR_SOCKETCALL + 10: case NR_SOCKETCALL + 12: case NR_SOCKETCALL + 17: case NR_SOCKETCALL + 19:
#define MR_TELLS case __NR_stat64: case __NR_lstat64: case __NR_fstat64: case __NR_fstatat64: case __NR_statfs64: case __NR_fstatfs64: case __NR_ugetrlimit: \
  case __NR_getresuid32: case __NR_getresgid32: case __NR_getgroups32: case __NR_clock_gettime64: case __NR_clock_getres_time64: \
  case __NR_timer_gettime64: case __NR_sched_rr_get_interval_time64: case NR_SOCKETCALL + 6: case NR_SOCKETCALL + 7: case NR_SOCKETCALL + 15:
#define MR_TAKES case __NR_accept4: case NR_SOCKETCALL + 5: case NR_SOCKETCALL + 18: case __NR_msgrcv: case NR_IPC + 12: case __NR_waitpid: \
  case __NR_mq_timedreceive_time64: case __NR_rt_sigtimedwait_time64: case __NR_clock_nanosleep_time64:
#define MR_MASK_BYTES(f) ((f)->nr == __NR_sigprocmask ? 4ul : (f)->nr == __NR_rt_sigprocmask && (f)->a[3] == 8 ? 8ul : 0) /* of calls that change the mask of signals */
/* Order of clone's arguments (clone(2), C library/kernel differences). */
enum { CLONE_PTID = 2, CLONE_TLS = 3, CLONE_CTID = 4 };
/* The kernel's struct sigaction: handler, flags, restorer, mask of two words. */
enum { SIGACTION_WORDS = 5 };
#endif
