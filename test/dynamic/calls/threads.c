/* Threads, their attributes and their locks; allocation; jumps. */
#include "cases.h"
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct timespec past = {1, 0};
#define ATTRIBUTES PAINT(to, 72); pthread_attr_t *a = (void *)to; NEED(!pthread_attr_init(a))
#define SET(name, ...) CASE(name) { ATTRIBUTES; NEED(!name(a, __VA_ARGS__)); }
#define GET(name) CASE(name) { static pthread_attr_t a; PAINT(to, 16); NEED(!pthread_attr_init(&a) && !name(&a, (void *)to)); }
CASE(pthread_attr_init) { ATTRIBUTES; }
CASE(pthread_attr_destroy) { ATTRIBUTES; NEED(!pthread_attr_destroy(a)); }
static struct sched_param parameter;
static cpu_set_t processors;
static char stack[1 << 17];
SET(pthread_attr_setaffinity_np, sizeof processors, &processors)
SET(pthread_attr_setdetachstate, PTHREAD_CREATE_DETACHED) SET(pthread_attr_setguardsize, 8192) SET(pthread_attr_setinheritsched, PTHREAD_EXPLICIT_SCHED)
SET(pthread_attr_setschedparam, &parameter) SET(pthread_attr_setschedpolicy, SCHED_RR) SET(pthread_attr_setscope, PTHREAD_SCOPE_SYSTEM)
SET(pthread_attr_setstack, stack, sizeof stack) SET(pthread_attr_setstacksize, 1 << 20)
GET(pthread_attr_getdetachstate) GET(pthread_attr_getguardsize) GET(pthread_attr_getschedparam) GET(pthread_attr_getstacksize)
CASE(pthread_attr_getstack) { static pthread_attr_t a; PAINT(at, 16); PAINT(n, 16); NEED(!pthread_getattr_np(pthread_self(), &a) && !pthread_attr_getstack(&a, (void **)at, (size_t *)n)); }
CASE(pthread_getattr_np) { PAINT(to, 72); NEED(!pthread_getattr_np(pthread_self(), (pthread_attr_t *)to)); }
CASE(pthread_getaffinity_np) { PAINT(to, 128); NEED(!pthread_getaffinity_np(pthread_self(), sizeof to, (cpu_set_t *)to)); }
CASE(pthread_getcpuclockid) { PAINT(to, 16); NEED(!pthread_getcpuclockid(pthread_self(), (clockid_t *)to)); }
CASE(pthread_getname_np) { PAINT(to, 32); NEED(!pthread_getname_np(pthread_self(), (char *)to, sizeof to)); }
CASE(pthread_getschedparam) { PAINT(to, 16); PAINT(policy, 16); NEED(!pthread_getschedparam(pthread_self(), (int *)policy, (struct sched_param *)to)); }
CASE(pthread_setcancelstate) { PAINT(to, 16); NEED(!pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, (int *)to)); }
CASE(pthread_setcanceltype) { PAINT(to, 16); NEED(!pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, (int *)to)); }
CASE(pthread_sigmask) { PAINT(to, 144); NEED(!pthread_sigmask(SIG_BLOCK, 0, (sigset_t *)to)); }
CASE(pthread_key_create) { PAINT(to, 16); NEED(!pthread_key_create((pthread_key_t *)to, 0)); }
static void *start(void *p) { return (char *)p + 1; }
CASE(pthread_create) { PAINT(to, 16); NEED(!pthread_create((pthread_t *)to, 0, start, 0)); pthread_join(*(pthread_t *)to, 0); }
#define JOINED static pthread_t t; PAINT(to, 16); NEED(!pthread_create(&t, 0, start, (void *)99))
CASE(pthread_join) { JOINED; NEED(!pthread_join(t, (void **)to)); }
CASE(pthread_tryjoin_np) { JOINED; while (pthread_tryjoin_np(t, (void **)to)) usleep(100); }
CASE(pthread_timedjoin_np) { JOINED; struct timespec at; clock_gettime(CLOCK_REALTIME, &at), at.tv_sec += 9; NEED(!pthread_timedjoin_np(t, (void **)to, &at)); }

