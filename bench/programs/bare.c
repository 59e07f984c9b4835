// The same loops without an operating system, for an emulator of a whole PC: a multiboot kernel whose command line says which, and how often. The result
// goes to the serial port.
#define BARE
#include "kernels.c"

/* Multiboot 0.6.96: magic, flags, checksum. */
__attribute__((section(".multiboot"), used)) static const uint32_t header[] = {0x1badb002, 0, -0x1badb002u};

static char stack[65536] __attribute__((aligned(16), used));

static void put(char c) { __asm__ volatile("outb %0, %w1" : : "a"(c), "d"(0x3f8)); }

/* struct multiboot_info: the command line is the fifth word. */
__attribute__((used)) static void start(const uint32_t *info) {
  const char *line = (const char *)info[4];
  while (*line == ' ') line++;
  char which = *line;
  while (*line && (*line < '0' || *line > '9')) line++;
  unsigned long times = 0;
  while (*line >= '0' && *line <= '9') times = 10 * times + (unsigned long)(*line++ - '0');
  unsigned long result = run(which, times);
  int shift = 28;
  while (shift > 0 && result >> shift == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) put("0123456789abcdef"[result >> shift & 15]);
  put('\n');
  for (;;) __asm__ volatile("cli; hlt");
}

__asm__(".globl _start\n_start: lea stack+65536, %esp\n\tpushl $0\n\tpopf\n\tpushl %ebx\n\tcall start\n");
