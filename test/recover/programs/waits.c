// Calls that wait, while another thread loses pages: SIGBUS comes into them, and nobody sees that it did.
#include "lose.h"
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>
enum { LOSSES = 5, GAP = 20000 };
static char page[2 * 4096] __attribute__((aligned(4096)));
static int ends[2], pair[2], listening, queue, semaphore, word;
static struct sockaddr_in address = {.sin_family = AF_INET};
static pid_t child;
static volatile int handled;

/* The main thread waits: it is the one that the kernel gives a signal of the process to. */
static void lose_some(void) {
  for (int i = 0; i < LOSSES; i++) {
    usleep(GAP);
    control->address = (uintptr_t)page + 4096 * (i & 1);
    control->request = 1;
    must(!kill(getpid(), SIGBUS), "kill");
    while (control->request == 1) usleep(100);
    must(control->request == 2, "lose");
    control->request = 0;
    must(page[0] == 3 && page[4096] == 3, "what was lost");
  }
  usleep(GAP);
}
static void on_usr1(int number) { handled = number; }
static void to_pipe(void) { must(write(ends[1], "p", 1) == 1, "write"); }
static void to_pair(void) { must(write(pair[1], "s", 1) == 1, "write"); }
static void end_child(void) { kill(child, SIGKILL); }
static void send_usr1(void) { kill(getpid(), SIGUSR1); }
static void join_in(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  must(!connect(fd, (struct sockaddr *)&address, sizeof address), "connect");
}
static void send_message(void) {
  struct { long type; char text[4]; } message = {1, "hey"};
  must(!msgsnd(queue, &message, 4, 0), "msgsnd");
}
static void raise_semaphore(void) {
  struct sembuf up = {0, 1, 0};
  must(!semop(semaphore, &up, 1), "semop");
}
static void wake(void) {
  word = 1;
  syscall(SYS_futex, &word, FUTEX_WAKE, 1, 0, 0, 0);
}
static void nothing(void) {}

static void in_read(void) { char c = 0; must(read(ends[0], &c, 1) == 1 && c == 'p', "read"); }
static void in_recv(void) { char c = 0; must(recv(pair[0], &c, 1, 0) == 1 && c == 's', "recv"); }
static void in_poll(void) {
  struct pollfd one = {ends[0], POLLIN, 0};
  must(poll(&one, 1, -1) == 1, "poll"), in_read();
}
static void in_epoll(void) {
  struct epoll_event event = {EPOLLIN, {0}}, got;
  int fd = epoll_create1(0);
  must(!epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &event), "epoll_ctl");
  must(epoll_wait(fd, &got, 1, -1) == 1, "epoll_wait"), in_read(), close(fd);
}
static void in_select(void) {
  struct timeval most = {1000, 0};
  fd_set set;
  FD_ZERO(&set);
  FD_SET(ends[0], &set);
  must(select(ends[0] + 1, &set, 0, 0, &most) == 1 && FD_ISSET(ends[0], &set), "select"), in_read();
}
static void in_futex(void) {
  word = 0;
  must(!syscall(SYS_futex, &word, FUTEX_WAIT, 0, 0, 0, 0) && word == 1, "futex");
}
static void in_wait(void) {
  int status;
  if (!(child = fork())) for (;;) pause();
  must(waitpid(child, &status, 0) == child && WIFSIGNALED(status), "waitpid");
}
static void in_accept(void) { int fd = accept(listening, 0, 0); must(fd >= 0, "accept"), close(fd); }
static void in_msgrcv(void) {
  struct { long type; char text[4]; } message;
  must(msgrcv(queue, &message, 4, 0, 0) == 4 && !strcmp(message.text, "hey"), "msgrcv");
}
static void in_semop(void) {
  struct sembuf down = {0, -1, 0};
  must(!semop(semaphore, &down, 1), "semop");
}
static void in_pause(void) { handled = 0, must(pause() == -1 && errno == EINTR && handled == SIGUSR1, "pause"); }
static void in_sigsuspend(void) {
  sigset_t all;
  sigfillset(&all), sigdelset(&all, SIGUSR1);
  handled = 0, must(sigsuspend(&all) == -1 && errno == EINTR && handled == SIGUSR1, "sigsuspend");
}
static void in_sigwait(void) {
  sigset_t usr1, old;
  sigemptyset(&usr1), sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, &old);
  must(sigwaitinfo(&usr1, 0) == SIGUSR1, "sigwaitinfo");
  pthread_sigmask(SIG_SETMASK, &old, 0);
}
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
/* As long as asked for, or somewhat longer on a busy machine; twice as long it would be if it began anew each time. */
static void in_sleep(void) {
  struct timespec time = {0, 400000000}, left = {7, 7};
  double from = now();
  must(!nanosleep(&time, &left), "nanosleep");
  must(now() - from >= 0.4, "nanosleep: too short");
  time = (struct timespec){0, 200000000};
  must(!clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &left), "clock_nanosleep");
}
/* What the program itself does to a call that waits stays so. */
static void in_own_signal(void) { char c; handled = 0, must(read(ends[0], &c, 1) == -1 && errno == EINTR && handled == SIGUSR1, "a signal of the program's"); }

static const struct { void (*wait)(void), (*end)(void); } calls[] = {
    {in_read, to_pipe}, {in_recv, to_pair}, {in_poll, to_pipe}, {in_epoll, to_pipe}, {in_select, to_pipe}, {in_futex, wake}, {in_wait, end_child},
    {in_accept, join_in}, {in_msgrcv, send_message}, {in_semop, raise_semaphore}, {in_pause, send_usr1}, {in_sigsuspend, send_usr1}, {in_sigwait, send_usr1},
    {in_sleep, nothing}, {in_own_signal, send_usr1}};
static pthread_barrier_t begin, end;
static void *other(void *unused) {
  sigset_t usr1;
  sigemptyset(&usr1), sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, 0);
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
    pthread_barrier_wait(&begin);
    lose_some(), calls[i].end();
    pthread_barrier_wait(&end);
  }
  return unused;
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  memset(page, 3, sizeof page);
  struct sigaction action = {.sa_handler = on_usr1}; /* without SA_RESTART */
  sigaction(SIGUSR1, &action, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  listening = socket(AF_INET, SOCK_STREAM, 0);
  must(!bind(listening, (struct sockaddr *)&address, size) && !listen(listening, 1), "listen");
  must(!getsockname(listening, (struct sockaddr *)&address, &size), "getsockname");
  must(!pipe(ends) && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "pipe");
  queue = msgget(IPC_PRIVATE, 0600), semaphore = semget(IPC_PRIVATE, 1, 0600);
  must(queue >= 0 && semaphore >= 0, "msgget, semget");
  pthread_barrier_init(&begin, 0, 2), pthread_barrier_init(&end, 0, 2);
  pthread_t thread;
  pthread_create(&thread, 0, other, 0);
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
    pthread_barrier_wait(&begin);
    calls[i].wait();
    pthread_barrier_wait(&end);
  }
  pthread_join(thread, 0);
  msgctl(queue, IPC_RMID, 0), semctl(semaphore, 0, IPC_RMID);
  printf("%d calls\n", (int)(sizeof calls / sizeof *calls));
  return 0;
}
