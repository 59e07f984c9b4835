/* Before _start of a dynamically linked program: what of the process is the program's own and gets protected. */
#include "after.h"
#include <linux/auxvec.h>
#include <linux/elf.h>

#define IN_STATE __attribute__((section("mirror_state,\"aw\",@nobits#")))
IN_STATE struct thread mr_threads[MAX_THREADS];
IN_STATE void (*mr_libraries_end)(void);
IN_STATE uintptr_t mr_heap_low, mr_heap_high;
IN_STATE uint64_t mr_heap_random;
static __thread struct thread *self;

struct thread *mr_self(void) { return self; }
void mr_become(struct thread *t) { self = t, mr_copy((word)&self, sizeof self); }

void mr_init(word *sp);
/* A library's variable that the program has a copy of (R_X86_64_COPY: stdout, environ, optarg) is the library's all the same, unless that is mirrored. */
IN_STATE static struct span copies[MAX_EXCLUDED / 2];
IN_STATE static word n_copies;
static void find_copies(void) {
  struct object program = mr_program();
  const Elf64_Rela *r = (const Elf64_Rela *)mr_dynamic_address(&program, DT_RELA);
  const Elf64_Sym *symbols = (const Elf64_Sym *)mr_dynamic_address(&program, DT_SYMTAB);
  const char *strings = (const char *)mr_dynamic_address(&program, DT_STRTAB);
  word n = mr_dynamic_entry(&program, DT_RELASZ) / sizeof *r;
  for (word i = 0; i < n; i++) {
    if (ELF64_R_TYPE(r[i].r_info) != 5) continue;
    if (mr_library_defines(strings + symbols[ELF64_R_SYM(r[i].r_info)].st_name)) continue;
    mr_must(n_copies < MAX_EXCLUDED / 2, "too many variables of libraries");
    word at = S.bias + r[i].r_offset;
    copies[n_copies++] = (struct span){at, at + symbols[ELF64_R_SYM(r[i].r_info)].st_size};
  }
}
void mr_exclude_copies(void) {
  for (word i = 0; i < n_copies; i++) mr_exclude(copies[i].lo, copies[i].hi);
}

/* 16 TiB between brk area and mmap area; where in it is random. Nothing but the heap asks for addresses there. */
static void place_heap(const word *random) {
  mr_heap_random = random ? random[1] : 0;
  word slide = random ? random[0] % (1ul << 26) * PG : 0;
  mr_heap_low = S.heap_low = (6ul << 44) + slide;
  mr_heap_high = S.heap_high = 7ul << 44;
}

static const Elf64_Phdr *program_header(const Elf64_Phdr *p, word n, u32 type) {
  for (; n--; p++)
    if (p->p_type == type) return p;
  return 0;
}


extern void mr_fork_prepare(void), mr_fork_parent(void), mr_fork_child(void);
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso);
int __cxa_at_quick_exit(void (*f)(void *), void *dso);
extern void *__dso_handle;
static void end(void *unused) { (void)unused, mr_end(); }

void mr_dynamic_init(word *sp) {
  if (S.dynamic) return; /* before.S was first */
  S.dynamic = 1;
  mr_init(sp);
  word argc = sp[0], *random = 0, phdr = 0, phnum = 0;
  char **e = (char **)(sp + argc + 2);
  while (*e) e++;
  for (word *aux = (word *)(e + 1); aux[0] != AT_NULL; aux += 2) {
    if (aux[0] == AT_RANDOM) random = (word *)aux[1];
    if (aux[0] == AT_PHDR) phdr = aux[1];
    if (aux[0] == AT_PHNUM) phnum = aux[1];
  }
  S.args_low = (word)sp;
  mr_find_libraries();
  find_copies();
  place_heap(random);
  const Elf64_Phdr *tls = program_header((const Elf64_Phdr *)phdr, phnum, PT_TLS);
  S.tls_bytes = tls ? (tls->p_memsz + tls->p_align - 1) & -tls->p_align : 0;
  mr_variables_begin();
  mr_threads[0].used = 1;
  mr_become(&mr_threads[0]);
  mr_must(!__register_atfork(mr_fork_prepare, mr_fork_parent, mr_fork_child, &__dso_handle), "no handlers around fork");
  mr_must(!__cxa_at_quick_exit(end, &__dso_handle), "no handler of quick_exit");
  S.before_check = mr_before_check, S.more_report = mr_more_report;
  mr_unknown_functions();
}
