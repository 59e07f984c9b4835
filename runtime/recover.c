/* Lost pages. The kernel tells of one by SIGBUS when a thread touches it, or before (PR_MCE_KILL_EARLY): it is rebuilt aside from the other copy and
   moved into its place, so that no thread sees it half full, and the instruction begins again. The handler is on the thread's alternate stack
   (alternate.c), since the page may be the one below the stack pointer. SIGBUS is blocked for moments only: the runtime may meet a lost page during a call of
   its own; then the lock is this thread's. */
#include "mr.h"
#include <linux/elf.h>
#include <linux/prctl.h>

enum { BUS_ADRERR = 2, BUS_MCEERR_AR = 4, BUS_MCEERR_AO = 5, REBUILT = -100 /* our own: another thread has repaired the page */ };
enum { MAYMOVE = 1, FIXED = 2, DONTNEED = 4, REMOVE = 9 };
struct siginfo { int signo, error, code; word address; uint16_t lsb; }; /* asm-generic/siginfo.h */

/* Not by an access of this thread: it may come anywhere. */
static int sent(const struct siginfo *info) { return info->code <= 0 || info->code == BUS_MCEERR_AO; }
/* Of a clock of clock_gettime(2). */
struct moment { word seconds, nanoseconds; };
static struct moment now(word clock) {
  struct moment t = {0, 0};
  sys(__NR_clock_gettime, clock, &t, 0);
  return t;
}
static word us_since(struct moment from) {
  struct moment to = now(1); /* CLOCK_MONOTONIC */
  return (to.seconds - from.seconds) * 1000000 + to.nanoseconds / 1000 - from.nanoseconds / 1000;
}

/* Whether the page can be read: process_vm_readv meets what a load would meet, and gives it back as an error. */
int mr_readable(word at) {
  char byte;
  word local[2] = {(word)&byte, 1}, remote[2] = {at, 1};
  return sys6(__NR_process_vm_readv, (word)sys(__NR_getpid, 0, 0, 0), (word)local, 1, (word)remote, 1, 0) == 1;
}

/* One page of the program's file: what is never written has no mirror. */
static int reread(word to, word page) {
  MR_ELF(Ehdr) e;
  MR_ELF(Phdr) p;
  int found = 0;
  long fd = sys4(__NR_openat, -100, "/proc/self/exe", 0x80000, 0);
  if (fd < 0) return 0;
  if (sys4(__NR_pread64, fd, &e, sizeof e, 0) == sizeof e)
    for (word i = 0; i < e.e_phnum && !found; i++) {
      if (sys4(__NR_pread64, fd, &p, sizeof p, e.e_phoff + i * sizeof p) != sizeof p) break;
      word start = DOWN(S.bias + p.p_vaddr), end = S.bias + p.p_vaddr + p.p_filesz;
      if (p.p_type != PT_LOAD || page < start || page >= end) continue;
      found = sys4(__NR_pread64, fd, to, PG, DOWN(p.p_offset) + page - start) > 0;
    }
  sys(__NR_close, fd, 0, 0);
  return found;
}

