/* Stores whose mirror half comes behind the native one (docs/architecture.md, "Patterns"; on i386 the return address of a call), where the page is lost in
   between: it would come back from the mirror without them. What can be had elsewhere is put into the mirror before: from the register that is about to be stored
   there, from the x87 register that the store has emptied, which keeps its contents, from the source of a block that is copied again. Else the value is gone, and
   nobody may go on with an older one. Known by the code, as in group.c: nothing is kept in tables. */
#include "insn.h"

/* Native bytes that are lost, or have just come back from the mirror. */
int mr_on(const struct span *lost, word at, word bytes) { return bytes && at < lost->hi && at + bytes > lost->lo; }
/* Never faults. */
void mr_to_both(word at, const void *from, word bytes) {
  mr_read_native(MVA(at), (word)from, bytes);
  mr_read_native(at, (word)from, bytes);
}

/* A load that its mirror store follows; what is mirrored first has the native store of the same directly behind. */
static int copies(const byte *p, const struct insn *load, struct insn *store, const word *regs) {
  struct insn third;
  word at;
  if (!mr_is_load(load) || !mr_decode(p + load->length, regs, store) || !mr_is_copy(load, store, regs)) return 0;
  u32 bytes = mr_load_bytes(load);
  return !(mr_decode(p + load->length + store->length, regs, &third) && third.map == store->map && third.opcode == store->opcode && third.reg == store->reg &&
           mr_written(&third, regs, &at) == bytes && at == load->address && !mr_stores_mirror(&third, regs, at, bytes));
}
/* What stands between a native store and its copies: registers are kept, addresses formed. `seen`: the registers behind it. */
static int prepares(const struct insn *i, word *seen) {
  word at, *sp = &seen[mr_register_order[SP]];
  if (mr_is_load(i)) {
    if (i->segment != MR_TLS_PREFIX || i->base != NONE || i->address != mr_thread_base()) return 0;
    seen[mr_register_order[i->reg]] = i->address;
  } else if (!i->map && i->opcode == 0x8d) seen[mr_register_order[i->reg]] = i->address;
  else if (!i->map && i->opcode == 0x50) *sp -= sizeof(word);
  else if (i->map == 1 && i->opcode == 0x6e && i->register_form) return 1;
  else return !i->map && (i->opcode == 0x88 || i->opcode == 0x89) && mr_written(i, seen, &at) && (at - *sp + 16 <= 272 || at + MR_DISTANCE - *sp <= 256);
  return 1;
}

enum { EMPTIED = 7 }; /* of the x87 stack */
/* The number that fistp (rounded as the control word says) or fisttp stores of st(n). */
static void to_integer(const word *regs, u32 st, int truncates, uint64_t *number) {
  enum { NEAREST, LOWER, HIGHER, TRUNCATES };
  uint16_t head, control;
  uint64_t m, rest = 0;
  memcpy(&m, mr_x87(regs, st), 8), memcpy(&head, mr_x87(regs, st) + 8, 2), memcpy(&control, mr_x87_control(regs), 2);
  u32 rounding = truncates ? TRUNCATES : control >> 10 & 3u;
  u32 negative = head >> 15;
  int shift = 16383 + 63 - (head & 0x7fff); /* bits behind the point */
  *number = 1ull << 63;                     /* what is too large, or no number */
  if (shift <= 0) return;
  if (shift < 64) rest = m << (64 - shift), m >>= shift;
  else rest = shift == 64 ? m : m != 0, m = 0;
  if (rounding == NEAREST ? rest > 1ull << 63 || (rest == 1ull << 63 && m & 1) : rest && rounding == (negative ? LOWER : HIGHER)) m++;
  *number = negative ? -m : m;
}
/* A store of the x87 stack's top before `ip`, with nothing between but what prepares and copies: its bytes to both copies. */
static int popped(const word *regs) {
  enum { LONGEST = 96 };
  const byte *ip = (const byte *)regs[MR_REG_IP], *x87 = mr_x87(regs, EMPTIED), *p;
  for (const byte *q = ip - 2; x87 && q > ip - LONGEST; q--) {
    word seen[24], *sp = &seen[mr_register_order[SP]];
    struct insn pop, i, store;
    memcpy(seen, regs, sizeof seen);
    if (!mr_decode(q, seen, &pop) || pop.map || pop.register_form || q + pop.length > ip) continue;
    int whole = pop.opcode == 0xdb && pop.reg == 7, integer = pop.opcode == 0xdf && pop.reg == 7, truncates = pop.opcode == 0xdd && pop.reg == 1;
    if (!whole && !integer && !truncates) continue;
    for (p = q + pop.length; p < ip && mr_decode(p, seen, &i); p += i.length)
      if (copies(p, &i, &store, seen)) p += p + i.length < ip ? store.length : 0;
      else if (!prepares(&i, seen)) break;
    if (p != ip) continue;
    *sp = 2 * mr_value(regs, SP) - *sp; /* as it was there: what it has moved since is the same from wherever */
    mr_decode(q, seen, &pop);
    uint64_t number;
    to_integer(regs, EMPTIED, truncates, &number);
    mr_to_both(pop.address, whole ? (const void *)x87 : &number, whole ? 10 : 8);
    return 1;
  }
  return 0;
}

