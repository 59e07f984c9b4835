// A thread takes SIGBUSes of its own, behind the end of a file, while another one loses pages: its handlers never see those.
#include "lose.h"
enum { PAGE = 4096, LOSSES = 300 };
static _Thread_local sigjmp_buf back;
static char *map;
static volatile int stop, taken, wrong;

static void handler(int signal, siginfo_t *info, void *context) {
  (void)context;
  if (signal != SIGBUS || info->si_code <= 0) return; // one of those that ask for a loss, twice
  if ((char *)info->si_addr != map + PAGE + 5) wrong++;
  siglongjmp(back, 1);
}
static void *takes(void *unused) {
  while (!stop) {
    if (!sigsetjmp(back, 1)) map[PAGE + 5] = 1;
    taken++;
  }
  return unused;
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  FILE *file = tmpfile();
  must(file && !ftruncate(fileno(file), 10), "a file");
  map = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
  char *memory = malloc(3 * PAGE);
  memset(memory, 5, 3 * PAGE);
  sigaction(SIGBUS, &(struct sigaction){.sa_sigaction = handler, .sa_flags = SA_SIGINFO}, 0);
  pthread_t thread;
  must(!pthread_create(&thread, 0, takes, 0), "a thread");
  for (int i = 0; i < LOSSES || taken < LOSSES; i++) {
    lose(memory + PAGE);
    must(memory[PAGE] == 5, "a lost page");
  }
  stop = 1;
  pthread_join(thread, 0);
  must(!wrong, "a lost page in the handler");
  printf("%d lost\n", LOSSES);
  return 0;
}
