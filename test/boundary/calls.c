/* System calls that write memory in ways of their own. Each writes into a painted buffer with its name: a byte that the runtime does not know
   of differs at exit. Prints the calls that succeeded. */
#define _GNU_SOURCE
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Calls newer than some headers. */
enum { QUOTACTL_FD = 443, CACHESTAT = 451, STATMOUNT = 457, LISTMOUNT, LSM_GET_SELF_ATTR, LSM_SET_SELF_ATTR, LSM_LIST_MODULES, MSEAL, SETXATTRAT,
       GETXATTRAT, LISTXATTRAT, REMOVEXATTRAT, OPEN_TREE_ATTR, FILE_GETATTR };

#define PAINT(name, size) \
  static unsigned char name[size]; \
  memset(name, 0xa5, sizeof name)

static void say(const char *name, long result) {
  if (result >= 0) printf("%s\n", name);
}

static void terminals(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0) return;
  grantpt(master), unlockpt(master);
  PAINT(tcgets, 64); say("TCGETS", ioctl(master, TCGETS, tcgets));
  PAINT(tcgets2, 64); say("TCGETS2", ioctl(master, 0x802c542a, tcgets2));
  PAINT(tcgeta, 64); say("TCGETA", ioctl(master, TCGETA, tcgeta));
  PAINT(tiocgptn, 64); say("TIOCGPTN", ioctl(master, TIOCGPTN, tiocgptn));
  PAINT(tiocgwinsz, 64); say("TIOCGWINSZ", ioctl(master, TIOCGWINSZ, tiocgwinsz));
  PAINT(tiocgetd, 64); say("TIOCGETD", ioctl(master, TIOCGETD, tiocgetd));
  PAINT(tiocgexcl, 64); say("TIOCGEXCL", ioctl(master, TIOCGEXCL, tiocgexcl));
  PAINT(tiocgptlck, 64); say("TIOCGPTLCK", ioctl(master, TIOCGPTLCK, tiocgptlck));
  close(master);
}

static void sockets(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) return;
  PAINT(siocgifconf, 2048);
  struct ifconf conf = {.ifc_len = sizeof siocgifconf, .ifc_buf = (char *)siocgifconf};
  say("SIOCGIFCONF", ioctl(fd, SIOCGIFCONF, &conf));
  PAINT(siocgifflags, 64); strcpy((char *)siocgifflags, "lo");
  say("SIOCGIFFLAGS", ioctl(fd, SIOCGIFFLAGS, siocgifflags));
  PAINT(siocgifindex, 64); strcpy((char *)siocgifindex, "lo");
  say("SIOCGIFINDEX", ioctl(fd, SIOCGIFINDEX, siocgifindex));
  PAINT(siocgifhwaddr, 64); strcpy((char *)siocgifhwaddr, "lo");
  say("SIOCGIFHWADDR", ioctl(fd, SIOCGIFHWADDR, siocgifhwaddr));
  PAINT(siocgifmtu, 64); strcpy((char *)siocgifmtu, "lo");
  say("SIOCGIFMTU", ioctl(fd, SIOCGIFMTU, siocgifmtu));
  close(fd);
}

static void files(void) {
  char path[] = "/tmp/mirrorasm-calls-XXXXXX";
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, path, sizeof path) < 0) return;
  PAINT(figetbsz, 64); say("FIGETBSZ", ioctl(fd, 2, figetbsz));
  PAINT(fioqsize, 64); say("FIOQSIZE", ioctl(fd, 0x5460, fioqsize));
  PAINT(getflags, 64); say("FS_IOC_GETFLAGS", ioctl(fd, sizeof(long) == 8 ? 0x80086601 : 0x80046601, getflags));
  PAINT(cachestat, 64);
  uint64_t range[2] = {0, 4096};
  say("cachestat", syscall(CACHESTAT, fd, range, cachestat, 0));
  PAINT(file_getattr, 64); say("file_getattr", syscall(FILE_GETATTR, AT_FDCWD, path, file_getattr, 24, 0));
  PAINT(handle, 256);
  PAINT(mount_id, 64);
  *(unsigned *)handle = 128;
  say("name_to_handle_at", syscall(__NR_name_to_handle_at, AT_FDCWD, path, handle, mount_id, 0));
  syscall(__NR_setxattr, path, "user.mirror", "value", 5, 0);
  PAINT(getxattr, 64); say("getxattr", syscall(__NR_getxattr, path, "user.mirror", getxattr, 64));
  PAINT(getxattrat, 64);
  struct { uint64_t value; uint32_t size, flags; } args = {(uintptr_t)getxattrat, 64, 0};
  say("getxattrat", syscall(GETXATTRAT, AT_FDCWD, path, 0, "user.mirror", &args, sizeof args));
  PAINT(listxattrat, 256); say("listxattrat", syscall(LISTXATTRAT, AT_FDCWD, path, 0, listxattrat, 256));
  close(fd), unlink(path);
}

