#include <sys/mman.h>
#include <sys/syscall.h>
/* The system call itself: mmap of the C library would tell the runtime. */
void lose_natively(void *page, int empty_file) {
  long r;
#ifdef __x86_64__
  register long flags __asm__("r10") = MAP_PRIVATE | MAP_FIXED, fd __asm__("r8") = empty_file, offset __asm__("r9") = 0;
  __asm__ volatile("syscall" : "=a"(r) : "0"(SYS_mmap), "D"(page), "S"(4096), "d"(PROT_READ | PROT_WRITE), "r"(flags), "r"(fd), "r"(offset) : "rcx", "r11", "memory");
#else
  __asm__ volatile("push %%ebp; xor %%ebp, %%ebp; int $0x80; pop %%ebp"
                   : "=a"(r)
                   : "0"(SYS_mmap2), "b"(page), "c"(4096), "d"(PROT_READ | PROT_WRITE), "S"(MAP_PRIVATE | MAP_FIXED), "D"(empty_file)
                   : "memory");
#endif
}
/* What Linux has for this thread: the program is told what it has set itself. */
void *real_alternate_stack(void) {
  static struct { void *sp; int flags; unsigned long size; } stack;
  long r;
#ifdef __x86_64__
  __asm__ volatile("syscall" : "=a"(r) : "0"(SYS_sigaltstack), "D"(0), "S"(&stack) : "rcx", "r11", "memory");
#else
  __asm__ volatile("int $0x80" : "=a"(r) : "0"(SYS_sigaltstack), "b"(0), "c"(&stack) : "memory");
#endif
  void *sp = stack.sp;
  stack.sp = 0, stack.flags = 0, stack.size = 0; /* what has no mirror must not stay */
  return sp;
}
