/* calls NAME: runs one case. Without a name: lists all. */
#include "cases.h"
#include <stdio.h>
#include <stdlib.h>

extern const struct one __start_cases[], __stop_cases[];

void need(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "not true: %s\n", what);
  exit(99);
}

int main(int argc, char **argv) {
  for (const struct one *c = __start_cases; c < __stop_cases; c++)
    if (argc < 2) puts(c->name);
    else if (!strcmp(c->name, argv[1])) {
      c->run();
      return 0;
    }
  return argc < 2 ? 0 : 98;
}
