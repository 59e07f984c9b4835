/* Calls that change the address space. Each runs under the lock, with signals blocked, on the runtime's stack. */
#include "mr.h"

/* This thread: any number that no other has will do where a sandbox forbids to ask. */
static u32 self(void) { return mr_may(MAY_GETTID) ? (u32)sys(__NR_gettid, 0, 0, 0) : S.threads ? ~(u32)(mr_thread_base() / 16) | 1u << 31 : (u32)S.own_pid; }
/* The lock is the thread that holds it, at once: a SIGBUS comes anywhere, and asks. */
static u32 take_lock(void) {
  u32 *lock = &S.lock, mine = self(), yields = (u32)mr_may(MAY_YIELD); /* nothing may be called between one wait and the next */
  while (__sync_val_compare_and_swap(lock, 0, mine))
    if (yields) mr_wait();
  return mine;
}
static void lock_unchanged(void) {
  while (!mr_state_ready(take_lock())) {}
}
void mr_lock(void) { lock_unchanged(), mr_state_changes(); }
/* Still blocked while it waits: many that wait one upon the other would fill the stack. */
void mr_lock_in_handler(void) {
  for (;; mr_block_bus(1)) {
    u32 mine = take_lock();
    mr_block_bus(0);
    if (mr_state_ready(mine)) return mr_state_changes();
  }
}
/* A SIGBUS that waits is this thread's again when the lock is free, and not before. */
void mr_unlock(void) {
  for (;;) {
    int waits = S.told[0] != 0;
    if (waits) mr_block_bus(1), mr_send_again(S.told, S.lock), S.told[0] = 0;
    mr_state_keep();
    __atomic_store_n(&S.lock, 0, __ATOMIC_RELEASE);
    if (waits) mr_block_bus(0);
    if (!__atomic_load_n(&S.told[0], __ATOMIC_ACQUIRE)) return;
    mr_lock();
  }
}
int mr_lock_is_mine(void) { return S.lock == self(); }
/* Whether a handler can come. Without the right to block signals there is none; behind library calls others set them. */
static int handlers_come(void) { return mr_may(MAY_BLOCK) && (S.dynamic || __atomic_load_n(&S.handled, __ATOMIC_ACQUIRE)); }
/* The mask is asked for first: where the kernel has just told it, it has no mirror. */
static void block_signals(struct frame *f) {
  while (sys4(__NR_rt_sigprocmask, 0, 0, f->mask, 8) == -E_FAULT) mr_touch(f->mask);
  for (word i = 0; i < 8 / sizeof(word); i++) mr_keep(&f->mask[i], f->mask[i]);
  mr_keep(&f->masked, 1);
  sys4(__NR_rt_sigprocmask, SIG_SETMASK, &mr_all_but_bus, 0, 8);
}
/* Signals stay blocked while the lock is held: a handler's own mmap would wait for ever. The first handler is set with the lock held. Safe against fork: fork
   is a locked call too, and each side releases its own copy. */
long mr_under_lock(long (*fn)(void *), void *argument) {
  struct frame *f = mr_current;
  int masked = handlers_come();
  if (masked) block_signals(f);
  lock_unchanged();
  if (!masked && handlers_come()) mr_unlock(), masked = 1, block_signals(f), lock_unchanged();
  long r = mr_on_stack(fn, argument, S.dynamic ? 0 : (word)(f + 1) - MR_K);
  mr_unlock();
  if (masked) {
    while (sys4(__NR_rt_sigprocmask, SIG_SETMASK, f->mask, 0, 8) == -E_FAULT) mr_touch(f->mask);
    mr_keep(&f->masked, 0);
  }
  return r;
}
struct work { long (*fn)(struct frame *); struct frame *f; };
static long work(void *argument) {
  const struct work *w = argument;
  if (w->fn != mr_memcall) mr_state_changes(); /* those only in ranges.c, and where they say so: they are longest in the kernel */
  mr_keep(&mr_current->result, (word)mr_rewrap(mr_current, w->fn(w->f)));
  mr_keep(&mr_current->done, ALL_DONE);
  return 0;
}
long mr_locked(long (*fn)(struct frame *), struct frame *f) {
  struct work w = {fn, f};
  mr_under_lock(work, &w);
  return (long)mr_current->result;
}

/* May the kernel's choice of an address stay? In a full address space it offers the room that the stack has to grow into. */
static int usable(word lo, word len) { return mr_in_zone(lo, len) && !(lo < S.stack_top && lo + len > S.stack_lo); }

