/* What the runtime has to know of x86-64: calls, registers at the boundary, where programs may live. */
#ifndef MR_ARCH_H
#define MR_ARCH_H
#include <asm/unistd_64.h>

#define MR_NR_mmap __NR_mmap
#define MR_NR_sigprocmask -1 /* older calls that are not there */
#define MR_NR_getrlimit __NR_getrlimit
#define MR_ELF(name) Elf64_##name
#define MR_RED_ZONE 128
enum { MR_MIRRORS_NEAR = 0 }; /* where the kernel puts mappings, too */
#define MR_MAX_STACK (1ul << 44)
#define MR_STACK_ROOM (1ul << 27)

/* What entry.S stores, lowest address first, at the offsets of limits.h. r15 holds its address while C code of the runtime does a call, 0 while it
   readies a signal handler, and while a thread begins its stack pointer with bit 0 set. */
#define MR_FRAME_REGISTER "r15"
struct frame { word done, result, call, before, told, masked, mask[1], kept[6], nr, a[6], ret, flags; };

static inline long sys6(long n, word a, word b, word c, word d, word e, word f) {
  long r;
  register word r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(r) : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return r;
}

static inline long mr_fstatfs(word fd, word *to, word size) { return (void)size, sys6(__NR_fstatfs, fd, (word)to, 0, 0, 0, 0); }

#define BIT46 (1ul << 46)
#define MR_USER_END (1ul << 47)
static inline int mr_in_zone(word lo, word len) { return lo >= MR_NATIVE_LOW && lo < MR_USER_END && len <= MR_USER_END - lo; }

enum { FLOCK_SIZE = 32, FLOCK64_SIZE = 32 }; /* struct flock */
#define IPC_DS_SIZES 104, 120, 112 /* semid64_ds, msqid64_ds, shmid64_ds */
enum { MR_ROWS = 512 };

static inline struct frame *mr_unwrap(struct frame *f, struct frame *to) { return (void)to, f; }
static inline long mr_rewrap(const struct frame *f, long result) { return (void)f, result; }
static inline long mr_shmat(word id, word at, word flags) { return sys6(__NR_shmat, id, at, flags, 0, 0, 0); }
static inline long mr_shmdt(word at) { return sys6(__NR_shmdt, at, 0, 0, 0, 0, 0); }
static inline long mr_shm_size(word id, word *size) {
  word ds[14]; /* struct shmid64_ds: ipc64_perm is 48 bytes, then shm_segsz */
  long r = sys6(__NR_shmctl, id, 2, (word)ds, 0, 0, 0);
  *size = ds[6];
  return r;
}

/* struct sigcontext (asm/sigcontext.h) as words, in ucontext, behind pretcode; the order is that of the registers' numbers. */
enum { MR_REG_SP = 15, MR_REG_IP = 16, MR_REG_FLAGS = 17, MR_REG_TRAP = 20, MR_REG_CR2 = 22, MR_REG_FRAME = 7 };
static const unsigned char mr_register_order[] = {13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7};
static const unsigned char mr_argument_order[] = {8, 9, 12, 2, 0, 1};
static inline word *mr_registers(word frame, int info) { return (void)info, (word *)(frame + 8 + 40); }
static inline void *mr_mask_at(word frame) { return (void *)(frame + 8 + 296); } /* where a frame has siginfo */
static inline uint64_t mr_saved_mask(word frame, int info) { return (void)info, *(uint64_t *)mr_mask_at(frame); }
/* What a frame has of x87 and SSE: an fxsave image. */
static inline const unsigned char *mr_x87_control(const word *regs) { return (const unsigned char *)regs[23]; }
static inline const unsigned char *mr_x87(const word *regs, u32 st) { return mr_x87_control(regs) ? mr_x87_control(regs) + 32 + 16 * st : 0; }
static inline const unsigned char *mr_vectors(const word *regs) { return mr_x87_control(regs) ? mr_x87_control(regs) + 160 : 0; }
static inline word mr_siginfo(word frame) { return frame + 8 + 304; }
static inline word *mr_fault_address(word frame, int info) { return (void)info, (word *)(mr_siginfo(frame) + 16); }

enum { MR_MIRROR_PREFIX = 0x65, MR_TLS_PREFIX = 0x64 };
static inline word mr_thread_base(void) {
  word base;
  __asm__("rdfsbase %0" : "=r"(base));
  return base;
}
static inline int mr_is_mirror(word at) { return mr_in_zone(at + MR_DISTANCE, 1); }

/* retry.c: where st_mode is in the words of struct stat; calls that receive, and calls that take something away before they tell of it. */
enum { MR_NR_fstat = __NR_fstat, MR_STAT_MODE = 6 };
#define MR_RECEIVES case __NR_recvfrom: case __NR_recvmsg: case __NR_recvmmsg:
#define MR_TELLS case __NR_newfstatat:
#define MR_TAKES case __NR_accept: case __NR_accept4: case __NR_msgrcv:
#define MR_MASK_BYTES(f) ((f)->nr == __NR_rt_sigprocmask && (f)->a[3] == 8 ? 8ul : 0) /* of calls that change the mask of signals */
/* Order of clone's arguments (clone(2), C library/kernel differences). */
enum { CLONE_PTID = 2, CLONE_CTID = 3, CLONE_TLS = 4 };
/* The kernel's struct sigaction: handler, flags, restorer, mask. */
enum { SIGACTION_WORDS = 4 };
#endif
