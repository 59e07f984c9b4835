// Starts another program in its own place, by each way there is. Arguments: how, the program.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
extern char **environ;
static const char *how, *program;
static char *bare[] = {0};
static void ignore(int signal) { (void)signal; }
static void *from_thread(void *x) {
  execl(program, program, "thread", (char *)0);
  return x;
}
static void *forever(void *x) {
  for (volatile int *n = x;; (*n)++)
    ;
}
static int is(const char *name) { return !strcmp(how, name); }
int main(int argc, char **argv) {
  if (argc != 3) return 3;
  how = argv[1], program = argv[2];
  setvbuf(stdout, 0, _IONBF, 0);
  char *dirty = malloc(50000);
  memset(dirty, 'd', 50000);
  if (is("plain")) execl(program, program, "one", "two", (char *)0);
  if (is("environment")) {
    // Everything but what is given, and what the mirror is told.
    static char check[64], report[4096];
    char *given[] = {"A=1", "B=two words", 0, 0, 0};
    if (getenv("MIRROR_CHECK")) snprintf(check, sizeof check, "MIRROR_CHECK=%s", getenv("MIRROR_CHECK")), given[2] = check;
    if (getenv("MIRROR_REPORT")) snprintf(report, sizeof report, "MIRROR_REPORT=%s", getenv("MIRROR_REPORT")), given[3] = report;
    execve(program, (char *[]){(char *)program, "given", 0}, given);
  }
  if (is("bare")) execve(program, (char *[]){(char *)program, 0}, bare);
  if (is("nothing")) syscall(SYS_execve, program, 0, 0);
  if (is("descriptor")) fexecve(open(program, O_RDONLY | O_CLOEXEC), (char *[]){(char *)program, "seven", 0}, environ);
  if (is("memory")) {
    int from = open(program, O_RDONLY), to = memfd_create("copy", MFD_CLOEXEC);
    static char buffer[65536];
    for (ssize_t n; (n = read(from, buffer, sizeof buffer)) > 0;)
      if (write(to, buffer, (size_t)n) != n) return 4;
    syscall(SYS_execveat, to, "", (char *[]){(char *)program, "memory", 0}, environ, AT_EMPTY_PATH);
  }
  if (is("signals")) {
    sigset_t mask;
    signal(SIGUSR1, ignore), signal(SIGUSR2, SIG_IGN);
    sigemptyset(&mask), sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, 0);
    raise(SIGHUP);
    dup2(1, 9), fcntl(9, F_SETFD, FD_CLOEXEC);
    execl(program, program, "signals", (char *)0);
  }
  if (is("thread")) {
    static volatile int counts[3];
    pthread_t t;
    for (int i = 0; i < 3; i++) pthread_create(&t, 0, forever, (void *)&counts[i]);
    pthread_create(&t, 0, from_thread, 0);
    pthread_join(t, 0);
  }
  if (is("failing")) {
    printf("%d", execl("/nowhere/at/all", "x", (char *)0) == -1 && errno == ENOENT);
    printf(" %d", execl("/", "x", (char *)0) == -1 && errno == EACCES);
    printf(" %d", execve(program, (char **)8, environ) == -1 && errno == EFAULT);
    printf(" %d\n", syscall(SYS_execve, (char *)-4096L, 0, 0) == -1 && errno == EFAULT);
    return 0;
  }
  if (is("unlimited stack")) {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_STACK, &limit)) return 5;
    execl(program, program, (char *)0);
  }
  if (is("legacy layout")) {
    personality(ADDR_COMPAT_LAYOUT);
    execl(program, program, (char *)0);
  }
  if (is("bad option")) {
    setenv("MIRROR_CHECK", "sometimes", 1);
    execl(program, program, (char *)0);
  }
  perror(how);
  return 6;
}