/* Huge pages. Their mirror has plain ones, so that it never takes from their pool, where a page that is missing is a SIGBUS. The kernel rounds
   lengths to the page. Gives log2 of its size, or 0 for plain pages. */
static u32 page_shift(word flags, word file, word at) {
  enum { HUGETLBFS = (int)0x958458f6, DEFAULT = 21 }; /* linux/magic.h */
  word fs[32]; /* type, block size; statfs64 has 84 bytes, statfs 120 */
  if (flags & M_ANON) return flags & M_HUGETLB ? (flags >> 26 & 63 ? flags >> 26 & 63 : DEFAULT) : 0;
  if (at & ((1ul << DEFAULT) - 1) || S.sandboxed) return 0;
  if (IS_ERR(mr_fstatfs(file, fs, 84)) || (int)fs[0] != HUGETLBFS) return 0;
  return (u32)__builtin_ctzl(fs[1]);
}
static word page_of(u32 flags) { return flags >> R_PAGE_SHIFT ? 1ul << (flags >> R_PAGE_SHIFT) : PG; }
static word rounded(word len, word page) { return (len + page - 1) & ~(page - 1); }

/* Code that is made or loaded at run time was not rewritten: its stores would have no mirror. Refused as by systems that forbid it to make code, for which
   a program that compiles while it runs (a JIT) often has another way; unless it is asked for (MIRROR_JIT=1). */
static int refuses_code(const char *call) {
  mr_escape(S.makes_code ? "unmirrored-code" : "refused", call);
  return !S.makes_code;
}

static long do_mmap(struct frame *f) {
  word len = UP(f->a[1]), flags = f->a[3], prot = f->a[2];
  int fixed = !!(flags & (M_FIXED | M_NOREPLACE));
  if (fixed && !mr_in_zone(f->a[0], len)) {
    mr_escape("refused", "mmap-outside");
    return -E_NOMEM;
  }
  if (prot & P_X && refuses_code("mmap-executable")) return -E_ACCES;
  flags &= ~(word)(M_32BIT | M_GROWSDOWN); /* neither can have a mirror at a constant distance, or follow page faults */
  word at = fixed || mr_in_zone(f->a[0], len) ? f->a[0] : 0; /* otherwise it is a wish only (mmap(2)) */
  long r = sys6(MR_NR_mmap, at, f->a[1], prot, flags, f->a[4], f->a[5]);
  if (IS_ERR(r)) return r;
  u32 shift = page_shift(flags, f->a[4], (word)r);
  if (shift) len = rounded(len, 1ul << shift);
  word lo = (word)r, hi = lo + len;
  if (fixed ? !mr_in_zone(lo, len) : !usable(lo, len)) {
    mr_escape("refused", "mmap-outside");
    sys(__NR_munmap, lo, len, 0);
    return -E_NOMEM;
  }
  int anon = !!(flags & M_ANON), shared = (flags & 15) != M_PRIVATE, bad = 0;
  u32 kind = 0;
  if (anon) {
    kind = R_ANON | R_MIRRORED | (shared ? R_SHARED : 0);
    bad = mr_mirror_anon(lo, hi, (u32)prot, shared);
  } else if (prot & P_W) {
    /* The same file privately: equal contents without a copy; a device that cannot be mapped privately gets a plain copy. */
    kind = R_MIRRORED | R_FILEMIRROR | (shared ? R_SHARED | R_ESCAPED : 0);
    if (shared) mr_escape("shared-file-mapping", "mmap");
    long m = -E_INVAL;
    if (!shift) m = sys6(MR_NR_mmap, MVA(lo), len, prot & (P_R | P_W), M_PRIVATE | M_FIXED | M_NORESERVE, f->a[4], f->a[5]);
    if (IS_ERR(m)) {
      kind &= ~(u32)R_FILEMIRROR;
      bad = mr_mirror_anon(lo, hi, P_R | P_W, 0);
      if (!bad) mr_copy_present(lo, hi);
    }
  } else {
    kind = shared ? R_SHARED : 0;
    if (mr_find(lo) < S.n_ranges && S.ranges[mr_find(lo)].lo < hi) mr_mirror_drop(lo, hi); /* MAP_FIXED over older ranges */
  }
  if (bad) {
    sys(__NR_munmap, lo, len, 0);
    mr_mirror_drop(lo, hi), mr_remove(lo, hi);
    return -E_NOMEM;
  }
  mr_add(lo, hi, (u32)prot & 7, kind | shift << R_PAGE_SHIFT);
  return r;
}