const char *mr_kind(u32 flags) {
  if (flags & R_IMAGE) return flags & R_MIRRORED ? "data" : "code";
  return flags & R_STACK ? "stack" : flags & R_HEAP ? "heap" : flags & R_SHARED ? "shared" : flags & R_ANON ? "anonymous" : "file";
}
static void put2(word n, const char *behind) { mr_put(n < 10 ? "0" : ""), mr_num(n), mr_put(behind); }
/* UTC. Days to a date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days. */
static void put_time(word seconds) {
  word days = seconds / 86400 + 719468, era = days / 146097, of_era = days % 146097;
  word year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365, of_year = of_era - (365 * year + year / 4 - year / 100);
  word from_march = (5 * of_year + 2) / 153, month = from_march < 10 ? from_march + 3 : from_march - 9;
  mr_num(era * 400 + year + (month <= 2)), mr_put("-"), put2(month, "-"), put2(of_year - (153 * from_march + 2) / 5 + 1, "T");
  put2(seconds / 3600 % 24, ":"), put2(seconds / 60 % 60, ":"), put2(seconds % 60, "Z");
}
static void say_page(word own, int mirror, u32 flags) {
  char name[100];
  word offset;
  mr_symbol(own, name, sizeof name, &offset);
  mr_open_out(2);
  mr_put("mirrorasm: "), put_time(now(0).seconds), mr_put(mirror ? " the mirror of " : " "), mr_hex(own), mr_put(" ");
  mr_put(name), mr_put("+"), mr_num(offset), mr_put(" ("), mr_put(mr_kind(flags)), mr_put(")");
}
static void say_recovered(const struct recovered *it) {
  u32 mirrored = it->flags & R_MIRRORED;
  say_page(it->address, (int)it->mirror, it->flags);
  mr_put(" was lost and is recovered from "), mr_put(!mirrored ? "the program's file" : it->mirror ? "memory" : "its mirror");
  mr_put(" in "), mr_num(it->us), mr_put(" us\n");
  mr_flush();
}
static void say_lost(word own, u32 flags) {
  say_page(own, 0, flags);
  mr_put(" is lost, and so is "), mr_put(flags & R_MIRRORED ? "its mirror" : "the program's file"), mr_put(": nothing can bring it back\n");
  mr_flush();
}

/* A store whose mirror half went to the lost page, and whose native half came after the copying: the mirror has what was copied, native memory
   another value. A store that is under way has changed the mirror. */
static void late_stores(word mirror, word native, word size, word copied) {
  for (word i = 0; i < size; i += sizeof(word)) {
    word was = *(const word *)(copied + i), is = __atomic_load_n((word *)(native + i), __ATOMIC_ACQUIRE);
    if (is != was) __atomic_compare_exchange_n((word *)(mirror + i), &was, is, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  }
}
/* `lost` gets what `aside` has. Shared memory is that of other processes, too: a hole in it is filled. */
static int put_back(word lost, word size, word aside, const struct range *r, int mirror) {
  u32 prot = mirror ? r->prot & (P_R | P_W) : r->prot;
  if (r->flags & R_SHARED && r->flags & R_ANON) {
    sys(__NR_madvise, lost, size, REMOVE), sys(__NR_madvise, lost, size, DONTNEED);
    if (!mr_readable(lost)) return 0;
    memcpy((void *)lost, (const void *)aside, size);
    sys(__NR_munmap, aside, size, 0);
    return 1;
  }
  if (prot != (P_R | P_W)) sys(__NR_mprotect, aside, size, prot);
  return sys6(__NR_mremap, aside, size, size, MAYMOVE | FIXED, lost, 0) == (long)lost;
}
/* No atomic operation is under way in the page: its mirror is ahead of memory then. Whoever holds one of the locks ends, or meets the lost page and lets it
   go (mr_lost_page). */
static void hold_locks(word lo, word size, int hold) {
  for (word at = 0; at < size && at < MR_LOCKS && !S.alone; at += 16) {
    u32 *lock = (u32 *)(mr_locks + ((lo + at) & (MR_LOCKS - 1)));
    if (!hold) __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
    else
      while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE)) sys(__NR_sched_yield, 0, 0, 0);
  }
}
/* A signal reaches a thread that runs when its CPU hears of it: this waits until all have (membarrier(2)), and none executes an instruction before. */
static void until_heard(void) {
  enum { EXPEDITED = 8, REGISTER = 16 };
  if (sys(__NR_membarrier, EXPEDITED, 0, 0)) sys(__NR_membarrier, REGISTER, 0, 0), sys(__NR_membarrier, EXPEDITED, 0, 0);
}
/* A thread that was taken off its CPU in the runtime, with its bytes on a page that is about to come back without them (mr_start_over), must not go on
   before it has seen this: the signal is there before the page is. Threads that touch the page see for themselves. */
