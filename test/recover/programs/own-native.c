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
