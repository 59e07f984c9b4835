/* A decoder of the instructions that the rewriter makes or mirrors. */
#include "insn.h"

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
    if (index != 4) at += mr_value(regs, (int)index) << (sib >> 6);
    rm = sib & 7;
    if (rm == 5 && !mod) wide = 4;
    else i->base = (int)(rm | (rex & 1) << 3);
  } else if (rm == 5 && !mod) wide = 4, relative = sizeof(word) == 8;
  else i->base = (int)(rm | (rex & 1) << 3);
  if (i->base != NONE) at += mr_value(regs, i->base);
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

u32 mr_operand_bytes(const struct insn *i) { return i->prefixes & P66 ? 2 : i->wide ? 8 : 4; }

/* 0 where the instruction is none of those that the rewriter makes or mirrors. */
int mr_decode(const byte *start, const word *regs, struct insn *i) {
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
    case 0x58: case 0x59: case 0x5a: case 0x5b: case 0x5c: case 0x5d: case 0x5e: case 0x5f:
      i->reg = (i->opcode & 7) | (rex & 1) << 3, i->opcode = 0x58;
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
u32 mr_written(const struct insn *i, const word *regs, word *at) {
  u32 whole = mr_operand_bytes(i), slot = i->prefixes & P66 ? 2 : sizeof(word), o = i->opcode, r = i->reg & 7;
  *at = i->address;
  if (!i->map) switch (o) {
    case 0xaa: case 0xa4: return *at = mr_value(regs, DI), i->prefixes & (PF2 | PF3) ? 0 : 1;
    case 0xab: case 0xa5: return *at = mr_value(regs, DI), i->prefixes & (PF2 | PF3) ? 0 : whole;
    case 0xe8: case 0xc8: slot = sizeof(word); /* fall through */
    case 0x50: case 0x68: case 0x6a: return *at = mr_value(regs, SP) - slot, slot;
    case 0xff:
      if (r == 2) slot = sizeof(word);
      return *at = mr_value(regs, SP) - slot, r == 2 || r == 6 ? slot : 0;
    }
  if (i->register_form) {
    if (i->map == 1 && o == 0xf7) return *at = mr_value(regs, DI), i->prefixes & P66 ? 16 : 8; /* maskmovdqu, maskmovq */
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
int mr_stores_mirror(const struct insn *i, const word *regs, word at, u32 bytes) {
  word where;
  if (mr_written(i, regs, &where) != bytes || i->opcode == 0x8f) return 0;
  return sizeof(word) == 8 ? i->segment == 0x65 && where == at : where == MVA(at);
}

int mr_is_load(const struct insn *i) {
  if (i->register_form) return 0;
  if (i->map == 1) return (i->opcode == 0x6e && i->prefixes == P66) || (i->opcode == 0x7e && i->prefixes == PF3); /* movd, movq */
  return !i->map && (i->opcode == 0x8a || i->opcode == 0x8b);
}
u32 mr_load_bytes(const struct insn *i) {
  if (i->map) return i->opcode == 0x7e || i->wide ? 8 : 4;
  return i->opcode == 0x8a ? 1 : mr_operand_bytes(i);
}
int mr_is_copy(const struct insn *load, const struct insn *store, const word *regs) {
  int fits = load->map ? store->map == 1 && (store->opcode == 0x7e || store->opcode == 0xd6) && store->prefixes == P66
                       : !store->map && (store->opcode == 0x88 || store->opcode == 0x89);
  return mr_is_load(load) && fits && store->reg == load->reg && mr_stores_mirror(store, regs, load->address, mr_load_bytes(load));
}