static long do_munmap(struct frame *f) {
  word lo = f->a[0], hi = lo + UP(f->a[1]), sp = APP_SP(f);
  if (!mr_in_zone(lo, hi - lo)) return lo & (PG - 1) || hi <= lo || lo >= MR_USER_END ? -E_INVAL : 0; /* nothing of the program's is there */
  int own = sp > lo && sp <= hi;
  if (own) mr_clear_tid(), mr_thread_ends();
  long r = sys(__NR_munmap, lo, f->a[1], 0);
  if (IS_ERR(r)) return r;
  mr_mirror_drop(lo, hi);
  mr_remove(lo, hi);
  /* musl's __unmapself: the program could only exit now, and we have no stack to go back to. */
  if (own) mr_state_keep(), mr_unlock_exit();
  return r;
}

/* One range: native, then its mirror. */
static long protect(struct range *p, u32 prot, word wanted) {
  if (prot & P_X && (prot & P_W || !(p->prot & P_X)) && refuses_code("mprotect-executable")) return -E_ACCES;
  long r = sys(__NR_mprotect, p->lo, p->hi - p->lo, wanted);
  if (IS_ERR(r)) return r;
  if (p->flags & R_MIRRORED) {
    /* May fail where the native call did not: the number of mappings is limited (vm.max_map_count). */
    if (IS_ERR(sys(__NR_mprotect, MVA(p->lo), p->hi - p->lo, prot & (P_R | P_W)))) {
      mr_must(!IS_ERR(sys(__NR_mprotect, p->lo, p->hi - p->lo, p->prot)), "mprotect failed in the mirror and cannot be taken back");
      return -E_NOMEM;
    }
  } else if (prot & P_W) {
    /* Becomes writable for the first time: only now is there something to mirror. */
    if (p->flags & R_SHARED) mr_escape("shared-file-mapping", "mprotect"), p->flags |= R_ESCAPED;
    if (mr_mirror_anon(p->lo, p->hi, P_R | P_W, 0)) {
      mr_must(!IS_ERR(sys(__NR_mprotect, p->lo, p->hi - p->lo, p->prot)), "a mapping without a mirror cannot be made read-only again");
      return -E_NOMEM;
    }
    mr_copy_present(p->lo, p->hi);
    mr_must(!IS_ERR(sys(__NR_mprotect, MVA(p->lo), p->hi - p->lo, prot & (P_R | P_W))), "mprotect of a new mirror failed");
    p->flags |= R_MIRRORED;
  }
  p->prot = prot;
  return 0;
}
/* Does `at` cut a huge page? Then the kernel refuses, and the range has to stay whole. */
static int cuts_page(word at) {
  word i = mr_find(at);
  return i < S.n_ranges && S.ranges[i].lo < at && at & (page_of(S.ranges[i].flags) - 1) & ~(PG - 1);
}
/* Range by range, up to the first hole or failure, as the kernel does it. */
static long do_mprotect(struct frame *f) {
  word lo = f->a[0], hi = lo + UP(f->a[1]), at = lo;
  if (!mr_in_zone(lo, hi - lo) && f->a[1]) return -E_NOMEM;
  word first = mr_find(lo);
  if (lo & (PG - 1) || lo >= hi || first == S.n_ranges || S.ranges[first].lo > lo) return sys(__NR_mprotect, lo, f->a[1], f->a[2]);
  if (cuts_page(lo)) return -E_INVAL;
  word end = cuts_page(hi) ? S.ranges[mr_find(hi)].lo : hi;
  if (end > lo) mr_split(lo), mr_split(end);
  for (word i = mr_find(lo); at < end; at = S.ranges[i++].hi) {
    if (i == S.n_ranges || S.ranges[i].lo != at) return sys(__NR_mprotect, at, hi - at, f->a[2]); /* a hole, or what is not ours */
    long r = protect(&S.ranges[i], f->a[2] & 7, f->a[2]);
    if (IS_ERR(r)) return r;
  }
  return end < hi ? -E_INVAL : 0;
}

