/* A signal between the two writes of one store: the handler may never return (siglongjmp, an exception, a cancellation), and then the second
   write is lost. So before it runs, the mirror gets what native memory has and the program is put back to before its mirror store, or, where
   native memory is written first, to before the copy. Nothing is kept in tables: both writes name the same address, which the code at the
   interrupted instruction tells. */
#include "insn.h"

/* Never faults: what is asked may not be mapped. */
static void native_to_mirror(word at, word bytes) {
  if (bytes && mr_in_zone(at, bytes)) mr_read_native(MVA(at), at, bytes);
}
void mr_make_equal(word at, word bytes) { native_to_mirror(at, bytes); }

/* The length of the mirror store of `at` that ends where `native` begins, or 0. Operand size is part of what has to agree: a store of
   two bytes without its prefix is one of four. */
static u32 mirror_store_before(const byte *native, const struct insn *it, const word *regs, word at, u32 bytes) {
  for (u32 n = 2; n < 16; n++) {
    struct insn m;
    const byte *p = native - n;
    if (MR_MIRROR_PREFIX && *p != MR_MIRROR_PREFIX) continue;
    if (!mr_decode(p, regs, &m) || m.length != n || !mr_stores_mirror(&m, regs, at, bytes)) continue;
    u32 expected = m.map == it->map && m.opcode == it->opcode ? it->prefixes : bytes == 2 ? P66 : 0;
    if (m.map == 0 && m.opcode >= 0xd9) expected = 0;
    if (m.prefixes != expected) continue;
    return n;
  }
  return 0;
}

static void mirror_first(word *regs) {
  const byte *ip = (const byte *)regs[MR_REG_IP];
  struct insn it, load, store;
  word at;
  const byte *code = ip + (*ip == WAIT); /* fstcw is fwait and fnstcw */
  if (!mr_decode(code, regs, &it)) return;
  u32 bytes = mr_written(&it, regs, &at), n;
  for (const byte *end = code; bytes && end >= code - 1; end--) {
    if ((end < code && *end != WAIT) || !(n = mirror_store_before(end, &it, regs, at, bytes))) continue;
    native_to_mirror(at, bytes);
    regs[MR_REG_IP] = (word)end - n;
    return;
  }
  if (sizeof(word) < 8) return;
  /* A call for which a register had to be kept (src/instrument/stack.ts): lea back, v; mov v, mirror of -8; mov -16, v; call. */
  enum { LEA = 7, STORE = 6, LOAD = 5 };
  const byte *p = ip;
  if (it.opcode == 0xe8 || (it.opcode == 0xff && it.reg == 2)) p -= LOAD;
  word slot = mr_value(regs, SP) - 8;
  if (!mr_decode(p, regs, &load) || load.map || load.opcode != 0x8b || load.length != LOAD || load.address != slot - 8 || load.base != SP) return;
  if (!mr_decode(p - STORE, regs, &store) || store.length != STORE || store.reg != load.reg || !mr_stores_mirror(&store, regs, slot, 8)) return;
  native_to_mirror(slot, 8);
  regs[MR_REG_IP] = (word)p - STORE - LEA;
}

/* Native memory is ahead: mov m, s; mov s, mirror of m, as often as the write is wide; s may be a vector register. Before them s may be kept on
   the stack. */
static void native_first(word *regs) {
  word seen[24]; /* registers as they will be */
  memcpy(seen, regs, sizeof seen);
  const byte *p = (const byte *)regs[MR_REG_IP];
  struct insn i, next;
  if (!mr_decode(p, seen, &i)) return;
  for (u32 n = 2; n < 10; n++) /* loaded, not stored: to be loaded again, the handler may write there */
    if (mr_decode(p - n, seen, &next) && next.length == n && mr_is_copy(&next, &i, seen)) {
      regs[MR_REG_IP] = (word)(p -= n);
      i = next;
      break;
    }
  for (u32 steps = 0; steps < 80; steps++) {
    word at, *sp = &seen[mr_register_order[SP]];
    u32 bytes = mr_written(&i, seen, &at);
    if (mr_is_load(&i)) {
      if (mr_decode(p + i.length, seen, &next) && mr_is_copy(&i, &next, seen)) {
        native_to_mirror(i.address, mr_load_bytes(&i));
        p += next.length;
      } else if (i.segment == MR_TLS_PREFIX && i.base == NONE && i.address == mr_thread_base()) seen[mr_register_order[i.reg]] = i.address;
      else return;
    } else if (!i.map && i.opcode == 0x8d) seen[mr_register_order[i.reg]] = i.address;
    else if (!i.map && i.opcode == 0x50) *sp -= sizeof(word);
    else if (i.map == 1 && i.opcode == 0x6e && i.register_form); /* kept in a vector register */
    else if (!bytes || i.map || (at - *sp + 16 > 272 && at + MR_DISTANCE - *sp > 256)) return; /* only slots of kept registers, and their mirrors */
    p += i.length;
    if (!mr_decode(p, seen, &i)) return;
  }
}

