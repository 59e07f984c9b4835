/* What a scanf stored: the format tells (C11 7.21.6.2; glibc's manual, Formatted Input). */
#include "after.h"

static const char *skip_set(const char *f) { /* behind '[' */
  if (*f == '^') f++;
  if (*f == ']') f++;
  while (*f && *f != ']') f++;
  return f;
}

/**
 * Copies the objects of the first `conversions` assignments. %n counts for none, so those before the next assignment that failed are
 * stored, too.
 */
void mr_scan_copy(const char *f, __builtin_va_list args, int conversions) {
  for (; *f; f++) {
    if (*f != '%') continue;
    f++;
    int stores = 1, allocates = 0, longs = 0, shorts = 0, width = 0;
    if (*f == '%') continue;
    if (*f == '*') stores = 0, f++;
    while (*f >= '0' && *f <= '9') width = width * 10 + (*f++ - '0');
    if (*f == '$') { /* numbered arguments */
      mr_escape("library", "scanf-numbered");
      return;
    }
    for (;; f++) {
      if (*f == 'h') shorts++;
      else if (*f == 'l' || *f == 'q' || *f == 'L' || *f == 'j' || *f == 'z' || *f == 't') longs += *f == 'L' ? 2 : 1;
      else if (*f == 'm') allocates = 1;
      else if (*f != '\'' && *f != 'I') break;
    }
    char what = *f;
    if (!what) return;
    if (what == '[') f = skip_set(f + 1);
    if (!stores) continue;
    if (what != 'n' && conversions-- <= 0) return;
    word at = __builtin_va_arg(args, word), unit;
    if (allocates) {
      mr_copy(at, sizeof(word));
      continue;
    }
    word n = 0;
    switch (what) {
    case 'a': case 'A': case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': mr_copy(at, longs > 1 ? 10 : longs ? 8 : 4); break;
    case 'c': case 'C': mr_copy(at, (word)(width ? width : 1) * (longs || what == 'C' ? 4 : 1)); break;
    case '[': case 's': case 'S':
      unit = longs || what == 'S' ? 4 : 1;
      while (unit == 4 ? ((volatile u32 *)at)[n] != 0 : ((volatile char *)at)[n] != 0) n++;
      mr_copy(at, (n + 1) * unit);
      break;
    case 'p': mr_copy(at, 8); break;
    default: mr_copy(at, longs ? 8 : shorts > 1 ? 1 : shorts ? 2 : 4);
    }
    if (!*f) return;
  }
}
