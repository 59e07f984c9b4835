// Random memory calls on an arena of pages against a model of what they do: after each, the bytes of both copies are those of the model, and from time to
// time the kernel's list of mappings shows a mirror where there has to be one, and none where native memory was given back.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../../../runtime/limits.h"
enum { PAGE = 4096, PAGES = 48, FILE_PAGES = 16, STEPS = 1500 };
enum kind { NONE, ANON, SHARED, FILE_PRIVATE };
static struct page { enum kind kind; int prot, mirrored; char bytes[PAGE]; } model[PAGES];
static char *arena, *brk_start;
static size_t brk_size;
static char brk_bytes[20 * PAGE];
static uint32_t state;
static int fd;
static char contents[FILE_PAGES * PAGE];
static const char *what;
static int step;
static uint32_t roll(uint32_t n) {
  state ^= state << 13, state ^= state >> 17, state ^= state << 5;
  return state % n;
}
static void fail(const char *why, long where) {
  printf("step %d, %s: %s at %ld\n", step, what, why, where);
  fflush(stdout);
  _exit(1);
}
static const char *mirror_of(const char *p) { return (const char *)((uintptr_t)p - (uintptr_t)MR_DISTANCE); }
static void same(const char *native, const char *expected, size_t n, int mirrored, long where) {
  if (memcmp(native, expected, n)) fail("native bytes", where);
  if (mirrored && memcmp(mirror_of(native), expected, n)) fail("mirror bytes", where);
}
static void check_bytes(void) {
  for (int i = 0; i < PAGES; i++)
    if (model[i].kind && model[i].prot & PROT_READ) same(arena + i * PAGE, model[i].bytes, PAGE, model[i].mirrored, i);
  same(brk_start, brk_bytes, brk_size, 1, -1);
}
static int seen[2][PAGES + 20]; // protection + 1, of the arena and the break, native and mirror
static void see(uintptr_t lo, uintptr_t hi, int prot) {
  for (int copy = 0; copy < 2; copy++)
    for (int i = 0; i < PAGES + 20; i++) {
      uintptr_t at = (uintptr_t)(i < PAGES ? arena + i * PAGE : brk_start + (i - PAGES) * PAGE) - copy * (uintptr_t)MR_DISTANCE;
      if (at >= lo && at < hi) seen[copy][i] = prot + 1;
    }
}
static void check_mappings(void) {
  static char text[200000];
  int maps = open("/proc/self/maps", O_RDONLY);
  size_t n = 0;
  for (ssize_t got; (got = read(maps, text + n, sizeof text - 1 - n)) > 0;) n += (size_t)got;
  close(maps);
  text[n] = 0;
  memset(seen, 0, sizeof seen);
  for (char *line = text; *line; line = strchr(line, '\n') + 1) {
    unsigned long long lo, hi;
    char r, w;
    if (sscanf(line, "%llx-%llx %c%c", &lo, &hi, &r, &w) != 4) fail("line of maps", 0);
    see((uintptr_t)lo, (uintptr_t)hi, (r == 'r' ? PROT_READ : 0) | (w == 'w' ? PROT_WRITE : 0));
  }
  for (int i = 0; i < PAGES; i++) {
    int native = model[i].kind ? model[i].prot + 1 : 0, mirror = model[i].kind && model[i].mirrored ? model[i].prot + 1 : 1;
    if (seen[0][i] != native) fail("native mapping", i);
    // What has no mirror is reserved without access, or free.
    if (seen[1][i] != mirror && !(mirror == 1 && seen[1][i] == 0)) fail("mirror mapping", i);
  }
  for (int i = PAGES; i < PAGES + 20; i++) {
    int used = (size_t)(i - PAGES) * PAGE < brk_size;
    if ((seen[0][i] == 4) != used || (seen[1][i] == 4) != used) fail("break", i - PAGES);
  }
}
static void fill(int i, int n) {
  for (; n--; i++) {
    if (!model[i].kind || (model[i].prot & 3) != 3) continue;
    size_t at = roll(PAGE - 64), size = 1 + roll(64);
    char c = (char)roll(256);
    memset(arena + i * PAGE + at, c, size), memset(model[i].bytes + at, c, size);
  }
}
static void set(int i, int n, enum kind kind, int prot, int mirrored, int from) {
  for (int k = 0; k < n; k++) {
    struct page *p = &model[i + k];
    p->kind = kind, p->prot = prot, p->mirrored = mirrored;
    if (kind == FILE_PRIVATE) memcpy(p->bytes, contents + (from + k) * PAGE, PAGE);
    else memset(p->bytes, 0, PAGE);
  }
}
static int all(int i, int n, enum kind kind) {
  for (int k = 0; k < n; k++)
    if (model[i + k].kind != kind) return 0;
  return 1;
}
static void one(void) {
  static const int prots[] = {PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE};
  static const int extra[] = {0, MAP_NORESERVE, MAP_POPULATE, MAP_STACK, MAP_GROWSDOWN, MAP_32BIT};
  int i = (int)roll(PAGES), n = 1 + (int)roll(PAGES - i < 12 ? PAGES - i : 12), prot = prots[roll(4)];
  char *at = arena + i * PAGE;
  size_t size = (size_t)n * PAGE;
  switch (roll(11)) {
  case 0: case 1:
    what = "mmap anonymous";
    if (mmap(at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | extra[roll(6)], -1, 0) == at) set(i, n, ANON, prot, 1, 0);
    break;
  case 2:
    what = "mmap shared anonymous";
    if (mmap(at, size, prot, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at) set(i, n, SHARED, prot, 1, 0);
    break;
  case 3: {
    what = "mmap file";
    if (n > FILE_PAGES) n = FILE_PAGES, size = (size_t)n * PAGE;
    int from = (int)roll(FILE_PAGES - n + 1);
    if (mmap(at, size, prot, MAP_PRIVATE | MAP_FIXED, fd, (off_t)from * PAGE) == at) set(i, n, FILE_PRIVATE, prot, prot & PROT_WRITE ? 1 : 0, from);
    break;
  }
  case 4:
    what = "mmap without replacing";
    if (all(i, n, NONE)) {
      if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at) fail("refused", i);
      set(i, n, ANON, PROT_READ | PROT_WRITE, 1, 0);
    } else if (mmap(at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED || errno != EEXIST) fail("replaced", i);
    break;
  case 5:
    what = "munmap";
    if (munmap(at, size)) fail("refused", i);
    set(i, n, NONE, 0, 0, 0);
    break;
  case 6:
    what = "mprotect";
    if (mprotect(at, size, prot) == 0)
      for (int k = 0; k < n; k++) model[i + k].prot = prot, model[i + k].mirrored |= prot & PROT_WRITE ? 1 : 0;
    else // it stops at the first hole
      for (int k = 0; k < n && model[i + k].kind; k++) model[i + k].prot = prot, model[i + k].mirrored |= prot & PROT_WRITE ? 1 : 0;
    break;
  case 7: {
    static const int advice[] = {MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK, MADV_SEQUENTIAL};
    int a = advice[roll(8)];
    what = "madvise";
    if (a == MADV_FREE && !all(i, n, ANON)) break;
    if (a == MADV_DONTNEED && !(all(i, n, ANON) || all(i, n, SHARED))) break;
    if (madvise(at, size, a) == 0 && a <= MADV_FREE && (a == MADV_DONTNEED || a == MADV_FREE))
      for (int k = 0; k < n; k++)
        if (model[i + k].kind == ANON) memset(model[i + k].bytes, 0, PAGE);
    break;
  }
  case 8: {
    what = "mremap to another place";
    int to = (int)roll(PAGES - n + 1), flags = MREMAP_MAYMOVE | MREMAP_FIXED | (roll(4) || !all(i, n, ANON) ? 0 : MREMAP_DONTUNMAP);
    if ((to < i + n && i < to + n) || !all(i, n, model[i].kind) || !model[i].kind) break;
    if (mremap(at, size, size, flags, arena + to * PAGE) == MAP_FAILED) {
      // What stood at the new place may be gone already, or some of it moved (several mappings, since Linux 6.17).
      munmap(arena + to * PAGE, size), munmap(at, size);
      set(to, n, NONE, 0, 0, 0), set(i, n, NONE, 0, 0, 0);
      break;
    }
    memcpy(&model[to], &model[i], (size_t)n * sizeof *model);
    if (flags & MREMAP_DONTUNMAP)
      for (int k = 0; k < n; k++) memset(model[i + k].bytes, 0, PAGE);
    else set(i, n, NONE, 0, 0, 0);
    break;
  }
  case 9: {
    what = "mremap in place";
    int bigger = n + (int)roll(4) + 1;
    if (all(i, n, ANON) && i + bigger <= PAGES && all(i + n, bigger - n, NONE)) {
      if (mremap(at, size, (size_t)bigger * PAGE, 0) == at) set(i + n, bigger - n, ANON, model[i].prot, model[i].mirrored, 0);
    } else if (n > 1 && all(i, n, model[i].kind) && model[i].kind) {
      if (mremap(at, size, PAGE, 0) == at) set(i + 1, n - 1, NONE, 0, 0, 0);
    }
    break;
  }
  case 10: {
    what = "brk";
    size_t pages = roll(20);
    if (syscall(SYS_brk, brk_start + pages * PAGE) != (long)(brk_start + pages * PAGE)) fail("refused", (long)pages);
    if (pages * PAGE > brk_size) memset(brk_bytes + brk_size, 0, pages * PAGE - brk_size);
    brk_size = pages * PAGE;
    if (brk_size) memset(brk_start + roll((uint32_t)brk_size - 8), 7, 8);
    memcpy(brk_bytes, brk_start, brk_size); // what was written is what is compared with the mirror
    break;
  }
  }
  fill(i, n);
}
int main(int argc, char **argv) {
  state = (uint32_t)(argc > 1 ? atol(argv[1]) : 1) * 2654435761u | 1;
  setvbuf(stdout, malloc(4096), _IOFBF, 4096); // nothing else asks for memory
  fd = memfd_create("contents", 0);
  for (size_t i = 0; i < sizeof contents; i++) contents[i] = (char)(i * 7 + i / 4096);
  if (write(fd, contents, sizeof contents) != (ssize_t)sizeof contents) return 2;
  arena = mmap(0, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(arena, PAGES * PAGE);
  brk_start = (char *)(((uintptr_t)syscall(SYS_brk, 0) + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
  if (syscall(SYS_brk, brk_start) != (long)brk_start) return 3;
  for (step = 1; step <= STEPS; step++) {
    one();
    check_bytes();
    if (step % 10 == 0) check_mappings();
  }
  what = "end";
  check_mappings();
  puts("as the model says");
  return 0;
}
