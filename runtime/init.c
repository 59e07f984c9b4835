/* Before the program's _start: options, mirrors of image and stack. Where things may live is decided in the folder of the word size. */
#include "mr.h"
#include <linux/auxvec.h>
#include <linux/elf.h>
#include <linux/prctl.h>

static const char *after(const char *s, const char *prefix) {
  while (*prefix)
    if (*s++ != *prefix++) return 0;
  return s;
}
static void keep(char *to, word cap, const char *s) {
  word i = 0;
  for (; s[i] && i + 1 < cap; i++) to[i] = s[i];
  to[i] = 0;
}
static void environment(char **env) {
  for (const char *v; *env; env++) {
    if ((v = after(*env, "MIRROR_CHECK="))) {
      S.interval = mr_interval(v);
      S.check = S.interval || mr_streq(v, "exit") || mr_streq(v, "1");
      if (!S.check && *v && !mr_streq(v, "0"))
        mr_die("MIRROR_CHECK says nothing that is known", "use MIRROR_CHECK=exit, or an interval: MIRROR_CHECK=500ms, 10s, 5m");
    }
    if ((v = after(*env, "MIRROR_SCRUB=")) && !(S.scrub = mr_interval(v)) && *v && !mr_streq(v, "0"))
      mr_die("MIRROR_SCRUB says nothing that is known", "use an interval: MIRROR_SCRUB=30s, 10m, 1h");
    if ((v = after(*env, "MIRROR_STRICT="))) S.strict = mr_streq(v, "1");
    if ((v = after(*env, "MIRROR_JIT="))) S.makes_code = mr_streq(v, "1");
    if ((v = after(*env, "MIRROR_REPORT=")) && *v) {
      keep(S.report, sizeof S.report, v), S.report_set = 1;
      for (; *v; v++)
        if (v[0] == '%' && v[1] == 'p') S.report_has_pid = 1;
    }
  }
}

static void mirror_image(word phdr, word phent, word phnum) {
  for (word i = 0; i < phnum; i++) {
    MR_ELF(Phdr) *p = (MR_ELF(Phdr) *)(phdr + i * phent);
    if (p->p_type != PT_LOAD) continue;
    word lo = DOWN(S.bias + p->p_vaddr), hi = UP(S.bias + p->p_vaddr + p->p_memsz);
    u32 prot = (p->p_flags & PF_R ? P_R : 0) | (p->p_flags & PF_W ? P_W : 0) | (p->p_flags & PF_X ? P_X : 0);
    u32 flags = R_IMAGE;
    if (prot & P_W) {
      mr_must(mr_in_zone(lo, hi - lo) && !mr_mirror_anon(lo, hi, prot, 0), "no mirror for the data segment");
      mr_copy_present(lo, hi);
      flags |= R_MIRRORED;
    }
    mr_add(lo, hi, prot, flags);
  }
}

void mr_init(word *sp) {
  word argc = sp[0], phdr = 0, phent = 0, phnum = 0, hwcap[2] = {0}, execfn = 0;
  char **env = (char **)(sp + argc + 2), **e = env;
  while (*e) e++;
  for (word *aux = (word *)(e + 1); aux[0] != AT_NULL; aux += 2) {
    switch (aux[0]) {
    case AT_PHDR: phdr = aux[1]; break;
    case AT_PHENT: phent = aux[1]; break;
    case AT_PHNUM: phnum = aux[1]; break;
    case AT_HWCAP: hwcap[0] = aux[1]; break;
    case AT_HWCAP2: hwcap[1] = aux[1]; break;
    case AT_EXECFN: execfn = aux[1]; break;
    /* The vDSO writes the program's memory and is not mirrored: without it libc uses the system calls. */
#ifdef AT_SYSINFO
    case AT_SYSINFO: aux[0] = AT_IGNORE; break;
#endif
    case AT_SYSINFO_EHDR: S.vdso = aux[1], aux[0] = AT_IGNORE; break;
    }
  }
  S.ranges = S.fixed_ranges, S.cap_ranges = sizeof S.fixed_ranges / sizeof *S.fixed_ranges;
  S.locks = (word)mr_locks;
  S.first_pid = S.own_pid = (word)sys(__NR_getpid, 0, 0, 0);
  environment(env);
  S.sandboxed = sys(__NR_prctl, PR_GET_SECCOMP, 0, 0) > 0;
  if (execfn) keep(S.program, sizeof S.program, (const char *)execfn);
  S.bias = (word)__ehdr_start;
  for (word i = 0; i < phnum; i++) { /* the first loadable segment holds the ELF header; a fixed image has no bias */
    MR_ELF(Phdr) *p = (MR_ELF(Phdr) *)(phdr + i * phent);
    if (p->p_type != PT_LOAD) continue;
    S.bias -= DOWN(p->p_vaddr);
    break;
  }
  S.brk_start = S.brk_cur = (word)sys(__NR_brk, 0, 0, 0);
  word limit[2];
  mr_must(sys4(MR_NR_getrlimit, 3, limit, 0, 0) == 0, "getrlimit failed");
  mr_place(sp, limit[0], hwcap);
  mirror_image(phdr, phent, phnum);

  /* The kernel ends the stack with the file name and at most 8 zero bytes (fs/exec.c, bprm->p). */
  S.stack_top = UP((execfn ? execfn + mr_strlen((const char *)execfn) : (word)sp) + 1);
  word size = UP(limit[0] < MR_MAX_STACK ? limit[0] : MR_MAX_STACK);
  if (size < 0x21000) size = 0x21000;
  S.stack_lo = S.stack_top - size;
  /* The kernel keeps 128 MiB free below the stack whatever the limit is (mmap_base), and a program may raise its own limit. */
  if (MR_STACK_ROOM > size && !mr_mirror_anon(S.stack_top - MR_STACK_ROOM, S.stack_top, P_R | P_W, 0)) S.stack_lo = S.stack_top - MR_STACK_ROOM;
  /* More stack than is mirrored may be allowed: it ends here (mm/mmap.c: growth stops at another mapping). */
  if (limit[0] > MR_MAX_STACK) sys6(MR_NR_mmap, S.stack_lo - PG, PG, 0, M_PRIVATE | M_ANON | M_NOREPLACE, -1ul, 0);
  mr_must(!mr_mirror_anon(S.stack_lo, S.stack_top, P_R | P_W, 0), "no mirror for the stack");
  mr_copy((word)sp, S.stack_top - (word)sp);
  mr_add(S.stack_lo, S.stack_top, P_R | P_W, R_MIRRORED | R_STACK);
  mr_start_recovery();
  mr_state_keep();
  mr_start_checker();
}
