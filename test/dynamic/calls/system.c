/* What the kernel writes: files, processes, clocks, users. */
#include "cases.h"
#include <arpa/inet.h>
#include <crypt.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pty.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define TO (char *)to
static int file(void) { return open("/proc/self/exe", O_RDONLY); }
CASE(read) { PAINT(to, 64); NEED(read(file(), to, 50) == 50); }
CASE(pread) { PAINT(to, 64); NEED(pread(file(), to, 50, 1) == 50); }
CASE(pread64) { PAINT(to, 64); NEED(pread64(file(), to, 50, 1) == 50); }
#define PARTS PAINT(one, 16); PAINT(two, 64); struct iovec v[] = {{one, 16}, {two, 40}}
CASE(readv) { PARTS; NEED(readv(file(), v, 2) == 56); }
CASE(preadv) { PARTS; NEED(preadv(file(), v, 2, 1) == 56); }
CASE(preadv2) { PARTS; NEED(preadv2(file(), v, 2, 1, 0) == 56); }
CASE(preadv64) { PARTS; NEED(preadv64(file(), v, 2, 1) == 56); }
CASE(process_vm_readv) { PARTS; struct iovec from = {(void *)(size_t)file, 56}; NEED(process_vm_readv(getpid(), v, 2, &from, 1, 0) == 56); }
CASE(readlink) { PAINT(to, 512); NEED(readlink("/proc/self/exe", TO, sizeof to) > 0); }
CASE(readlinkat) { PAINT(to, 512); NEED(readlinkat(AT_FDCWD, "/proc/self/exe", TO, sizeof to) > 0); }
#define PAINTED(type) PAINT(to, sizeof(type) + 16)
CASE(stat) { PAINTED(struct stat); NEED(!stat("/", (struct stat *)to)); }
CASE(stat64) { PAINTED(struct stat64); NEED(!stat64("/", (struct stat64 *)to)); }
CASE(lstat) { PAINTED(struct stat); NEED(!lstat("/", (struct stat *)to)); }
CASE(lstat64) { PAINTED(struct stat64); NEED(!lstat64("/", (struct stat64 *)to)); }
CASE(fstat) { PAINTED(struct stat); NEED(!fstat(file(), (struct stat *)to)); }
CASE(fstat64) { PAINTED(struct stat64); NEED(!fstat64(file(), (struct stat64 *)to)); }
CASE(fstatat) { PAINTED(struct stat); NEED(!fstatat(AT_FDCWD, "/", (struct stat *)to, 0)); }
CASE(fstatat64) { PAINTED(struct stat64); NEED(!fstatat64(AT_FDCWD, "/", (struct stat64 *)to, 0)); }
CASE(statx) { PAINTED(struct statx); NEED(!statx(AT_FDCWD, "/", 0, STATX_ALL, (struct statx *)to)); }
CASE(statfs) { PAINTED(struct statfs); NEED(!statfs("/", (struct statfs *)to)); }
CASE(statfs64) { PAINTED(struct statfs64); NEED(!statfs64("/", (struct statfs64 *)to)); }
CASE(fstatfs) { PAINTED(struct statfs); NEED(!fstatfs(file(), (struct statfs *)to)); }
CASE(fstatfs64) { PAINTED(struct statfs64); NEED(!fstatfs64(file(), (struct statfs64 *)to)); }
CASE(statvfs) { PAINTED(struct statvfs); NEED(!statvfs("/", (struct statvfs *)to)); }
CASE(statvfs64) { PAINTED(struct statvfs64); NEED(!statvfs64("/", (struct statvfs64 *)to)); }
CASE(fstatvfs) { PAINTED(struct statvfs); NEED(!fstatvfs(file(), (struct statvfs *)to)); }
CASE(fstatvfs64) { PAINTED(struct statvfs64); NEED(!fstatvfs64(file(), (struct statvfs64 *)to)); }
CASE(pipe) { PAINT(to, 16); NEED(!pipe((int *)to)); }
CASE(pipe2) { PAINT(to, 16); NEED(!pipe2((int *)to, O_CLOEXEC)); }
CASE(fcntl) { PAINT(to, 64); struct flock l = {.l_type = F_WRLCK}; memcpy(to, &l, sizeof l); NEED(!fcntl(file(), F_GETLK, to)); }
CASE(fcntl64) { extern int fcntl64(int, int, ...); PAINT(to, 64); struct flock l = {.l_type = F_WRLCK}; memcpy(to, &l, sizeof l); NEED(!fcntl64(file(), F_GETLK, to)); }
CASE(ioctl) { PAINT(to, 16); NEED(!ioctl(file(), 2 /* FIGETBSZ */, to)); }
CASE(prctl) { PAINT(to, 32); NEED(!prctl(PR_GET_NAME, to)); }
CASE(syscall) { PAINT(to, 512); NEED(!syscall(SYS_uname, to)); }
CASE(copy_file_range) {
  FILE *a = tmpfile(), *b = tmpfile();
  PAINT(to, 16); memset(to, 0, 8); fputs("some text", a), fflush(a);
  long n = copy_file_range(fileno(a), (off64_t *)to, fileno(b), 0, 9, 0);
  NEED(n == 9 || n == -1); /* file systems need not have it */
}
CASE(sendfile) { PAINT(to, 16); memset(to, 0, 8); NEED(sendfile(fileno(tmpfile()), file(), (off_t *)to, 9) == 9); }
CASE(sendfile64) { PAINT(to, 16); memset(to, 0, 8); NEED(sendfile64(fileno(tmpfile()), file(), (off64_t *)to, 9) == 9); }
CASE(splice) { int p[2]; PAINT(to, 16); memset(to, 0, 8); NEED(!pipe(p) && splice(file(), (loff_t *)to, p[1], 0, 9, 0) == 9); }
CASE(eventfd_read) { PAINT(to, 16); NEED(!eventfd_read(eventfd(5, 0), (eventfd_t *)to)); }
CASE(getxattr) { PAINT(to, 64); getxattr("/tmp", "user.none", to, sizeof to); }
CASE(listxattr) { PAINT(to, 64); listxattr("/tmp", TO, sizeof to); }
CASE(flistxattr) { PAINT(to, 64); flistxattr(file(), TO, sizeof to); }
CASE(mincore) { PAINT(to, 16); NEED(!mincore((void *)((size_t)case_mincore & -4096ul), 4096, to)); }
CASE(getrandom) { PAINT(to, 64); NEED(getrandom(to, 50, 0) == 50); }
CASE(getentropy) { PAINT(to, 64); NEED(!getentropy(to, 50)); }