#define OBJECT(type, size, make) PAINT(to, size); type *o = (void *)to; NEED(!make)
#define MUTEX OBJECT(pthread_mutex_t, 56, pthread_mutex_init(o, 0))
CASE(pthread_mutex_init) { MUTEX; }
CASE(pthread_mutex_destroy) { MUTEX; NEED(!pthread_mutex_destroy(o)); }
CASE(pthread_mutex_lock) { MUTEX; NEED(!pthread_mutex_lock(o)); }
CASE(pthread_mutex_trylock) { MUTEX; NEED(!pthread_mutex_trylock(o)); }
CASE(pthread_mutex_timedlock) { MUTEX; NEED(!pthread_mutex_timedlock(o, &past)); }
CASE(pthread_mutex_clocklock) { MUTEX; NEED(!pthread_mutex_clocklock(o, CLOCK_MONOTONIC, &past)); }
static void lock_and_unlock(pthread_mutex_t *o, int kind) {
  pthread_mutexattr_t a;
  pthread_mutexattr_init(&a), pthread_mutexattr_settype(&a, kind);
  NEED(!pthread_mutex_init(o, &a) && !pthread_mutex_lock(o) && (kind != PTHREAD_MUTEX_RECURSIVE || !pthread_mutex_lock(o)) && !pthread_mutex_unlock(o));
}
CASE(pthread_mutex_unlock) { static pthread_mutex_t all[4]; for (int i = 0; i < 4; i++) lock_and_unlock(&all[i], i); }
static pthread_mutex_t robust;
static void *die(void *p) { pthread_mutex_lock(&robust); return p; }
CASE(pthread_mutex_consistent) {
  pthread_mutexattr_t a;
  pthread_t t;
  pthread_mutexattr_init(&a), pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST), pthread_mutex_init(&robust, &a);
  NEED(!pthread_create(&t, 0, die, 0) && !pthread_join(t, 0) && pthread_mutex_lock(&robust) && !pthread_mutex_consistent(&robust) && !pthread_mutex_unlock(&robust));
}
#define MUTEXATTR OBJECT(pthread_mutexattr_t, 16, pthread_mutexattr_init(o))
CASE(pthread_mutexattr_init) { MUTEXATTR; }
CASE(pthread_mutexattr_destroy) { MUTEXATTR; NEED(!pthread_mutexattr_destroy(o)); }
CASE(pthread_mutexattr_gettype) { MUTEXATTR; PAINT(type, 16); NEED(!pthread_mutexattr_gettype(o, (int *)type)); }
CASE(pthread_mutexattr_setprotocol) { MUTEXATTR; NEED(!pthread_mutexattr_setprotocol(o, PTHREAD_PRIO_INHERIT)); }
CASE(pthread_mutexattr_setpshared) { MUTEXATTR; NEED(!pthread_mutexattr_setpshared(o, PTHREAD_PROCESS_SHARED)); }
CASE(pthread_mutexattr_setrobust) { MUTEXATTR; NEED(!pthread_mutexattr_setrobust(o, PTHREAD_MUTEX_ROBUST)); }
CASE(pthread_mutexattr_settype) { MUTEXATTR; NEED(!pthread_mutexattr_settype(o, PTHREAD_MUTEX_RECURSIVE)); }
#define CONDITION OBJECT(pthread_cond_t, 64, pthread_cond_init(o, 0)); static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER
CASE(pthread_cond_init) { CONDITION; (void)m; }
CASE(pthread_cond_destroy) { CONDITION; (void)m; NEED(!pthread_cond_destroy(o)); }
CASE(pthread_cond_timedwait) { CONDITION; pthread_mutex_lock(&m); NEED(pthread_cond_timedwait(o, &m, &past)); }
CASE(pthread_cond_clockwait) { CONDITION; pthread_mutex_lock(&m); NEED(pthread_cond_clockwait(o, &m, CLOCK_MONOTONIC, &past)); }
static pthread_cond_t shared_condition = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t shared_mutex = PTHREAD_MUTEX_INITIALIZER;
static int waiting, waited;
static void *waiter(void *p) {
  pthread_mutex_lock(&shared_mutex);
  waiting++;
  while (!waited) pthread_cond_wait(&shared_condition, &shared_mutex);
  pthread_mutex_unlock(&shared_mutex);
  return p;
}
static void wake(int (*how)(pthread_cond_t *)) {
  pthread_t t;
  NEED(!pthread_create(&t, 0, waiter, 0));
  for (int there = 0; !there;) pthread_mutex_lock(&shared_mutex), there = waiting, waited = there, how(&shared_condition), pthread_mutex_unlock(&shared_mutex);
  NEED(!pthread_join(t, 0));
}
CASE(pthread_cond_wait) { wake(pthread_cond_signal); }
CASE(pthread_cond_signal) { wake(pthread_cond_signal); }
CASE(pthread_cond_broadcast) { wake(pthread_cond_broadcast); }
#define CONDATTR OBJECT(pthread_condattr_t, 16, pthread_condattr_init(o))
CASE(pthread_condattr_init) { CONDATTR; }
CASE(pthread_condattr_destroy) { CONDATTR; NEED(!pthread_condattr_destroy(o)); }
CASE(pthread_condattr_setclock) { CONDATTR; NEED(!pthread_condattr_setclock(o, CLOCK_MONOTONIC)); }
CASE(pthread_condattr_setpshared) { CONDATTR; NEED(!pthread_condattr_setpshared(o, PTHREAD_PROCESS_SHARED)); }
#define RWLOCK OBJECT(pthread_rwlock_t, 72, pthread_rwlock_init(o, 0))
CASE(pthread_rwlock_init) { RWLOCK; }
CASE(pthread_rwlock_destroy) { RWLOCK; NEED(!pthread_rwlock_destroy(o)); }
CASE(pthread_rwlock_rdlock) { RWLOCK; NEED(!pthread_rwlock_rdlock(o)); }
CASE(pthread_rwlock_wrlock) { RWLOCK; NEED(!pthread_rwlock_wrlock(o)); }
CASE(pthread_rwlock_tryrdlock) { RWLOCK; NEED(!pthread_rwlock_tryrdlock(o)); }
CASE(pthread_rwlock_trywrlock) { RWLOCK; NEED(!pthread_rwlock_trywrlock(o)); }
CASE(pthread_rwlock_timedrdlock) { RWLOCK; NEED(!pthread_rwlock_timedrdlock(o, &past)); }
CASE(pthread_rwlock_timedwrlock) { RWLOCK; NEED(!pthread_rwlock_timedwrlock(o, &past)); }
CASE(pthread_rwlock_clockrdlock) { RWLOCK; NEED(!pthread_rwlock_clockrdlock(o, CLOCK_MONOTONIC, &past)); }
CASE(pthread_rwlock_clockwrlock) { RWLOCK; NEED(!pthread_rwlock_clockwrlock(o, CLOCK_MONOTONIC, &past)); }
CASE(pthread_rwlock_unlock) { RWLOCK; NEED(!pthread_rwlock_wrlock(o) && !pthread_rwlock_unlock(o)); }
#define RWLOCKATTR OBJECT(pthread_rwlockattr_t, 16, pthread_rwlockattr_init(o))
CASE(pthread_rwlockattr_init) { RWLOCKATTR; }
CASE(pthread_rwlockattr_destroy) { RWLOCKATTR; NEED(!pthread_rwlockattr_destroy(o)); }
CASE(pthread_rwlockattr_setkind_np) { RWLOCKATTR; NEED(!pthread_rwlockattr_setkind_np(o, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)); }
CASE(pthread_rwlockattr_setpshared) { RWLOCKATTR; NEED(!pthread_rwlockattr_setpshared(o, PTHREAD_PROCESS_SHARED)); }
#define SPIN OBJECT(pthread_spinlock_t, 16, pthread_spin_init(o, 0))
CASE(pthread_spin_init) { SPIN; }
CASE(pthread_spin_destroy) { SPIN; NEED(!pthread_spin_destroy(o)); }
CASE(pthread_spin_lock) { SPIN; NEED(!pthread_spin_lock(o)); }
CASE(pthread_spin_trylock) { SPIN; NEED(!pthread_spin_trylock(o)); }
CASE(pthread_spin_unlock) { SPIN; NEED(!pthread_spin_lock(o) && !pthread_spin_unlock(o)); }
#define BARRIER OBJECT(pthread_barrier_t, 48, pthread_barrier_init(o, 0, 1))
CASE(pthread_barrier_init) { BARRIER; }
CASE(pthread_barrier_destroy) { BARRIER; NEED(!pthread_barrier_destroy(o)); }
CASE(pthread_barrier_wait) { BARRIER; NEED(pthread_barrier_wait(o) == PTHREAD_BARRIER_SERIAL_THREAD); }
static int done;
static void once(void) { done = 1; }
CASE(pthread_once) { static pthread_once_t o = PTHREAD_ONCE_INIT; NEED(!pthread_once(&o, once) && done); }
#define SEMAPHORE OBJECT(sem_t, 48, sem_init(o, 0, 1))
CASE(sem_init) { SEMAPHORE; }
CASE(sem_destroy) { SEMAPHORE; NEED(!sem_destroy(o)); }
CASE(sem_getvalue) { SEMAPHORE; PAINT(value, 16); NEED(!sem_getvalue(o, (int *)value)); }
CASE(sem_post) { SEMAPHORE; NEED(!sem_post(o)); }
CASE(sem_wait) { SEMAPHORE; NEED(!sem_wait(o)); }
CASE(sem_trywait) { SEMAPHORE; NEED(!sem_trywait(o)); }
CASE(sem_timedwait) { SEMAPHORE; NEED(!sem_timedwait(o, &past)); }

