// Pages that are lost and that nobody touches: the scrub finds them.
#include "../../recover/programs/lose.h"
static char quiet[5 * 4096] __attribute__((aligned(4096)));
static void found(u64 recovered, const char *what) {
  for (int i = 0; i < 6000 && control->recovered < recovered; i++) usleep(10000);
  must(control->recovered == recovered, what);
  puts(what);
}
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  memset(quiet, 5, sizeof quiet);
  lose(quiet + 4096);
  found(1, "data");
  lose_mirror(quiet + 2 * 4096);
  found(2, "a mirror");
  char *block = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(block, 6, 3 * 4096);
  lose(block + 4096), lose_mirror(block);
  found(4, "a mapping and its mirror");
  for (unsigned i = 0; i < sizeof quiet; i++) must(quiet[i] == 5, "data");
  for (unsigned i = 0; i < 3 * 4096; i++) must(block[i] == 6, "mapping");
  return 0;
}