static int child(void) { int p = fork(); if (!p) _exit(5); return p; }
CASE(wait) { PAINT(to, 16); child(); NEED(wait((int *)to) > 0); }
CASE(wait3) { PAINT(to, 16); PAINT(usage, sizeof(struct rusage) + 16); child(); NEED(wait3((int *)to, 0, (struct rusage *)usage) > 0); }
CASE(wait4) { PAINT(to, 16); PAINT(usage, sizeof(struct rusage) + 16); NEED(wait4(child(), (int *)to, 0, (struct rusage *)usage) > 0); }
CASE(waitpid) { PAINT(to, 16); NEED(waitpid(child(), (int *)to, 0) > 0); }
CASE(waitid) { PAINTED(siginfo_t); child(); NEED(!waitid(P_ALL, 0, (siginfo_t *)to, WEXITED)); }
CASE(vfork) { int p = vfork(); if (!p) _exit(3); int status; NEED(waitpid(p, &status, 0) == p && WEXITSTATUS(status) == 3); }
CASE(_exit) { _exit(0); }
CASE(_Exit) { _Exit(0); }
static char *command[] = {"true", 0};
static void ended(const unsigned char *to) { int status; NEED(waitpid(*(const int *)to, &status, 0) > 0 && !status); }
CASE(posix_spawn) { PAINT(to, 16); NEED(!posix_spawn((pid_t *)to, "/bin/true", 0, 0, command, 0)); ended(to); }
CASE(posix_spawnp) { PAINT(to, 16); NEED(!posix_spawnp((pid_t *)to, "true", 0, 0, command, 0)); ended(to); }
#define ACTIONS PAINT(to, 96); posix_spawn_file_actions_t *a = (void *)to; NEED(!posix_spawn_file_actions_init(a))
CASE(posix_spawn_file_actions_init) { ACTIONS; }
CASE(posix_spawn_file_actions_addclose) { ACTIONS; NEED(!posix_spawn_file_actions_addclose(a, 5)); }
CASE(posix_spawn_file_actions_adddup2) { ACTIONS; NEED(!posix_spawn_file_actions_adddup2(a, 1, 5)); }
CASE(posix_spawn_file_actions_addopen) { ACTIONS; NEED(!posix_spawn_file_actions_addopen(a, 5, "/", 0, 0)); }
CASE(posix_spawn_file_actions_destroy) { ACTIONS; NEED(!posix_spawn_file_actions_destroy(a)); }
#define ATTRIBUTES PAINT(to, 352); posix_spawnattr_t *a = (void *)to; static sigset_t mask; sigaddset(&mask, SIGINT); NEED(!posix_spawnattr_init(a))
CASE(posix_spawnattr_init) { ATTRIBUTES; }
CASE(posix_spawnattr_destroy) { ATTRIBUTES; NEED(!posix_spawnattr_destroy(a)); }
CASE(posix_spawnattr_setflags) { ATTRIBUTES; NEED(!posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP)); }
CASE(posix_spawnattr_setpgroup) { ATTRIBUTES; NEED(!posix_spawnattr_setpgroup(a, 1)); }
CASE(posix_spawnattr_setsigdefault) { ATTRIBUTES; NEED(!posix_spawnattr_setsigdefault(a, &mask)); }
CASE(posix_spawnattr_setsigmask) { ATTRIBUTES; NEED(!posix_spawnattr_setsigmask(a, &mask)); }