static char *volatile block;
static void filled(char *p, size_t n) { NEED(p); memset(p, 6, n); block = p; }
CASE(malloc) { for (size_t n = 1; n < 1 << 20; n = n * 3 + 1) filled(malloc(n), n); }
CASE(calloc) { for (size_t n = 1; n < 1 << 20; n = n * 3 + 1) { char *p = calloc(n, 1); NEED(p && !p[0] && !p[n - 1]); filled(p, n); } }
CASE(realloc) { char *p = 0; for (size_t n = 1; n < 1 << 20; n = n * 3 + 1) NEED((p = realloc(p, n)) && (n == 1 || *p == 6)), filled(p, n); }
CASE(reallocarray) { filled(reallocarray(0, 100, 7), 700); }
CASE(free) { for (int i = 1; i < 1000; i++) { filled(malloc((size_t)i * 100 + 1), 5); free(block); } }
CASE(aligned_alloc) { filled(aligned_alloc(4096, 8192), 8192); NEED((size_t)block % 4096 == 0); }
CASE(memalign) { filled(memalign(64, 100), 100); NEED((size_t)block % 64 == 0); }
CASE(posix_memalign) { PAINT(to, 16); NEED(!posix_memalign((void **)to, 256, 1000)); filled(*(char **)to, 1000); }
CASE(valloc) { filled(valloc(100), 100); NEED((size_t)block % 4096 == 0); }
CASE(pvalloc) { filled(pvalloc(100), 4096); NEED((size_t)block % 4096 == 0); }
CASE(malloc_usable_size) { char *p = malloc(77); NEED(malloc_usable_size(p) >= 77); filled(p, malloc_usable_size(p)); }