/* rep stos and rep movs (src/instrument/string.ts), of which the code before or behind tells where they began. */
static int move_of(const byte *p, const word *regs, struct insn *i) { return mr_decode(p, regs, i) && !i->map && i->opcode == 0x89 && i->register_form; }
static int repeated(const byte *p, const word *regs, struct insn *i, u32 opcode) {
  return mr_decode(p, regs, i) && !i->map && (i->opcode & ~1u) == opcode && i->prefixes & PF3;
}
static u32 unit_of(const struct insn *i) { return i->opcode & 1 ? mr_operand_bytes(i) : 1; }
/* `count` units from `from` on, in the direction of the flag. */
static void range_to_mirror(word from, word count, u32 unit, word flags) {
  if (flags & 0x400) from -= (count - 1) * unit;
  if (count) native_to_mirror(from, count * unit);
}
static int strings(word *regs) {
  enum { CX = 1, MOVE = sizeof(word) == 8 ? 3 : 2, TO_MIRROR = sizeof(word) == 8 ? 9 : 6, LONGEST = 64 };
  const byte *ip = (const byte *)regs[MR_REG_IP];
  for (const byte *p = ip; p > ip - LONGEST; p--) { /* where mov di, start; mov cx, count may stand */
    struct insn start, count, rep, again, back;
    if (!move_of(p, regs, &start) || start.length != MOVE || start.reg != DI) continue;
    if (!move_of(p + MOVE, regs, &count) || count.length != MOVE || count.reg != CX) continue;
    const byte *q = p + 2 * MOVE;
    if (repeated(q, regs, &rep, 0xa4)) { /* native first; then the same from start to its mirror */
      const byte *end = q + rep.length + 3 * MOVE + TO_MIRROR;
      if (!repeated(end, regs, &again, 0xa4) || again.opcode != rep.opcode || ip < q || ip > end) continue;
      range_to_mirror(mr_value(regs, start.base), mr_value(regs, count.base), unit_of(&rep), regs[MR_REG_FLAGS]);
      return 1;
    }
    q += TO_MIRROR;
    if (!repeated(q, regs, &rep, 0xaa) || ip < q) continue;
    const byte *native = q + rep.length + 2 * MOVE;
    if (!move_of(q + rep.length, regs, &back) || back.base != DI || (int)back.reg != start.base || ip > native) continue;
    if (ip == native && !repeated(native, regs, &again, 0xaa)) continue;
    if (ip < native) { /* the mirror has some of it */
      regs[mr_register_order[DI]] = mr_value(regs, start.base);
      regs[mr_register_order[CX]] = mr_value(regs, count.base);
    }
    range_to_mirror(mr_value(regs, DI), mr_value(regs, CX), unit_of(&rep), regs[MR_REG_FLAGS]);
    regs[MR_REG_IP] = (word)p;
    return 1;
  }
  return 0;
}

/* fistpll in 32-bit code (mirrorIntegerPop in src/instrument/store.ts): lea down; fistpll and fildll of a slot; its halves to its mirror and to that
   of the target; lea up; what was kept in a frame is loaded again; fistpll. The slot is the program's stack, too. A group that is not done begins
   again: behind fildll where the slot is still there, else before the first lea, or before that of the frame, which is gone. */
