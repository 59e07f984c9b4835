// Exceptions thrown by signal handlers: through the frame that the kernel made, into the interrupted code.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

struct Noisy {
  std::string name;
  ~Noisy() { std::printf("~%s\n", name.c_str()); }
};

static void plain(int number) {
  Noisy inner{"plain"};
  throw std::runtime_error("signal " + std::to_string(number));
}
static void informed(int number, siginfo_t *info, void *) {
  Noisy inner{"informed"};
  throw std::runtime_error("signal " + std::to_string(number) + " at " + std::to_string((long)info->si_addr));
}

static int load(volatile int *from) { return *from; }
// Compilers know of load that it does not throw, of what a pointer points to they do not.
static int (*volatile loads)(volatile int *) = load;

__attribute__((noinline)) static void attempt(const char *name) {
  try {
    Noisy outer{name};
    std::printf("%d\n", loads((volatile int *)8));
  } catch (const std::exception &e) {
    std::printf("%s: %s\n", name, e.what());
  }
}

int main() {
  stack_t stack = {};
  stack.ss_size = 1 << 17;
  stack.ss_sp = std::malloc(stack.ss_size);
  sigaltstack(&stack, nullptr);
  for (int flags : {0, SA_ONSTACK}) {
    struct sigaction action = {};
    action.sa_flags = flags | SA_NODEFER;
    action.sa_handler = plain;
    sigaction(SIGSEGV, &action, nullptr);
    for (int i = 0; i < 3; i++) attempt("without information");
    action.sa_flags |= SA_SIGINFO;
    action.sa_sigaction = informed;
    sigaction(SIGSEGV, &action, nullptr);
    for (int i = 0; i < 3; i++) attempt("with information");
  }
}
