// The runtime's own thread (MIRROR_SCRUB) is sent a SIGBUS: the program's handler runs in the program's thread, and lost pages are the runtime's as before.
#include "lose.h"
#include <dirent.h>
#include <sys/syscall.h>
static volatile int seen, elsewhere;
static void handler(int signal) {
  seen += signal == SIGBUS, elsewhere += syscall(SYS_gettid) != getpid();
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  sigaction(SIGBUS, &(struct sigaction){.sa_handler = handler}, 0);
  long other = 0;
  struct dirent *entry;
  DIR *tasks = opendir("/proc/self/task");
  while ((entry = readdir(tasks)))
    if (atol(entry->d_name) > 0 && atol(entry->d_name) != getpid()) other = atol(entry->d_name);
  closedir(tasks);
  must(other != 0, "the runtime's thread");
  for (int i = 1; i <= 5; i++) {
    syscall(SYS_tgkill, getpid(), other, SIGBUS);
    for (int wait = 0; seen < i && wait < 5000; wait++) usleep(1000);
    must(seen == i && !elsewhere, "the handler, here");
    char *memory = malloc(9000);
    memset(memory, 5, 9000);
    lose(memory + 5000);
    must(memory[5000] == 5 && seen == i, "a lost page");
  }
  printf("%d seen\n", seen);
  return 0;
}
