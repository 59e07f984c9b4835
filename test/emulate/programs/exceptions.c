// What exceptions tell: error codes, and where the program goes on behind traps.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

#ifdef __i386__
#define IP REG_EIP
#else
#define IP REG_RIP
#endif

static sigjmp_buf back;
static const char *name;
extern char first[];

static void told(int signal, siginfo_t *info, void *context) {
  greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
  printf("%s: signal %d code %d trap %d error %x at +%d\n", name, signal, info->si_code, (int)r[REG_TRAPNO], (int)r[REG_ERR],
         (int)((char *)r[IP] - first));
  siglongjmp(back, 1);
}

/* Each stands 16 bytes behind the one before it. */
#define AT(n, text) ".p2align 4\n" text "\n"
__asm__(".text\n.p2align 4\n.globl first\nfirst:\n" AT(0, ".byte 0xcd, 3") AT(1, "int $4") AT(2, "int $5") AT(3, "int $0xfd")
            AT(4, "int3") AT(5, "cli") AT(6, "sti") AT(7, "inb %dx, %al") AT(8, "outsb") AT(9, ".byte 0xf0, 0x90") AT(10, "hlt")
                AT(11, "mov $0x91a4, %eax\nmov %eax, %fs"));
static const char *const names[] = {"int 3", "int 4", "int 5", "int 0xfd", "int3", "cli", "sti", "in", "outs", "lock nop", "hlt", "mov fs"};

int main(void) {
  struct sigaction action = {.sa_sigaction = told, .sa_flags = SA_SIGINFO};
  const int signals[] = {SIGSEGV, SIGILL, SIGTRAP, SIGBUS};
  for (unsigned i = 0; i < 4; i++) sigaction(signals[i], &action, NULL);
  const unsigned count = sizeof names / sizeof *names;
  for (unsigned i = 0; i < count; i++) {
    name = names[i];
#ifndef __i386__
    if (name[0] == 'm') continue;
#endif
    if (!sigsetjmp(back, 1)) ((void (*)(void))(first + 16 * i))();
  }
  return 0;
}
