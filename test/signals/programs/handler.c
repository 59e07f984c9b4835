// Linked into any program: a handler that does nothing, from the beginning on.
#include <signal.h>
#include <string.h>
static void handler(int signal) { (void)signal; }
__attribute__((constructor)) static void begin(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler, action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, 0);
}
