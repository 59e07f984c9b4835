// Undefined behaviour that -fsanitize=undefined finds.
#include <limits.h>
#include <stdio.h>
int main(int argc, char **argv) {
  (void)argv;
  int list[4] = {1, 2, 3, 4};
  long total = 0;
  for (int i = 0; i < 4; i++) total += list[i] << i;
  printf("%ld\n", total);
  fflush(stdout);
  int big = INT_MAX - 1 + argc;
  return (big + argc) & 1;
}
