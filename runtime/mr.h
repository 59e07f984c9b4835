/* Shared by all runtime files. Freestanding: no libc, no TLS, no pointer tables (we run before the image is relocated). */
#ifndef MR_H
#define MR_H
#include <stddef.h>
#include <stdint.h>
#include <asm/unistd_64.h>

typedef uint64_t u64;
typedef uint32_t u32;

#define MR_VERSION "0.1.0"
#define BIT46 (1ul << 46)
#define MVA(p) ((u64)(p) - MR_DISTANCE)
#define STRINGIFY2(x) #x
#define STRINGIFY(x) STRINGIFY2(x)
#define PG 4096ul
#define DOWN(x) ((u64)(x) & ~(PG - 1))
#define UP(x) (((u64)(x) + PG - 1) & ~(PG - 1))
#define IS_ERR(r) ((u64)(r) >= (u64)-4095)
/* Is this an address that can have a mirror? User addresses end at 2^47. */
#define NATIVE_LOW (2 * (MR_DISTANCE - BIT46) + BIT46)
#define IN_RANGE(a) ((u64)(a) >= NATIVE_LOW && (u64)(a) < 2 * BIT46)

/* MR_K and MR_DISTANCE are shared with entry.S. */
#include "limits.h"

enum { P_R = 1, P_W = 2, P_X = 4 };
enum { M_SHARED = 1, M_PRIVATE = 2, M_FIXED = 0x10, M_ANON = 0x20, M_32BIT = 0x40, M_GROWSDOWN = 0x100, M_NORESERVE = 0x4000,
       M_NOREPLACE = 0x100000 };
enum { E_NOSYS = 38, E_NOMEM = 12, E_INVAL = 22, E_PERM = 1 };

/* Flags of a range. ANON: zero-filled private or shared memory. FILEMIRROR: the mirror maps the same file.
   MIRRORED: the mirror is mapped and holds the contents. ESCAPED: somebody else may write it, so it is not compared. */
enum { R_ANON = 1, R_SHARED = 2, R_FILEMIRROR = 4, R_MIRRORED = 8, R_ESCAPED = 16, R_STACK = 32, R_HEAP = 64, R_IMAGE = 128,
       R_SHM = 256 };

struct range { u64 lo, hi; u32 prot, flags; };
struct diff { u64 address, length; };
struct escape { char kind[24]; char name[24]; u64 count; };
/* What entry.S pushes, lowest address first. */
struct frame { u64 nr, a[6], ret, flags; };
#define APP_RSP(f) ((u64)(f) + sizeof(struct frame) + 128)

#define MAX_DIFFS 64
#define MAX_ESCAPES 64
struct state {
  u32 lock;          /* offset 0: entry.S */
  u32 threads;       /* offset 4: entry.S; a thread was made */
  u64 ctid;          /* offset 8: entry.S; last CLONE_CHILD_CLEARTID address */
  u32 check, reserved_space, report_has_pid, report_set, out_fd, out_n, retry;
  u64 first_pid, own_pid, base, image_lo, image_hi, stack_top, brk_start, brk_cur;
  u64 skip_lo, skip_hi; /* stack bytes the running check itself dirties */
  struct range *ranges;
  u64 n_ranges, cap_ranges;
  u64 mirrored, checked, differing, n_diffs, n_escapes;
  u64 scratch;
  u64 handlers[65];
  struct range fixed_ranges[512];
  struct diff diffs[MAX_DIFFS];
  struct escape escapes[MAX_ESCAPES];
  char report[512], program[256], out[1024];
  u64 pm_native[512], pm_mirror[512];
  char buf_native[4096], buf_mirror[4096];
  const char *elf; /* the program's file, mapped read-only for its .symtab */
  u64 elf_len;
};
extern struct state mr_state;
#define S mr_state
extern char __start_mirror_state[], __stop_mirror_state[];
extern const char __ehdr_start[];

static inline long sys6(long n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  long r;
  register u64 r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(r) : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return r;
}
#define sys(n, a, b, c) sys6(n, (u64)(a), (u64)(b), (u64)(c), 0, 0, 0)
#define sys4(n, a, b, c, d) sys6(n, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0, 0)

/* entry.S */
long mr_native(struct frame *f);                           /* mirrors the dirtied stack, then the program's call as it is */
long mr_on_stack(long (*fn)(struct frame *), struct frame *f); /* fn on the runtime's own stack */
void mr_exit_thread(u64 status, u64 app_rsp) __attribute__((noreturn));
void mr_unlock_exit(void) __attribute__((noreturn));
extern char __mirror_sigtramp[];

/* text.c */
void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
void *memmove(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t mr_strlen(const char *s);
int mr_streq(const char *a, const char *b);
void mr_put(const char *s);
void mr_json(const char *s);
void mr_num(u64 v);
void mr_hex(u64 v);
void mr_open_out(int fd);
void mr_flush(void);
void mr_die(const char *what, const char *todo) __attribute__((noreturn));
void mr_must(int ok, const char *what); /* dies when the mirror cannot follow */
void mr_copy(u64 native, u64 len);   /* native bytes to their mirror; the caller knows that the kernel could write them */
void mr_escape(const char *kind, const char *name);
void mr_escape_nr(const char *kind, u64 nr);

/* ranges.c */
u64 mr_find(u64 addr);               /* index of the first range that ends above addr */
void mr_remove(u64 lo, u64 hi);
void mr_add(u64 lo, u64 hi, u32 prot, u32 flags);
void mr_split(u64 at);
int mr_mirror_anon(u64 lo, u64 hi, u32 prot, u32 shared);
void mr_mirror_drop(u64 lo, u64 hi);
void mr_copy_present(u64 lo, u64 hi);

/* memcalls.c, boundary.c, special.c, check.c, symbols.c */
long mr_memcall(struct frame *f);
int mr_is_memcall(u64 nr);
long mr_locked(long (*fn)(struct frame *), struct frame *f);
int mr_special(struct frame *f, long *result);
long mr_exit_group(struct frame *f);
void mr_clear_tid(void);
void mr_after_special(struct frame *f, u64 kind, long r);
void mr_symbol(u64 addr, char *name, u64 cap, u64 *offset);
#endif
