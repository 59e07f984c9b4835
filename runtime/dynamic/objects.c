/* Copies of what other threads may be writing. */
#include "after.h"

/* Other threads change it meanwhile: copied until both copies agree. */
void mr_copy_stable(word at, word n) {
  if (!at || !IN_RANGE(at)) return;
  for (word i = 0; i < n; i += 4) {
    volatile u32 *from = (volatile u32 *)(at + i), *to = (volatile u32 *)MVA(at + i);
    u32 v;
    do *to = v = *from, __atomic_thread_fence(__ATOMIC_SEQ_CST);
    while (*from != v);
  }
}
/* The same of what may be unmapped by now: read as the kernel reads. */
void mr_copy_gone(word at, word n) {
  char first[64], again[64];
  do {
    if (n > sizeof first || mr_peek(first, at, n)) return;
    memcpy((void *)MVA(at), first, n);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (mr_peek(again, at, n)) return;
  } while (memcmp(first, again, n));
}
