/* What the runtime has to know of i386: calls, registers at the boundary, where programs may live. */
#ifndef MR_ARCH_H
#define MR_ARCH_H
#include <asm/unistd_32.h>

#define MR_NR_mmap __NR_mmap2 /* its offset counts pages */
#define MR_NR_getrlimit __NR_ugetrlimit
#define MR_ELF(name) Elf32_##name
#define MR_RED_ZONE 0
#define MR_MAX_STACK (1ul << 28) /* more is not followed: a guard page ends the stack there */

/* What entry.S pushes, lowest address first. */
struct frame { word nr, a[6], flags, ret; };

long mr_sys6(long n, word a, word b, word c, word d, word e, word f); /* entry.S: six arguments need every register */
#define sys6(n, a, b, c, d, e, f) mr_sys6(n, a, b, c, d, e, f)

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

/* struct sigcontext (uapi/asm/sigcontext.h) as words; for the two frames see kernel.c. */
enum { MR_REG_IP = 14, MR_REG_FLAGS = 16 };
static inline word *mr_registers(word frame, int info) { return (word *)(frame + (info ? 16 + 128 + 20 : 8)); }
void mr_redo_push(word *registers); /* kernel.c */

/* Order of clone's arguments (clone(2), C library/kernel differences). */
enum { CLONE_PTID = 2, CLONE_TLS = 3, CLONE_CTID = 4 };
/* The kernel's struct sigaction: handler, flags, restorer, mask of two words. */
enum { SIGACTION_WORDS = 5 };
#endif
