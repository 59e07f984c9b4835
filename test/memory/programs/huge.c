// Mappings of huge pages (2 MiB) of every kind, given back in parts, dropped, moved; and a pool that ends. Prints the same natively.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../../runtime/limits.h"
#ifdef NATIVE
#undef MR_DISTANCE
#define MR_DISTANCE 0
#endif
enum { HUGE = 2 << 20 };
static const char *mirror_of(const char *p) { return (const char *)((uintptr_t)p - (uintptr_t)MR_DISTANCE); }
static int same(const char *p, size_t n) { return !memcmp(p, mirror_of(p), n); }
static void fill(char *p, size_t n) {
  for (size_t i = 0; i < n; i += 4) p[i] = (char)(i * 5 + i / HUGE + 1);
}
static void use(const char *name, char *p, size_t n) {
  printf("%s: ", name);
  if (p == MAP_FAILED) {
    printf("%s\n", errno == ENOMEM ? "no memory" : "no such thing");
    return;
  }
  fill(p, n);
  p[n - 1] = 3;
  printf("same %d", same(p, n));
  printf(", a part: %d", munmap(p, 4096) == -1 && errno == EINVAL);
  printf(", protected in part: %d", mprotect(p, 4096, PROT_READ) == -1 && errno == EINVAL);
  printf(", whole: %d", mprotect(p, HUGE, PROT_READ));
  printf(" %d", mprotect(p, HUGE, PROT_READ | PROT_WRITE));
  p[7]++;
  printf(", same %d", same(p, n));
  printf(", given back %d\n", munmap(p, (n + HUGE - 1) / HUGE * HUGE));
}
static sigjmp_buf out;
static void at_end(int signal) { siglongjmp(out, signal); }
int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  enum { RW = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB };
  use("private", mmap(0, HUGE - 5000, RW, PRIVATE, -1, 0), HUGE - 5000);
  use("size given", mmap(0, 2 * HUGE, RW, PRIVATE | 21 << MAP_HUGE_SHIFT, -1, 0), 2 * HUGE);
  use("shared", mmap(0, HUGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0), HUGE);
  int fd = memfd_create("huge", MFD_HUGETLB);
  if (fd < 0) printf("file: no such thing\n");
  else {
    if (ftruncate(fd, 2 * HUGE)) return 1;
    use("file, private", mmap(0, 2 * HUGE, RW, MAP_PRIVATE, fd, 0), 2 * HUGE);
    use("file, shared", mmap(0, 2 * HUGE, RW, MAP_SHARED, fd, 0), 2 * HUGE);
    close(fd);
  }
  char *p = mmap(0, 4 * HUGE, RW, PRIVATE, -1, 0);
  if (p != MAP_FAILED) {
    fill(p, 4 * HUGE);
    printf("one of four: %d", munmap(p + HUGE, HUGE));
    printf(", same %d %d\n", same(p, HUGE), same(p + 2 * HUGE, 2 * HUGE));
    printf("dropped: %d", madvise(p + 2 * HUGE, HUGE + 4096, MADV_DONTNEED));
    printf(", zero %d, kept %d, same %d\n", p[2 * HUGE + 8], p[3 * HUGE + 8], same(p + 2 * HUGE, 2 * HUGE));
    char *moved = mremap(p + 2 * HUGE, 2 * HUGE, 4096, 0);
    printf("shrunk: %d, same %d\n", moved == p + 2 * HUGE, same(p + 2 * HUGE, HUGE));
    char *room = mmap(0, 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *to = (char *)(((uintptr_t)room + HUGE - 1) & -(uintptr_t)HUGE);
    moved = mremap(p, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    printf("moved: %d", moved == to);
    if (moved == to) {
      moved[9]++;
      printf(", same %d", same(to, HUGE));
    }
    printf("\n");
    munmap(to, HUGE), munmap(p + 2 * HUGE, HUGE);
  }
  printf("more than there is: %d\n", mmap(0, (size_t)256 * HUGE, RW, PRIVATE, -1, 0) == MAP_FAILED && errno == ENOMEM);
  p = mmap(0, 16 * HUGE, RW, PRIVATE | MAP_NORESERVE, -1, 0);
  if (p != MAP_FAILED) {
    static volatile int n;
    signal(SIGBUS, at_end);
    int signal = sigsetjmp(out, 1);
    if (!signal)
      for (n = 0; n < 16; n++) p[n * HUGE + 5] = 1;
    printf("the pool ends: %s after %d pages, same", signal == SIGBUS ? "SIGBUS" : "never", n);
    for (int i = 0; i < n; i++) printf(" %d", same(p + i * HUGE, HUGE));
    printf(", given back %d\n", munmap(p, 16 * HUGE));
  }
  return 0;
}
