#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shared.h"

int program_value = 1;
void program_notes(char *to, unsigned long n) { snprintf(to, n, "the program was called, value %d", program_value); }
static void leaves(int value) { deep_leave(value); }

int main(void) {
  printf("%s\n", upper_sorted());
  printf("signals %d, child %d, program %d\n", upper_signals(), upper_child(), upper_program(6));
  upper_items[0].number += 10; // a copy in the program, which library and program share
  deep_total += 1;
  printf("jump %d, total %d, %s=%d\n", deep_enter(leaves, 5), deep_total, upper_items[0].name, upper_items[0].number);
  char *copy = deep_copy("given by the library");
  strcat(strcpy(copy, "again"), "!");
  puts(copy);
  free(copy);
  return 0;
}