static long do_mremap(struct frame *f) {
  enum { MAYMOVE = 1, FIXED = 2, DONTUNMAP = 4 };
  word old = f->a[0], olen = UP(f->a[1]), nlen = UP(f->a[2]), flags = f->a[3];
  if (!mr_in_zone(old, olen) || ((flags & FIXED) && !mr_in_zone(f->a[4], nlen))) return -E_INVAL;
  word i = mr_find(old);
  struct range was = i < S.n_ranges && S.ranges[i].lo <= old ? S.ranges[i] : (struct range){0, 0, P_R | P_W, 0};
  olen = rounded(olen, page_of(was.flags)), nlen = rounded(nlen, page_of(was.flags));
  /* Several mappings at once, as Linux does since 6.17, would need as many mirrors moved: refused as by an older kernel. */
  if (was.lo != was.hi && was.hi < old + olen) return -E_FAULT;
  long r = sys6(__NR_mremap, old, f->a[1], f->a[2], flags, f->a[4], 0);
  if (IS_ERR(r)) return r;
  word at = (word)r;
  if (at != old && !(flags & FIXED) && !usable(at, nlen)) {
    mr_escape("refused", "mmap-outside");
    if (!olen) sys(__NR_munmap, at, nlen, 0);
    else mr_must(sys6(__NR_mremap, at, nlen, olen, MAYMOVE | FIXED, old, 0) == (long)old, "a mapping went where it can have no mirror");
    return -E_NOMEM;
  }
  if (!olen) { /* a second view of shared pages: its stores are copied in the view they were made in only */
    mr_escape("shared-file-mapping", "mremap");
    if (was.flags & R_MIRRORED && !mr_mirror_anon(at, at + nlen, P_R | P_W, 0)) mr_copy_present(at, at + nlen);
    mr_add(at, at + nlen, was.prot, was.flags | R_ESCAPED);
    return r;
  }
  int mirrored = !!(was.flags & R_MIRRORED);
  int plain = (was.flags & R_ANON) && !(was.flags & R_SHARED);
  long m = 0;
  if (at == old) {
    if (nlen < olen) {
      mr_mirror_drop(old + nlen, old + olen), mr_remove(old + nlen, old + olen);
      return r;
    }
    if (nlen == olen) return r;
    if (mirrored && plain) m = mr_mirror_anon(old + olen, old + nlen, was.prot, 0);
    if (mirrored && !plain) {
      /* Room in the reservation; without it mremap fails, and a new mirror is built below. */
      m = sys(__NR_munmap, MVA(old + olen), nlen - olen, 0);
      if (!IS_ERR(m)) m = sys6(__NR_mremap, MVA(old), olen, nlen, 0, 0, 0);
    }
    mr_add(old + olen, old + nlen, was.prot, was.flags);
  } else {
    if (mirrored) m = sys6(__NR_mremap, MVA(old), olen, nlen, MAYMOVE | FIXED | (flags & DONTUNMAP), MVA(at), 0);
    else mr_mirror_drop(at, at + nlen);
    if (!(flags & DONTUNMAP)) mr_mirror_drop(old, old + olen), mr_remove(old, old + olen);
    mr_add(at, at + nlen, was.prot, was.flags);
  }
  if (IS_ERR(m)) {
    /* The mirror's mapping was in pieces (it need not merge where the native one does): build a new one. */
    word from = at == old ? old : at;
    if (mr_mirror_anon(from, from + nlen, P_R | P_W, (was.flags & R_SHARED) && (was.flags & R_ANON)))
      mr_die("no memory for the mirror of a moved mapping", "raise the memory limit (ulimit -v)");
    mr_copy_present(from, from + nlen);
    mr_must(!IS_ERR(sys(__NR_mprotect, MVA(from), nlen, was.prot & (P_R | P_W))), "mprotect of a new mirror failed");
  }
  return r;
}

static long do_brk(struct frame *f) {
  word want = f->a[0], old = UP(S.brk_cur), next = mr_find(old);
  if (want > S.brk_cur && !mr_in_zone(S.brk_start, UP(want) - S.brk_start)) return (long)S.brk_cur;
  if (UP(want) > old && next < S.n_ranges && S.ranges[next].lo < UP(want)) return (long)S.brk_cur; /* its mirror must stay */
  if (UP(want) > old && mr_mirror_anon(old, UP(want), P_R | P_W, 0)) return (long)S.brk_cur;
  word now = (word)sys(__NR_brk, want, 0, 0);
  if (UP(now) > old) mr_add(old, UP(now), P_R | P_W, R_ANON | R_MIRRORED | R_HEAP);
  else if (UP(want) > old) mr_mirror_drop(old, UP(want)); /* refused */
  if (UP(now) < old) mr_mirror_drop(UP(now), old), mr_remove(UP(now), old);
  mr_state_changes();
  return (long)(S.brk_cur = now);
}

