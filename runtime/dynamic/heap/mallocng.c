/* musl's allocator as one unit; the folder of its source is found by -I, without its glue.h. */
#include "malloc.c"
#include "free.c"
#include "realloc.c"
#include "aligned_alloc.c"
#include "malloc_usable_size.c"
#include "kept.c"
