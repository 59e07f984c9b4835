#include <mirrorasm.h>
#include "syscall.h"

/* MR_NR_VERIFY of runtime/limits.h: the runtime answers it, the kernel never sees it. */
long mirror_verify(const void *memory, size_t bytes) { return syscall(0x6d760001, memory, bytes); }