/* Advice that takes contents away. What fails may have been done in part (locked pages): then the mirror is made anew. */
static long drop(struct range *p, word a, word b, word what) {
  long r = sys(__NR_madvise, a, b - a, what);
  if (!(p->flags & R_MIRRORED)) return r;
  long m = sys(__NR_madvise, MVA(a), b - a, what);
  mr_must(IS_ERR(r) || !IS_ERR(m), "the mirror of dropped memory cannot be dropped");
  /* Of huge pages only whole ones are dropped (madvise(2)). */
  word whole = b & ~(page_of(p->flags) - 1);
  if (whole < b && p->prot & P_W) mr_copy_present(whole > a ? whole : a, b);
  /* A file's pages come back with the file's contents; an anonymous mirror comes back zero. */
  if ((IS_ERR(r) || !(p->flags & (R_ANON | R_STACK | R_FILEMIRROR))) && p->prot & P_W) mr_copy_present(a, b);
  return r;
}
static long do_madvise(struct frame *f) {
  enum { DONTNEED = 4, FREE = 8, REMOVE = 9, DONTFORK = 10, DOFORK = 11, HUGE = 14, NOHUGE = 15, WIPEONFORK = 18, KEEPONFORK = 19, DONTNEED_LOCKED = 24 };
  word lo = f->a[0], hi = lo + UP(f->a[1]), what = f->a[2], at = lo;
  /* FREE lets each copy lose its pages at its own time; DONTNEED is a valid FREE (madvise(2)) and loses both now. */
  if (what == FREE) what = DONTNEED;
  int drops = what == DONTNEED || what == DONTNEED_LOCKED || what == REMOVE, holes = 0;
  if (!IN_RANGE(lo) || lo & (PG - 1) || lo >= hi) return sys(__NR_madvise, lo, f->a[1], what);
  if (drops) {
    /* Range by range: a hole is passed over and told at the end, a failure ends it. */
    for (word i = mr_find(lo); i < S.n_ranges && S.ranges[i].lo < hi; i++) {
      struct range *p = &S.ranges[i];
      word a = p->lo > lo ? p->lo : lo, b = p->hi < hi ? p->hi : hi;
      holes |= a > at, at = b;
      long r = drop(p, a, b, what);
      if (r == -E_NOMEM) holes = 1; /* the stack, not grown so far */
      else if (IS_ERR(r)) return r;
    }
    if (at == lo) return sys(__NR_madvise, lo, f->a[1], what);
    return holes || at < hi ? -E_NOMEM : 0;
  }
  long r = sys(__NR_madvise, lo, f->a[1], what);
  if (what != DONTFORK && what != DOFORK && what != HUGE && what != NOHUGE && what != WIPEONFORK && what != KEEPONFORK) return r;
  for (word i = mr_find(lo); i < S.n_ranges && S.ranges[i].lo < hi; i++) {
    struct range *p = &S.ranges[i];
    word a = p->lo > lo ? p->lo : lo, b = p->hi < hi ? p->hi : hi;
    if (p->flags & R_MIRRORED && (!IS_ERR(r) || r == -E_NOMEM)) sys(__NR_madvise, MVA(a), b - a, what); /* changes no contents of this process */
  }
  return r;
}

static long do_shmat(struct frame *f) {
  enum { SHM_READONLY = 010000, SHM_EXECUTABLE = 0100000 };
  word size;
  long r = mr_shm_size(f->a[0], &size);
  if (IS_ERR(r)) return r;
  word len = UP(size);
  if (f->a[1] && !mr_in_zone(f->a[1], len)) return -E_INVAL;
  if (f->a[2] & SHM_EXECUTABLE && refuses_code("shmat-executable")) return -E_ACCES;
  r = mr_shmat(f->a[0], f->a[1], f->a[2]);
  if (IS_ERR(r)) return r;
  word lo = (word)r;
  if (!usable(lo, len) || mr_mirror_anon(lo, lo + len, P_R | P_W, 0)) {
    mr_shmdt(lo);
    return -E_NOMEM;
  }
  mr_escape("shared-memory", "shmat"); /* other processes write it */
  mr_copy_present(lo, lo + len);
  mr_add(lo, lo + len, f->a[2] & SHM_READONLY ? P_R : P_R | P_W, R_SHARED | R_SHM | R_MIRRORED | R_ESCAPED);
  return r;
}
static long do_shmdt(struct frame *f) {
  word i = mr_find(f->a[0]);
  struct range was = i < S.n_ranges ? S.ranges[i] : (struct range){0, 0, 0, 0};
  long r = mr_shmdt(f->a[0]);
  if (!IS_ERR(r) && was.lo == f->a[0] && was.flags & R_SHM) mr_mirror_drop(was.lo, was.hi), mr_remove(was.lo, was.hi);
  return r;
}

