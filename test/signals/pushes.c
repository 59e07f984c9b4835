/*
 * Pushes of every kind between two `int3`; what they pushed is on the stack still when the program ends. The kernel puts its frame at a multiple
 * of 64 bytes, so only one push in sixteen finds it on its slot: 16 rounds of 36 or 60 bytes have each push at each place.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int word = 7;
static char noise[200];

static void handler(int signal) { memset(noise, signal, sizeof noise); }

int main(void) {
  signal(SIGUSR1, handler);
#ifdef __x86_64__
  __asm__ volatile("int3\n.rept 16\npush %%rax; push $5; push $0x12345; push %%rsp; push %%rbp; push (%0); pushw $3; pushw $4; pushfq\n.endr\nint3"
                   :: "r"(&word) : "memory");
#else
  __asm__ volatile("int3\n.rept 16\npush %%eax; push $5; push $0x12345; push %%esp; push %%ebp; push (%0); pushw $3; pushw $4; pushf\n.endr\nint3"
                   :: "r"(&word) : "memory");
#endif
  exit(0);
}