CASE(getrlimit) { PAINT(to, 32); NEED(!getrlimit(RLIMIT_NOFILE, (struct rlimit *)to)); }
CASE(getrlimit64) { PAINT(to, 32); NEED(!getrlimit64(RLIMIT_NOFILE, (struct rlimit64 *)to)); }
CASE(prlimit) { PAINT(to, 32); NEED(!prlimit(0, RLIMIT_NOFILE, 0, (struct rlimit *)to)); }
CASE(prlimit64) { PAINT(to, 32); NEED(!prlimit64(0, RLIMIT_NOFILE, 0, (struct rlimit64 *)to)); }
CASE(getrusage) { PAINTED(struct rusage); NEED(!getrusage(RUSAGE_SELF, (struct rusage *)to)); }
CASE(sysinfo) { PAINTED(struct sysinfo); NEED(!sysinfo((struct sysinfo *)to)); }
CASE(uname) { PAINTED(struct utsname); NEED(!uname((struct utsname *)to)); }
CASE(times) { PAINT(to, 48); NEED(times((struct tms *)to) > 0); }
CASE(adjtime) { PAINT(to, 32); NEED(!adjtime(0, (struct timeval *)to)); }
CASE(adjtimex) { PAINT(to, 224); ((struct timex *)to)->modes = 0; NEED(adjtimex((struct timex *)to) >= 0); }
CASE(gettimeofday) { PAINT(to, 32); PAINT(zone, 16); NEED(!gettimeofday((struct timeval *)to, (void *)zone)); }
CASE(clock_gettime) { PAINT(to, 32); NEED(!clock_gettime(CLOCK_REALTIME, (struct timespec *)to)); }
CASE(clock_getres) { PAINT(to, 32); NEED(!clock_getres(CLOCK_REALTIME, (struct timespec *)to)); }
CASE(clock_getcpuclockid) { PAINT(to, 16); NEED(!clock_getcpuclockid(0, (clockid_t *)to)); }
static void rung(int sig) { (void)sig; }
static void ring(void) { signal(SIGALRM, rung); struct sigaction a = {.sa_handler = rung}; sigaction(SIGALRM, &a, 0); struct itimerval t = {{0, 0}, {0, 50000}}; setitimer(ITIMER_REAL, &t, 0); }
CASE(nanosleep) { PAINT(to, 32); struct timespec t = {9, 0}; ring(); NEED(nanosleep(&t, (struct timespec *)to) == -1); }
CASE(clock_nanosleep) { PAINT(to, 32); struct timespec t = {9, 0}; ring(); NEED(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, (struct timespec *)to)); }
CASE(getitimer) { PAINT(to, 48); NEED(!getitimer(ITIMER_REAL, (struct itimerval *)to)); }
CASE(setitimer) { PAINT(to, 48); struct itimerval t = {{0, 0}, {99, 0}}; NEED(!setitimer(ITIMER_REAL, &t, (struct itimerval *)to)); }
CASE(timer_create) { PAINT(to, 16); struct sigevent e = {.sigev_notify = SIGEV_NONE}; NEED(!timer_create(CLOCK_MONOTONIC, &e, (timer_t *)to)); }
static timer_t timer(void) { timer_t t; struct sigevent e = {.sigev_notify = SIGEV_NONE}; NEED(!timer_create(CLOCK_MONOTONIC, &e, &t)); return t; }
CASE(timer_gettime) { PAINT(to, 48); NEED(!timer_gettime(timer(), (struct itimerspec *)to)); }
CASE(timer_settime) { PAINT(to, 48); struct itimerspec s = {{0, 0}, {99, 0}}; NEED(!timer_settime(timer(), 0, &s, (struct itimerspec *)to)); }
CASE(timerfd_gettime) { PAINT(to, 48); NEED(!timerfd_gettime(timerfd_create(CLOCK_MONOTONIC, 0), (struct itimerspec *)to)); }
CASE(timerfd_settime) { PAINT(to, 48); struct itimerspec s = {{0, 0}, {99, 0}}; NEED(!timerfd_settime(timerfd_create(CLOCK_MONOTONIC, 0), 0, &s, (struct itimerspec *)to)); }
CASE(sched_getaffinity) { PAINT(to, 128); NEED(!sched_getaffinity(0, sizeof to, (cpu_set_t *)to)); }
CASE(sched_getparam) { PAINT(to, 16); NEED(!sched_getparam(0, (struct sched_param *)to)); }
CASE(sched_rr_get_interval) { PAINT(to, 32); NEED(!sched_rr_get_interval(0, (struct timespec *)to)); }
CASE(getloadavg) { PAINT(to, 32); NEED(getloadavg((double *)to, 3) == 3); }
CASE(gethostname) { PAINT(to, 256); NEED(!gethostname(TO, sizeof to)); }
CASE(getdomainname) { PAINT(to, 256); NEED(!getdomainname(TO, sizeof to)); }
CASE(crypt_r) { PAINT(to, 32768); NEED(crypt_r("word", "$1$salt", (void *)to)); }
CASE(crypt_rn) { PAINT(to, 32768); NEED(crypt_rn("word", "$1$salt", to, sizeof to)); }
CASE(crypt_gensalt_rn) { PAINT(to, 64); NEED(crypt_gensalt_rn("$1$", 0, "0123456789abcdef", 16, TO, sizeof to)); }
CASE(getgroups) { PAINT(to, 1024); getgroups(256, (gid_t *)to); }
#define THREE PAINT(a, 16); PAINT(b, 16); PAINT(c, 16)
CASE(getresuid) { THREE; NEED(!getresuid((uid_t *)a, (uid_t *)b, (uid_t *)c)); }
CASE(getresgid) { THREE; NEED(!getresgid((gid_t *)a, (gid_t *)b, (gid_t *)c)); }
#define ENTRY PAINT(to, 64); PAINT(names, 512); PAINT(result, 16)
CASE(getpwnam_r) { ENTRY; NEED(!getpwnam_r("root", (struct passwd *)to, (char *)names, sizeof names, (struct passwd **)result)); }
CASE(getpwuid_r) { ENTRY; NEED(!getpwuid_r(0, (struct passwd *)to, (char *)names, sizeof names, (struct passwd **)result)); }
CASE(getgrnam_r) { ENTRY; NEED(!getgrnam_r("root", (struct group *)to, (char *)names, sizeof names, (struct group **)result)); }
CASE(getgrgid_r) { ENTRY; NEED(!getgrgid_r(0, (struct group *)to, (char *)names, sizeof names, (struct group **)result)); }
CASE(getlogin_r) { PAINT(to, 64); getlogin_r(TO, sizeof to); }
CASE(openpty) { PAINT(to, 16); PAINT(other, 16); NEED(!openpty((int *)to, (int *)other, 0, 0, 0)); }
static int terminal(int *master) { int slave; NEED(!openpty(master, &slave, 0, 0, 0)); return slave; }
CASE(ttyname_r) { PAINT(to, 64); int m; NEED(!ttyname_r(terminal(&m), TO, sizeof to)); }
CASE(ptsname_r) { PAINT(to, 64); int m; terminal(&m); NEED(!ptsname_r(m, TO, sizeof to)); }
#define TERMIOS PAINTED(struct termios); struct termios *t = (void *)to; int m; NEED(!tcgetattr(terminal(&m), t))
CASE(tcgetattr) { TERMIOS; }
CASE(cfmakeraw) { TERMIOS; cfmakeraw(t); }
CASE(cfsetispeed) { TERMIOS; NEED(!cfsetispeed(t, B9600)); }
CASE(cfsetospeed) { TERMIOS; NEED(!cfsetospeed(t, B9600)); }
CASE(cfsetspeed) { TERMIOS; NEED(!cfsetspeed(t, B9600)); }

