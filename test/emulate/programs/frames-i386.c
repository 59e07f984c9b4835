/* What a handler without SA_SIGINFO finds of its frame in a 32-bit program, and that all of it comes back: registers of both units, masks, the selector of
   thread-local memory. Prints the same on every Linux on x86-64. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local int mine = 5;

static void handler(int sig) {
  unsigned *frame = (unsigned *)__builtin_frame_address(0) + 1, *context = frame + 2, *state = (unsigned *)context[19];
  unsigned char *code = (unsigned char *)frame + 724;
  printf("%d trap %u segments %x %x %x gs %d flags %x aligned %u %u mask %x %x\n", sig, context[12], context[15], context[18], context[2] & 0xffff,
         (context[0] & 0xffff) != 0, context[16] & 0x400, (unsigned)(frame + 1) % 16, ((unsigned)state + 112) % 64, context[20], frame[180]);
  printf("x87 %x %x %x %x %x %x\n", state[0], state[1], state[2], state[4], state[6], state[27] >> 16);
  printf("extended %x %d code %02x %02x %02x\n", state[28 + 116], state[28 + 117] >= 692, code[0], code[1], code[2]);
  mine++;
}

int main(void) {
  struct sigaction act = {.sa_handler = handler};
  sigaddset(&act.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &act, 0);
  sigset_t set, now;
  sigemptyset(&set), sigaddset(&set, SIGUSR2), sigaddset(&set, 40);
  for (int round = 0; round < 2; round++) {
    double a, b, c;
    unsigned eax = SYS_kill, flags;
    sigprocmask(SIG_BLOCK, &set, 0);
    __asm__ volatile("fldz; fld1; fldpi; stc; int $0x80; pushf; pop %1; fstpl %2; fstpl %3; fstpl %4"
                     : "+a"(eax), "=&S"(flags), "=m"(a), "=m"(b), "=m"(c) : "b"(getpid()), "c"(SIGUSR1) : "memory", "cc");
    sigprocmask(SIG_BLOCK, 0, &now);
    printf("%g %g %g %u carry %u mine %d blocked %d %d %d\n", a, b, c, eax, flags & 1, mine, sigismember(&now, 40), sigismember(&now, SIGUSR2),
           sigismember(&now, SIGUSR1));
    fflush(stdout);
    sigprocmask(SIG_UNBLOCK, &set, 0);
  }
  return mine;
}