static void in_child(void) {
  if (mr_may(MAY_GETPID)) S.own_pid = (word)sys(__NR_getpid, 0, 0, 0);
  if (S.threads) {
    mr_forked();
    if (S.check || S.scrub) mr_settle_fork();
  }
  S.interval_checks = S.interval_bytes = S.interval_settled = 0; /* those are the parent's */
  mr_start_checker();
}

/* Until the child holds the lock in its own name, a SIGBUS would wait for it. */
static long fork_call(word nr, word a, word b, word c, word d, word e) {
  if (!S.dynamic) mr_block_bus(1);
  long r = sys6(nr, a, b, c, d, e, 0);
  if (!r) mr_state_changes(), S.lock = self(), S.told[0] = 0;
  if (!S.dynamic) mr_block_bus(0);
  return r;
}
/* fork, and clone/vfork without a new stack. vfork becomes fork: parent and child share one stack otherwise, and the child's
   dirtied bytes would be copied at the wrong time. POSIX allows it; only the sharing of memory is lost. */
static long do_fork(struct frame *f) {
  enum { VM = 0x100, VFORK = 0x4000, PARENT_SETTID = 0x100000, CHILD_SETTID = 0x1000000, PIDFD = 0x1000 };
  if (f->nr == __NR_fork || f->nr == __NR_vfork) {
    long pid = fork_call(__NR_fork, 0, 0, 0, 0, 0);
    if (!pid) in_child();
    return pid;
  }
  u64 args[16]; /* struct clone_args: flags, pidfd, child_tid, parent_tid, ... */
  word flags, ptid, ctid, pidfd;
  long r;
  if (f->nr == __NR_clone) {
    flags = f->a[0] & ~(word)(VM | VFORK), ptid = f->a[CLONE_PTID], ctid = f->a[CLONE_CTID], pidfd = ptid;
    r = fork_call(__NR_clone, flags, 0, f->a[2], f->a[3], f->a[4]);
  } else {
    word n = f->a[1] < sizeof args ? f->a[1] : sizeof args;
    if (n < 64) return -E_INVAL;
    memset(args, 0, sizeof args);
    if (mr_peek(args, f->a[0], n)) return -E_FAULT;
    args[0] &= ~(uint64_t)(VM | VFORK);
    flags = (word)args[0], pidfd = (word)args[1], ctid = (word)args[2], ptid = (word)args[3];
    r = fork_call(__NR_clone3, (word)args, n, 0, 0, 0);
  }
  if (r < 0) return r;
  if (!r) in_child();
  if (flags & PARENT_SETTID) mr_copy(ptid, 4);
  if (flags & PIDFD && r) mr_copy(pidfd, 4);
  if (flags & CHILD_SETTID && !r) mr_copy(ctid, 4);
  return r;
}

int mr_is_memcall(const struct frame *f) {
  switch (f->nr) {
  case MR_NR_mmap: case __NR_munmap: case __NR_mprotect: case __NR_pkey_mprotect: case __NR_mremap: case __NR_brk: case __NR_madvise: case __NR_shmat:
  case __NR_shmdt: case __NR_fork: case __NR_vfork: case __NR_clone: case __NR_clone3: return 1;
  }
  return 0;
}
long mr_memcall(struct frame *f) {
  switch (f->nr) {
  case MR_NR_mmap: return do_mmap(f);
  case __NR_munmap: return do_munmap(f);
  case __NR_mprotect: return do_mprotect(f);
  case __NR_pkey_mprotect: return f->a[3] == (word)-1 ? do_mprotect(f) : -E_INVAL; /* pkey_alloc gives none out */
  case __NR_mremap: return do_mremap(f);
  case __NR_brk: return do_brk(f);
  case __NR_madvise: return do_madvise(f);
  case __NR_shmat: return do_shmat(f);
  case __NR_shmdt: return do_shmdt(f);
  default: return do_fork(f);
  }
}
