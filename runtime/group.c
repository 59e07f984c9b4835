/* A signal between the two writes of one store: the handler may never return (siglongjmp, an exception, a cancellation), and then the second
   write is lost. So before it runs, the mirror gets what native memory has and the program is put back to before its mirror store, or, where
   native memory is written first, to before the copy. Nothing is kept in tables: both writes name the same address, which the code at the
   interrupted instruction tells. */
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

static word value(const word *regs, int number) { return regs[mr_register_order[number]]; }

static int prefix_of(byte b, struct insn *i) {
  switch (b) {
  case 0x66: i->prefixes |= P66; return 1;
  case 0xf2: i->prefixes |= PF2; return 1;
  case 0xf3: i->prefixes |= PF3; return 1;
  case 0x26: case 0x2e: case 0x36: case 0x3e: return 1;
  case 0x64: case 0x65: i->segment = b; return 1;
  case 0x67: return (int)(i->narrow = sizeof(word) == 8); /* in 32-bit code 16 bits, which nothing has that writes */
  }
  return 0;
}

/* The operand behind opcode and ModRM byte; `after`: bytes of immediate behind it. SDM volume 2, 2.1.3 to 2.1.5, 2.2.1. */
static const byte *operand(const byte *p, u32 rex, u32 scaled, u32 after, const word *regs, struct insn *i) {
  byte modrm = *p++;
  u32 mod = modrm >> 6, rm = modrm & 7;
  i->reg = (modrm >> 3 & 7) | (rex & 4) << 1;
  i->register_form = mod == 3;
  i->base = NONE;
  if (mod == 3) {
    i->base = (int)(rm | (rex & 1) << 3);
    return p;
  }
  word at = 0;
  int relative = 0;
  u32 wide = mod == 2 ? 4 : mod; /* bytes of displacement */
  if (rm == 4) {
    byte sib = *p++;
    u32 index = (sib >> 3 & 7) | (rex & 2) << 2;
    if (index != 4) at += value(regs, (int)index) << (sib >> 6);
    rm = sib & 7;
    if (rm == 5 && !mod) wide = 4;
    else i->base = (int)(rm | (rex & 1) << 3);
  } else if (rm == 5 && !mod) wide = 4, relative = sizeof(word) == 8;
  else i->base = (int)(rm | (rex & 1) << 3);
  if (i->base != NONE) at += value(regs, i->base);
  if (wide == 1) at += (word)(long)(signed char)*p * scaled;
  if (wide == 4) {
    int d;
    memcpy(&d, p, 4);
    at += (word)(long)d;
  }
  p += wide;
  if (relative) at += (word)p + after;
  i->address = i->narrow ? (u32)at : at;
  return p;
}

/* Bytes that a store with VEX or EVEX, or of SSE, writes at its operand; 0: none, or it is not known here. With a mask they may be fewer. */
static u32 vector_bytes(const struct insn *i) {
  u32 vector = i->vector ? i->vector : 16, o = i->opcode;
  switch (i->map << 8 | o) {
  case 0x111: return i->prefixes & PF3 ? 4 : i->prefixes & PF2 ? 8 : vector;
  case 0x113: case 0x117: case 0x1d6: return 8;
  case 0x129: case 0x12b: return vector;
  case 0x17e: return i->prefixes & PF3 ? 0 : i->wide ? 8 : 4;
  case 0x17f: case 0x1e7: return i->vector || i->prefixes ? vector : 8;
  case 0x191: return !i->vector ? 0 : i->prefixes & P66 ? (i->wide ? 4 : 1) : i->wide ? 8 : 2; /* kmov */
  case 0x22e: case 0x22f: case 0x28e: return vector;
  case 0x263: case 0x28a: case 0x28b: return vector; /* vpcompress, vcompress */
  case 0x314: return 1;
  case 0x315: return 2;
  case 0x316: return i->wide ? 8 : 4;
  case 0x317: return 4;
  case 0x319: case 0x339: return 16;
  case 0x31b: case 0x33b: return 32;
  case 0x31d: return vector / 2;
  case 0x511: case 0x57e: return 2; /* vmovsh, vmovw */
  }
  u32 row = o >> 4, column = o & 15;
  if (i->map == 2 && i->prefixes & PF3 && row >= 1 && row <= 3 && column <= 5) return vector / "\2\4\10\2\4\2"[column]; /* vpmovus, vpmovs, vpmov: wb db qb dw qw qd */
  return 0;
}

