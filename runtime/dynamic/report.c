/* What the report says of a dynamically linked program: which memory is protected, which is not, and what it calls that nobody knows. */
#include "after.h"
#include <linux/elf.h>

/* The functions that have a wrapper, and those that write nothing of the program's; both sorted. */
#define X(name, ...) #name,
#define C(name) #name,
#define H(name) #name,
static const char *const wrapped[] = {
#include "libc.def"
};
static const char *const harmless[] = {
#include "harmless.def"
};
#undef X
#undef C
#undef H

static int among(const char *name, const char *const *names, word n) {
  word lo = 0;
  while (lo < n) {
    const unsigned char *a = (const unsigned char *)name, *b = (const unsigned char *)names[(lo + n) / 2];
    for (; *a && *a == *b; a++) b++;
    if (*a == *b) return 1;
    if (*a < *b) n = (lo + n) / 2;
    else lo = (lo + n) / 2 + 1;
  }
  return 0;
}
static int is_known(const char *name) {
  return among(name, wrapped, sizeof wrapped / sizeof *wrapped) || among(name, harmless, sizeof harmless / sizeof *harmless);
}

struct relocations { const Elf64_Rela *first; word n; };
/* What stands where a symbol is used; 0: a weak reference that no library has satisfied. */
static word value_of(word bias, u32 symbol, const struct relocations *all) {
  for (word k = 0; k < 2; k++)
    for (word i = 0; i < all[k].n; i++) {
      word value = ELF64_R_SYM(all[k].first[i].r_info) == symbol ? *(word *)(bias + all[k].first[i].r_offset) : 0;
      if (value) return value;
    }
  return 0;
}
static int is_mirrored(word at) {
  struct object program = mr_program();
  return (at >= program.lo && at < program.hi) || mr_in_library(at);
}

__attribute__((section("mirror_state,\"aw\",@nobits#"))) static void (*found)(const char *name);
/* Undefined functions among its dynamic symbols that no mirrored code has. */
static void unknown_of(const struct object *o) {
  const Elf64_Sym *symbols = (const Elf64_Sym *)mr_dynamic_address(o, DT_SYMTAB);
  const char *strings = (const char *)mr_dynamic_address(o, DT_STRTAB);
  const u32 *gnu = (const u32 *)mr_dynamic_address(o, 0x6ffffef5); /* DT_GNU_HASH: what it leaves out, which comes first, is undefined */
  struct relocations all[2] = {
      {(const Elf64_Rela *)mr_dynamic_address(o, DT_JMPREL), mr_dynamic_entry(o, DT_PLTRELSZ) / sizeof(Elf64_Rela)},
      {(const Elf64_Rela *)mr_dynamic_address(o, DT_RELA), mr_dynamic_entry(o, DT_RELASZ) / sizeof(Elf64_Rela)},
  };
  if (!symbols || !strings || !gnu) return;
  for (word i = 1; i < gnu[1]; i++) {
    u32 type = symbols[i].st_info & 15;
    if (symbols[i].st_shndx || (type != 0 && type != 2 && type != 10)) continue;
    const char *name = strings + symbols[i].st_name;
    if (is_known(name)) continue;
    int weak = symbols[i].st_info >> 4 == 2;
    word value = value_of(o->bias, (u32)i, all);
    if (value ? !is_mirrored(value) : !weak) found(name);
  }
}
static void each_unknown(void (*f)(const char *name)) {
  struct object program = mr_program();
  found = f;
  unknown_of(&program);
  mr_each_library(unknown_of);
}

void mr_found_by_name(const char *name) {
  if (!is_known(name)) mr_escape("dlsym", name);
  else mr_escape("dlsym", "of a known function");
}

__attribute__((section("mirror_state,\"aw\",@nobits#"))) word mr_unknown_count;
static void count(const char *name) { (void)name, mr_unknown_count++; }
static void list(const char *name) { mr_put(mr_unknown_count++ ? ", " : ""), mr_json(name); }
static void tell(const char *name) { mr_put("mirrorasm: what "), mr_put(name), mr_put(" writes is not known\n"); }

void mr_unknown_functions(void) {
  if (!S.check && !S.report_set && !S.strict) return;
  each_unknown(count);
  if (!mr_unknown_count || !S.strict) return;
  mr_open_out(2), each_unknown(tell), mr_flush();
  mr_die("it calls functions of libraries that may write its memory", "leave MIRROR_STRICT out: they are named in the report");
}