CASE(sigemptyset) { PAINT(to, 144); sigemptyset((sigset_t *)to); }
CASE(sigfillset) { PAINT(to, 144); sigfillset((sigset_t *)to); }
CASE(sigaddset) { PAINT(to, 144); sigemptyset((sigset_t *)to), sigaddset((sigset_t *)to, SIGINT); }
CASE(sigdelset) { PAINT(to, 144); sigfillset((sigset_t *)to), sigdelset((sigset_t *)to, SIGINT); }
static sigset_t *alarms(void) { static sigset_t s; sigemptyset(&s), sigaddset(&s, SIGALRM), sigprocmask(SIG_BLOCK, &s, 0); return &s; }
CASE(sigprocmask) { PAINT(to, 144); NEED(!sigprocmask(SIG_BLOCK, 0, (sigset_t *)to)); }
CASE(sigpending) { PAINT(to, 144); NEED(!sigpending((sigset_t *)to)); }
CASE(sigwait) { PAINT(to, 16); sigset_t *s = alarms(); raise(SIGALRM); NEED(!sigwait(s, (int *)to)); }
CASE(sigwaitinfo) { PAINTED(siginfo_t); sigset_t *s = alarms(); raise(SIGALRM); NEED(sigwaitinfo(s, (siginfo_t *)to) == SIGALRM); }
CASE(sigtimedwait) { PAINTED(siginfo_t); sigset_t *s = alarms(); struct timespec t = {5, 0}; raise(SIGALRM); NEED(sigtimedwait(s, (siginfo_t *)to, &t) == SIGALRM); }
CASE(sigaltstack) { PAINT(to, 32); static char stack[16384]; stack_t s = {stack, 0, sizeof stack}; NEED(!sigaltstack(&s, (stack_t *)to)); }
CASE(sigaction) { PAINT(to, 160); NEED(!sigaction(SIGINT, 0, (struct sigaction *)to)); }