/* In what EVEX counts a displacement of 8 bits: the operand, or the elements that vcompress stores. SDM volume 2, 2.7.5. */
static u32 scale_of(const struct insn *i) {
  if (i->map == 2 && i->opcode == 0x63) return i->wide ? 2 : 1;
  if (i->map == 2 && (i->opcode == 0x8a || i->opcode == 0x8b)) return i->wide ? 8 : 4;
  u32 bytes = vector_bytes(i);
  return bytes ? bytes : i->vector;
}

static u32 operand_bytes(const struct insn *i) { return i->prefixes & P66 ? 2 : i->wide ? 8 : 4; }

/* 0 where the instruction is none of those that the rewriter makes or mirrors. */
static int decode(const byte *start, const word *regs, struct insn *i) {
  const byte *p = start;
  u32 rex = 0, after = 0, evex = 0;
  memset(i, 0, sizeof *i);
  i->base = NONE;
  while (prefix_of(*p, i) && p - start < 6) p++;
#ifdef __x86_64__
  if ((*p & 0xf0) == 0x40) rex = *p++;
  int vex = *p == 0xc4 || *p == 0xc5 || *p == 0x62;
#else
  int vex = (*p == 0xc4 || *p == 0xc5 || *p == 0x62) && p[1] >> 6 == 3; /* otherwise lds, les, bound */
#endif
  i->wide = rex >> 3 & 1;
  if (vex) { /* inverted register bits; SDM volume 2, 2.3.5, 2.7.1 */
    static const byte implied[] = {0, P66, PF3, PF2};
    byte first = *p++;
    evex = first == 0x62;
    rex = ~*p >> 5 & 4;
    u32 last = *p;
    i->map = 1;
    if (first != 0xc5) i->map = *p & (evex ? 7 : 31), rex = ~*p >> 5 & 7, last = *++p, i->wide = last >> 7;
    i->prefixes |= implied[last & 3];
    i->vector = evex ? 16u << (*++p >> 5 & 3) : 16u << (last >> 2 & 1);
    p++;
  } else if (*p == 0x0f) {
    i->map = 1, p++;
    if (*p == 0x38) i->map = 2, p++;
    else if (*p == 0x3a) i->map = 3, p++;
  }
  i->opcode = *p++;
  if (i->map == 3) after = 1;
  if (!i->map) switch (i->opcode) {
    case 0x50: case 0x51: case 0x52: case 0x53: case 0x54: case 0x55: case 0x56: case 0x57:
      i->reg = (i->opcode & 7) | (rex & 1) << 3, i->opcode = 0x50;
      goto no_operand;
    case 0x6a: p += 1; goto no_operand;
    case 0x68: p += i->prefixes & P66 ? 2 : 4; goto no_operand;
    case 0xe8: p += 4; goto no_operand;
    case 0xc8: p += 3; goto no_operand;
    case 0xa4: case 0xa5: case 0xaa: case 0xab: goto no_operand;
    case 0xa0: case 0xa1: case 0xa2: case 0xa3: /* the accumulator and an absolute address: as mov with a ModRM byte */
      i->opcode = "\x8a\x8b\x88\x89"[i->opcode & 3] & 255;
      memcpy(&i->address, p, sizeof(word)), p += sizeof(word);
      goto done;
    case 0xc6: after = 1; break;
    case 0xc7: after = i->prefixes & P66 ? 2 : 4; break;
    case 0x88: case 0x89: case 0x8a: case 0x8b: case 0x8c: case 0x8d: case 0x8f: case 0xd9: case 0xdb: case 0xdd: case 0xdf: case 0xff: break;
    default: return 0;
    }
  p = operand(p, rex, evex ? scale_of(i) : 1, after, regs, i) + after;
done:
  if (i->segment == MR_TLS_PREFIX && !i->register_form) i->address += mr_thread_base();
no_operand:
  i->length = (u32)(p - start);
  return 1;
}

