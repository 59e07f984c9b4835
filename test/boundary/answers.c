/* Runs a program whose calls of quotactl_fd and lookup_dcookie are answered here, as a kernel with quotas or cookies would: few machines have
   either. The kernel hands them over by a filter (seccomp_unotify(2)). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { QUOTACTL_FD = 443, LOOKUP_DCOOKIE_64 = 212, LOOKUP_DCOOKIE_32 = 253 };

static int filter(void) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ, QUOTACTL_FD, 6, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ, LOOKUP_DCOOKIE_64, 0, 2),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ, AUDIT_ARCH_X86_64, 3, 4),
    BPF_JUMP(BPF_JMP | BPF_JEQ, LOOKUP_DCOOKIE_32, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ, AUDIT_ARCH_I386, 0, 1),
    BPF_STMT(BPF_RET, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void answer(int listener) {
  struct seccomp_notif call;
  memset(&call, 0, sizeof call);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) return;
  int wide = call.data.arch == AUDIT_ARCH_X86_64, quota = call.data.nr == QUOTACTL_FD;
  char bytes[72], path[64];
  memset(bytes, 0x3c, sizeof bytes);
  size_t size = sizeof "/a/cookie";
  if (quota) size = wide ? 72 : 68; /* linux/quota.h, struct if_dqblk */
  else memcpy(bytes, "/a/cookie", size);
  snprintf(path, sizeof path, "/proc/%u/mem", call.pid);
  int memory = open(path, O_RDWR);
  /* A 32-bit program gives the cookie in two arguments. */
  int done = pwrite(memory, bytes, size, (off_t)call.data.args[quota ? 3 : wide ? 1 : 2]) == (ssize_t)size;
  close(memory);
  struct seccomp_notif_resp reply = {.id = call.id, .val = done && !quota ? (long long)size : 0, .error = done ? 0 : -EFAULT};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

int main(int argc, char **argv) {
  int number[2], go[2], listener = -1, status;
  char c = 0;
  if (argc < 2 || pipe(number) || pipe(go)) return 3;
  pid_t child = fork();
  if (child == 0) {
    listener = filter();
    if (write(number[1], &listener, sizeof listener) < 0 || read(go[0], &c, 1) != 1) _exit(3);
    close(listener);
    execv(argv[1], argv + 1);
    _exit(3);
  }
  if (read(number[0], &listener, sizeof listener) != sizeof listener) return 3;
  listener = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, child, 0), listener, 0);
  if (listener < 0) perror("answers: no listener");
  if (write(go[1], &c, 1) != 1) return 3;
  while (waitpid(child, &status, WNOHANG) == 0) {
    struct pollfd ready = {listener, POLLIN, 0};
    if (poll(&ready, 1, 100) == 1 && ready.revents & POLLIN) answer(listener);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}
