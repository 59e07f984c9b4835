/* Errors on purpose (mirrorasm inject): a page is lost for this process as Linux loses it. Asked for from outside, by mr_control and a SIGBUS. */
#include "mr.h"

__attribute__((section("mirror_state,\"aw\",@nobits#"), aligned(4096))) struct control mr_control;

enum { NONE, ASKED, DONE, FAILED };
enum { DONTNEED = 4, HWPOISON = 100, MAYMOVE = 1, FIXED = 2 };
/* linux/userfaultfd.h; UFFDIO_POISON is younger than some headers. */
enum { USER_MODE_ONLY = 1, CLOEXEC = 0x80000, API = 0xaa, FEATURE_POISON = 1 << 14, MODE_MISSING = 1 };
#define UFFD(number, size) (3ul << 30 | (word)(size) << 16 | API << 8 | (number))

/* userfaultfd's poison: a touch is a SIGBUS, a system call gets EFAULT. Whoever comes between `emptied` and the poison waits until the descriptor is closed. */
static long poison(word page, int emptied) {
  u64 api[3] = {API, FEATURE_POISON, 0}, area[4] = {page, PG, MODE_MISSING, 0};
  long fd = sys(__NR_userfaultfd, CLOEXEC | USER_MODE_ONLY, 0, 0);
  if (fd < 0) return fd;
  long r = sys(__NR_ioctl, fd, UFFD(0x3f, sizeof api), api);
  if (!r) r = sys(__NR_ioctl, fd, UFFD(0x00, sizeof area), area);
  if (!r && !emptied) r = sys(__NR_madvise, page, PG, DONTNEED);
  area[2] = 0;
  if (!r) r = sys(__NR_ioctl, fd, UFFD(0x08, sizeof area), area);
  sys(__NR_close, fd, 0, 0);
  return r;
}
/* A poisoned page takes the place of this one, at once: no thread sees anything between. */
static long replace(word page, u32 prot) {
  long aside = sys6(MR_NR_mmap, 0, PG, P_R | P_W, M_PRIVATE | M_ANON, -1ul, 0);
  if (IS_ERR(aside)) return aside;
  long r = poison((word)aside, 1);
  if (!r && prot != (P_R | P_W)) r = sys(__NR_mprotect, aside, PG, prot);
  if (!r) r = sys6(__NR_mremap, (word)aside, PG, PG, MAYMOVE | FIXED, page, 0);
  if (r == (long)page) return 0;
  sys(__NR_munmap, aside, PG, 0);
  return r;
}
static long lose(word page) {
  int mirror = mr_is_mirror(page);
  word own = mirror ? page + MR_DISTANCE : page, i = mr_find(own);
  if (i == S.n_ranges || S.ranges[i].lo > own || mr_is_own(own)) return -E_FAULT;
  const struct range *r = &S.ranges[i];
  if (!(r->flags & R_MIRRORED) || r->flags & R_ESCAPED || r->flags >> R_PAGE_SHIFT || !mr_readable(page)) return -E_FAULT;
  long bad = r->flags & R_SHARED ? poison(page, 0) : replace(page, mirror ? r->prot & (P_R | P_W) : r->prot);
  return bad && !sys(__NR_madvise, page, PG, HWPOISON) ? 0 : bad;
}

/* 0 where nobody asked, or who did has taken the answer: the signal is the program's. Its int frame, up to `end`, is on a stack of the program's; else
   nothing is between them. A page that has some of it, or of what runs here, would be lost by being asked for. */
int mr_injection(word frame, word end) {
  enum { E_BUSY = 16 };
  if (mr_control.request != ASKED) return mr_control.request != NONE; /* sent again: of two signals that wait for a thread the second is gone */
  word page = DOWN(mr_control.address);
  int here = end > frame && page + PG > frame - MR_SIGNAL_K && page < end;
  mr_control.result = here ? E_BUSY : -lose(page);
  __asm__ volatile("" ::: "memory");
  mr_control.request = mr_control.result ? FAILED : DONE; /* last: somebody waits for it */
  return 1;
}
