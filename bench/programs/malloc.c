/* malloc BYTES TIMES: that many blocks got, written in their first word and given back; 64 are held at a time, the oldest goes first. */
#include <stdlib.h>
#include "clock.h"

enum { HELD = 64 };

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  size_t bytes = strtoul(argv[1], 0, 10);
  long times = strtol(argv[2], 0, 10);
  static long *volatile held[HELD];
  begin();
  for (long i = 0; i < times; i++) {
    long *block = malloc(bytes);
    if (!block) return perror("malloc"), 1;
    *block = i;
    free(held[i % HELD]);
    held[i % HELD] = block;
  }
  spent("block");
  return 0;
}
