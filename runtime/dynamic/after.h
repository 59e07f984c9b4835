/* A call of a library function, as stub.S keeps it on the stack. */
#ifndef MR_AFTER_H
#define MR_AFTER_H
#include "mr.h"
#include "rules.h"

/* One rule a word, 0 ends them. */
struct call {
  word a[6];
  word before[3]; /* of the first rule that needs it */
  word rdx;       /* before[3] of a va_list; the second result afterwards */
  word result;    /* before the call: rax */
  const u32 *rules;
  word outer;     /* the caller's stack pointer: its arguments on the stack */
  word spare[3];
};

/* A call in progress that calls back or waits. Not linked through the stack: jumps and exceptions leave records behind. */
struct progress { word at, outer, a[6]; const u32 *rules; };
enum { DEPTH = 16 };

/* What the exit check has to know of a thread. Slots are never given back to the system, so that others may look. */
struct thread {
  u32 used, depth;
  struct progress calls[DEPTH]; /* outermost first, each below the one before */
};
enum { MAX_THREADS = 1024 };
extern struct thread mr_threads[MAX_THREADS];
extern char __libc_single_threaded; /* sys/single_threaded.h; libraries make threads, too */
struct thread *mr_self(void); /* null: a thread that the program did not make */

void mr_become(struct thread *t);
void mr_variables_begin(void);
void mr_copy_variables(void);
void mr_variables_change(word begins);
void mr_other_variables_end(void);

/* start.c, exit.c, report.c */
void mr_exclude(word lo, word hi);
void mr_exclude_copies(void);
void mr_copy_calls(const struct thread *t);
void mr_before_check(word sp);
void mr_more_report(void);
void mr_end(void);
void mr_unknown_functions(void); /* with MIRROR_STRICT they are the end */
extern word mr_unknown_count;
extern void (*mr_libraries_end)(void);

/* libraries.c: the program, or a mirrored shared object; from the first to the last byte of its segments */
struct object { word bias; const void *dynamic; word lo, hi; };
struct object mr_program(void);
word mr_dynamic_entry(const struct object *o, word tag);
word mr_dynamic_address(const struct object *o, word tag);
void mr_find_libraries(void);
void mr_each_library(void (*f)(const struct object *o));
int mr_in_library(word at);
int mr_library_defines(const char *name);

void mr_copy_stable(word at, word n);
void mr_copy_gone(word at, word n);
void mr_scan_copy(const char *format, __builtin_va_list args, int conversions);
#endif