static void tell_threads(word page) {
  struct entry { u64 inode, offset; uint16_t length; char type, name[]; } *e; /* linux_dirent64 */
  struct siginfo info = {SIGBUS_NR, 0, REBUILT, page, 0};
  S.rebuilt[S.n_rebuilt++ % MAX_REBUILT] = page;
  char told[128] = {0}, entries[2048];
  memcpy(told, &info, sizeof info);
  long self = sys(__NR_gettid, 0, 0, 0), tasks = sys4(__NR_openat, -100, "/proc/self/task", 0x90000, 0), n;
  if (tasks < 0) return;
  while ((n = sys(__NR_getdents64, tasks, entries, sizeof entries)) > 0)
    for (long at = 0; at < n; at += e->length) {
      e = (struct entry *)(entries + at);
      long thread = 0;
      for (const char *digit = e->name; *digit >= '0' && *digit <= '9'; digit++) thread = thread * 10 + *digit - '0';
      if (thread && thread != self) mr_send_again(told, (word)thread);
    }
  sys(__NR_close, tasks, 0, 0);
  until_heard();
}
/* Two copies of the contents: one to become the page, one to compare with. */
static int rebuild(word lo, word size, const struct range *r, int mirror) {
  word lost = mirror ? MVA(lo) : lo, other = mirror ? lo : MVA(lo), done = 0;
  long aside = sys6(MR_NR_mmap, 0, 2 * size, P_R | P_W, M_PRIVATE | M_ANON, -1ul, 0);
  if (IS_ERR(aside)) return 0;
  word first = (word)aside, second = first + size;
  hold_locks(lo, size, 1);
  int got = r->flags & R_MIRRORED ? mr_readable(other) && mr_read_native(second, other, size) == (long)size : size == PG && reread(second, lo);
  if (got) {
    memcpy((void *)first, (const void *)second, size);
    if (!mirror && S.threads && r->flags & R_MIRRORED) tell_threads(lo);
    done = put_back(lost, size, first, r, mirror);
    if (done && mirror && r->prot & P_W) late_stores(lost, lo, size, second);
  }
  hold_locks(lo, size, 0);
  if (!done) sys(__NR_munmap, first, size, 0);
  sys(__NR_munmap, second, size, 0);
  return (int)done;
}

/* Makes the page of `address` whole, or the huge page; 0 where it is not ours to do, or nothing can be done. With the lock held. */
int mr_repair(word address, word size, const char *cause) {
  int mirror = mr_is_mirror(address);
  word own = mirror ? address + MR_DISTANCE : address, lo = own & -size, i = mr_find(own);
  if (i == S.n_ranges || S.ranges[i].lo > own || mr_is_own(own)) return 0;
  struct range r = S.ranges[i];
  if (r.flags & R_ESCAPED || (!(r.flags & R_MIRRORED) && (mirror || !(r.flags & R_IMAGE)))) return 0;
  if (!mirror && r.flags >> R_PAGE_SHIFT) size = 1ul << (r.flags >> R_PAGE_SHIFT), lo = own & -size; /* its mirror has plain pages */
  if (!(r.prot & P_R)) return 1; /* nobody can touch it now; who can one day will be told */
  if (lo < r.lo || lo + size > r.hi) lo = DOWN(own), size = PG;
  struct moment from = now(1);
  if (mr_readable(mirror ? MVA(lo) : lo)) return 1; /* another thread was faster, or the kernel has it in a file */
  if (!rebuild(lo, size, &r, mirror)) {
    mr_control.lost++;
    say_lost(own, r.flags);
    return 0;
  }
  struct recovered it = {own, us_since(from), r.flags, (u32)mirror, cause};
  if (mr_control.recovered < MAX_RECOVERED) S.recovered[mr_control.recovered] = it;
  mr_control.recovered++;
  say_recovered(&it);
  return 1;
}

void mr_block_bus(int block) {
  u64 bus = 1ul << (SIGBUS_NR - 1);
  if (mr_may(MAY_BLOCK)) sys4(__NR_rt_sigprocmask, !block, &bus, 0, 8);
}
long mr_send_again(const void *siginfo, word thread) { return sys4(__NR_rt_tgsigqueueinfo, sys(__NR_getpid, 0, 0, 0), thread, SIGBUS_NR, siginfo); }

/* Where BUS_ADRERR says that the pool of huge pages is empty. */
static int huge(word address) {
  word i = mr_find(address);
  return i < S.n_ranges && S.ranges[i].lo <= address && S.ranges[i].flags >> R_PAGE_SHIFT;
}

