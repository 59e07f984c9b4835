/* One case a library function: it writes into painted memory, which is compared at exit. */
#define _GNU_SOURCE
#include <stddef.h>
#include <string.h>

struct one { const char *name; void (*run)(void); };
#define CASE(function) \
  static void case_##function(void); \
  static const struct one entry_##function __attribute__((section("cases"), used, aligned(8))) = {#function, case_##function}; \
  static void case_##function(void)

/* By a loop: memset has a case of its own. */
#define PAINT(name, size) \
  static unsigned char name[size] __attribute__((aligned(16))); \
  for (volatile size_t k = 0; k < sizeof name; k++) name[k] = 0xa5
void need(int ok, const char *what);
#define NEED(condition) need(!!(condition), #condition)
