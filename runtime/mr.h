/* Shared by all runtime files. Freestanding: no libc, no TLS, no pointer tables (we run before the image is relocated). */
#ifndef MR_H
#define MR_H
#include <stddef.h>
#include <stdint.h>

typedef unsigned long word; /* a register, an address, a size: 4 or 8 bytes */
typedef uint32_t u32;
typedef uint64_t u64 __attribute__((aligned(4))); /* on a stack of 4 bytes: to align it would need a frame pointer */

#define MR_VERSION "0.1.0"
#define STRINGIFY2(x) #x
#define STRINGIFY(x) STRINGIFY2(x)
#define PG 4096ul
#define BY_WORD(four, eight) (sizeof(word) == 8 ? (eight) : (four))
#define DOWN(x) ((word)(x) & ~(PG - 1))
#define UP(x) (((word)(x) + PG - 1) & ~(PG - 1))
#define IS_ERR(r) ((word)(r) >= (word)-4095)

#include "limits.h"
#include "arch.h" /* of the folder of the word size */
#define MVA(p) ((word)(p) - MR_DISTANCE)
/* Is this an address that can have a mirror? */
#define IN_RANGE(a) mr_in_zone((word)(a), 0)

#define sys(n, a, b, c) sys6(n, (word)(a), (word)(b), (word)(c), 0, 0, 0)
#define sys4(n, a, b, c, d) sys6(n, (word)(a), (word)(b), (word)(c), (word)(d), 0, 0)

enum { P_R = 1, P_W = 2, P_X = 4 };
enum { M_SHARED = 1, M_PRIVATE = 2, M_FIXED = 0x10, M_ANON = 0x20, M_32BIT = 0x40, M_GROWSDOWN = 0x100, M_NORESERVE = 0x4000,
       M_HUGETLB = 0x40000, M_NOREPLACE = 0x100000 };
enum { E_NOSYS = 38, E_NOMEM = 12, E_INVAL = 22, E_PERM = 1, E_ACCES = 13, E_FAULT = 14, E_INTR = 4 };

/* Flags of a range. ANON: zero-filled private or shared memory. FILEMIRROR: the mirror maps the same file.
   MIRRORED: the mirror is mapped and holds the contents. ESCAPED: somebody else may write it, so it is not compared. */
enum { R_ANON = 1, R_SHARED = 2, R_FILEMIRROR = 4, R_MIRRORED = 8, R_ESCAPED = 16, R_STACK = 32, R_HEAP = 64, R_IMAGE = 128,
       R_SHM = 256, R_TLS = 1024, R_OBJECT = 2048 /* data of a shared object, dynamic/ */ };
/* The rest of the flags: log2 of the page size where pages are huge ones, else 0. */
enum { R_PAGE_SHIFT = 16 };

/* How far a system call has come. `result` is there before. */
enum { NOT_DONE, NATIVE_DONE, ALL_DONE, ASKED_ONLY /* mr_output_on */ };
/* The call that is under way in this thread: a signal has to find it wherever it comes. */
register struct frame *mr_current __asm__(MR_FRAME_REGISTER);

struct range { word lo, hi; u32 prot, flags; };
struct span { word lo, hi; };
struct diff { word address, length; };
struct suspect { word address, native, mirror; };
struct escape { char kind[24]; char name[32]; word count; };
/* The program's stack pointer at the boundary. */
#define APP_SP(f) ((word)(f) + sizeof(struct frame) + MR_RED_ZONE)

