// x87 pops, fenv, thread-local stores, pops to memory, pushf, cmpxchg, xchg of its own address, sub-word stores.
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
static __thread long local[4];
static long double wide[4];
static long cells[4];
static short half;
static char byte;
int main(int argc, char **argv) {
  (void)argv;
  for (int i = 0; i < 4; i++) {
    wide[i] = (long double)i / 3 + argc;
    local[i] += i * argc;
  }
  float f;
  double g;
  long long q;
  __asm__ volatile("fldpi\n\tfstps %0\n\tfldpi\n\tfstpl %1\n\tfldpi\n\tfistpll %2" : "=m"(f), "=m"(g), "=m"(q));
  fenv_t env;
  feholdexcept(&env);
  fesetenv(&env);
  long flags;
  __asm__ volatile("pushf\n\tpop %0" : "=m"(flags) : : "memory");
  long self = (long)&self, old = self;
  __asm__ volatile("xchg %0, (%0)" : "+r"(self) : : "memory");
  long expected = 0;
  __atomic_compare_exchange_n(&cells[0], &expected, 77, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&cells[1], 5, __ATOMIC_SEQ_CST);
  __atomic_exchange_n(&cells[2], 9, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&half, 3, __ATOMIC_SEQ_CST);
  __atomic_or_fetch(&byte, 0x41, __ATOMIC_SEQ_CST);
  char *p = malloc(100000);
  for (int i = 0; i < 100000; i++) p[i] = (char)(i * 7);
  printf("%.6f %.6f %.6Lf %lld %d %ld %ld %ld %d %d %d\n", f, g, wide[3], q, self == old || self != 0, cells[0], cells[1], cells[2], half, byte,
         p[99999]);
  return (int)local[3];
}
