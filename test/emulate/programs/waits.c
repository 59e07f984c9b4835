// What waits for many things: sets of files, level- and edge-triggered, counters, files that messages bring, pipes with names, signals.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
static int set;
static int add(int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u64 = 0x100000000u + (unsigned)fd};
  return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}
static int by_file(const void *a, const void *b) {
  return (int)((const struct epoll_event *)a)->data.u32 - (int)((const struct epoll_event *)b)->data.u32;
}
static int first; // numbers of files are told from here on
static void waited(const char *what, int limit) {
  struct epoll_event there[8];
  int n = epoll_wait(set, there, 8, limit);
  if (n > 0) qsort(there, (unsigned)n, sizeof *there, by_file);
  printf("%s: %d", what, n);
  for (int i = 0; i < n; i++) printf(" %d:%x:%x", (int)there[i].data.u32 - first, there[i].events, (unsigned)(there[i].data.u64 >> 32));
  puts("");
}
static void level_and_edge(void) {
  int p[2], s[2];
  char text[100];
  pipe2(p, O_NONBLOCK);
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);
  first = p[0];
  printf("add: %d %d %d %d", add(p[0], EPOLLIN), add(p[1], EPOLLOUT | EPOLLET), add(s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET), add(s[1], EPOLLIN | EPOLLONESHOT));
  int bad = add(p[0], EPOLLIN);
  printf(" %d %d\n", bad, errno == EEXIST);
  waited("room", -1);
  waited("nothing new", 0);
  write(p[1], "abc", 3);
  waited("level", 0);
  waited("level again", 0);
  write(s[1], "one", 3);
  waited("edge", 0);
  write(s[1], "two", 3);
  waited("edge again", 0);
  waited("not again", 0);
  read(p[0], text, 1);
  waited("some is left", 0);
  read(p[0], text, 50);
  waited("none is left", 0);
  printf("read: %d\n", (int)read(s[0], text, 4));
  waited("read, not written", 0);
  write(s[0], "x", 1);
  waited("once", 0);
  write(s[0], "y", 1);
  waited("only once", 0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = (unsigned)s[1]};
  epoll_ctl(set, EPOLL_CTL_MOD, s[1], &event);
  waited("once more", 0);
  while (write(p[1], text, sizeof text) > 0) {}
  while (write(p[1], text, 1) > 0) {}
  waited("full", 0);
  while (read(p[0], text, sizeof text) > 0) {}
  waited("emptied", 0);
  shutdown(s[1], SHUT_WR);
  waited("shut", 0);
  close(s[1]);
  waited("closed", 0);
  close(p[1]);
  waited("hung up", 0);
  printf("delete: %d", epoll_ctl(set, EPOLL_CTL_DEL, p[0], 0));
  bad = epoll_ctl(set, EPOLL_CTL_DEL, p[0], 0);
  printf(" %d", bad == -1 && errno == ENOENT);
  close(s[0]), close(p[0]);
  waited(" left", 0);
  int file = open("/proc/self/exe", O_RDONLY);
  bad = add(file, EPOLLIN);
  printf("file: %d", bad == -1 && errno == EPERM);
  bad = add(set, EPOLLIN);
  printf(" itself: %d", bad == -1 && errno == EINVAL);
  bad = add(999, EPOLLIN);
  printf(" none: %d\n", bad == -1 && errno == EBADF);
  close(file);
}
static void counters(void) {
  int e = eventfd(3, EFD_NONBLOCK), s = eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE);
  first = e;
  add(e, EPOLLIN | EPOLLOUT | EPOLLET), add(s, EPOLLIN);
  waited("counters", 0);
  uint64_t n = 0;
  read(e, &n, 8);
  printf("was %d,", (int)n);
  n = 5;
  write(e, &n, 8), write(e, &n, 8);
  read(e, &n, 8);
  printf(" then %d;", (int)n);
  int left = (int)read(e, &n, 8);
  printf(" empty %d %d;", left, errno == EAGAIN);
  read(s, &n, 8), read(s, &n, 8);
  printf(" one by one %d %d;", (int)n, (int)read(s, &n, 8));
  n = UINT64_MAX;
  left = (int)write(e, &n, 8);
  printf(" too much %d %d;", left, errno == EINVAL);
  n = UINT64_MAX - 1;
  left = (int)write(e, &n, 8);
  printf(" most %d;", left);
  left = (int)write(e, &n, 8);
  printf(" full %d %d\n", left, errno == EAGAIN);
  waited("after all", 0);
  int outer = epoll_create1(0), inner = set;
  set = outer;
  add(inner, EPOLLIN);
  first = inner;
  waited("nested", 0);
  set = inner;
  n = 1;
  write(s, &n, 8);
  set = outer;
  waited("nested, now", 0);
  close(outer);
  set = inner;
  close(e), close(s);
}
static void *late(void *at) {
  nanosleep(&(struct timespec){0, 20000000}, 0);
  write(*(int *)at, "late", 4);
  return 0;
}
static void waiting(void) {
  int p[2];
  char text[10];
  pthread_t thread;
  pipe(p);
  first = p[0];
  add(p[0], EPOLLIN | EPOLLET);
  waited("time is over", 20);
  pthread_create(&thread, 0, late, &p[1]);
  waited("somebody comes", -1);
  pthread_join(thread, 0);
  read(p[0], text, 10);
  struct epoll_event one[1];
  int bad = epoll_wait(set, one, 0, 0);
  printf("no room: %d %d\n", bad, errno == EINVAL);
  close(p[0]), close(p[1]);
}
static int send_files(int to, const char *text, const int *files, int n) {
  union { char bytes[CMSG_SPACE(8 * sizeof(int))]; struct cmsghdr head; } control;
  struct iovec part = {(void *)text, strlen(text)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE((unsigned)n * sizeof(int))};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN((unsigned)n * sizeof(int));
  memcpy(CMSG_DATA(head), files, (unsigned)n * sizeof(int));
  return (int)sendmsg(to, &message, 0);
}
static int receive_files(int from, int *files, int room) {
  union { char bytes[CMSG_SPACE(8 * sizeof(int))]; struct cmsghdr head; } control;
  char text[50] = "";
  struct iovec part = {text, sizeof text - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room ? CMSG_LEN((unsigned)room * sizeof(int)) : 0};
  int n = (int)recvmsg(from, &message, 0), count = 0;
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  if (head && head->cmsg_type == SCM_RIGHTS) {
    count = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(files, CMSG_DATA(head), (unsigned)count * sizeof(int));
  }
  printf("got %d '%s', %d files%s;", n, text, count, message.msg_flags & MSG_CTRUNC ? ", not all" : "");
  return count;
}
static void files_in_messages(void) {
  int s[2], p[2], got[8];
  char text[20] = "";
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  pipe(p);
  write(s[0], "before ", 7);
  printf("sent %d;", send_files(s[0], "brings", p, 2));
  write(s[0], " behind", 7);
  close(p[1]); // the message has it
  receive_files(s[1], got, 8);
  write(got[1], "through", 7);
  close(got[1]);
  printf(" %d '%s'", (int)read(p[0], text, 20), text);
  printf(" %d\n", (int)read(p[0], text, 20)); // nobody writes any more
  receive_files(s[1], got, 8);
  puts("");
  pipe(p);
  send_files(s[0], "two", p, 2);
  receive_files(s[1], got, 1);
  printf(" %d", fcntl(got[0], F_GETFL) == O_RDONLY);
  close(got[0]);
  send_files(s[0], "lost", &p[1], 1);
  close(p[1]);
  printf(" read %d", (int)read(s[1], text, 20));
  printf(" %d\n", (int)read(p[0], text, 20)); // closed with the message
  int bad = send_files(s[0], "none", &(int){999}, 1);
  printf("none: %d %d\n", bad, errno == EBADF);
  close(s[0]), close(s[1]), close(p[0]);
}
static const char *fifo;
static void *reads(void *to) {
  int fd = open(fifo, O_RDONLY);
  long n, all = 0;
  char text[20];
  while ((n = read(fd, text, sizeof text)) > 0) all += n;
  close(fd);
  *(long *)to = all;
  return 0;
}
static void names(void) {
  struct stat about;
  long all = 0;
  pthread_t thread;
  printf("fifo: %d", mkfifo(fifo, 0640));
  int bad = mkfifo(fifo, 0640);
  printf(" %d", bad == -1 && errno == EEXIST);
  stat(fifo, &about);
  printf(" %d %o", S_ISFIFO(about.st_mode), about.st_mode & 0777);
  bad = open(fifo, O_WRONLY | O_NONBLOCK);
  printf(" %d", bad == -1 && errno == ENXIO);
  pthread_create(&thread, 0, reads, &all);
  int fd = open(fifo, O_WRONLY);
  write(fd, "some words", 10), write(fd, "and more", 8);
  close(fd);
  pthread_join(thread, 0);
  int reader = open(fifo, O_RDONLY | O_NONBLOCK), writer = open(fifo, O_WRONLY);
  char text[9];
  write(writer, "again", 5);
  printf(" %ld %d", all, (int)read(reader, text, 9));
  bad = (int)read(reader, text, 9);
  printf(" %d", bad == -1 && errno == EAGAIN);
  close(writer);
  printf(" %d", (int)read(reader, text, 9));
  close(reader);
  printf(" %d\n", unlink(fifo));
}
static volatile sig_atomic_t usr1, usr2;
static void handler(int n) { n == SIGUSR1 ? usr1++ : usr2++; }
static void *kills(void *thread) {
  nanosleep(&(struct timespec){0, 20000000}, 0);
  pthread_kill(*(pthread_t *)thread, SIGUSR2);
  return 0;
}
static void masks(void) {
  struct sigaction act = {.sa_handler = handler};
  sigaction(SIGUSR1, &act, 0), sigaction(SIGUSR2, &act, 0);
  sigset_t both, none, one, now;
  sigemptyset(&none), sigemptyset(&both), sigaddset(&both, SIGUSR1), sigaddset(&both, SIGUSR2);
  sigemptyset(&one), sigaddset(&one, SIGUSR1);
  sigprocmask(SIG_BLOCK, &both, 0);
  raise(SIGUSR1);
  printf("suspend: %d", sigsuspend(&none));
  sigprocmask(SIG_BLOCK, 0, &now);
  printf(" %d %d %d\n", errno == EINTR, usr1, sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2));
  pthread_t self = pthread_self(), thread;
  pthread_create(&thread, 0, kills, &self);
  int n = ppoll(0, 0, 0, &one);
  printf("ppoll: %d %d %d", n, errno == EINTR, usr2);
  pthread_join(thread, 0);
  pthread_create(&thread, 0, kills, &self);
  n = pselect(0, 0, 0, 0, 0, &one);
  printf(" %d %d %d", n, errno == EINTR, usr2);
  pthread_join(thread, 0);
  pthread_create(&thread, 0, kills, &self);
  struct epoll_event there[1];
  n = epoll_pwait(set, there, 1, -1, &one);
  printf(" %d %d %d", n, errno == EINTR, usr2);
  pthread_join(thread, 0);
  raise(SIGUSR1);
  n = ppoll(0, 0, &(struct timespec){0, 1000}, &both);
  printf(" %d %d;", n, usr1);
  siginfo_t info;
  n = sigwaitinfo(&both, &info);
  printf(" %d %d %d", n == SIGUSR1, info.si_signo == SIGUSR1, usr1);
  n = sigtimedwait(&both, &info, &(struct timespec){0, 1000});
  printf(" %d %d", n, errno == EAGAIN);
  pthread_create(&thread, 0, kills, &self);
  n = sigtimedwait(&both, &info, &(struct timespec){100, 0});
  pthread_join(thread, 0);
  printf(" %d %d\n", n == SIGUSR2, usr2);
}
int main(int count, char **words) {
  fifo = count > 1 ? words[1] : "fifo";
  set = epoll_create1(EPOLL_CLOEXEC);
  level_and_edge(), counters(), waiting(), files_in_messages(), names(), masks();
  int was = getpriority(PRIO_PROCESS, 0);
  printf("priority: %d", setpriority(PRIO_PROCESS, 0, was + 5));
  printf(" %d", getpriority(PRIO_PROCESS, 0) - was);
  int bad = setpriority(3, 0, 0);
  printf(" %d\n", bad == -1 && errno == EINVAL);
  return 0;
}