#define MAX_DIFFS 64
#define MAX_ESCAPES 64
#define MAX_EXCLUDED 256
#define MAX_SUSPECTS 256
struct suspects { word n; struct suspect at[MAX_SUSPECTS]; };
#define MAX_ALTERNATES 512
#define MAX_RECOVERED 64
#define MAX_REBUILT 64
struct recovered { word address, us; u32 flags, mirror; const char *cause; };
enum { SIGBUS_NR = 7, SIG_SETMASK = 2 };
/* Counters that others read (mirrorasm top), and what they ask for (mirrorasm inject): the same layout for both word sizes. */
struct control { u64 ranges, n_ranges; /* where the table's address and its length are */ u64 recovered, lost, retried, not_retried, request, address, result, checks, differing; };
struct state {
  u32 lock;          /* offset 0: entry.S; the thread that holds it, or 0 */
  u32 threads;       /* offset 4: entry.S; a thread was made */
  word ctid;         /* offset 8: entry.S; last CLONE_CHILD_CLEARTID address */
  word locks;        /* offset 16 on x86-64: atomic.S */
  u32 changing;      /* own.c: the twin is behind */
  u32 handled;       /* the program has had a handler */
  u32 alone, settling, check, strict, makes_code, sandboxed, reserved_space, report_has_pid, report_set, out_fd, out_n;
  word first_pid, own_pid, bias, stack_lo, stack_top, brk_start, brk_cur, vdso;
  word pending; /* the same where nothing settles them (dynamic/) */
  word pending_bytes; /* forked while other threads had begun writes, which never end here */
  word interval, scrub; /* milliseconds */
  word checker;         /* the thread */
  word interval_checks, interval_bytes, interval_differing, interval_settled, interval_told, n_lost;
  word low_end, high_start; /* i386: native memory is below the one and above the other */
  struct range *ranges;
  word n_ranges, cap_ranges;
  word mirrored, checked, differing, n_diffs, n_escapes;
  word handlers[65];
  uint64_t handler_masks[65], nodefer; /* as the program gave them; a bit a signal */
  word bus_action[SIGACTION_WORDS];    /* the program's, as the kernel has it for others */
  u32 told[32];                        /* siginfo_t of a SIGBUS that waits for the lock, or 0 */
  struct recovered recovered[MAX_RECOVERED];
  word rebuilt[MAX_REBUILT], n_rebuilt; /* native pages of which other threads are told: the last ones */
  struct escape escapes[MAX_ESCAPES];
  char report[512], program[256];
  u32 forbidden, never_maps, report_fd, checker_stops; /* forbidden: a bit a call of sandbox.c */
  word report_pid, own_recovered;
  struct range fixed_ranges[512];
  char kept_end[0]; /* up to here own.c keeps it twice */
  word alternates[MAX_ALTERNATES]; /* stacks that threads have for SIGBUS, or 0 */
  u32 handling;                    /* threads that are on one */
  struct diff diffs[MAX_DIFFS];
  struct suspects suspects, verified; /* of the thread; with the lock held */
  word lost[MAX_SUSPECTS];
  char out[1024], out_kept[1024];
  uint64_t pm_native[512], pm_mirror[512];
  char buf_native[4096], buf_mirror[4096];
  const char *elf; /* the program's file, mapped read-only for its .symtab */
  word elf_len;
  /* Dynamically linked: see dynamic/. Of the stack only the arguments are compared; spans within ranges belong to libraries. */
  u32 dynamic, ended;
  word args_low, heap_low, heap_high, tls_bytes, n_excluded;
  struct span excluded[MAX_EXCLUDED]; /* sorted */
  void (*before_check)(word sp), (*more_report)(void);
};
extern struct state mr_state;
extern char mr_locks[MR_LOCKS], mr_stack[MR_STACK], mr_checker_stack[MR_ALTERNATE + MR_STACK];
extern struct control mr_control;
#define S mr_state
/* What a lost page of the stack must not take along is in the mirror, too, and first. */
static inline void mr_keep(word *field, word value) {
  if (!S.dynamic) *(volatile word *)MVA(field) = value;
  *(volatile word *)field = value;
}
extern char __start_mirror_state[], __stop_mirror_state[];
extern const char __ehdr_start[], __etext[];

/* entry.S */
long mr_native(struct frame *f);                           /* mirrors the dirtied stack, then the program's call as it is */
void mr_wait(void);
long mr_on_stack(long (*fn)(void *), void *argument, word from); /* fn on the runtime's own stack; from: where the program's stack has no mirror yet, or 0 */
long mr_spawn(void (*fn)(void), char *stack_top); /* a thread that runs fn, which never returns */
void mr_exit_thread(void) __attribute__((noreturn));
void mr_unlock_exit(void) __attribute__((noreturn));
extern const char __mirror_syscall[], mr_entered[], mr_thread_pushed[], mr_native_ready[], mr_native_done[], mr_native_end[];
extern char __mirror_sigtramp[], __mirror_sigtramp_info[]; /* handlers without and with SA_SIGINFO; one and the same where the frames are */

