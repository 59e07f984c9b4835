/* Names of data addresses, from .symtab of the program's own file. Only used by the check. */
#include "mr.h"

struct ehdr { char ident[16]; unsigned short type, machine; u32 version; u64 entry, phoff, shoff; u32 flags; unsigned short ehsize, phentsize, phnum, shentsize, shnum, shstrndx; };
struct shdr { u32 name, type; u64 flags, addr, offset, size; u32 link, info; u64 align, entsize; };
struct sym { u32 name; unsigned char info, other; unsigned short shndx; u64 value, size; };

static void load(void) {
  long fd = sys4(__NR_openat, -100, "/proc/self/exe", 0x80000, 0);
  if (fd < 0) return;
  long n = sys(__NR_lseek, fd, 0, 2);
  long p = n > 0 ? sys6(__NR_mmap, 0, (u64)n, P_R, M_PRIVATE, (u64)fd, 0) : -1;
  sys(__NR_close, fd, 0, 0);
  if (!IS_ERR(p)) S.elf = (const char *)p, S.elf_len = (u64)n;
}
static const struct shdr *section(u64 i) {
  const struct ehdr *e = (const struct ehdr *)S.elf;
  u64 at = e->shoff + i * sizeof(struct shdr);
  return i < e->shnum && at + sizeof(struct shdr) <= S.elf_len ? (const struct shdr *)(S.elf + at) : 0;
}
static void set(char *to, u64 cap, const char *s) {
  u64 i = 0;
  for (; s[i] && i + 1 < cap; i++) to[i] = s[i];
  to[i] = 0;
}

void mr_symbol(u64 addr, char *name, u64 cap, u64 *offset) {
  u64 i = mr_find(addr);
  u32 flags = i < S.n_ranges ? S.ranges[i].flags : 0;
  if (!(flags & R_IMAGE)) {
    set(name, cap, flags & R_STACK ? "[stack]" : flags & R_HEAP ? "[heap]" : "[anon]");
    *offset = flags & R_STACK ? S.stack_top - addr : addr - (flags & R_HEAP ? S.brk_start : S.ranges[i].lo);
    return;
  }
  set(name, cap, "[image]"), *offset = addr - S.base;
  if (!S.elf) load();
  if (!S.elf) return;
  const struct shdr *s, *strs;
  for (u64 k = 0; (s = section(k)); k++) {
    if (s->type != 2 || !(strs = section(s->link)) || s->offset + s->size > S.elf_len) continue;
    const struct sym *y = (const struct sym *)(S.elf + s->offset), *best = 0;
    for (u64 n = s->size / sizeof *y; n--; y++) {
      u64 at = S.base + y->value;
      if (!y->shndx || (y->info & 15) > 1 || at > addr) continue; /* objects and untyped labels */
      if (y->size ? addr >= at + y->size : 0) continue;
      if (!best || y->value > best->value || (y->value == best->value && y->size > best->size)) best = y;
    }
    if (best && strs->offset + best->name < S.elf_len)
      set(name, cap, S.elf + strs->offset + best->name), *offset = addr - S.base - best->value;
  }
}
