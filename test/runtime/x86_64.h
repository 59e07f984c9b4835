/* The test program's own half of the boundary on x86-64: the sequences that the rewriter emits. */
#include <asm/unistd_64.h>
#define NR_mmap __NR_mmap
#define NR_fstatat __NR_newfstatat
#define NR_recv __NR_recvfrom
enum { RED_ZONE = 128 };
#define OUTSIDE 0x10000000 /* no mirror is possible there */

__asm__(".globl _start\n_start: mov %rsp,%rdi\n lea test_stack+65536(%rip),%rsp\n call test_main\n ud2\n"
        ".globl sc\n.type sc,@function\nsc:\n" /* sc(nr, a..f) */
        " mov %rdi,%rax\n mov %rsi,%rdi\n mov %rdx,%rsi\n mov %rcx,%rdx\n mov %r8,%r10\n mov %r9,%r8\n mov 8(%rsp),%r9\n"
        " lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: ret\n"
        /* probe(): all registers and the flags survive a call; 0 is good */
        ".globl probe\nprobe:\n push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        " movq $0x5a5a,-64(%rsp)\n movq $0x1234,-128(%rsp)\n mov $39,%eax\n mov $1,%edi\n mov $2,%esi\n mov $3,%edx\n mov $4,%r8d\n mov $5,%r9d\n mov $6,%r10d\n"
        " mov $7,%ebx\n mov $8,%ebp\n mov $9,%r12d\n mov $10,%r13d\n mov $11,%r14d\n mov $12,%r15d\n stc\n std\n"
        " lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: mov $1,%eax\n jnc 9f\n pushfq\n testl $0x400,(%rsp)\n lea 8(%rsp),%rsp\n jz 9f\n cld\n"
        " lea (%rdi,%rsi),%rcx\n add %rdx,%rcx\n add %r8,%rcx\n add %r9,%rcx\n add %r10,%rcx\n"
        " add %rbx,%rcx\n add %rbp,%rcx\n add %r12,%rcx\n add %r13,%rcx\n add %r14,%rcx\n add %r15,%rcx\n cmp $78,%rcx\n jne 9f\n"
        " cmpq $0x5a5a,-64(%rsp)\n jne 9f\n cmpq $0x1234,-128(%rsp)\n jne 9f\n xor %eax,%eax\n9: cld\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
        /* spawn(flags, top, ptid, ctid): the child stores mirrored, then exits */
        ".globl spawn\nspawn: mov %rcx,%r10\n mov $56,%eax\n lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: test %rax,%rax\n jz 2f\n ret\n"
        /* spawn3(args, size): the same by clone3 */
        ".globl spawn3\nspawn3: mov $435,%eax\n lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: test %rax,%rax\n jz 2f\n ret\n"
        "2: movq $77,%gs:shown+64(%rip)\n movq $77,shown+64(%rip)\n mov $60,%eax\n mov unmap_base(%rip),%rdi\n test %rdi,%rdi\n jz 4f\n mov $65536,%esi\n mov $11,%eax\n4: lea 3f(%rip),%rcx\n jmp __mirror_syscall\n3: ud2\n"
        /* handler: a mirrored store, as rewritten code would make it */
        ".globl handler\nhandler: movslq %edi,%rax\n mov %rax,%gs:shown+72(%rip)\n mov %rax,shown+72(%rip)\n ret\n"
        ".globl restorer\nrestorer: mov $15,%eax\n lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: ud2\n"
        /* on(top): runs a call on a stack in protected memory; only painted memory and the call are on it */
        /* getpgrp: C code does it, as quick.c has no row for it */
        ".globl getpid_on\ngetpid_on: mov %rsp,%r8\n mov %rdi,%rsp\n mov $111,%eax\n lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: mov %r8,%rsp\n ret\n"
        ".globl mem_on\nmem_on: mov %rsp,%r12\n mov %rdi,%rsp\n mov $9,%eax\n xor %edi,%edi\n mov $8192,%esi\n mov $3,%edx\n mov $0x22,%r10d\n mov $-1,%r8\n xor %r9d,%r9d\n"
        " lea 1f(%rip),%rcx\n jmp __mirror_syscall\n1: mov %r12,%rsp\n ret\n");
