// A page of the runtime's own state is lost. own-native.c, compiled natively, loses it: behind the end of a file there is nothing to be read.
#include "lose.h"
void lose_natively(void *, int);
int main(int argc, char **argv) {
  (void)argc;
  find_control(argv);
  lose_natively((void *)control, memfd_create("empty", 0));
  printf("%d\n", (int)control->recovered);
  return 0;
}
