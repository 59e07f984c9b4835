// Runs a program under a system that promises private writable memory of 32 MiB at most in one call: what vm.overcommit_memory=2 does to
// programs that ask for much, without a change to the machine.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>
#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, what))
#define IF(op, k, yes, no) BPF_JUMP(BPF_JMP | op | BPF_K, k, yes, no)
int main(int argc, char **argv) {
  struct sock_filter code[] = {
    LOAD(arch),
    IF(BPF_JEQ, AUDIT_ARCH_X86_64, 0, 3),
    LOAD(nr),
    IF(BPF_JEQ, 9, 4, 0), // mmap
    IF(BPF_JEQ, 10, 5, 12), // mprotect
    LOAD(nr),
    IF(BPF_JEQ, 192, 1, 0), // mmap2
    IF(BPF_JEQ, 125, 2, 9),
    LOAD(args[3]),
    IF(BPF_JSET, 2, 0, 7), // MAP_PRIVATE
    LOAD(args[2]),
    IF(BPF_JSET, 2, 0, 5), // PROT_WRITE
    LOAD(args[1]) /* the low half */,
    IF(BPF_JGT, 32 << 20, 2, 0),
    LOAD(args[1]) /* replaced by the high half below */,
    IF(BPF_JGT, 0, 0, 1),
    BPF_STMT(BPF_RET, SECCOMP_RET_ERRNO | ENOMEM),
    BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW),
  };
  code[14].k += 4;
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) return 3;
  execv(argv[1], argv + 1);
  return 3;
}
