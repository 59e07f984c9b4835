/* For programs that ask about their own mirror. Programs that are also built natively include it so:
     #if __has_include(<mirrorasm.h>) */
#ifndef MIRRORASM_H
#define MIRRORASM_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Compares memory with its mirror. Gives 0 where they are equal; the number of bytes that differ, of which the first is told on stderr; -1 and errno:
   EFAULT where not all of it is protected, EPERM in a sandbox (seccomp). Words that other threads are storing meanwhile do not count. Pages that
   are lost are rebuilt. Takes a second where something differs. */
long mirror_verify(const void *memory, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
