// Every kind of mapping by itself: made, written, looked at in both copies, given back. And stacks that grow, with limits raised on the way.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>
#include "../../../runtime/limits.h"
#ifdef NATIVE
#undef MR_DISTANCE
#define MR_DISTANCE 0
#endif
enum { SIZE = 3 * 4096 };
static const char *mirror_of(const char *p) { return (const char *)((uintptr_t)p - (uintptr_t)MR_DISTANCE); }
/* Whether the mapping at p can be read; -1 not mapped. */
static int readable(const char *p) {
  static char text[100000];
  int maps = open("/proc/self/maps", O_RDONLY), found = -1;
  size_t n = 0;
  for (ssize_t got; (got = read(maps, text + n, sizeof text - 1 - n)) > 0;) n += (size_t)got;
  close(maps);
  text[n] = 0;
  for (char *line = text; *line; line = strchr(line, '\n') + 1) {
    unsigned long long lo, hi;
    char r;
    if (sscanf(line, "%llx-%llx %c", &lo, &hi, &r) == 3 && (uintptr_t)p >= lo && (uintptr_t)p < hi) found = r == 'r';
  }
  return found;
}
static void use(const char *name, char *p) {
  if (p == MAP_FAILED) {
    printf("%s: refused\n", name);
    return;
  }
  for (int i = 0; i < SIZE; i++) p[i] = (char)(i * 3);
  p[5] += p[6];
  int same = !memcmp(p, mirror_of(p), SIZE);
  int gone = munmap(p, SIZE) == 0 && readable(p) != 1 && readable(mirror_of(p)) != 1;
  printf("%s: same %d, given back %d\n", name, same, gone);
}
static long deep(int n) {
  volatile char room[4096];
  for (int i = 0; i < 4096; i += 64) room[i] = (char)n;
  if (memcmp((const char *)room, mirror_of((const char *)room), 4096) && room[64] == (char)n && mirror_of((const char *)room)[64] != (char)n) return -1000000;
  return n == 0 ? room[64] : deep(n - 1) + (room[128] == (char)n);
}
int main(int argc, char **argv) {
  static const struct { const char *name; int flags; } kinds[] = {
    {"private", MAP_PRIVATE | MAP_ANONYMOUS}, {"shared", MAP_SHARED | MAP_ANONYMOUS}, {"noreserve", MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE},
    {"populate", MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE}, {"nonblock", MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_NONBLOCK},
    {"stack", MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK}, {"locked", MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED},
    {"growsdown", MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN}, {"32bit", MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT},
    {"uninitialized", MAP_PRIVATE | MAP_ANONYMOUS | 0x4000000}, {"denywrite", MAP_PRIVATE | MAP_ANONYMOUS | MAP_DENYWRITE},
  };
  if (argc > 1 && !strcmp(argv[1], "deep")) {
    printf("%ld\n", deep(1500));
    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = 60 << 20;
    printf("raised %d\n", setrlimit(RLIMIT_STACK, &limit));
    printf("%ld\n", deep(10000));
    return 0;
  }
  if (argc > 1 && !strcmp(argv[1], "sandbox")) {
    // process_vm_readv ends the program: what a filter that lists the calls it expects does.
    struct { unsigned short code; unsigned char jt, jf; unsigned k; } filter[] = {
      {0x20, 0, 0, 0}, {0x15, 0, 1, sizeof(long) == 8 ? 310 : 347}, {6, 0, 0, 0x80000000}, {6, 0, 0, 0x7fff0000}};
    struct { unsigned short n; void *filter; } program = {4, filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, 2, &program)) return 4;
  }
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
    use(kinds[i].name, mmap(0, SIZE, PROT_READ | PROT_WRITE, kinds[i].flags, -1, 0));
  int fd = memfd_create("kinds", 0);
  if (ftruncate(fd, SIZE)) return 1;
  use("memfd private", mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  use("memfd shared", mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  use("memfd validate", mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE, fd, 0));
  char *p = mmap(0, SIZE, PROT_READ, MAP_SHARED, fd, 0);
  printf("writable later: %d\n", mprotect(p, SIZE, PROT_READ | PROT_WRITE));
  use("made writable", p);
  int id = shmget(IPC_PRIVATE, SIZE, 0600);
  p = shmat(id, 0, 0);
  memset(p, 9, SIZE);
  printf("shm: same %d", !memcmp(p, mirror_of(p), SIZE));
  printf(", %d", shmdt(p));
  printf(", given back %d\n", readable(mirror_of(p)) != 1);
  shmctl(id, IPC_RMID, 0);
  p = mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("mlock %d", mlock(p, SIZE));
  printf(", dontneed refused %d", madvise(p, SIZE, MADV_DONTNEED) && errno == EINVAL);
  memset(p, 4, SIZE);
  printf(", munlock %d", munlock(p, SIZE));
  printf(", mlockall %d", mlockall(MCL_CURRENT | MCL_ONFAULT));
  printf(", munlockall %d\n", munlockall());
  // A hole in the middle: what is before it, and for some advice behind it, is done.
  munmap(p + 4096, 4096);
  printf("holes: mprotect %d, same %d", mprotect(p, SIZE, PROT_READ), readable(mirror_of(p)) == 1);
  printf(", dontneed %d", madvise(p, SIZE, MADV_DONTNEED));
  volatile const char *native = p, *mirror = mirror_of(p);
  printf(", zero %d %d %d\n", native[9], native[8192], mirror[8192]);
  return 0;
}
