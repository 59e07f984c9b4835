/* Calls with variable arguments handed on as a list. */
#include "after.h"
#include <stdarg.h>

#define WITH_LIST(last, expression) \
  va_list v; \
  va_start(v, last); \
  int r = expression; \
  va_end(v); \
  return r
#define SCANNED(last, format, expression) \
  va_list v, again; \
  va_start(v, last); \
  va_copy(again, v); \
  int r = expression; \
  mr_scan_copy(format, again, r); \
  va_end(again); \
  va_end(v); \
  return r
