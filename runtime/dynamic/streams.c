/* A stream's buffer is written by the C library at any time: it gets one of the library's memory, of the size that the program gave. Nothing
   else may be done with a buffer between setvbuf and fclose (C11 7.21.5.6), so the program cannot tell. */
#include "after.h"

void *__libc_malloc(size_t n);
int _IO_setvbuf(void *stream, char *buffer, int mode, size_t n);

enum { FULL = 0, NONE_AT_ALL = 2, BUFFER = 8192 }; /* _IOFBF, _IONBF, BUFSIZ */

int __wrap_setvbuf(void *stream, char *buffer, int mode, size_t n) {
  return _IO_setvbuf(stream, buffer && n && mode != NONE_AT_ALL ? __libc_malloc(n) : 0, mode, n);
}
void __wrap_setbuffer(void *stream, char *buffer, size_t n) { __wrap_setvbuf(stream, buffer, buffer ? FULL : NONE_AT_ALL, n); }
void __wrap_setbuf(void *stream, char *buffer) { __wrap_setbuffer(stream, buffer, BUFFER); }