CASE(mmap) { char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); NEED(p != MAP_FAILED); p[5] = 1; }
CASE(mmap64) { char *p = mmap64(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, file(), 0); NEED(p != MAP_FAILED); p[5] = 1; }
static char *pages(void) { char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memset(p, 7, 8192); return p; }
CASE(munmap) { NEED(!munmap(pages(), 4096)); }
CASE(mprotect) { NEED(!mprotect(pages(), 4096, PROT_READ)); }
CASE(mremap) { char *p = mremap(pages(), 8192, 1 << 20, MREMAP_MAYMOVE); NEED(p != MAP_FAILED && p[5] == 7); p[1 << 19] = 1; }
CASE(madvise) { char *p = pages(); NEED(!madvise(p, 4096, MADV_DONTNEED) && p[5] == 0 && p[4097] == 7); }
CASE(posix_madvise) { char *p = pages(); NEED(!posix_madvise(p, 4096, POSIX_MADV_DONTNEED) && p[5] == 7); }
CASE(mlockall) { mlockall(MCL_CURRENT); }
CASE(shmat) { int id = shmget(IPC_PRIVATE, 4096, 0600); char *p = shmat(id, 0, 0); shmctl(id, IPC_RMID, 0); NEED(p != (char *)-1); p[5] = 1; }
CASE(shmdt) { int id = shmget(IPC_PRIVATE, 4096, 0600); char *p = shmat(id, 0, 0); shmctl(id, IPC_RMID, 0); NEED(!shmdt(p)); }

CASE(shmctl) { PAINTED(struct shmid_ds); int id = shmget(IPC_PRIVATE, 4096, 0600); NEED(!shmctl(id, IPC_STAT, (struct shmid_ds *)to) && !shmctl(id, IPC_RMID, 0)); }
CASE(semctl) { PAINTED(struct semid_ds); int id = semget(IPC_PRIVATE, 1, 0600); NEED(!semctl(id, 0, IPC_STAT, (struct semid_ds *)to) && !semctl(id, 0, IPC_RMID)); }
CASE(msgctl) { PAINTED(struct msqid_ds); int id = msgget(IPC_PRIVATE, 0600); NEED(!msgctl(id, IPC_STAT, (struct msqid_ds *)to) && !msgctl(id, IPC_RMID, 0)); }
CASE(msgrcv) {
  PAINT(to, 64);
  int id = msgget(IPC_PRIVATE, 0600);
  struct { long type; char text[12]; } message = {1, "0123456789"};
  NEED(!msgsnd(id, &message, 10, 0) && msgrcv(id, to, 40, 0, 0) == 10 && !msgctl(id, IPC_RMID, 0));
}
CASE(clock_adjtime) { PAINT(to, 224); ((struct timex *)to)->modes = 0; NEED(clock_adjtime(CLOCK_REALTIME, (struct timex *)to) >= 0); }
CASE(sigorset) { PAINT(to, 144); static sigset_t a, b; NEED(!sigorset((sigset_t *)to, &a, &b)); }
CASE(sigandset) { PAINT(to, 144); static sigset_t a, b; NEED(!sigandset((sigset_t *)to, &a, &b)); }
