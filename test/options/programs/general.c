// A little of everything a compiler option may change: calls of all kinds, stack objects, jumps, data of all sections.
#include <alloca.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct Big { long field[20]; char text[40]; };
static int counter = 3;
static long zeroed[64];
int common[32];
static const char *const table[] = {"zero", "one", "two", "three"};
_Thread_local int local = 11;
static int unused_function_kept(int x) { return x * common[1]; }
int never_called(int x) { common[3] += x; return unused_function_kept(x); }

__attribute__((constructor)) static void before(void) { zeroed[1] = 5; }
__attribute__((destructor)) static void after(void) { printf("destructor %d\n", counter); }
__attribute__((section(".text.placed"))) NOINLINE int placed(int x) { common[x & 31] += x; return common[x & 31]; }
__attribute__((section(".data.placed"))) int placed_data = 9;
__attribute__((cold)) NOINLINE int cold(int x) { zeroed[2] += x; return (int)zeroed[2]; }
__attribute__((weak)) NOINLINE int weak(int x) { return x + 1; }
extern int aliased(int) __attribute__((alias("weak")));

NOINLINE static struct Big make(int n) {
  struct Big big;
  memset(&big, n, sizeof big);
  for (int i = 0; i < 20; i++) big.field[i] = (long)i * n;
  strcpy(big.text, table[n & 3]);
  return big;
}
NOINLINE static long consume(struct Big big, int extra, double real, long double wide) {
  big.field[3] += extra;
  return big.field[3] + big.field[19] + (long)strlen(big.text) + (long)real + (long)wide;
}
NOINLINE static long sum(int count, ...) {
  va_list list;
  long total = 0;
  va_start(list, count);
  for (int i = 0; i < count; i++) total += i % 2 ? (long)va_arg(list, double) : va_arg(list, int);
  va_end(list);
  return total;
}
NOINLINE static int classify(int n) {
  switch (n) {
    case 0: return counter++;
    case 1: return counter += 2;
    case 2: return --counter;
    case 3: return counter ^= 5;
    case 4: return counter * 2;
    case 5: return counter = counter / 2 + 1;
    case 6: return counter % 7;
    default: return zeroed[n & 63]++, n;
  }
}
NOINLINE static long variable(int n) {
  long array[n];
  char *block = alloca((size_t)n * 3);
  for (int i = 0; i < n; i++) {
    array[i] = i * (long)n;
    block[i] = (char)i;
  }
  memmove(block + 1, block, (size_t)n);
  return array[n / 2] + block[n - 1];
}
NOINLINE static int large(int n) {
  volatile char page[20000];
  page[0] = 1;
  page[19999] = (char)n;
  page[n] = 3;
  return page[0] + page[19999];
}
NOINLINE static int even(unsigned n);
NOINLINE static int odd(unsigned n) { return n == 0 ? 0 : even(n - 1); }
NOINLINE static int even(unsigned n) { return n == 0 ? 1 : odd(n - 1); }
static jmp_buf back;
NOINLINE static void jumps(int n) {
  counter += n;
  if (n > 3) longjmp(back, n);
  jumps(n + 1);
}
NOINLINE static int interpret(const unsigned char *code) {
  static const void *const labels[] = {&&add, &&twice, &&store, &&stop};
  int accumulator = 1;
  goto *labels[*code++];
add:
  accumulator += *code++;
  goto *labels[*code++];
twice:
  accumulator *= 2;
  goto *labels[*code++];
store:
  common[accumulator & 31] = accumulator;
  goto *labels[*code++];
stop:
  return accumulator;
}
static int compare(const void *a, const void *b) {
  zeroed[3]++;
  return *(const int *)a - *(const int *)b;
}
NOINLINE static double floats(float f, double d) {
  volatile float array[16];
  float total = 0;
  for (int i = 0; i < 16; i++) array[i] = f * (float)i + (float)d;
  for (int i = 0; i < 16; i++) total += array[i];
  return total;
}

int main(int argc, char **argv) {
  (void)argv;
  printf("%ld\n", consume(make(argc + 1), 4, 2.5, 3.25L));
  printf("%ld\n", sum(6, 1, 2.0, 3, 4.0, 5, 6.0));
  unsigned long total = 0;
  for (int i = 0; i < 40; i++) total = total * 3 + (unsigned long)(long)classify(i % 9);
  printf("%lu %ld %d %d\n", total, variable(50), large(77), even(100000));
  volatile int kept = 5;
  int from = setjmp(back);
  if (from == 0) jumps((int)kept - 5);
  printf("%d %d %d\n", from, kept, counter);
  static const unsigned char code[] = {0, 9, 1, 2, 1, 0, 200, 2, 3};
  printf("%d\n", interpret(code));
  int numbers[50];
  for (int i = 0; i < 50; i++) numbers[i] = i * 29 % 53;
  qsort(numbers, 50, sizeof *numbers, compare);
  int (*volatile pointer)(int) = aliased;
  local += numbers[7];
  printf("%d %d %d %d %d %d %d\n", numbers[3], pointer(4), placed(7), placed_data, cold(3), local, (int)zeroed[1]);
  char *heap = malloc(1000);
  memset(heap, 'x', 999);
  heap[999] = 0;
  printf("%zu %.3f\n", strlen(heap), floats(1.5f, 0.25));
  free(heap);
  uint64_t hash = 1469598103934665603u;
  for (size_t i = 0; i < sizeof common / sizeof *common; i++) hash = (hash ^ (unsigned)common[i]) * 1099511628211u;
  printf("%llx\n", (unsigned long long)hash);
  return counter & 63;
}