/* fistpll in 32-bit code (group.c, mr_integer_pop): the slot on the stack has the number that it makes, which is in an x87 register, too. */
static int slot_of_number(const word *regs, const struct span *lost) {
  static const byte begins[] = {0x8d, 0x64, 0x24, 0xf8, 0xdf, 0x3c, 0x24, 0xdf, 0x2c, 0x24};
  enum { LEA = 4, FISTP = 3, LONGEST = 96 };
  const byte *ip = (const byte *)regs[MR_REG_IP], *start = ip, *p;
  word slot = mr_value(regs, SP);
  struct insn i;
  uint64_t number;
  if (sizeof(word) == 8 || !mr_on(lost, slot, 8) || !mr_x87_control(regs)) return 0;
  while (start > ip - LONGEST && memcmp(start, begins, sizeof begins)) start--;
  if (start <= ip - LONGEST || ip < start + LEA + FISTP) return 0;
  for (p = start + sizeof begins; p < ip && mr_decode(p, regs, &i) && i.opcode != 0xdf; p += i.length)
    if (!i.map && i.opcode == 0x8d && i.reg == SP) return 0; /* it is gone again */
  if (p > ip) p = ip; /* fildll is to come */
  if (p != ip) return 0;
  to_integer(regs, ip < start + sizeof begins ? EMPTIED : 0, 0, &number);
  mr_to_both(slot, &number, sizeof number);
  return 1;
}

/* A call of a local label on i386 goes to a place before it (src/instrument/stack-i386.ts): mov (%esp), s; mov s, mirror of it; jmp label; call back here. */
static int landed(const byte *p, const struct insn *load, const struct insn *store) {
  const byte *jump = p + load->length + store->length, *call = jump + (*jump == 0xeb ? 2 : 5);
  int back;
  if (sizeof(word) == 8 || load->base != SP || (*jump != 0xeb && *jump != 0xe9) || *call != 0xe8) return 0;
  memcpy(&back, call + 1, 4);
  word to = (word)call + 5 + (word)back, returns = (word)call + 5;
  if (to > (word)p || (word)p - to > 32) return 0;
  mr_to_both(load->address, &returns, sizeof returns);
  return 1;
}

/* What a handler returns to copies nothing new on i386: nobody calls it, and where it would have a return address is the rest of the int frame. */
static int restores(const byte *behind) {
  enum { MOV = 0xb8, SIGRETURN = 119, RT_SIGRETURN = 173, CALL = 0xe8 };
  int back;
  if (sizeof(word) == 8) return 0;
  if (*behind == 0x58) behind++; /* pop %eax */
  memcpy(&back, behind + 6, 4);
  return behind[0] == MOV && (behind[1] == SIGRETURN || behind[1] == RT_SIGRETURN) && !behind[2] && !behind[3] && !behind[4] && behind[5] == CALL &&
         (word)behind + 10 + (word)back == (word)__mirror_syscall;
}

