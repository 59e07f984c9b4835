// What -finstrument-functions calls: hooks that write.
#include <stdio.h>
static void *last[64];
static unsigned entries, exits;
__attribute__((no_instrument_function)) void __cyg_profile_func_enter(void *function, void *site) {
  last[entries++ & 63] = function;
  last[entries & 63] = site;
}
__attribute__((no_instrument_function)) void __cyg_profile_func_exit(void *function, void *site) {
  exits += function != site;
}
__attribute__((noinline)) static int work(int n) { return n < 2 ? n : work(n - 1) + work(n - 2); }
int main(void) {
  int result = work(15);
  printf("%d %u %u\n", result, entries, exits);
  return 0;
}
