// The runtime's undoing of a write that a signal came into (runtime/group.c), for code of the harness: what it needs of the rest of the runtime.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MR_H // instead of runtime/mr.h
typedef unsigned long word;
typedef uint32_t u32;
#define PG 4096ul
#include "../../runtime/limits.h"
// The harness has its own distance and zone.
#undef MR_DISTANCE
#define MR_DISTANCE (-(word)DISTANCE)
#define MVA(p) ((word)(p) - MR_DISTANCE)
static int mr_in_harness(word low, word length) { return low - ARENA < SIZE && length <= ARENA + SIZE - low; }
#ifdef __x86_64__
#define mr_in_zone mr_in_program
#define mr_is_mirror mr_is_program_mirror
#include "../../runtime/x86_64/arch.h"
#undef mr_in_zone
#undef mr_is_mirror
#else
#include "../../runtime/i386/arch.h"
#endif
#define mr_in_zone mr_in_harness
#define mr_is_mirror(at) mr_in_harness((word)(at) + MR_DISTANCE, 1)
extern const char __ehdr_start[], __etext[];
void mr_group(word *regs);
int mr_faulted_in_mirror(const word *regs, word address);
void mr_make_equal(word at, word bytes);
static long mr_read_native(word to, word from, word length) {
  memcpy((void *)to, (void *)from, length);
  return (long)length;
}
#include "../../runtime/insn.c"
#include "../../runtime/group.c"
#undef PG
