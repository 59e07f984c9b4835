// A program that steps itself by the trap flag: what SIGTRAP's handler sees behind each instruction, system call and element of a repeated one.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __x86_64__
#define SP "rsp"
#define SYSCALL "syscall"
#define IP REG_RIP
#define COUNT REG_RCX
#define WORD "q"
#define FLAGS REG_EFL
#else
#define SP "esp"
#define SYSCALL "int $0x80"
#define IP REG_EIP
#define COUNT REG_ECX
#define WORD "l"
#define FLAGS REG_EFL
#endif

extern const char begin[], end[];
static char from[64] = "some text that is copied", to[64];
static struct {
  int place, count, code, flags, same;
} seen[200];
static volatile int steps;

static void handler(int number, siginfo_t *info, void *context) {
  const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
  (void)number;
  long place = (long)r[IP] - (long)begin;
  if (place < 0 || place > end - begin) place = -1;
  if (steps < 200) {
    seen[steps].place = (int)place;
    seen[steps].count = (int)r[COUNT];
    seen[steps].code = info->si_code;
    seen[steps].flags = (int)r[FLAGS] & 0x500;
    seen[steps].same = (greg_t)(unsigned long)info->si_addr == r[IP];
  }
  steps++;
}

static void run(void) {
  asm volatile("mov $0, %%ecx\n\tjmp begin\n\t"
               ".globl begin, end\n"
               "begin: pushf\n\t"
               "or" WORD " $0x100, (%%" SP ")\n\t"
               "popf\n\t"
               "nop\n\t"
               "mov $3, %%ecx\n"
               "1: dec %%ecx\n\t"
               "jnz 1b\n\t"
               "mov $0, %%ecx\n\trep movsb\n\t"
               "mov $5, %%ecx\n\trep movsb\n\t"
               "mov $1, %%ecx\n\trep stosb\n\t"
               "mov $4, %%ecx\n\trep lodsb\n\t"
               "std\n\tmov $2, %%ecx\n\trep movsb\n\tcld\n\t"
               "mov $6, %%ecx\n\trepne scasb\n\t"
               "mov $6, %%ecx\n\trepe cmpsb\n\t"
               "mov %[getpid], %%eax\n\t"
               SYSCALL "\n\t"
               "mov $9, %%eax\n\t"
               "pushf\n\t"
               "and" WORD " $~0x100, (%%" SP ")\n\t"
               "popf\n\t"
               "nop\n"
               "end: nop"
               : "+S"(*(char **)&(char *){from}), "+D"(*(char **)&(char *){to})
               : [getpid] "i"(SYS_getpid)
               : "eax", "ecx", "memory", "cc"
#ifdef __x86_64__
               , "r11"
#endif
  );
}

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, 0);
  for (int round = 0; round < 3; round++) {
    steps = 0;
    memset(to, 0, sizeof to);
    run();
    printf("%d steps, %s\n", steps, to);
    for (int n = 0; n < steps && n < 200; n++)
      printf("%d %d %d %x %d\n", seen[n].place, seen[n].count, seen[n].code, seen[n].flags, seen[n].same);
  }
  fflush(stdout);
  action.sa_handler = SIG_DFL;
  action.sa_flags = 0;
  sigaction(SIGTRAP, &action, 0);
  run();
  return 0;
}
