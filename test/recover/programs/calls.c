// System calls meet lost pages in their arguments: they do what they would have done, once.
#include "lose.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

enum { PAGE = 4096 };
static char *a, *b;
static int calls;

#define CALL(before, call, right) \
  do { \
    before; \
    long r = call; \
    must(right, #call); \
    calls++; \
  } while (0)

static void on_usr1(int number) { (void)number; }
static void fresh(void) {
  for (int i = 0; i < 4 * PAGE; i++) a[i] = (char)i, b[i] = 0;
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  a = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  b = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int p[2], s[2], d[2];
  must(!pipe(p) && !socketpair(AF_UNIX, SOCK_STREAM, 0, s) && !socketpair(AF_UNIX, SOCK_DGRAM, 0, d), "descriptors");
  fresh();
  CALL(lose(a), write(p[1], a, 100), r == 100);
  CALL(lose(b), read(p[0], b, 200), r == 100 && !memcmp(a, b, 100));
  fresh();
  CALL((lose(a), lose(a + PAGE)), writev(s[0], (struct iovec[]){{a, PAGE}, {a + PAGE, PAGE}}, 2), r > 0 && r % PAGE == 0);
  CALL(lose(b), recv(s[1], b, PAGE, MSG_WAITALL), r == PAGE && !memcmp(a, b, PAGE));
  // The arguments themselves, and what they point at.
  struct iovec *v = (void *)(a + 2 * PAGE);
  v[0] = (struct iovec){"abc", 3}, v[1] = (struct iovec){"defg", 4};
  CALL(lose(v), writev(p[1], v, 2), r == 7);
  CALL(lose(b + PAGE), read(p[0], b + PAGE, 7), r == 7 && !memcmp(b + PAGE, "abcdefg", 7));
  struct msghdr *m = (void *)a;
  fresh();
  *m = (struct msghdr){.msg_iov = v, .msg_iovlen = 1};
  v[0] = (struct iovec){b, 5};
  memcpy(b, "hello", 5);
  CALL((lose(m), lose(v), lose(b)), sendmsg(d[0], m, 0), r == 5);
  char got[16];
  CALL(, recv(d[1], got, sizeof got, MSG_DONTWAIT), r == 5 && !memcmp(got, "hello", 5));
  CALL(, recv(d[1], got, sizeof got, MSG_DONTWAIT), r == -1 && errno == EAGAIN); // it was sent once
  struct stat *st = (void *)b;
  CALL(lose(st), stat("/", st), r == 0 && S_ISDIR(st->st_mode));
  struct utsname *u = (void *)(b + PAGE);
  CALL(lose(u), uname(u), r == 0 && !strcmp(u->sysname, "Linux"));
  strcpy(a, "/");
  CALL(lose(a), access(a, R_OK), r == 0);
  struct pollfd *f = (void *)a;
  *f = (struct pollfd){p[1], POLLOUT, 0};
  CALL(lose(f), poll(f, 1, 0), r == 1 && f->revents == POLLOUT);
  struct timespec *t = (void *)(a + PAGE);
  CALL(lose(t), clock_gettime(CLOCK_REALTIME, t), r == 0 && t->tv_sec > 1000000000);
  CALL(lose(b + 2 * PAGE), getcwd(b + 2 * PAGE, 100) != 0, r && b[2 * PAGE] == '/');
  CALL(lose(b), pipe((int *)b), r == 0 && fcntl(((int *)b)[0], F_GETFD) >= 0);
  int file = open("/proc/self/exe", O_RDONLY);
  CALL(lose(b), pread(file, b, 4, 0), r == 4 && !memcmp(b, "\177ELF", 4));
  sigset_t *set = (void *)(a + PAGE);
  sigemptyset(set);
  CALL(lose(set), sigprocmask(SIG_BLOCK, set, 0), r == 0);
  sigset_t now;
  CALL((sigfillset(set), lose(set)), sigprocmask(SIG_BLOCK, set, 0), r == 0 && !sigprocmask(SIG_SETMASK, 0, &now) && !sigismember(&now, SIGBUS) && sigismember(&now, SIGHUP));
  sigset_t *told = (void *)(b + PAGE);
  CALL(lose(told), sigprocmask(SIG_SETMASK, 0, told), r == 0 && sigismember(told, SIGHUP));
  struct sigaction *action = (void *)a, *before = (void *)b;
  *action = (struct sigaction){.sa_handler = on_usr1};
  CALL((lose(action), lose(before)), sigaction(SIGUSR1, action, before), r == 0 && before->sa_handler == SIG_DFL);
  CALL(lose(before), sigaction(SIGUSR1, 0, before), r == 0 && before->sa_handler == on_usr1);
  stack_t *stack = (void *)a, *stack_was = (void *)b;
  *stack = (stack_t){.ss_sp = malloc(65536), .ss_size = 65536};
  CALL((lose(stack), lose(stack_was)), sigaltstack(stack, stack_was), r == 0 && stack_was->ss_flags == SS_DISABLE);
  *stack = (stack_t){.ss_flags = SS_DISABLE};
  CALL(, sigaltstack(stack, 0), r == 0);
  socklen_t *length = (void *)(a + PAGE);
  CALL((*length = 4, lose(length), lose(b)), getsockopt(s[0], SOL_SOCKET, SO_TYPE, b, length), r == 0 && *length == 4 && *(int *)b == SOCK_STREAM);
  struct epoll_event *e = (void *)(a + 2 * PAGE);
  int ep = epoll_create1(0);
  *e = (struct epoll_event){EPOLLOUT, {.u32 = 7}};
  CALL(lose(e), epoll_ctl(ep, EPOLL_CTL_ADD, p[1], e), r == 0);
  CALL((e->data.u32 = 0, lose(e)), epoll_wait(ep, e, 1, 0), r == 1 && e->data.u32 == 7);
  must(control->not_retried == 0, "all were done again");
  u64 again = control->retried;
  must(again > 15, "some were done again");
  // What was taken away cannot be taken again: the program is told what the kernel says, and the page is whole.
  b[0] = 0x7f;
  must(write(d[0], "gone", 4) == 4, "a datagram");
  CALL(lose(b), recv(d[1], b, 10, 0), r == -1 && errno == EFAULT);
  must(b[0] == 0x7f && control->not_retried == 1, "the page of the lost datagram");
  int count = eventfd(5, 0);
  CALL(lose(b), read(count, b, 8), r == -1 && errno == EFAULT);
  must(control->not_retried == 2, "an event");
  sigemptyset(set);
  CALL(lose(told), sigprocmask(SIG_SETMASK, set, told), r == 0 && sigismember(told, SIGHUP)); // the mask that was, though it is another one now
  must(!sigprocmask(SIG_SETMASK, 0, &now) && !sigismember(&now, SIGHUP) && control->retried == again + 1, "a mask");
  // A bad pointer is the program's own fault.
  CALL(, write(p[1], (void *)16, 5), r == -1 && errno == EFAULT);
  must(control->retried == again + 1, "nothing was done again");
  printf("%d calls\n", calls);
  return 0;
}
