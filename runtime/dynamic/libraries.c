/* Mirrored shared objects that the dynamic linker has loaded with the program (shared.S): their data are protected as the program's own are. What is
   loaded later (dlopen) stores twice, too, but is not claimed. */
#include "after.h"
#include <linux/elf.h>

#define IN_STATE __attribute__((section("mirror_state,\"aw\",@nobits#")))
enum { MAX_OBJECTS = 64 };
IN_STATE static struct object objects[MAX_OBJECTS];
IN_STATE static word n_objects;

word mr_dynamic_entry(const struct object *o, word tag) {
  for (const Elf64_Dyn *d = o->dynamic; d->d_tag != DT_NULL; d++)
    if ((word)d->d_tag == tag) return d->d_un.d_val;
  return 0;
}
/* The dynamic linker replaces addresses in DT_ entries of its own kind only on some machines; on x86-64 it does (elf/get-dynamic-info.h). */
word mr_dynamic_address(const struct object *o, word tag) {
  word v = mr_dynamic_entry(o, tag);
  return v && v < o->bias ? v + o->bias : v;
}

static int has_note(word at, word n) {
  static const struct { u32 name, rest, type; char text[12]; } ours = {10, 0, 1, "mirrorasm"};
  while (n >= 12) {
    const u32 *head = (const u32 *)at;
    word bytes = 12 + ((head[0] + 3) & ~3u) + ((head[1] + 3) & ~3u);
    if (bytes > n) return 0;
    if (bytes == sizeof ours && !memcmp(head, &ours, sizeof ours)) return 1;
    at += bytes, n -= bytes;
  }
  return 0;
}
static void protect(const struct object *o, const Elf64_Phdr *p) {
  word lo = DOWN(o->bias + p->p_vaddr), hi = UP(o->bias + p->p_vaddr + p->p_memsz);
  mr_must(mr_in_zone(lo, hi - lo) && !mr_mirror_anon(lo, hi, P_R | P_W, 0), "no mirror for the data of a shared object");
  mr_copy_present(lo, hi);
  mr_add(lo, hi, P_R | P_W, R_MIRRORED | R_ANON | R_OBJECT);
}
/* The linker puts the ELF header at the beginning of the first segment, whose address is 0 in a shared object. */
static void look_at(word bias, const Elf64_Dyn *dynamic) {
  Elf64_Ehdr head;
  if (!bias || mr_peek(&head, bias, sizeof head) || memcmp(head.e_ident, ELFMAG, SELFMAG)) return;
  const Elf64_Phdr *p = (const Elf64_Phdr *)(bias + head.e_phoff);
  struct object o = {.bias = bias, .dynamic = dynamic, .lo = ~0ul};
  int mirrored = 0;
  for (word i = 0; i < head.e_phnum; i++) {
    word at = bias + p[i].p_vaddr;
    if (p[i].p_type == PT_NOTE) mirrored |= has_note(at, p[i].p_memsz);
    if (p[i].p_type != PT_LOAD) continue;
    if (at < o.lo) o.lo = at;
    if (at + p[i].p_memsz > o.hi) o.hi = at + p[i].p_memsz;
  }
  if (!mirrored) return;
  mr_must(n_objects < MAX_OBJECTS, "too many mirrored shared objects");
  objects[n_objects++] = o;
  for (word i = 0; i < head.e_phnum; i++)
    if (p[i].p_type == PT_LOAD && p[i].p_flags & PF_W) protect(&o, &p[i]);
}

/* link.h */
struct loaded { word bias; const char *name; const Elf64_Dyn *dynamic; const struct loaded *next, *previous; };
struct debug { int version; const struct loaded *first; };

extern Elf64_Dyn _DYNAMIC[];
extern const char __ehdr_start[];
struct object mr_program(void) { return (struct object){S.bias, _DYNAMIC, (word)__ehdr_start, (word)__stop_mirror_state}; }

void mr_find_libraries(void) {
  struct object program = mr_program();
  const struct debug *debug = (const struct debug *)mr_dynamic_entry(&program, DT_DEBUG);
  if (!debug) return;
  for (const struct loaded *l = debug->first; l; l = l->next)
    if (l->bias != S.bias && l->bias != S.vdso) look_at(l->bias, l->dynamic);
}
void mr_each_library(void (*f)(const struct object *o)) {
  for (word i = 0; i < n_objects; i++) f(&objects[i]);
}
int mr_in_library(word at) {
  for (word i = 0; i < n_objects; i++)
    if (at >= objects[i].lo && at < objects[i].hi) return 1;
  return 0;
}

/* DT_GNU_HASH has what is defined behind what is undefined, in chains by bucket. */
static int defines(const struct object *o, const char *name) {
  const u32 *gnu = (const u32 *)mr_dynamic_address(o, 0x6ffffef5);
  const Elf64_Sym *symbols = (const Elf64_Sym *)mr_dynamic_address(o, DT_SYMTAB);
  const char *strings = (const char *)mr_dynamic_address(o, DT_STRTAB);
  if (!gnu || !symbols || !strings) return 0;
  u32 hash = 5381;
  for (const char *c = name; *c; c++) hash = hash * 33 + (unsigned char)*c;
  const u32 *buckets = gnu + 4 + 2 * gnu[2], *chain = buckets + gnu[0];
  for (u32 i = buckets[hash % gnu[0]]; i; i++) {
    u32 entry = chain[i - gnu[1]];
    if ((entry | 1) == (hash | 1) && symbols[i].st_shndx && mr_streq(strings + symbols[i].st_name, name)) return 1;
    if (entry & 1) break;
  }
  return 0;
}
int mr_library_defines(const char *name) {
  for (word i = 0; i < n_objects; i++)
    if (defines(&objects[i], name)) return 1;
  return 0;
}
