/* Memory calls go through the runtime's boundary, so that mirrors come and go with what they mirror. */
#include "after.h"
#include <stdarg.h>

int *__errno_location(void);
word mr_dispatch(struct frame *f);

static long result(long r) {
  if (!IS_ERR(r)) return r;
  *__errno_location() = (int)-r;
  return -1;
}
static long call(long nr, word a, word b, word c, word d, word e, word g) {
  struct frame f = {.nr = (word)nr, .a = {a, b, c, d, e, g}};
  return result((long)mr_dispatch(&f));
}

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, long off) {
  return (void *)call(__NR_mmap, (word)at, n, (word)prot, (word)flags, (word)fd, (word)off);
}
void *__wrap_mmap64(void *at, size_t n, int prot, int flags, int fd, long off) { return __wrap_mmap(at, n, prot, flags, fd, off); }
int __wrap_munmap(void *at, size_t n) { return (int)call(__NR_munmap, (word)at, n, 0, 0, 0, 0); }
int __wrap_mprotect(void *at, size_t n, int prot) { return (int)call(__NR_mprotect, (word)at, n, (word)prot, 0, 0, 0); }
int __wrap_madvise(void *at, size_t n, int advice) { return (int)call(__NR_madvise, (word)at, n, (word)advice, 0, 0, 0); }
int __wrap_posix_madvise(void *at, size_t n, int advice) { /* its DONTNEED keeps the contents (posix_madvise(3)) */
  if (advice == 4) return 0;
  struct frame f = {.nr = __NR_madvise, .a = {(word)at, n, (word)advice}};
  return (int)-(long)mr_dispatch(&f);
}
void *__wrap_mremap(void *at, size_t old, size_t n, int flags, ...) {
  va_list v;
  va_start(v, flags);
  void *to = flags & 2 ? va_arg(v, void *) : 0; /* MREMAP_FIXED */
  va_end(v);
  return (void *)call(__NR_mremap, (word)at, old, n, (word)flags, (word)to, 0);
}
void *__wrap_shmat(int id, const void *at, int flags) { return (void *)call(__NR_shmat, (word)id, (word)at, (word)flags, 0, 0, 0); }
int __wrap_shmdt(const void *at) { return (int)call(__NR_shmdt, (word)at, 0, 0, 0, 0, 0); }

void mr_heap_yield(void) {
  if (mr_may(MAY_YIELD)) sys(__NR_sched_yield, 0, 0, 0);
}

/* All of the mirror space is writable: locked at once it would be filled. */
int __wrap_mlockall(int flags) {
  (void)flags;
  mr_escape("refused", "mlockall");
  return (int)result(-E_PERM);
}

/* What these write depends on a command: the rows of the system calls tell. */
static long variadic(long nr, word a, word b, va_list v) {
  word c = va_arg(v, word), d = va_arg(v, word), e = va_arg(v, word);
  return call(nr, a, b, c, d, e, 0);
}
int __wrap_ioctl(int fd, unsigned long request, ...) {
  va_list v;
  va_start(v, request);
  int r = (int)variadic(__NR_ioctl, (word)fd, request, v);
  va_end(v);
  return r;
}
int __wrap_fcntl(int fd, int command, ...) {
  va_list v;
  va_start(v, command);
  int r = (int)variadic(__NR_fcntl, (word)fd, (word)command, v);
  va_end(v);
  return r;
}
int __wrap_fcntl64(int fd, int command, ...) {
  va_list v;
  va_start(v, command);
  int r = (int)variadic(__NR_fcntl, (word)fd, (word)command, v);
  va_end(v);
  return r;
}
int __wrap_prctl(int option, ...) {
  va_list v;
  va_start(v, option);
  word b = va_arg(v, word);
  int r = (int)variadic(__NR_prctl, (word)option, b, v);
  va_end(v);
  return r;
}
int __wrap_recvmmsg(int fd, void *messages, unsigned n, int flags, void *timeout) {
  return (int)call(__NR_recvmmsg, (word)fd, (word)messages, n, (word)flags, (word)timeout, 0);
}
int __wrap_sendmmsg(int fd, void *messages, unsigned n, int flags) {
  return (int)call(__NR_sendmmsg, (word)fd, (word)messages, n, (word)flags, 0, 0);
}
int __wrap_msgctl(int id, int command, void *to) { return (int)call(__NR_msgctl, (word)id, (word)command, (word)to, 0, 0, 0); }
int __wrap_shmctl(int id, int command, void *to) { return (int)call(__NR_shmctl, (word)id, (word)command, (word)to, 0, 0, 0); }
int __wrap_semctl(int id, int number, int command, ...) {
  va_list v;
  va_start(v, command);
  int r = (int)call(__NR_semctl, (word)id, (word)number, (word)command, va_arg(v, word), 0, 0);
  va_end(v);
  return r;
}
long __wrap_msgrcv(int id, void *to, size_t n, long type, int flags) {
  return call(__NR_msgrcv, (word)id, (word)to, n, (word)type, (word)flags, 0);
}
int __wrap_mincore(void *at, size_t n, unsigned char *to) { return (int)call(__NR_mincore, (word)at, n, (word)to, 0, 0, 0); }

int __fork(void);
void mr_exit_now(word status) __attribute__((noreturn));
long __wrap_syscall(long nr, word a, word b, word c, word d, word e, word f) {
  switch (nr) {
  case __NR_fork: case __NR_vfork: return __fork();
  case __NR_clone: case __NR_clone3: mr_escape("refused", "syscall-clone"); return result(-E_NOSYS);
  case __NR_exit_group: mr_exit_now(a);
  case __NR_mlockall: return __wrap_mlockall(0);
  }
  return call(nr, a, b, c, d, e, f);
}
