// Results whose over- or underflow is not masked: the exponent is wrapped in a register, nothing is stored in memory (SDM vol. 1, 8.5.4 and 8.5.5).
// Then the exception itself: SIGFPE at the next waiting instruction.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct saved {
  unsigned short control, c, status, s, tag, t, rest[8];
  unsigned char registers[80];
};

static const long double numbers[] = {1.5L, -1.5L, 0x1.8p16383L, -0x1.8p16383L, 0x1.8p-16382L, -0x1.8p-16382L, 0x1p-16445L, 0x1.fffffffffffffffep16383L, 0x1.123456789abcdef1p-16300L};
static const double powers[] = {1,      2,     8191,  8193,  16384,  24576,  24577,  40959,  40960,  65536,  1e30,
                                -8193, -8194, -24576, -24577, -40958, -40959, -40960, -40961, -65536, -1e30};

static void show(const char *name, const struct saved *to, unsigned long long memory) {
  unsigned long long significand;
  unsigned short exponent;
  memcpy(&significand, to->registers, 8), memcpy(&exponent, to->registers + 8, 2);
  printf("%s %04x %04x %016llx %llx\n", name, to->status, exponent, significand, memory);
}

#define RUN(name, instruction)                                                                                                  \
  do {                                                                                                                           \
    struct saved to;                                                                                                             \
    unsigned long long memory = 0x1234;                                                                                          \
    asm volatile("fninit; fldcw %2; fldl %4; fldt %3; " instruction "; fnsave %0"                                                \
                 : "=m"(to), "+m"(memory)                                                                                        \
                 : "m"(control), "m"(x), "m"(by), "m"(y)                                                                         \
                 : "memory");                                                                                                    \
    show(name, &to, memory);                                                                                                     \
  } while (0)

static void handler(int number, siginfo_t *info, void *context) {
  (void)context;
  printf("signal %d, code %d\n", number, info->si_code);
  fflush(stdout);
  _exit(7);
}

int main(void) {
  for (int rounding = 0; rounding < 4; rounding++)
    for (int precision = 0; precision < 4; precision += precision ? 1 : 2)
      for (unsigned n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        unsigned short control = 0x27 | precision << 8 | rounding << 10;
        long double x = numbers[n], y = numbers[(n + 7) % 9];
        for (unsigned m = 0; m < sizeof powers / sizeof *powers; m++) {
          double by = powers[m];
          RUN("fscale", "fscale");
        }
        double by = 3;
        RUN("fmul", "fmul %%st, %%st");
        RUN("fmult", "fldt %5; fmulp");
        RUN("fdivt", "fldt %5; fdivrp");
        RUN("fsubt", "fldt %5; fsubrp");
        RUN("fpremt", "fldt %5; fxch; fprem");
        RUN("fprem1t", "fldt %5; fxch; fprem1");
        RUN("fsts", "fsts %1");
        RUN("fstpl", "fstpl %1");
      }
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, 0);
  unsigned short control = 0x337;
  long double large = numbers[2];
  puts("traps");
  fflush(stdout);
  asm volatile("fninit; fldcw %0; fldt %1; fmul %%st, %%st; fwait" : : "m"(control), "m"(large));
  return 0;
}