int mr_integer_pop(word *regs) {
  static const byte begins[] = {0x8d, 0x64, 0x24, 0xf8, 0xdf, 0x3c, 0x24, 0xdf, 0x2c, 0x24}; /* lea -8(%esp), %esp; fistpll (%esp); fildll (%esp) */
  enum { LEA = 4, FISTP = 3, LONGEST = 96 };
  const byte *ip = (const byte *)regs[MR_REG_IP], *start = ip;
  if (sizeof(word) == 8) return 0;
  while (start > ip - LONGEST && memcmp(start, begins, sizeof begins)) start--;
  if (start <= ip - LONGEST || ip < start + LEA + FISTP) return 0;
  const byte *body = start + sizeof begins, *p = body;
  word seen[24], *sp = &seen[mr_register_order[SP]], slot; /* registers as they will be at the last fistpll */
  u32 leas = 0, passed = 0, loads = 0;
  struct insn i;
  memcpy(seen, regs, sizeof seen);
  slot = *sp;
  for (; mr_decode(p, seen, &i) && i.opcode != 0xdf && p - body < LONGEST; p += i.length) {
    if (leas && mr_is_load(&i)) loads++;
    if (i.map || i.opcode != 0x8d || i.reg != SP) continue;
    leas++;
    if (p < ip) passed++;
    else *sp = i.address;
  }
  if (i.opcode != 0xdf || p < ip) return 0;
  if (!passed) native_to_mirror(slot, 8);
  if (ip < body) return 1;
  native_to_mirror(i.address, 8);
  /* Each of the frame's slots takes mov r, mirror; mov r, slot. */
  const byte *restart = passed == 0 ? body : passed == 1 ? start : start - LEA - loads * (7 + 4) + 1;
  regs[MR_REG_IP] = (word)restart;
  return 1;
}

static int in_vector(const struct insn *i) { return i->map == 1 && i->opcode == 0x7e && i->prefixes == P66 && i->register_form; }
/* A kept register, or the stack pointer. */
static int brings_back(const struct insn *i) {
  return in_vector(i) || (!i->map && (i->opcode == 0x58 || i->opcode == 0x8d || (mr_is_load(i) && i->base == SP && mr_load_bytes(i) == sizeof(word))));
}
static int is_pop_to_memory(const struct insn *i) { return !i->map && i->opcode == 0x8f; }
/* As pop_to_memory, without what the instructions read: most signals come where nothing is to be looked up. */
static int pops_to_memory(const word *regs) {
  const byte *p = (const byte *)regs[MR_REG_IP];
  struct insn i;
  for (u32 steps = 0; steps < 8 && mr_decode(p, regs, &i); p += i.length, steps++) {
    if (is_pop_to_memory(&i)) return 1;
    if (!brings_back(&i)) return 0;
  }
  return 0;
}
/* pop m (mirrorPop in src/instrument/stack.ts): what it pops is in the mirror, and what was kept around that comes back before it. Nothing tells whether
   its address can still be formed as before, so it is done. */
static int pop_to_memory(word *regs) {
  word seen[24], *sp = &seen[mr_register_order[SP]], at;
  const byte *p = (const byte *)regs[MR_REG_IP];
  struct insn i;
  const byte *vectors = mr_vectors(regs);
  if (!pops_to_memory(regs)) return 0;
  memcpy(seen, regs, sizeof seen);
  for (u32 steps = 0; steps < 8 && mr_decode(p, seen, &i); p += i.length, steps++) {
    if (is_pop_to_memory(&i)) {
      u32 bytes = mr_written(&i, seen, &at);
      if (mr_read_native(at, *sp, bytes) != (long)bytes) return 0;
      *sp += bytes, seen[MR_REG_IP] = (word)p + i.length;
      memcpy(regs, seen, sizeof seen);
      return 1;
    }
    word from, *to = &seen[mr_register_order[in_vector(&i) ? (u32)i.base : i.reg & 15]];
    if (in_vector(&i) && !vectors) return 0;
    if (in_vector(&i)) from = (word)(vectors + 16 * i.reg);
    else if (i.opcode == 0x58) from = *sp, *sp += sizeof(word);
    else if (i.opcode == 0x8d) from = (word)&i.address;
    else from = i.address;
    if (mr_read_native((word)to, from, sizeof(word)) != sizeof(word)) return 0;
  }
  return 0;
}

void mr_group(word *regs) {
  if (!mr_in_image(regs[MR_REG_IP])) return;
  if (strings(regs) || mr_integer_pop(regs) || pop_to_memory(regs)) return;
  mirror_first(regs); /* it may be that of a register kept around a copy */
  native_first(regs);
}

/* Whether a fault at `address` is that of a mirror store: the program knows its own address only. */
int mr_faulted_in_mirror(const word *regs, word address) {
  struct insn i;
  if (mr_is_mirror(address)) return 1;
  return MR_MIRROR_PREFIX && mr_in_image(regs[MR_REG_IP]) && mr_decode((const byte *)regs[MR_REG_IP], regs, &i) && i.segment == MR_MIRROR_PREFIX;
}
