// Hazard: what the kernel writes, and frames that it pushes: signals of both kinds, alternate stacks, a jump out of a handler, fork,
// posix_spawn, pipes, sockets with control data, directories, clocks, memory that moves, System V memory, threads that end.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
extern char **environ;
static long sum;
static void mix(long value) { sum = sum * 31 + value; }
#define MUST(x) do { if (!(x)) { printf("line %d: %s\n", __LINE__, strerror(errno)); exit(1); } } while (0)

static volatile sig_atomic_t seen, depth;
static jmp_buf jump;
static void plain(int number) {
  char frame[300];
  memset(frame, number, sizeof frame);
  seen += number + frame[17];
  if (number == SIGUSR1 && depth++ < 3) raise(SIGUSR2);
}
static void with_info(int number, siginfo_t *info, void *context) {
  (void)context;
  seen += number + info->si_value.sival_int + (info->si_pid == getpid());
}
static void out(int number) { longjmp(jump, number); }

static void signals(void) {
  struct sigaction action = {.sa_flags = SA_NODEFER}, old;
  action.sa_handler = plain;
  MUST(!sigaction(SIGUSR1, &action, 0) && !sigaction(SIGUSR2, &action, 0));
  raise(SIGUSR1);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  action.sa_sigaction = with_info;
  static char stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  MUST(!sigaltstack(&alternate, 0) && !sigaction(SIGUSR2, &action, &old) && old.sa_handler == plain);
  for (int i = 0; i < 20; i++) MUST(!sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = i}));
  signal(SIGALRM, out);
  if (setjmp(jump) == 0) {
    struct itimerval soon = {.it_value = {0, 1000}};
    MUST(!setitimer(ITIMER_REAL, &soon, 0));
    for (;;) pause();
  }
  sigset_t set, pending;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  MUST(!sigprocmask(SIG_BLOCK, &set, 0));
  raise(SIGUSR1);
  MUST(!sigpending(&pending) && sigismember(&pending, SIGUSR1));
  siginfo_t info;
  mix(sigwaitinfo(&set, &info)), mix(seen), mix(info.si_signo);
  MUST(!sigprocmask(SIG_UNBLOCK, &set, 0) && !sigaction(SIGUSR1, 0, &old) && old.sa_handler == plain);
}

static void processes(void) {
  int ends[2], status;
  char text[64] = "";
  MUST(!pipe(ends));
  pid_t child = fork();
  MUST(child >= 0);
  if (child == 0) {
    char *p = malloc(300000);
    memset(p, 7, 300000);
    dprintf(ends[1], "child %d", p[299999]);
    free(p);
    _exit(5);
  }
  MUST(waitpid(child, &status, 0) == child && read(ends[0], text, sizeof text) == 7);
  mix(WEXITSTATUS(status)), mix(text[6]);
  char *arguments[] = {"sh", "-c", "exit 9", 0};
  MUST(!posix_spawn(&child, "/bin/sh", 0, 0, arguments, environ) && waitpid(child, &status, 0) == child);
  mix(WEXITSTATUS(status));
  FILE *f = popen("echo from the shell", "r");
  MUST(f && fgets(text, sizeof text, f) && pclose(f) == 0);
  mix((long)strlen(text));
}

