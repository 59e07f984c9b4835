/* The instructions that the rewriter makes or mirrors, decoded where a signal or a lost page finds them (group.c, window.c). */
#ifndef MR_INSN_H
#define MR_INSN_H
#include "mr.h"

typedef unsigned char byte;
enum { SP = 4, DI = 7, NONE = -1 };

/* One instruction as far as it matters here. */
struct insn {
  u32 length, map, opcode, wide, prefixes, reg, register_form; /* map: 0, 0f, 0f38, 0f3a as 0 to 3; EVEX has a 5 */
  u32 vector, narrow;                                          /* VEX or EVEX, bytes; an address of 32 bits in 64-bit code */
  int segment, base;                                           /* the prefix byte or 0; the base register or NONE */
  word address;                                                /* of its operand in memory, with fs and gs of thread-local storage */
};
enum { P66 = 1, PF2 = 2, PF3 = 4, WAIT = 0x9b };

int mr_decode(const byte *start, const word *regs, struct insn *i); /* 0 where the instruction is none of those */
u32 mr_written(const struct insn *i, const word *regs, word *at); /* bytes that it writes at its operand, or where it writes besides; 0: none, or it is not known here */
int mr_stores_mirror(const struct insn *i, const word *regs, word at, u32 bytes); /* whether it stores to the mirror of `at` */
int mr_is_load(const struct insn *i);
u32 mr_load_bytes(const struct insn *i);
int mr_is_copy(const struct insn *load, const struct insn *store, const word *regs); /* mov m, s; mov s, mirror of m */
u32 mr_operand_bytes(const struct insn *i);
static inline word mr_value(const word *regs, int number) { return regs[mr_register_order[number]]; }
/* Elsewhere (code made at run time) nothing is mirrored, and the bytes around need not be readable. */
static inline int mr_in_image(word ip) { return ip >= (word)__ehdr_start + PG && ip < (word)__etext; }
#endif