static jmp_buf here;
static sigjmp_buf there;
CASE(_setjmp) { volatile int n = 0; if (_setjmp(here) < 3) longjmp(here, ++n); NEED(n == 3); }
CASE(setjmp) { extern int old_setjmp(jmp_buf) __asm__("setjmp") __attribute__((returns_twice)); volatile int n = 0; if (old_setjmp(here) < 3) longjmp(here, ++n); NEED(n == 3); }
CASE(__sigsetjmp) { volatile int n = 0; if (sigsetjmp(there, 1) < 3) siglongjmp(there, ++n); NEED(n == 3); }
CASE(longjmp) { volatile int n = 0; if (_setjmp(here) < 3) longjmp(here, ++n); NEED(n == 3); }
CASE(_longjmp) { volatile int n = 0; if (_setjmp(here) < 3) _longjmp(here, ++n); NEED(n == 3); }
CASE(siglongjmp) { volatile int n = 0; if (sigsetjmp(there, 0) < 3) siglongjmp(there, ++n); NEED(n == 3); }
static volatile int signals;
static void count(int sig) { volatile char frame[300]; for (int i = 0; i < 300; i++) frame[i] = (char)sig; signals += frame[7]; }
CASE(signal) { NEED(signal(SIGUSR1, count) == SIG_DFL && signal(SIGUSR1, count) == count && !raise(SIGUSR1) && signals == SIGUSR1); }
#define SIGNAL(name) CASE(name) { extern sighandler_t name(int, sighandler_t); NEED(name(SIGUSR1, count) == SIG_DFL && !raise(SIGUSR1) && signals == SIGUSR1); }
SIGNAL(ssignal) SIGNAL(sysv_signal) SIGNAL(__sysv_signal)