static void sockets(void) {
  int pair[2], sent, got = -1;
  MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  sent = dup(0 + pair[0]);
  char a[8] = "abc", b[8] = "defg", in[16] = "", control[CMSG_SPACE(sizeof(int))] = "", control2[sizeof control];
  struct iovec parts[2] = {{a, 3}, {b, 4}}, into[2] = {{in, 2}, {in + 4, 10}};
  struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &sent, sizeof sent);
  MUST(sendmsg(pair[0], &m, 0) == 7);
  struct msghdr r = {.msg_iov = into, .msg_iovlen = 2, .msg_control = control2, .msg_controllen = sizeof control2};
  MUST(recvmsg(pair[1], &r, 0) == 7 && (c = CMSG_FIRSTHDR(&r)));
  memcpy(&got, CMSG_DATA(c), sizeof got);
  mix(in[1]), mix(in[5]), mix(got > 2);
  int type, length = sizeof type;
  MUST(!getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &type, (socklen_t *)&length));
  struct sockaddr_storage name;
  socklen_t size = sizeof name;
  MUST(!getsockname(pair[0], (struct sockaddr *)&name, &size));
  fd_set set;
  FD_ZERO(&set);
  FD_SET(pair[0], &set);
  struct timeval limit = {0, 1000};
  MUST(select(pair[0] + 1, &set, 0, 0, &limit) == 0);
  mix(type), mix(size), mix(length), mix(FD_ISSET(pair[0], &set));
}

static void files(void) {
  struct stat st;
  struct utsname name;
  struct timespec now;
  char path[4096];
  MUST(!stat("/", &st) && !uname(&name) && !clock_gettime(CLOCK_MONOTONIC, &now) && getcwd(path, sizeof path));
  mix(S_ISDIR(st.st_mode)), mix(strlen(name.sysname) > 0), mix(now.tv_nsec < 1000000000);
  long entries = 0;
  DIR *d = opendir("/proc/self/fdinfo/..");
  MUST(d);
  while (readdir(d)) entries++;
  closedir(d);
  mix(entries > 3);
  time_t second = 1000000000;
  struct tm broken;
  mix(gmtime_r(&second, &broken)->tm_year);
}

static void memory(void) {
  char *p = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  MUST(p != MAP_FAILED);
  memset(p, 3, 65536);
  p = mremap(p, 65536, 1 << 22, MREMAP_MAYMOVE);
  MUST(p != MAP_FAILED);
  memset(p + 65536, 4, (1 << 22) - 65536);
  MUST(!mprotect(p, 4096, PROT_READ) && !madvise(p + 8192, 8192, MADV_DONTNEED));
  mix(p[0] + p[8192] + p[(1 << 22) - 1]);
  p[20000]++;
  int id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600);
  MUST(id >= 0);
  char *s = shmat(id, 0, 0);
  MUST(s != (void *)-1);
  strcpy(s + 5000, "shared");
  mix(s[5001]);
  MUST(!shmdt(s) && !shmctl(id, IPC_RMID, 0));
  char *blocks[200];
  for (int i = 0; i < 200; i++) blocks[i] = memset(malloc((size_t)i * 1000 + 1), i, (size_t)i * 1000 + 1);
  for (int i = 0; i < 200; i += 2) blocks[i] = realloc(blocks[i], (size_t)(200 - i) * 500 + 1);
  for (int i = 0; i < 200; i++) mix(blocks[i][0]), free(blocks[i]);
}

static __thread long own = 5;
static void *thread(void *argument) {
  own += (long)argument;
  char *p = malloc(5000);
  memset(p, (int)own, 5000);
  own += p[4999];
  free(p);
  if ((long)argument == 3)
    for (;;) sleep(1);
  return (void *)own;
}
static void threads(void) {
  for (int round = 0; round < 20; round++) {
    pthread_t all[4];
    for (long i = 0; i < 4; i++) MUST(!pthread_create(&all[i], 0, thread, (void *)i));
    for (int i = 0; i < 3; i++) {
      void *result;
      MUST(!pthread_join(all[i], &result));
      mix((long)result);
    }
    void *result;
    MUST(!pthread_cancel(all[3]) && !pthread_join(all[3], &result));
    mix(result == PTHREAD_CANCELED);
    pthread_t loose;
    MUST(!pthread_create(&loose, 0, thread, 0) && !pthread_detach(loose));
  }
  usleep(100000); /* the detached ones unmap themselves */
}

int main(void) {
  signals(), processes(), sockets(), files(), memory(), threads();
  printf("%ld\n", sum);
  return 0;
}
