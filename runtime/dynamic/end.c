/* The functions that end the program at once. */
#include "after.h"

void mr_exit_now(word status) __attribute__((noreturn));

void __wrap__exit(int status) { mr_exit_now((word)status); }
void __wrap__Exit(int status) { mr_exit_now((word)status); }
