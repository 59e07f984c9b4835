/* Names of data addresses, from .symtab of the program's own file. Only used by the check. */
#include "mr.h"
#include <linux/elf.h>

typedef MR_ELF(Ehdr) ehdr_t;
typedef MR_ELF(Shdr) shdr_t;
typedef MR_ELF(Sym) sym_t;

static void load(void) {
  if (!mr_may(MAY_OPEN) || !mr_may(MAY_LSEEK) || !mr_may(MAY_MAP) || !mr_may(MAY_CLOSE)) return;
  long fd = sys4(__NR_openat, -100, "/proc/self/exe", 0x80000, 0);
  if (fd < 0) return;
  long n = sys(__NR_lseek, fd, 0, 2);
  long p = n > 0 ? sys6(MR_NR_mmap, 0, (word)n, P_R, M_PRIVATE, (word)fd, 0) : -1;
  sys(__NR_close, fd, 0, 0);
  if (!IS_ERR(p)) S.elf = (const char *)p, S.elf_len = (word)n;
}
static const shdr_t *section(word i) {
  const ehdr_t *e = (const ehdr_t *)S.elf;
  word at = e->e_shoff + i * sizeof(shdr_t);
  return i < e->e_shnum && at + sizeof(shdr_t) <= S.elf_len ? (const shdr_t *)(S.elf + at) : 0;
}
static void set(char *to, word cap, const char *s) {
  word i = 0;
  for (; s[i] && i + 1 < cap; i++) to[i] = s[i];
  to[i] = 0;
}

void mr_symbol(word addr, char *name, word cap, word *offset) {
  word i = mr_find(addr);
  u32 flags = i < S.n_ranges ? S.ranges[i].flags : 0;
  if (!(flags & R_IMAGE)) {
    set(name, cap, flags & R_STACK ? "[stack]" : flags & R_HEAP ? "[heap]" : flags & R_OBJECT ? "[shared object]" : "[anon]");
    *offset = flags & R_STACK ? S.stack_top - addr : addr - (flags & R_HEAP ? S.brk_start : S.ranges[i].lo);
    return;
  }
  set(name, cap, "[image]"), *offset = addr - S.bias;
  if (!S.elf) load();
  if (!S.elf) return;
  const shdr_t *s, *strs;
  for (word k = 0; (s = section(k)); k++) {
    if (s->sh_type != SHT_SYMTAB || !(strs = section(s->sh_link)) || s->sh_offset + s->sh_size > S.elf_len) continue;
    const sym_t *y = (const sym_t *)(S.elf + s->sh_offset), *best = 0;
    for (word n = s->sh_size / sizeof *y; n--; y++) {
      word at = S.bias + y->st_value;
      if (!y->st_shndx || (y->st_info & 15) > 1 || at > addr) continue; /* objects and untyped labels */
      if (y->st_size ? addr >= at + y->st_size : 0) continue;
      if (!best || y->st_value > best->st_value || (y->st_value == best->st_value && y->st_size > best->st_size)) best = y;
    }
    if (best && strs->sh_offset + best->st_name < S.elf_len)
      set(name, cap, S.elf + strs->sh_offset + best->st_name), *offset = addr - S.bias - best->st_value;
  }
}