/* Bytes that it writes at its operand, or where it writes besides; 0: none, or it is not known here. */
static u32 written(const struct insn *i, const word *regs, word *at) {
  u32 whole = operand_bytes(i), slot = i->prefixes & P66 ? 2 : sizeof(word), o = i->opcode, r = i->reg & 7;
  *at = i->address;
  if (!i->map) switch (o) {
    case 0xaa: case 0xa4: return *at = value(regs, DI), i->prefixes & (PF2 | PF3) ? 0 : 1;
    case 0xab: case 0xa5: return *at = value(regs, DI), i->prefixes & (PF2 | PF3) ? 0 : whole;
    case 0xe8: case 0xc8: slot = sizeof(word); /* fall through */
    case 0x50: case 0x68: case 0x6a: return *at = value(regs, SP) - slot, slot;
    case 0xff:
      if (r == 2) slot = sizeof(word);
      return *at = value(regs, SP) - slot, r == 2 || r == 6 ? slot : 0;
    }
  if (i->register_form) {
    if (i->map == 1 && o == 0xf7) return *at = value(regs, DI), i->prefixes & P66 ? 16 : 8; /* maskmovdqu, maskmovq */
    return 0;
  }
  switch (i->map << 8 | o) {
  case 0x88: case 0xc6: return 1;
  case 0x89: case 0xc7: return whole;
  case 0x8c: return 2;
  case 0x8f: return *at += i->base == SP ? slot : 0, slot; /* its address counts from after the pop */
  case 0xd9: return r == 2 || r == 3 ? 4 : r == 7 ? 2 : 0;
  case 0xdb: return r == 2 || r == 3 ? 4 : 0;
  case 0xdd: return r == 2 || r == 3 ? 8 : r == 7 ? 2 : 0;
  case 0xdf: return r == 2 || r == 3 ? 2 : 0;
  case 0x1c3: case 0x2f1: case 0x2f9: return i->prefixes & PF2 ? 0 : whole;
  case 0x1ae: return r == 3 ? 4 : r == 0 ? 512 : 0; /* stmxcsr, fxsave */
  }
  if (i->map == 1 && o >= 0x90 && o <= 0x9f && !i->vector) return 1; /* setcc */
  return vector_bytes(i);
}

/* Whether it stores to the mirror of `at`. */
static int stores_mirror(const struct insn *i, const word *regs, word at, u32 bytes) {
  word where;
  if (written(i, regs, &where) != bytes || i->opcode == 0x8f) return 0;
  return sizeof(word) == 8 ? i->segment == 0x65 && where == at : where == MVA(at);
}

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
    if (!decode(p, regs, &m) || m.length != n || !stores_mirror(&m, regs, at, bytes)) continue;
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
  if (!decode(code, regs, &it)) return;
  u32 bytes = written(&it, regs, &at), n;
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
  word slot = value(regs, SP) - 8;
  if (!decode(p, regs, &load) || load.map || load.opcode != 0x8b || load.length != LOAD || load.address != slot - 8 || load.base != SP) return;
  if (!decode(p - STORE, regs, &store) || store.length != STORE || store.reg != load.reg || !stores_mirror(&store, regs, slot, 8)) return;
  native_to_mirror(slot, 8);
  regs[MR_REG_IP] = (word)p - STORE - LEA;
}

/* Native memory is ahead: mov m, s; mov s, mirror of m, as often as the write is wide; s may be a vector register. Before them s may be kept on
   the stack. */
