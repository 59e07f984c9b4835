/* pthread_create: the new thread enters through a function that knows its stack and gives its thread-local variables their mirror. fork. */
#include "after.h"

int __real_pthread_create(word *thread, const void *attributes, void *(*start)(void *), void *argument);
void *__libc_malloc(size_t n);
void __libc_free(void *p);

struct beginning { void *(*start)(void *); void *argument; };

static struct thread *slot(void) {
  for (word i = 1; i < MAX_THREADS; i++)
    if (!__atomic_exchange_n(&mr_threads[i].used, 1, __ATOMIC_ACQ_REL)) return &mr_threads[i];
  mr_escape("library", "threads-beyond-1024");
  return 0;
}
/* Behind the destructors of all thread-local objects, however the thread ends. */
static void leave(void *given) {
  struct thread *t = given;
  mr_variables_change(0);
  mr_become(0);
  t->depth = 0;
  __atomic_store_n(&t->used, 0, __ATOMIC_RELEASE);
}
int __cxa_thread_atexit_impl(void (*f)(void *), void *object, void *dso);
extern void *__dso_handle;

static void *begin(void *given) {
  struct beginning b = *(struct beginning *)given;
  __libc_free(given);
  struct thread *t = slot();
  if (t && !__cxa_thread_atexit_impl(leave, t, &__dso_handle)) mr_variables_change(1), mr_become(t);
  else mr_copy_variables();
  return b.start(b.argument);
}
int __wrap_pthread_create(word *thread, const void *attributes, void *(*start)(void *), void *argument) {
  struct beginning *b = __libc_malloc(sizeof *b);
  if (!b) return 11; /* EAGAIN */
  *b = (struct beginning){start, argument};
  S.threads = 1;
  int r = __real_pthread_create(thread, attributes, begin, b);
  if (r) __libc_free(b);
  else mr_copy((word)thread, sizeof *thread);
  return r;
}
