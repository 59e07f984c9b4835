/* The test program's own half of the boundary on i386: the sequences that the rewriter emits, arguments on the stack. */
#include <asm/unistd_32.h>
#define NR_mmap __NR_mmap2
#define NR_fstatat __NR_fstatat64
#define NR_recv __NR_recvfrom
enum { RED_ZONE = 0 };
#define OUTSIDE 0x90000000 /* no mirror is possible there */
#define M "-0x7fe00000"

__asm__(".globl _start\n_start: mov %esp,%eax\n lea test_stack+65536,%esp\n push %eax\n call test_main\n ud2\n"
        ".globl sc\n.type sc,@function\nsc:\n" /* sc(nr, a..f) */
        " push %ebx\n push %esi\n push %edi\n push %ebp\n mov 20(%esp),%eax\n mov 24(%esp),%ebx\n mov 28(%esp),%ecx\n mov 32(%esp),%edx\n"
        " mov 36(%esp),%esi\n mov 40(%esp),%edi\n mov 44(%esp),%ebp\n call __mirror_syscall\n pop %ebp\n pop %edi\n pop %esi\n pop %ebx\n ret\n"
        /* probe(): all registers and the flags survive a call; 0 is good */
        ".globl probe\nprobe:\n push %ebx\n push %esi\n push %edi\n push %ebp\n"
        " mov $20,%eax\n mov $1,%ebx\n mov $2,%ecx\n mov $3,%edx\n mov $4,%esi\n mov $5,%edi\n mov $6,%ebp\n stc\n std\n"
        " call __mirror_syscall\n mov $1,%eax\n jnc 9f\n pushf\n testl $0x400,(%esp)\n lea 4(%esp),%esp\n jz 9f\n cld\n"
        " lea (%ebx,%ecx),%eax\n add %edx,%eax\n add %esi,%eax\n add %edi,%eax\n add %ebp,%eax\n sub $21,%eax\n"
        "9: cld\n pop %ebp\n pop %edi\n pop %esi\n pop %ebx\n ret\n"
        /* spawn(flags, top, ptid, ctid): the child stores mirrored, then exits */
        ".globl spawn\nspawn: push %ebx\n push %esi\n push %edi\n push %ebp\n mov 20(%esp),%ebx\n mov 24(%esp),%ecx\n mov 28(%esp),%edx\n mov 32(%esp),%edi\n"
        " xor %esi,%esi\n mov $0x1234,%ebp\n mov $120,%eax\n stc\n call __mirror_syscall\n"
        "1: jnc 6f\n cmp $0x1234,%ebp\n jne 6f\n test %eax,%eax\n jz 2f\n pop %ebp\n pop %edi\n pop %esi\n pop %ebx\n ret\n6: ud2\n"
        /* spawn3(args, size): the same by clone3 */
        ".globl spawn3\nspawn3: push %ebx\n push %esi\n push %edi\n push %ebp\n mov 20(%esp),%ebx\n mov 24(%esp),%ecx\n mov $0x1234,%ebp\n mov $435,%eax\n stc\n"
        " call __mirror_syscall\n jmp 1b\n"
        "2: movl $77,shown+64" M "\n movl $77,shown+64\n mov $1,%eax\n mov unmap_base,%ebx\n test %ebx,%ebx\n jz 4f\n mov $65536,%ecx\n mov $91,%eax\n"
        "4: call __mirror_syscall\n ud2\n"
        /* handlers of both kinds: a mirrored store, as rewritten code would make it; the second gets siginfo, si_signo is its first word */
        ".globl handler\nhandler: mov 4(%esp),%eax\n mov %eax,shown+72" M "\n mov %eax,shown+72\n ret\n"
        ".globl info_handler\ninfo_handler: mov 8(%esp),%eax\n mov (%eax),%eax\n add $100,%eax\n mov %eax,shown+72" M "\n mov %eax,shown+72\n ret\n"
        ".globl restorer\nrestorer: pop %eax\n mov $119,%eax\n call __mirror_syscall\n ud2\n"
        ".globl info_restorer\ninfo_restorer: mov $173,%eax\n call __mirror_syscall\n ud2\n"
        /* on(top): runs a call on a stack in protected memory; only painted memory and the call are on it */
        ".globl getpid_on\ngetpid_on: mov %esp,%edx\n mov 4(%esp),%esp\n mov $20,%eax\n call __mirror_syscall\n mov %edx,%esp\n ret\n"
        ".globl mem_on\nmem_on: push %ebx\n push %esi\n push %edi\n push %ebp\n mov %esp,kept\n mov 20(%esp),%esp\n mov $192,%eax\n xor %ebx,%ebx\n mov $8192,%ecx\n mov $3,%edx\n"
        " mov $0x22,%esi\n mov $-1,%edi\n xor %ebp,%ebp\n call __mirror_syscall\n mov kept,%esp\n pop %ebp\n pop %edi\n pop %esi\n pop %ebx\n ret\n");

void info_handler(int);
void info_restorer(void);