static void kernel(void) {
  PAINT(mode, 64);
  PAINT(nodes, 256);
  say("get_mempolicy", syscall(__NR_get_mempolicy, mode, nodes, 1024, 0, 0));
  PAINT(status, 64);
  void *pages[] = {status};
  say("move_pages", syscall(__NR_move_pages, 0, 1, pages, 0, status, 0));
  PAINT(listmount, 4096);
  struct { uint32_t size, spare; uint64_t id, param; } request = {24, 0, UINT64_MAX, 0};
  say("listmount", syscall(LISTMOUNT, &request, listmount, 64, 0));
  PAINT(statmount, 4096);
  request.id = *(uint64_t *)listmount, request.param = 0x3f;
  say("statmount", syscall(STATMOUNT, &request, statmount, 4096, 0));
  PAINT(lsm_list_modules, 256);
  static uint32_t size = sizeof lsm_list_modules;
  say("lsm_list_modules", syscall(LSM_LIST_MODULES, lsm_list_modules, &size, 0));
  PAINT(capabilities, 64); say("keyctl", syscall(__NR_keyctl, 31, capabilities, 32, 0, 0));
  PAINT(syslog, 4096); say("syslog", syscall(__NR_syslog, 3, syslog, 4096));
  PAINT(ldt, 4096); say("modify_ldt", syscall(__NR_modify_ldt, 0, ldt, 4096));
  PAINT(quota, 128); say("quotactl", syscall(__NR_quotactl, 0x80000400, "/dev/none", 0, quota));
  PAINT(sigmask, 64); say("rt_sigprocmask", syscall(__NR_rt_sigprocmask, 0, 0, sigmask, 8));
  PAINT(to, 4096);
  static char from[] = "written into itself";
  struct iovec local = {from, sizeof from}, remote = {to, 64};
  say("process_vm_writev", syscall(__NR_process_vm_writev, getpid(), &local, 1, &remote, 1, 0));
  PAINT(read_to, 4096);
  struct iovec into = {read_to, 64}, whence = {from, sizeof from};
  say("process_vm_readv", syscall(__NR_process_vm_readv, getpid(), &into, 1, &whence, 1, 0));
}

static void tracing(void) {
  pid_t child = fork();
  if (child == 0) {
    syscall(__NR_ptrace, PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(0);
  }
  waitpid(child, 0, 0);
  PAINT(peek, 64); say("PTRACE_PEEKDATA", syscall(__NR_ptrace, 2, child, &environ, peek));
  PAINT(registers, 1024); say("PTRACE_GETREGS", syscall(__NR_ptrace, 12, child, 0, registers));
  PAINT(floats, 1024); say("PTRACE_GETFPREGS", syscall(__NR_ptrace, 14, child, 0, floats));
  PAINT(message, 64); say("PTRACE_GETEVENTMSG", syscall(__NR_ptrace, 0x4201, child, 0, message));
  PAINT(info, 512); say("PTRACE_GETSIGINFO", syscall(__NR_ptrace, 0x4202, child, 0, info));
  PAINT(set, 4096);
  struct iovec vector = {set, sizeof set};
  say("PTRACE_GETREGSET", syscall(__NR_ptrace, 0x4204, child, 2, &vector));
  PAINT(blocked, 64); say("PTRACE_GETSIGMASK", syscall(__NR_ptrace, 0x420a, child, 8, blocked));
  PAINT(call, 256); say("PTRACE_GET_SYSCALL_INFO", syscall(__NR_ptrace, 0x420e, child, 256, call));
  kill(child, SIGKILL), waitpid(child, 0, 0);
}

static void refused(void) {
  static unsigned char params[256];
  if (syscall(__NR_io_uring_setup, 4, params) == -1 && errno == ENOSYS) puts("no io_uring");
  static unsigned long context;
  if (syscall(__NR_io_setup, 4, &context) == -1 && errno == ENOSYS) puts("no io_setup");
  if (syscall(__NR_userfaultfd, 0) == -1 && errno == ENOSYS) puts("no userfaultfd");
  if (syscall(__NR_pkey_alloc, 0, 0) == -1 && errno == ENOSPC) puts("no pkey");
}

/* By answers.c. */
static void answered(void) {
  PAINT(quota, 128); say("quotactl_fd", syscall(QUOTACTL_FD, 0, 0x80000700, 0, quota));
  PAINT(cookie, 128);
#ifdef __i386__
  say("lookup_dcookie", syscall(__NR_lookup_dcookie, 1, 0, cookie, sizeof cookie));
#else
  say("lookup_dcookie", syscall(__NR_lookup_dcookie, 1, cookie, sizeof cookie));
#endif
  printf("%x %s\n", quota[8], cookie);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "answered") == 0) {
    answered();
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "named") == 0) {
    static char locked[64]; /* all zero also then */
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    printf("%d\n", ioctl(master, 0x5456 /* TIOCGLCKTRMIOS */, locked));
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "number") == 0) {
    printf("%d\n", syscall(499) == -1 && errno == ENOSYS);
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "unknown") == 0) {
    PAINT(unknown, 64);
    int fds[2];
    if (pipe(fds)) return 3;
    ioctl(fds[0], 0x80404de0, unknown); /* of nobody */
    puts("went on");
    static volatile unsigned owner;
    int users = open("/proc/self/ns/user", O_RDONLY);
    if (ioctl(users, 0xb704, &owner)) return 3; /* NS_GET_OWNER_UID: without a row, as few need it */
    owner = 0;
    return 0;
  }
  terminals(), sockets(), files(), kernel(), tracing(), refused();
  return 0;
}
