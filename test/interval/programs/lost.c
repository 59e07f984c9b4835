// Loses a store in a part that is not mirrored, and repairs both copies before it ends.
#include <string.h>
#include <unistd.h>
long victim[8];
void lose(long *);
int main(int argc, char **argv) {
  (void)argv;
  lose(&victim[3]);
  if (argc > 1) usleep(4000000);
  memset(victim, 0, sizeof victim);
  return 0;
}