/* text.c */
void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
void *memmove(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t mr_strlen(const char *s);
int mr_streq(const char *a, const char *b);
void mr_put(const char *s);
void mr_json(const char *s);
void mr_num(word v);
void mr_hex(word v);
void mr_open_out(int fd);
void mr_flush(void);
void mr_die(const char *what, const char *todo) __attribute__((noreturn));
void mr_must(int ok, const char *what); /* dies when the mirror cannot follow */
void mr_copy(word native, word len);   /* native bytes to their mirror; the caller knows that the kernel could write them */
void mr_store(word native, const void *from, word len); /* to both copies, the mirror first */
long mr_read_native(word to, word from, word len);
void mr_touch(const void *at); /* where the kernel met a bad address of ours: a lost page is ours to notice */
void mr_escape(const char *kind, const char *name);
void mr_unknown(const char *kind, const char *name, word nr); /* name: null where there is none */

/* names.c: null where there is none */
const char *mr_call_name(word nr);
const char *mr_ioctl_name(word request);

/* ranges.c */
word mr_find(word addr);               /* index of the first range that ends above addr */
void mr_remove(word lo, word hi);
void mr_add(word lo, word hi, u32 prot, u32 flags);
void mr_split(word at);
int mr_mirror_anon(word lo, word hi, u32 prot, u32 shared);
void mr_mirror_drop(word lo, word hi);
void mr_copy_present(word lo, word hi);

/* memcalls.c */
long mr_memcall(struct frame *f);
int mr_is_memcall(const struct frame *f);
void mr_lock(void); /* with signals blocked */
void mr_lock_in_handler(void); /* of SIGBUS, which is open from then on */
void mr_unlock(void);
int mr_lock_is_mine(void);
/* The call's work, and its result: done once, whatever is lost meanwhile. */
long mr_locked(long (*fn)(struct frame *), struct frame *f);
long mr_under_lock(long (*fn)(void *), void *argument);

/* own.c */
int mr_is_own(word at); /* of the runtime's state, which has no mirror */
int mr_owns(word at);   /* that, or memory that it has mapped */
int mr_repair_own(word address, word sp);
int mr_state_ready(u32 mine);  /* with the lock just taken, and SIGBUS open; 0: it was lost with its page, and is free again */
void mr_state_changes(void);   /* before what the twin has is changed, with the lock held */
void mr_state_keep(void);      /* the lock is about to be given back */

/* group.c */
void mr_group(word *regs);
int mr_integer_pop(word *regs); /* a store whose mirror has two parts */
int mr_faulted_in_mirror(const word *regs, word address);
void mr_make_equal(word at, word bytes); /* native bytes to the mirror; never faults */

/* window.c: what stands in native memory alone, where its page is lost: made whole, or IS_GONE */
int mr_window(word *regs, const struct span *lost);
int mr_on(const struct span *lost, word at, word bytes);
void mr_to_both(word at, const void *from, word bytes); /* never faults */

/* signals.c */
int mr_is_sigcall(word nr);
long mr_sigcall(struct frame *f);
int mr_peek(void *to, word from, word len); /* the program's bytes, or -EFAULT */
int mr_can_store(word to, void *room, word len);

word mr_trampoline(word flags); /* of the kernel's sigaction */
extern const u64 mr_all_but_bus;

/* recover.c, alternate.c, retry.c, inject.c: lost pages */
extern const char __mirror_bus[];
void mr_start_recovery(void);
void mr_told_early(int on);
void mr_catch_bus(void);
void mr_block_bus(int block);
long mr_send_again(const void *siginfo, word thread);
int mr_repair(word address, word size, const char *cause); /* cause: how it was noticed, for the report */
int mr_readable(word at);
const char *mr_kind(u32 flags);
void mr_use_stack(word at, word bytes);
void mr_own_stack(void);
void mr_first_spare(void), mr_no_spare(void); /* of the next thread */
void mr_thread_ends(void);
word mr_leaves_stack(void); /* what a thread that ends has to unmap last */
int mr_renew_stack(word address); /* whether it is of one of those */
long mr_sigaltstack(const struct frame *f);
enum { MR_TRIES = 16 };
int mr_again(struct frame *call, u32 tries);
word mr_repair_all(void); /* with the lock held */
int mr_met(struct frame *f, word page); /* what becomes of a call that the kernel has done, where the page was lost before its end here */
int mr_injection(word frame, word end);

/* give.c */
struct enter { word frame, info; };
void mr_give_to_program(word frame, int sent, int in_place, struct enter *enter);

/* interrupted.c: a signal came; the registers are those of the int frame, which is the kernel's still */
void mr_interrupted(word *regs);
void mr_lost_page(word *regs); /* SIGBUS */
void mr_begin_again(word *regs); /* the call that our own signal has ended */
enum { GOES_ON, AGAIN, IS_GONE };
int mr_start_over(word frame, word *regs, word page); /* a call that was under way when the page was lost: the same */
int mr_readies_handler(const word *regs);
int mr_in_runtime(word ip);
struct frame *mr_at_boundary(word *regs); /* the call that was ended, or null */
void mr_forked(void);                      /* in the child, with the lock held */

/* In the folder of the word size */
int mr_entering(word *regs);
void mr_as_program(const struct frame *f, word *regs);
void mr_pushed_flags(word *regs);
int mr_entry_window(word *regs, const struct span *lost); /* as mr_window, in assembly of the runtime; GOES_ON: it is none of that */
void mr_as_entered(const struct frame *f, word *regs); /* registers that C code keeps for the program */
word mr_site(word ret);
struct frame *mr_call_of(const word *regs);
void mr_place(word *sp, word stack_limit, const word hwcap[2]); /* AT_HWCAP, AT_HWCAP2; dies when the layout does not fit; readies the mirror space and its addressing */
word mr_frame_end(word frame, int info); /* end of the int frame that the kernel pushed */
word mr_move_frame(word frame, word sp, int info); /* below sp, or where it is; with siginfo or without, as the kernel makes it. It returns to a sigreturn */
int mr_refused(const struct frame *f, long *result); /* calls that a mirrored program cannot have */

/* commands.c: after a successful call, what it wrote; a: its arguments */
int mr_ioctl_known(word request);
void mr_after_ioctl(word request, word at);
void mr_after_ptrace(const word a[], long r);
void mr_after_quotactl(word command, word at);
void mr_after_keyctl(const word a[], long r);
void mr_after_bpf(const word a[]);

/* differences.c */
void mr_pause(word ms);
int mr_comparable(const struct range *r);
int mr_loadable(u32 flags);
/* Compares the range at or behind `from`, up to `to`, for a while, with the lock held: what differs joins `found`, which may get full. Gives where to go on. */
word mr_compare(struct suspects *found, word from, word to, long pagemap, word *bytes);
word mr_settle(struct suspects *found, int locked);
word mr_differing_bytes(const struct suspect *s, word lo, word hi);
void mr_tell_suspect(const struct suspect *s, const char *when, word number);
long mr_verify(struct frame *f);

/* interval.c */
word mr_interval(const char *s);
void mr_start_checker(void);
void mr_stop_checker(void);
void mr_settle_fork(void); /* with the lock held */

/* sandbox.c: the runtime's own calls that a filter may forbid. mr_may: whether one is certainly let through. */
enum { MAY_BLOCK, MAY_CLOCK, MAY_CLOSE, MAY_EXIT, MAY_EXIT_GROUP, MAY_GETPID, MAY_GETTID, MAY_LSEEK, MAY_MAP, MAY_OPEN, MAY_PRCTL, MAY_PREAD, MAY_REPORT,
       MAY_SIGALTSTACK, MAY_SLEEP, MAY_UNMAP, MAY_WRITE, MAY_YIELD, MAY_END };
int mr_may(int what);
u32 mr_before_sandbox(struct frame *f); /* what was forbidden before */
void mr_after_sandbox(const struct frame *f, u32 was);
void mr_handler_in_sandbox(const struct frame *f);
int mr_no_mirror_here(void);
word mr_end_call(word wanted);

/* check.c, symbols.c, boundary.c */
void mr_check_and_report(struct frame *f);
long mr_create_report(void);
void mr_key(const char *name);
void mr_after(struct frame *f); /* copies what the kernel wrote; may be done again */
enum { NO_PAGE = 0, TOLD_PAGES = 1 };
int mr_output_on(const struct frame *f, word page); /* whether the kernel wrote there; TOLD_PAGES: on one of S.rebuilt */
word mr_own_arguments(struct frame *f); /* the program's in their place; how many bytes are told where the third points */
long mr_exit_group(struct frame *f);
word mr_tid_cleared(void); /* where in the mirror the kernel's 0 is stored ahead, or 0 */
void mr_clear_tid(void);
void mr_symbol(word addr, char *name, word cap, word *offset);
#endif