static const char *cause_of(int code) { return code == BUS_MCEERR_AR ? "BUS_MCEERR_AR" : code == BUS_MCEERR_AO ? "BUS_MCEERR_AO" : "BUS_ADRERR"; }

/* Of the int frame, where it is on a stack of the program's; else where it begins. */
static word end_to_mirror(word frame) {
  word i = mr_find(frame);
  int mirrored = i < S.n_ranges && S.ranges[i].lo <= frame && S.ranges[i].flags & R_MIRRORED;
  return mirrored ? mr_frame_end(frame, 1) : frame;
}
/* Without what the lost page had the program cannot go on. Nothing here may need the runtime's state. The signal comes when this handler ends. */
static word end_with(const char *text) {
  word act[SIGACTION_WORDS] = {0};
  sys(__NR_write, 2, text, mr_strlen(text));
  sys4(__NR_rt_sigaction, SIGBUS_NR, act, 0, 8);
  mr_block_bus(1);
  sys(__NR_tkill, sys(__NR_gettid, 0, 0, 0), SIGBUS_NR, 0);
  return 0;
}
/* Is the page one of those that may have the int frame of a signal whose handler is not entered yet, and our bytes below it? */
static int takes_handler(const struct siginfo *info, const word *regs) {
  enum { INT_FRAME = 4096 };
  word page = DOWN(info->address), sp = regs[MR_REG_SP];
  return page + PG > sp && page < sp + MR_SIGNAL_K + INT_FRAME && mr_readies_handler(regs);
}
/* A store that is under way, whose native half alone is done. */
static int loses_store(word *regs, const struct span *page) {
  word i = mr_find(page->lo);
  if (S.dynamic || i == S.n_ranges || S.ranges[i].lo > page->lo || !(S.ranges[i].flags & R_MIRRORED)) return 0;
  struct span lost = *page;
  word huge = S.ranges[i].flags >> R_PAGE_SHIFT;
  if (huge) lost.lo &= -(1ul << huge), lost.hi = lost.lo + (1ul << huge);
  int then = mr_entry_window(regs, &lost);
  if (then == GOES_ON && !mr_in_runtime(regs[MR_REG_IP])) then = mr_window(regs, &lost);
  return then == IS_GONE;
}
/* Told before it is touched, which only we have asked for: a program without a handler would not hear of it, and none of what is not its own. */
static int too_early(const struct siginfo *info) {
  word i = mr_find(info->address);
  return info->code == BUS_MCEERR_AO && (S.bus_action[0] <= 1 || i == S.n_ranges || S.ranges[i].lo > info->address);
}
/* From __mirror_bus; gives the bytes that have to get to the mirror. `enter`: where the program's handler is to begin, or 0. */
word mr_bus(word frame, struct enter *enter) {
  const struct siginfo *info = (const struct siginfo *)mr_siginfo(frame);
  if ((!sent(info) || info->code == BUS_MCEERR_AO) && mr_owns(info->address)) {
    if (mr_repair_own(info->address, mr_registers(frame, 1)[MR_REG_SP]) || sent(info)) return end_to_mirror(frame) - frame; /* sent: it may never be touched */
    return end_with("mirrorasm: a page of the runtime's own memory is lost: nothing can bring it back\n");
  }
  word *regs = mr_registers(frame, 1);
  int machine = info->code == BUS_MCEERR_AR || info->code == BUS_MCEERR_AO, rebuilt = info->code == REBUILT, mine = mr_lock_is_mine(), ours;
  word told = S.n_rebuilt;
  u32 out_fd = S.out_fd, out_n = S.out_n; /* a report may be under way */
  if (sent(info) && mine && !rebuilt) { /* what the lock guards may be half done. One is kept: a page that is lost is met when it is touched, too */
    memcpy(S.told, info, sizeof S.told);
    return end_to_mirror(frame) - frame;
  }
  /* First: who holds one of the locks of atomic.S must not wait for ours (hold_locks). Nor may another SIGBUS come before. */
  if (sent(info)) mr_interrupted(regs);
  else mr_lost_page(regs);
  mr_pushed_flags(regs);
  __atomic_fetch_add(&S.handling, 1, __ATOMIC_ACQ_REL);
  if (mine) mr_state_changes(), memcpy(S.out_kept, S.out, sizeof S.out), mr_block_bus(0);
  else mr_lock_in_handler();
  word size = machine && info->lsb > 12 && info->lsb < 31 ? 1ul << info->lsb : PG;
  struct span lost = {info->address & -size, (info->address & -size) + size};
  if ((!sent(info) || machine || rebuilt) && loses_store(regs, &lost))
    return end_with("mirrorasm: what was just being stored is lost, and its mirror did not have it yet: nothing can bring it back\n");
  /* A store whose mirror half is done, and is lost with its page, begins again: memory has not what the rebuilt page would need. */
  if (!mr_in_runtime(regs[MR_REG_IP])) {
    if (sent(info)) mr_group(regs);
    else mr_integer_pop(regs); /* one part may be lost with its page while the other is stored */
  }
  word end = end_to_mirror(frame);
  if ((!sent(info) || machine || rebuilt) && takes_handler(info, regs))
    return end_with("mirrorasm: a page of the stack is lost with the frame of a signal that had no mirror yet: nothing can bring it back\n");
  if (rebuilt) ours = 1;
  else if (machine || (info->code == BUS_ADRERR && !huge(info->address)))
    ours = mr_repair(info->address, size, cause_of(info->code));
  else ours = info->code <= 0 && mr_injection(frame, end);
  ours = ours || (info->code == BUS_MCEERR_AO && mr_renew_stack(info->address));
  if (mine) memcpy(S.out, S.out_kept, sizeof S.out), S.out_fd = out_fd, S.out_n = out_n;
  /* Of signals that wait only the first comes, and one that came into this handler did not see what it had come into. */
  word page = rebuilt || S.n_rebuilt != told ? TOLD_PAGES : ours && (machine || !sent(info)) ? DOWN(info->address) : NO_PAGE;
  int alone = sent(info) && !machine && !S.threads; /* nothing has been repaired: what was asked for is lost from now on */
  int then = (ours || sent(info)) && !alone ? mr_start_over(frame, regs, page) : GOES_ON;
  if (then == IS_GONE) return end_with("mirrorasm: what a system call had just written there had no mirror yet: nothing can bring it back\n");
  if (ours && then == GOES_ON) mr_begin_again(regs);
  int early = too_early(info);
  mr_block_bus(1); /* until this handler returns: the next one finds the stack empty */
  if (!mine || then == AGAIN) mr_unlock();
  __atomic_fetch_sub(&S.handling, 1, __ATOMIC_ACQ_REL);
  if (!ours && !early) mr_give_to_program(frame, sent(info), end > frame, enter);
  return end - frame;
}

