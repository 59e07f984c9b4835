// Children by posix_spawn, vfork, system and popen, from several threads, too. Arguments: a program that shows what it finds, another one.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static const char *programs[2];
static volatile sig_atomic_t caught;
static void count(int signal) { (void)signal, caught++; }
static int status_of(pid_t pid) {
  int status;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
static void spawn_each(void) {
  for (int i = 0; i < 2; i++) {
    char name[] = "/tmp/mirrorasm-spawn-XXXXXX", line[4096] = "";
    int fd = mkstemp(name);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 5, name, O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, 5, 1);
    posix_spawn_file_actions_addclose(&actions, 5);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t mask;
    sigemptyset(&mask), sigaddset(&mask, SIGHUP);
    posix_spawnattr_setsigmask(&attributes, &mask);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    pid_t pid = -1;
    int r = posix_spawn(&pid, programs[i], &actions, &attributes, (char *[]){(char *)programs[i], "seven", 0}, environ);
    int status = r ? -1000 - r : status_of(pid);
    if (read(fd, line, sizeof line - 1) < 0) perror("read");
    printf("spawned %d: %s", status, line);
    close(fd), unlink(name);
    posix_spawn_file_actions_destroy(&actions), posix_spawnattr_destroy(&attributes);
  }
  pid_t pid = 12345;
  printf("none: %d, pid kept %d\n", posix_spawn(&pid, "/nowhere/at/all", 0, 0, (char *[]){"x", 0}, environ) == ENOENT, pid == 12345);
  printf("by path: %d\n", posix_spawnp(&pid, "true", 0, 0, (char *[]){"true", 0}, environ) || status_of(pid));
}
static void vforks(void) {
  for (int i = 0; i < 2; i++) {
    fflush(stdout);
    pid_t pid = vfork();
    if (!pid) {
      execl(programs[i], programs[i], "vfork", (char *)0);
      _exit(99);
    }
    printf("vfork %d\n", status_of(pid));
  }
  pid_t pid = vfork();
  if (!pid) {
    execl("/nowhere/at/all", "x", (char *)0);
    _exit(errno == ENOENT ? 98 : 97);
  }
  printf("vfork %d\n", status_of(pid));
  for (int i = 0; i < 3; i++) {
    pid = vfork();
    if (!pid) _exit(i);
    printf("vfork %d\n", status_of(pid));
  }
}
static void *spawner(void *x) {
  long bad = 0;
  for (int i = 0; i < 8; i++) {
    char *block = malloc(30000);
    memset(block, i, 30000);
    pid_t pid;
    if (posix_spawn(&pid, i & 1 ? "/bin/true" : "/bin/false", 0, 0, (char *[]){"x", 0}, environ)) bad += 100;
    else if (status_of(pid) != !(i & 1)) bad++;
    if (block[29999] != i) bad += 10000;
    free(block);
  }
  (void)x;
  return (void *)bad;
}
int main(int argc, char **argv) {
  if (argc != 3) return 3;
  programs[0] = argv[1], programs[1] = argv[2];
  signal(SIGUSR1, count), signal(SIGUSR2, SIG_IGN);
  spawn_each();
  raise(SIGUSR1); // a child of posix_spawn takes the handlers back in memory that is ours
  vforks();
  raise(SIGUSR1);
  printf("caught %d\n", (int)caught);
  fflush(stdout);
  printf("system %d\n", WEXITSTATUS(system("exit 11")));
  FILE *pipe = popen("echo from a pipe", "r");
  char line[64] = "";
  if (!fgets(line, sizeof line, pipe)) return 4;
  printf("popen %d: %s", pclose(pipe), line);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, spawner, 0);
  for (int i = 0; i < 4; i++) {
    void *bad;
    pthread_join(threads[i], &bad);
    printf("thread: %ld\n", (long)bad);
  }
  raise(SIGUSR1);
  printf("caught %d\n", (int)caught);
  return 0;
}
