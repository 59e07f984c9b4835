// Nested functions: the static chain in r10, trampolines written to an executable stack, jumps out of them.
#include <stdio.h>
#include <stdlib.h>
static int apply(int (*f)(int), int n) { return f(n); }
static int outer(int base) {
  __label__ out;
  int seen = 0;
  int inner(int n) {
    seen++;
    int innermost(int m) { seen += m; return m + base; }
    if (n > 90) goto out;
    return apply(innermost, n) + innermost(1);
  }
  int total = 0;
  for (int i = 0; i < 10; i++) total += apply(inner, i) + inner(2);
  int compare(const void *a, const void *b) { seen++; return *(const int *)a - *(const int *)b; }
  int list[] = {4, 2, 8, base};
  qsort(list, 4, sizeof *list, compare);
  printf("%d %d %d\n", total, seen > 20, list[0]);
  apply(inner, 95);
  puts("not here");
out:
  return seen > 20;
}
int main(void) { return outer(3) + outer(100); }