static int is_load(const struct insn *i) {
  if (i->register_form) return 0;
  if (i->map == 1) return (i->opcode == 0x6e && i->prefixes == P66) || (i->opcode == 0x7e && i->prefixes == PF3); /* movd, movq */
  return !i->map && (i->opcode == 0x8a || i->opcode == 0x8b);
}
static u32 load_bytes(const struct insn *i) {
  if (i->map) return i->opcode == 0x7e || i->wide ? 8 : 4;
  return i->opcode == 0x8a ? 1 : operand_bytes(i);
}
static int is_copy(const struct insn *load, const struct insn *store, const word *regs) {
  int fits = load->map ? store->map == 1 && (store->opcode == 0x7e || store->opcode == 0xd6) && store->prefixes == P66
                       : !store->map && (store->opcode == 0x88 || store->opcode == 0x89);
  return is_load(load) && fits && store->reg == load->reg && stores_mirror(store, regs, load->address, load_bytes(load));
}
static void native_first(word *regs) {
  word seen[24]; /* registers as they will be */
  memcpy(seen, regs, sizeof seen);
  const byte *p = (const byte *)regs[MR_REG_IP];
  struct insn i, next;
  if (!decode(p, seen, &i)) return;
  for (u32 n = 2; n < 10; n++) /* loaded, not stored: to be loaded again, the handler may write there */
    if (decode(p - n, seen, &next) && next.length == n && is_copy(&next, &i, seen)) {
      regs[MR_REG_IP] = (word)(p -= n);
      i = next;
      break;
    }
  for (u32 steps = 0; steps < 80; steps++) {
    word at, *sp = &seen[mr_register_order[SP]];
    u32 bytes = written(&i, seen, &at);
    if (is_load(&i)) {
      if (decode(p + i.length, seen, &next) && is_copy(&i, &next, seen)) {
        native_to_mirror(i.address, load_bytes(&i));
        p += next.length;
      } else if (i.segment == MR_TLS_PREFIX && i.base == NONE && i.address == mr_thread_base()) seen[mr_register_order[i.reg]] = i.address;
      else return;
    } else if (!i.map && i.opcode == 0x8d) seen[mr_register_order[i.reg]] = i.address;
    else if (!i.map && i.opcode == 0x50) *sp -= sizeof(word);
    else if (i.map == 1 && i.opcode == 0x6e && i.register_form); /* kept in a vector register */
    else if (!bytes || i.map || (at - *sp + 16 > 272 && at + MR_DISTANCE - *sp > 256)) return; /* only slots of kept registers, and their mirrors */
    p += i.length;
    if (!decode(p, seen, &i)) return;
  }
}

/* rep stos and rep movs (src/instrument/string.ts), of which the code before or behind tells where they began. */
static int move_of(const byte *p, const word *regs, struct insn *i) { return decode(p, regs, i) && !i->map && i->opcode == 0x89 && i->register_form; }
static int repeated(const byte *p, const word *regs, struct insn *i, u32 opcode) {
  return decode(p, regs, i) && !i->map && (i->opcode & ~1u) == opcode && i->prefixes & PF3;
}
static u32 unit_of(const struct insn *i) { return i->opcode & 1 ? operand_bytes(i) : 1; }
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
      range_to_mirror(value(regs, start.base), value(regs, count.base), unit_of(&rep), regs[MR_REG_FLAGS]);
      return 1;
    }
    q += TO_MIRROR;
    if (!repeated(q, regs, &rep, 0xaa) || ip < q) continue;
    const byte *native = q + rep.length + 2 * MOVE;
    if (!move_of(q + rep.length, regs, &back) || back.base != DI || (int)back.reg != start.base || ip > native) continue;
    if (ip == native && !repeated(native, regs, &again, 0xaa)) continue;
    if (ip < native) { /* the mirror has some of it */
      regs[mr_register_order[DI]] = value(regs, start.base);
      regs[mr_register_order[CX]] = value(regs, count.base);
    }
    range_to_mirror(value(regs, DI), value(regs, CX), unit_of(&rep), regs[MR_REG_FLAGS]);
    regs[MR_REG_IP] = (word)p;
    return 1;
  }
  return 0;
}

/* fistpll in 32-bit code (mirrorIntegerPop in src/instrument/store.ts): lea down; fistpll and fildll of a slot; its halves to its mirror and to that
   of the target; lea up; what was kept in a frame is loaded again; fistpll. The slot is the program's stack, too. A group that is not done begins
   again: behind fildll where the slot is still there, else before the first lea, or before that of the frame, which is gone. */
static int integer_pop(word *regs) {
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
  for (; decode(p, seen, &i) && i.opcode != 0xdf && p - body < LONGEST; p += i.length) {
    if (leas && is_load(&i)) loads++;
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

/* Elsewhere (code made at run time) nothing is mirrored, and the bytes around need not be readable. */
static int in_image(word ip) { return ip > (word)__ehdr_start + PG && ip < (word)__etext; }

void mr_group(word *regs) {
  if (!in_image(regs[MR_REG_IP])) return;
  if (strings(regs) || integer_pop(regs)) return;
  mirror_first(regs); /* it may be that of a register kept around a copy */
  native_first(regs);
}

/* Whether a fault at `address` is that of a mirror store: the program knows its own address only. */
int mr_faulted_in_mirror(const word *regs, word address) {
  struct insn i;
  if (mr_is_mirror(address)) return 1;
  return MR_MIRROR_PREFIX && in_image(regs[MR_REG_IP]) && decode((const byte *)regs[MR_REG_IP], regs, &i) && i.segment == MR_MIRROR_PREFIX;
}
