/* Before the program's _start: address space checks, GS base, mirrors of image, stack and brk. */
#include "mr.h"

enum { AT_NULL = 0, AT_IGNORE = 1, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_HWCAP2 = 26, AT_EXECFN = 31, AT_SYSINFO_EHDR = 33 };
struct phdr { u32 type, flags; u64 offset, vaddr, paddr, filesz, memsz, align; };

static const char *after(const char *s, const char *prefix) {
  while (*prefix)
    if (*s++ != *prefix++) return 0;
  return s;
}
static void keep(char *to, u64 cap, const char *s) {
  u64 i = 0;
  for (; s[i] && i + 1 < cap; i++) to[i] = s[i];
  to[i] = 0;
}
static void environment(char **env) {
  for (const char *v; *env; env++) {
    if ((v = after(*env, "MIRROR_CHECK="))) S.check = mr_streq(v, "exit") || mr_streq(v, "1");
    if ((v = after(*env, "MIRROR_REPORT=")) && *v) {
      keep(S.report, sizeof S.report, v), S.report_set = 1;
      for (; *v; v++)
        if (v[0] == '%' && v[1] == 'p') S.report_has_pid = 1;
    }
  }
}

void mr_init(u64 *sp) {
  u64 argc = sp[0], phdr = 0, phent = 0, phnum = 0, hwcap2 = 0, execfn = 0;
  char **env = (char **)(sp + argc + 2), **e = env;
  while (*e) e++;
  for (u64 *aux = (u64 *)(e + 1); aux[0] != AT_NULL; aux += 2) {
    if (aux[0] == AT_PHDR) phdr = aux[1];
    if (aux[0] == AT_PHENT) phent = aux[1];
    if (aux[0] == AT_PHNUM) phnum = aux[1];
    if (aux[0] == AT_HWCAP2) hwcap2 = aux[1];
    if (aux[0] == AT_EXECFN) execfn = aux[1];
    /* The vDSO writes the program's memory and is not mirrored: without it libc uses the system calls. */
    if (aux[0] == AT_SYSINFO_EHDR) aux[0] = AT_IGNORE;
  }
  S.ranges = S.fixed_ranges, S.cap_ranges = sizeof S.fixed_ranges / sizeof *S.fixed_ranges;
  S.base = (u64)__ehdr_start;
  S.first_pid = S.own_pid = (u64)sys(__NR_getpid, 0, 0, 0);
  environment(env);
  if (execfn) keep(S.program, sizeof S.program, (const char *)execfn);

  if (!(hwcap2 & 2)) /* Documentation/arch/x86/x86_64/fsgs.rst */
    mr_die("the kernel or CPU has no usable FSGSBASE (AT_HWCAP2 bit 1)", "use Linux 5.9 or later on a CPU with FSGSBASE, without nofsgsbase");
  const char *layout = "build it as static-PIE and run it with a normal layout: no setarch -L, no unlimited stack (ulimit -s 8192)";
  if (!IN_RANGE(S.base)) mr_die("its image is not at an address with bit 46 set (non-PIE, or a legacy memory layout)", layout);
  if (!IN_RANGE(sp)) mr_die("its stack is not at an address with bit 46 set", layout);
  S.brk_start = S.brk_cur = (u64)sys(__NR_brk, 0, 0, 0);
  if (!IN_RANGE(S.brk_start)) mr_die("its brk area is not at an address with bit 46 set", layout);
  u64 limit[2];
  mr_must(sys4(__NR_prlimit64, 0, 3, 0, limit) == 0, "prlimit failed");
  if (limit[0] > BIT46 / 4) mr_die("its stack is unlimited", layout);

  /* Mirror space. 2^44..2^46 holds the mirrors of brk (0x55..) and of the mmap area (0x7f..); without it we map on demand. */
  u64 low = 1ul << 44;
  long r = sys6(__NR_mmap, low, BIT46 - low, 0, M_PRIVATE | M_ANON | M_NORESERVE | M_NOREPLACE, -1ul, 0);
  S.reserved_space = !IS_ERR(r);
  if (!IS_ERR(r) && (u64)r != low) sys(__NR_munmap, r, BIT46 - low, 0), S.reserved_space = 0;
  __asm__ volatile("wrgsbase %0" : : "r"(-MR_DISTANCE));

  for (u64 i = 0; i < phnum; i++) {
    struct phdr *p = (struct phdr *)(phdr + i * phent);
    if (p->type != 1) continue;
    u64 lo = DOWN(S.base + p->vaddr), hi = UP(S.base + p->vaddr + p->memsz);
    u32 prot = (p->flags & 4 ? P_R : 0) | (p->flags & 2 ? P_W : 0) | (p->flags & 1 ? P_X : 0);
    if (!S.image_lo || lo < S.image_lo) S.image_lo = lo;
    if (hi > S.image_hi) S.image_hi = hi;
    u32 flags = R_IMAGE;
    if (prot & P_W) {
      mr_must(!mr_mirror_anon(lo, hi, prot, 0), "no mirror for the data segment");
      mr_copy_present(lo, hi);
      flags |= R_MIRRORED;
    }
    mr_add(lo, hi, prot, flags);
  }

  /* The kernel ends the stack with the file name and 8 zero bytes (fs/exec.c, bprm->p). */
  S.stack_top = UP((execfn ? execfn + mr_strlen((const char *)execfn) : (u64)sp) + 9);
  u64 size = UP(limit[0]);
  if (size < 0x21000) size = 0x21000;
  u64 lo = S.stack_top - size;
  mr_must(!mr_mirror_anon(lo, S.stack_top, P_R | P_W, 0), "no mirror for the stack");
  mr_copy((u64)sp, S.stack_top - (u64)sp);
  mr_add(lo, S.stack_top, P_R | P_W, R_MIRRORED | R_STACK);
}
