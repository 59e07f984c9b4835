// Integers, strings, floating point of all sizes, sorting, memory, files and time: what a program's C library does most.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(int argc, char **argv) {
  printf("%d %s\n", argc, argv[argc - 1]);
  uint64_t x = 88172645463325252ull;
  for (int i = 0; i < 1000; i++) x ^= x << 13, x ^= x >> 7, x ^= x << 17, x *= 0x2545f4914f6cdd1dull;
  printf("%llx %llu %lld\n", (unsigned long long)x, (unsigned long long)(x / 12345), (long long)x % 1000007);
  int numbers[200];
  for (int i = 0; i < 200; i++) numbers[i] = (i * 7919) % 1000 - 500;
  qsort(numbers, 200, sizeof *numbers, compare);
  printf("%d %d %d\n", numbers[0], numbers[100], numbers[199]);
  double sum = 0;
  float half = 0;
  long double precise = 1;
  for (int i = 1; i < 100; i++) sum += 1.0 / i, half = half / 2 + i, precise *= 1.0L + 1.0L / i / i;
  printf("%.17g %.9g %.20Lg %g\n", sum, half, precise, strtod("6.02214076e23", NULL));
  char *text = malloc(100000);
  memset(text, 'a', 99999), text[99999] = 0;
  memmove(text + 10, text, 5000);
  text[777] = 'b';
  text = realloc(text, 400000);
  printf("%zu %td\n", strlen(text), strchr(text, 'b') - text);
  FILE *file = fopen("/tmp/emulated", "w+");
  fprintf(file, "line %d\n", 42), rewind(file);
  char line[32];
  if (!fgets(line, sizeof line, file)) return 1;
  fclose(file);
  struct stat status;
  printf("%s%d %lld\n", line, stat("/tmp/emulated", &status), (long long)status.st_size);
  unlink("/tmp/emulated");
  printf("%d\n", access("/tmp/emulated", F_OK));
  return 7;
}
