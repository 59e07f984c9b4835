/* Calls that only i386 has: older forms, structures of 32-bit fields, many calls in one. After each the mirror has to hold what the
   kernel wrote, however much that was. */
EXEMPT volatile char *page; /* set to the same bytes in both copies before each call */
static volatile char *fresh(void) {
  for (int i = 0; i < 4096; i++) put(page + i, (char)0xa5);
  return page;
}
static void set(volatile char *at, word value) {
  for (int i = 0; i < 4; i++) put(at + i, (char)(value >> 8 * i));
}
static word get(volatile char *at) { return *(volatile word *)at; }
static long socketcall(int nr, word a, word b, word c, word d, word e, word f) {
  word args[6] = {a, b, c, d, e, f};
  return C(__NR_socketcall, nr, args, 0, 0, 0, 0);
}
/* The call succeeded, wrote something, and the mirror has it. */
#define WROTE(call) do { volatile char *b = fresh(); OK(GOOD(call)); int k = 0; while (k < 4096 && b[k] == (char)0xa5) k++; OK(k < 4096 && eq(page, 4096)); } while (0)

static void files(void) {
  WROTE(C(__NR_stat, "/", b, 0, 0, 0, 0));
  WROTE(C(__NR_lstat, "/", b, 0, 0, 0, 0));
  WROTE(C(__NR_fstat, 0, b, 0, 0, 0, 0));
  WROTE(C(__NR_stat64, "/", b, 0, 0, 0, 0));
  WROTE(C(__NR_lstat64, "/", b, 0, 0, 0, 0));
  WROTE(C(__NR_fstat64, 0, b, 0, 0, 0, 0));
  WROTE(C(__NR_fstatat64, -100, "/", b, 0, 0, 0));
  WROTE(C(__NR_oldstat, "/dev/null", b, 0, 0, 0, 0));
  WROTE(C(__NR_statx, -100, "/", 0, 0xfff, b, 0));
  WROTE(C(__NR_statfs, "/", b, 0, 0, 0, 0));
  WROTE(C(__NR_statfs64, "/", 84, b, 0, 0, 0));
  long fd = C(__NR_open, "/proc/self/exe", 0, 0, 0, 0, 0), dir = C(__NR_open, "/", 0, 0, 0, 0, 0);
  WROTE(C(__NR__llseek, fd, 0, 64, b, 0, 0));
  WROTE(C(__NR_pread64, fd, b, 100, 0, 0, 0));
  WROTE(C(__NR_getdents, dir, b, 4096, 0, 0, 0));
  OK(C(__NR_lseek, dir, 0, 0, 0, 0, 0) == 0);
  WROTE(C(__NR_getdents64, dir, b, 4096, 0, 0, 0));
  OK(C(__NR_lseek, dir, 0, 0, 0, 0, 0) == 0);
  WROTE(C(__NR_readdir, dir, b, 1, 0, 0, 0));
  fresh(), set(page, (word)page + 512), set(page + 4, 64), set(page + 8, (word)page + 2000), set(page + 12, 64);
  OK(C(__NR_readv, fd, page, 2, 0, 0, 0) == 128 && eq(page, 4096));
  fresh(), set(page, 0);
  OK(C(__NR_fcntl64, fd, 12, page + 100, 0, 0, 0) == -22 && eq(page, 4096)); /* F_GETLK64 of an unknown type */
  for (int i = 0; i < 24; i++) put(page + 100 + i, 0);
  OK(C(__NR_fcntl64, fd, 12, page + 100, 0, 0, 0) == 0 && eq(page, 4096));
  word mapped[6] = {0, 8192, 3, 2, (word)fd, 4096};
  volatile char *p = (char *)C(__NR_mmap, mapped, 0, 0, 0, 0, 0);
  OK(GOOD(p) && eq(p, 8192));
  put(p, 7);
  OK(C(__NR_pread64, fd, page, 1, 4096, 0, 0) == 1 && eq(p, 8192));
  mapped[5] = 1;
  OK(C(__NR_mmap, mapped, 0, 0, 0, 0, 0) == -22);
  OK(C(__NR_mmap, 4, 0, 0, 0, 0, 0) == -14);
}
static void clocks(void) {
  WROTE(C(__NR_time, b, 0, 0, 0, 0, 0));
  WROTE(C(__NR_gettimeofday, b, b + 8, 0, 0, 0, 0));
  WROTE(C(__NR_clock_gettime, 0, b, 0, 0, 0, 0));
  WROTE(C(__NR_clock_gettime64, 0, b, 0, 0, 0, 0));
  WROTE(C(__NR_clock_getres_time64, 0, b, 0, 0, 0, 0));
  WROTE(C(__NR_times, b, 0, 0, 0, 0, 0));
  WROTE(C(__NR_getitimer, 0, b, 0, 0, 0, 0));
  WROTE((set(b + 200, 0), C(__NR_adjtimex, b + 200, 0, 0, 0, 0, 0)));
  WROTE(C(__NR_sched_rr_get_interval, 0, b, 0, 0, 0, 0));
  WROTE(C(__NR_sched_rr_get_interval_time64, 0, b, 0, 0, 0, 0));
  WROTE((set(b, 1), set(b + 4, 0), set(b + 8, 0), set(b + 12, 0), set(b + 100, 0), set(b + 104, 0), C(__NR__newselect, 0, b + 32, b + 40, 0, b + 100, 0)));
  fresh(), set(page + 100, 0), set(page + 104, 1), set(page + 200, 5), set(page + 204, 0), set(page + 208, 0), set(page + 212, 0);
  word args[5] = {33, 0, (word)page + 200, 0, (word)page + 100};
  set(page + 200, 2);
  OK(C(__NR_select, args, 0, 0, 0, 0, 0) >= 0 && eq(page, 4096));
}
static void identity(void) {
  WROTE(C(__NR_uname, b, 0, 0, 0, 0, 0));
  WROTE(C(__NR_olduname, b, 0, 0, 0, 0, 0));
  WROTE(C(__NR_oldolduname, b, 0, 0, 0, 0, 0));
  WROTE(C(__NR_sysinfo, b, 0, 0, 0, 0, 0));
  WROTE(C(__NR_getrusage, 0, b, 0, 0, 0, 0));
  WROTE(C(__NR_getrlimit, 3, b, 0, 0, 0, 0));
  WROTE(C(__NR_ugetrlimit, 3, b, 0, 0, 0, 0));
  WROTE(C(__NR_prlimit64, 0, 3, 0, b, 0, 0));
  WROTE(C(__NR_getresuid, b, b + 2, b + 4, 0, 0, 0));
  WROTE(C(__NR_getresuid32, b, b + 4, b + 8, 0, 0, 0));
  WROTE(C(__NR_sched_getaffinity, 0, 128, b, 0, 0, 0));
  WROTE(C(__NR_get_robust_list, 0, b, b + 4, 0, 0, 0));
  WROTE(C(__NR_sigprocmask, 0, 0, b, 0, 0, 0));
  WROTE(C(__NR_sigpending, b, 0, 0, 0, 0, 0));
  WROTE(C(__NR_rt_sigprocmask, 0, 0, b, 8, 0, 0));
  WROTE(C(__NR_sigaltstack, 0, b, 0, 0, 0, 0));
  WROTE(C(__NR_prctl, 16, b, 0, 0, 0, 0)); /* PR_GET_NAME */
  WROTE(C(__NR_prctl, 40, b, 0, 0, 0, 0)); /* PR_GET_TID_ADDRESS */
  WROTE((set(b, -1), set(b + 4, 0), set(b + 8, 0xfffff), set(b + 12, 0x51), C(__NR_set_thread_area, b, 0, 0, 0, 0, 0)));
  WROTE((set(b, 12), C(__NR_get_thread_area, b, 0, 0, 0, 0, 0)));
  OK(C(__NR_vm86, 0, 0, 0, 0, 0, 0) == -38 && C(__NR_uselib, "/", 0, 0, 0, 0, 0) == -38);
}
static void sockets(void) {
  volatile char *b = fresh();
  OK(socketcall(8, 1, 1, 0, (word)b, 0, 0) == 0 && eq(page, 4096)); /* socketpair */
  word one = get(b), two = get(b + 4);
  OK(socketcall(9, one, (word)"hello", 5, 0, 0, 0) == 5);
  OK(socketcall(10, two, (word)b + 100, 50, 0, 0, 0) == 5 && b[100] == 'h' && eq(page, 4096));
  set(b + 200, 110);
  OK(socketcall(6, one, (word)b + 300, (word)b + 200, 0, 0, 0) == 0 && eq(page, 4096)); /* getsockname */
  set(b + 200, 4);
  OK(socketcall(15, one, 1, 3, (word)b + 300, (word)b + 200, 0) == 0 && get(b + 300) == 1 && eq(page, 4096)); /* getsockopt SO_TYPE */
  OK(C(__NR_getsockopt, one, 1, 3, b + 320, b + 200, 0) == 0 && eq(page, 4096));
  OK(socketcall(9, one, (word)"again", 5, 0, 0, 0) == 5);
  fresh(); /* msghdr: name, namelen, iov, iovlen, control, controllen, flags */
  for (int i = 0; i < 28; i++) put(b + i, 0);
  set(b + 8, (word)b + 64), set(b + 12, 1), set(b + 16, (word)b + 600), set(b + 20, 100), set(b + 64, (word)b + 512), set(b + 68, 64);
  OK(socketcall(17, two, (word)b, 0, 0, 0, 0) == 5 && b[512] == 'a' && eq(page, 4096)); /* recvmsg */
  OK(socketcall(99, 0, 0, 0, 0, 0, 0) == -22 && C(__NR_socketcall, 8, 4, 0, 0, 0, 0) == -14);
}
static void ipcs(void) {
  long id = C(__NR_ipc, 23, 0, 8192, 01600, 0, 0); /* shmget(IPC_PRIVATE) */
  OK(id >= 0);
  fresh();
  OK(C(__NR_ipc, 21, id, 0, page + 40, 0, 0) == 0 && eq(page, 4096)); /* shmat */
  volatile char *p = (volatile char *)get(page + 40);
  put(p + 5000, 9);
  OK(eq(p, 8192));
  OK(C(__NR_ipc, 22, 0, 0, 0, p, 0) == 0); /* shmdt */
  volatile char *q = (volatile char *)C(__NR_shmat, id, 0, 0, 0, 0, 0);
  OK(GOOD(q) && q[5000] == 9 && eq(q, 8192) && C(__NR_shmdt, q, 0, 0, 0, 0, 0) == 0);
  WROTE(C(__NR_ipc, 24, id, 0x102, 0, b, 0));   /* shmctl(IPC_STAT) */
  WROTE(C(__NR_shmctl, id, 2, b, 0, 0, 0));
  WROTE(C(__NR_shmctl, 0, 14, b, 0, 0, 0));     /* SHM_INFO */
  OK(C(__NR_ipc, 24, id, 0, 0, 0, 0) == 0);     /* IPC_RMID */
  id = C(__NR_ipc, 13, 0, 01600, 0, 0, 0);  /* msgget */
  word message[3] = {1, 0x6f6c6568, 0};
  OK(id >= 0 && C(__NR_ipc, 11, id, 8, 0, message, 0) == 0);
  fresh();
  OK(C(__NR_ipc, 12 | 1 << 16, id, 64, 0, page + 100, 0) == 8 && get(page + 104) == 0x6f6c6568 && eq(page, 4096));
  OK(C(__NR_ipc, 11, id, 8, 0, message, 0) == 0);
  word kludge[2] = {(word)page + 200, 0};
  OK(C(__NR_ipc, 12, id, 64, 0, kludge, 0) == 8 && get(page + 204) == 0x6f6c6568 && eq(page, 4096));
  WROTE(C(__NR_ipc, 14, id, 0x102, 0, b, 0)); /* msgctl(IPC_STAT) */
  OK(C(__NR_ipc, 14, id, 0, 0, 0, 0) == 0);   /* IPC_RMID */
  id = C(__NR_ipc, 2, 0, 2, 01600, 0, 0);     /* semget */
  word where[1];
  OK(id >= 0);
  WROTE((where[0] = (word)b, C(__NR_ipc, 3, id, 0, 0x102, where, 0))); /* semctl(IPC_STAT) */
  OK(C(__NR_ipc, 3, id, 0, 0, where, 0) == 0);
}
static word handled(int kill) {
  *(volatile word *)(shown + 72) = 0, *(volatile word *)((word)shown + 72 - D) = 0;
  OK(C(__NR_tkill, C(__NR_gettid, 0, 0, 0, 0, 0, 0), kill, 0, 0, 0, 0) == 0 && eq(shown, 4096));
  return *(volatile word *)(shown + 72);
}
static void handlers(void) {
  volatile char *alt = map(32768);
  word ss[3] = {(word)alt, 0, 32768};
  OK(C(__NR_sigaltstack, ss, 0, 0, 0, 0, 0) == 0);
  /* sigaction's old form: handler, mask, flags, restorer; SA_RESTORER | SA_ONSTACK, then without a restorer */
  word act[5] = {(word)handler, 0, 0x0c000000, (word)restorer};
  fresh();
  OK(C(__NR_sigaction, 12, act, page, 0, 0, 0) == 0 && get(page) == 0 && eq(page, 4096) && handled(12) == 12 && eq(alt, 32768));
  act[2] = 0x08000000;
  OK(C(__NR_sigaction, 12, act, page, 0, 0, 0) == 0 && get(page) == (word)handler && eq(page, 4096) && handled(12) == 12 && eq(alt, 32768));
  OK(C(__NR_signal, 12, handler, 0, 0, 0, 0) == (long)handler && handled(12) == 12 && C(__NR_signal, 12, 1, 0, 0, 0, 0) == 0);
  /* SA_SIGINFO, with and without a restorer */
  word info[5] = {(word)info_handler, 0x0c000004, (word)info_restorer};
  OK(C(__NR_rt_sigaction, 12, info, page, 8, 0, 0) == 0 && get(page) == 1 && eq(page, 4096) && handled(12) == 112 && eq(alt, 32768));
  info[1] = 0x08000004;
  OK(C(__NR_rt_sigaction, 12, info, page, 8, 0, 0) == 0 && get(page) == (word)info_handler && handled(12) == 112 && eq(alt, 32768));
  OK(C(__NR_rt_sigaction, 12, 4, 0, 8, 0, 0) == -14);
}
static void forms(void) {
  page = map(4096);
  files(), clocks(), identity(), sockets(), ipcs(), handlers();
}