/* SIGBUS is ours from now on. One that is the program's ends a call that waits if its own handler is one that does. */
void mr_catch_bus(void) {
  enum { SIGINFO = 4, ONSTACK = 0x08000000, RESTORER = 0x04000000, RESTART = 0x10000000 };
  word restart = S.bus_action[0] > 1 ? S.bus_action[1] & RESTART : RESTART;
  word act[SIGACTION_WORDS] = {(word)__mirror_bus, SIGINFO | ONSTACK | RESTORER | restart, (word)__mirror_bus};
  memset(&act[3], 255, 8);
  sys4(__NR_rt_sigaction, SIGBUS_NR, act, 0, 8);
}
void mr_start_recovery(void) {
  if (S.dynamic) return; /* its C library makes threads of its own */
  mr_control.ranges = (word)&S.ranges, mr_control.n_ranges = (word)&S.n_ranges;
  sys4(__NR_rt_sigaction, SIGBUS_NR, 0, S.bus_action, 8);
  mr_own_stack();
  mr_first_spare();
  mr_catch_bus();
  mr_told_early(1);
}
/* Whether the kernel tells of a lost page before it is touched; fails where it knows of no memory errors. A program that is begun by execve would inherit it. */
void mr_told_early(int on) {
  if (!S.dynamic && mr_may(MAY_PRCTL)) sys6(__NR_prctl, PR_MCE_KILL, on ? PR_MCE_KILL_SET : PR_MCE_KILL_CLEAR, on ? PR_MCE_KILL_EARLY : 0, 0, 0, 0);
}
