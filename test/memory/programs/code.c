// Code made at run time: what the program is told, and what its code has written. (mov $42, of the first argument; ret)
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

enum { PAGE = 4096 };
static const unsigned char code[] = {
#ifdef __x86_64__
    0xc6, 0x07, 42, 0xc3,
#else
    0x8b, 0x44, 0x24, 4, 0xc6, 0x00, 42, 0xc3,
#endif
};
static char written;

static void run(void *at) {
  ((void (*)(char *))at)(&written);
  printf("written: %d\n", written);
}
static void *tell(const char *what, void *at) {
  printf("%s: %s\n", what, at == MAP_FAILED ? strerror(errno) : "made");
  return at;
}

int main(void) {
  int any = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
  void *made = tell("writable and executable", mmap(0, PAGE, any | PROT_EXEC, flags, -1, 0));
  void *later = tell("writable", mmap(0, PAGE, any, flags, -1, 0));
  memcpy(later, code, sizeof code);
  int done = mprotect(later, PAGE, PROT_READ | PROT_EXEC);
  tell("executable later", done ? MAP_FAILED : later);
  int self = open("/proc/self/exe", O_RDONLY);
  tell("a file's code", mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, self, 0));
  char *text = (char *)((long)main & -PAGE);
  tell("own code, writable", mprotect(text, PAGE, any | PROT_EXEC) ? MAP_FAILED : text);
  tell("own code as it was", mprotect(text, PAGE, PROT_READ | PROT_EXEC) ? MAP_FAILED : text);
  int id = shmget(IPC_PRIVATE, PAGE, 0700);
  tell("shared, executable", shmat(id, 0, SHM_EXEC));
  shmctl(id, IPC_RMID, 0);
  if (made != MAP_FAILED) memcpy(made, code, sizeof code), run(made);
  if (!done) written = 0, run(later);
  return 0;
}