static void amount(const char *name, word bytes, int first) {
  mr_put(first ? "" : ", "), mr_put("{\"memory\": "), mr_json(name), mr_put(", \"bytes\": "), mr_num(bytes), mr_put("}");
}

/* Bytes of a mapping that are among the protected ones. */
static word covered(word lo, word hi) {
  word n = 0;
  for (word i = mr_find(lo); i < S.n_ranges && S.ranges[i].lo < hi; i++) {
    const struct range *r = &S.ranges[i];
    if (!(r->flags & R_MIRRORED) || r->flags & (R_ESCAPED | R_STACK)) continue;
    n += (r->hi < hi ? r->hi : hi) - (r->lo > lo ? r->lo : lo);
  }
  return n;
}

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }
static const char *number(const char *p, word *v) {
  for (*v = 0; hex(*p) >= 0; p++) *v = *v << 4 | (word)hex(*p);
  return p;
}
static int mirrors(word lo) { return lo < BIT46 && lo >= 1ul << 44; }

/* One line of /proc/self/maps: from-to perms offset device inode name. */
static int unprotected_line(const char *p, int first) {
  word lo, hi;
  p = number(p, &lo);
  p = number(p + 1, &hi);
  int writable = p[2] == 'w';
  for (int fields = 0; *p && fields < 4; fields++) {
    while (*p && *p != ' ') p++;
    while (*p == ' ') p++;
  }
  while (*p && *p != ' ') p++;
  while (*p == ' ') p++;
  if (!writable || mirrors(lo)) return first;
  word n = hi - lo - covered(lo, hi);
  if (lo <= (word)__stop_mirror_state && hi > (word)__start_mirror_state) return first; /* the program's own, less the runtime's state */
  if (lo >= S.stack_lo && lo < S.stack_top) n -= S.stack_top - S.args_low;
  if (!n) return first;
  amount(*p ? p : "[anonymous]", n, first);
  return 0;
}
static void unprotected(void) {
  char *buffer = S.buf_native;
  word have = 0;
  int first = 1;
  if (!mr_may(MAY_OPEN) || !mr_may(MAY_CLOSE)) return; /* a sandbox: what libraries have is not told */
  long fd = sys4(__NR_openat, -100, "/proc/self/maps", 0x80000, 0);
  if (fd < 0) return;
  for (;;) {
    long r = sys(__NR_read, fd, buffer + have, sizeof S.buf_native - 1 - have);
    if (r <= 0) break;
    have += (word)r;
    word at = 0;
    for (word i = 0; i < have; i++) {
      if (buffer[i] != '\n') continue;
      buffer[i] = 0;
      first = unprotected_line(buffer + at, first);
      at = i + 1;
    }
    memmove(buffer, buffer + at, have - at), have -= at;
    if (have == sizeof S.buf_native - 1) have = 0; /* a line longer than any path */
  }
  sys(__NR_close, fd, 0, 0);
}

void mr_more_report(void) {
  word image = 0, heap = 0, mapped = 0, tls = 0, libraries = 0, objects = 0;
  for (word i = 0; i < S.n_ranges; i++) {
    const struct range *r = &S.ranges[i];
    word n = r->hi - r->lo;
    if (!(r->flags & R_MIRRORED) || r->flags & (R_ESCAPED | R_STACK) || !(r->prot & P_R)) continue;
    if (r->flags & R_IMAGE) image += n;
    else if (r->flags & R_TLS) tls += n;
    else if (r->flags & R_OBJECT) objects += n;
    else if (r->lo - S.heap_low < S.heap_high - S.heap_low) heap += n;
    else mapped += n;
  }
  for (word i = 0; i < S.n_excluded; i++) libraries += S.excluded[i].hi - S.excluded[i].lo;
  image -= (word)(__stop_mirror_state - __start_mirror_state);
  mr_key("libc"), mr_json("system");
  mr_key("claim"), mr_json(mr_unknown_count ? "none: unknown functions are called" : "what is listed under protected");
  mr_key("protected"), mr_put("[");
  amount("image", image, 1), amount("heap", heap, 0), amount("mappings", mapped, 0), amount("threads' variables", tls, 0);
  if (objects) amount("mirrored shared objects", objects, 0);
  amount("arguments and environment", S.stack_top - S.args_low, 0);
  mr_put("]"), mr_key("excluded"), mr_num(libraries);
  mr_key("unprotected"), mr_put("["), unprotected();
  mr_put("]"), mr_key("unknownFunctions"), mr_put("[");
  mr_unknown_count = 0, each_unknown(list);
  mr_put("]");
}