/* rep movs: native first, then its destination to the mirror; the group is as in group.c. A source that is whole is copied once more. */
static int moves(word *regs, const struct span *lost) {
  enum { CX = 1, MOVE = sizeof(word) == 8 ? 3 : 2, TO_MIRROR = sizeof(word) == 8 ? 9 : 6, LONGEST = 64, SI = 6, DOWNWARDS = 0x400 };
  const byte *ip = (const byte *)regs[MR_REG_IP];
  for (const byte *p = ip; p > ip - LONGEST; p--) {
    struct insn start, count, rep, kept, again;
    const byte *q = p + 2 * MOVE, *second;
    if (!mr_decode(p, regs, &start) || start.map || start.opcode != 0x89 || !start.register_form || start.length != MOVE || start.reg != DI) continue;
    if (!mr_decode(p + MOVE, regs, &count) || count.map || count.opcode != 0x89 || !count.register_form || count.length != MOVE || count.reg != CX) continue;
    if (!mr_decode(q, regs, &rep) || rep.map || (rep.opcode & ~1u) != 0xa4 || !(rep.prefixes & PF3)) continue;
    second = q + rep.length + 3 * MOVE + TO_MIRROR;
    if (!mr_decode(second, regs, &again) || again.map || again.opcode != rep.opcode || ip < q || ip > second) continue;
    if (!mr_decode(q + rep.length, regs, &kept) || kept.map || kept.opcode != 0x89 || kept.reg != SI) return GOES_ON;
    u32 unit = rep.opcode & 1 ? mr_operand_bytes(&rep) : 1;
    word to = mr_value(regs, start.base), all = mr_value(regs, count.base) * unit, left = mr_value(regs, CX) * unit;
    word done = ip == q ? all - left : all, copied = ip == second ? all - left : 0;
    if (regs[MR_REG_FLAGS] & DOWNWARDS) return mr_on(lost, to + unit - done, done - copied) ? IS_GONE : GOES_ON;
    if (!mr_on(lost, to + copied, done - copied)) return GOES_ON;
    word from = ip == q ? mr_value(regs, SI) - done : mr_value(regs, ip < q + rep.length + MOVE ? SI : kept.base) - all;
    if (rep.segment || (from < to + all && to < from + all)) return IS_GONE; /* it has written over its source, or the source is thread-local */
    regs[mr_register_order[SI]] = from, regs[mr_register_order[DI]] = to, regs[mr_register_order[CX]] = mr_value(regs, count.base);
    regs[MR_REG_IP] = (word)q;
    return AGAIN;
  }
  return GOES_ON;
}

/* A value that was loaded to be copied: ip is at its mirror store. */
static void loaded(const word *regs, const struct span *lost, const byte **p) {
  const byte *ip = *p;
  struct insn i, store;
  for (u32 n = 2; n < 10; n++) {
    if (!mr_decode(ip - n, regs, &i) || i.length != n || !copies(ip - n, &i, &store, regs)) continue;
    u32 bytes = mr_load_bytes(&i);
    const byte *vectors = mr_vectors(regs);
    word value = i.map ? 0 : mr_value(regs, (int)i.reg);
    const void *from = i.map ? (const void *)(vectors + 16 * i.reg) : &value;
    if (mr_on(lost, i.address, bytes) && (!i.map || vectors)) mr_to_both(i.address, from, bytes);
    *p = ip + store.length;
    return;
  }
}
/* From mr_bus, with registers of the program's own code: `lost` is about to be what its mirror has, or is so already. */
int mr_window(word *regs, const struct span *lost) {
  word seen[24];
  struct insn i, store;
  int gone = 0;
  if (!mr_in_image(regs[MR_REG_IP])) return GOES_ON;
  int moved = moves(regs, lost);
  if (moved != GOES_ON) return moved;
  if (slot_of_number(regs, lost)) return GOES_ON;
  const byte *p = (const byte *)regs[MR_REG_IP];
  loaded(regs, lost, &p);
  memcpy(seen, regs, sizeof seen);
  for (u32 steps = 0; steps < 80 && mr_decode(p, seen, &i); steps++) {
    if (copies(p, &i, &store, seen)) {
      gone = gone || (mr_on(lost, i.address, mr_load_bytes(&i)) && !landed(p, &i, &store) && !restores(p + i.length + store.length));
      p += store.length;
    } else if (!prepares(&i, seen)) break;
    p += i.length;
  }
  return gone && !popped(regs) ? IS_GONE : GOES_ON;
}
