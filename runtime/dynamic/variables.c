/* Thread-local variables of the program: protected as long as their thread runs. */
#include "after.h"

/* The program's thread-local variables end at the thread pointer (psABI, TLS variant II). */
static struct span variables(void) {
  word at;
  __asm__("mov %%fs:0, %0" : "=r"(at));
  return (struct span){at - S.tls_bytes, at};
}
void mr_copy_variables(void) {
  struct span v = variables();
  mr_copy(v.lo, v.hi - v.lo);
}
void mr_variables_begin(void) {
  struct span v = variables();
  mr_copy_variables();
  if (v.lo < v.hi) mr_add(v.lo, v.hi, P_R | P_W, R_MIRRORED | R_ANON | R_TLS);
}
static void variables_end(void) {
  struct span v = variables();
  mr_remove(v.lo, v.hi);
}
/* In a forked child, whose C library takes the memory of the other threads for new ones. */
void mr_other_variables_end(void) {
  struct span own = variables();
  for (word i = 0; i < S.n_ranges;) {
    struct range r = S.ranges[i];
    if (r.flags & R_TLS && r.lo != own.lo) mr_remove(r.lo, r.hi);
    else i++;
  }
}
static long change(struct frame *f) {
  if (f->a[0]) mr_variables_begin();
  else variables_end();
  return 0;
}
/* The check holds the lock: what it compares stays as long. */
void mr_variables_change(word begins) {
  struct frame f = {.a = {begins}}, *kept = mr_current;
  mr_current = &f;
  mr_locked(change, &f);
  mr_current = kept;
}
