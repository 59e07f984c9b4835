/* The scanf that C23 names in headers since glibc 2.38; older libraries have none. */
#include "lists.h"

int __isoc23_vfscanf(void *, const char *, va_list);
int __isoc23_vscanf(const char *, va_list);
int __isoc23_vsscanf(const char *, const char *, va_list);

int __wrap___isoc23_scanf(const char *f, ...) { SCANNED(f, f, __isoc23_vscanf(f, v)); }
int __wrap___isoc23_fscanf(void *from, const char *f, ...) { SCANNED(f, f, __isoc23_vfscanf(from, f, v)); }
int __wrap___isoc23_sscanf(const char *from, const char *f, ...) { SCANNED(f, f, __isoc23_vsscanf(from, f, v)); }
