// The guest's first process. Takes one case a line from the second serial port, runs the mirrored program, loses the page it names, and tells how it
// ended. Not mirrored itself.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, SECONDS = 20, ARGUMENTS = 16 };
static FILE *host, *from_host;

static void fatal(const char *what) {
  if (host) fprintf(host, "fatal %s: %s\n", what, strerror(errno));
  for (;;) pause(); // the end of process 1 is a panic; the host ends the machine
}
static void must(int ok, const char *what) {
  if (!ok) fatal(what);
}
static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT, 0644); // the flag is mapped: it keeps its length
  must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
  close(fd);
}

static int64_t entry_of(pid_t pid, uint64_t address) { // proc_pid_pagemap(5)
  char path[64];
  int64_t entry = 0;
  snprintf(path, sizeof path, "/proc/%d/pagemap", pid);
  int fd = open(path, O_RDONLY);
  if (fd >= 0 && pread(fd, &entry, 8, (off_t)(address / PAGE * 8)) != 8) entry = 0;
  close(fd);
  return entry;
}
/* 0 where none is present. */
static uint64_t frame_of(pid_t pid, uint64_t address) {
  int64_t entry = entry_of(pid, address);
  return entry < 0 ? (uint64_t)entry & ((1ull << 55) - 1) : 0;
}
/* A page of the program's file becomes one of its own, as a breakpoint makes it one. */
static void poke(pid_t pid, uint64_t address) {
  char path[64], byte;
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int fd = open(path, O_RDWR);
  must(fd >= 0 && pread(fd, &byte, 1, (off_t)address) == 1 && pwrite(fd, &byte, 1, (off_t)address) == 1, path);
  close(fd);
}

static void next_line(char *line, int size) {
  must(fgets(line, size, from_host) != 0, "the serial port");
  line[strcspn(line, "\n")] = 0;
}
/* The page is gone when its frame is mapped no more: the kernel may do that in a thread of its own. */
static const char *lose(pid_t pid, const char *how, uint64_t address, const char *spin) {
  char text[64];
  uint64_t frame = frame_of(pid, address);
  if (!frame) return "the page is not there";
  if (!strcmp(how, "corrupt-pfn")) {
    snprintf(text, sizeof text, "%#llx", (unsigned long long)frame);
    put("/sys/kernel/debug/hwpoison/corrupt-pfn", text);
  } else {
    fprintf(host, "mce %s %#llx %s\n", how, (unsigned long long)frame * PAGE, spin);
    next_line(text, sizeof text);
    if (strcmp(text, "done")) return "the monitor did not do it";
  }
  for (int i = 0; frame_of(pid, address) == frame; i++) {
    if (i == 2000) return "the page was not lost";
    usleep(1000);
  }
  return 0;
}

static void tell_file(const char *name, const char *path) {
  char line[4096];
  FILE *file = fopen(path, "r");
  if (!file) return;
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    fprintf(host, "%s %s\n", name, line);
  }
  fclose(file);
}

static int on_file(const char *path) { return open(path, O_RDWR | O_CREAT | O_TRUNC, 0644); }
/* words: program, how the page is lost, `poke` or another word, arguments of the program */
static void run(char **words) {
  const char *how = words[1], *failed = 0;
  int own = !strcmp(how, "inject") || !strcmp(how, "madvise") || !strcmp(how, "none");
  int from[2];
  put("/flag", "0");
  unlink("/report");
  must(!pipe(from), "pipe");
  pid_t pid = fork();
  must(pid >= 0, "fork");
  if (!pid) {
    dup2(on_file("/out"), 1), dup2(on_file("/err"), 2);
    dup2(from[1], 3);
    for (int fd = 4; fd < 64; fd++) close(fd);
    char *env[] = {"MIRROR_CHECK=exit", "MIRROR_REPORT=/report", 0};
    words[2] = words[0];
    execve(words[0], words + 2, env);
    _exit(127);
  }
  close(from[1]);
  FILE *told = fdopen(from[0], "r");
  char line[256] = "";
  if (!fgets(line, sizeof line, told)) failed = "the program did not come to its page";
  else if (!own) {
    char *spin = strchr(line, ':'); // page [page]: where it waits
    spin[strcspn(spin, "\n")] = 0;
    for (char *at = line; !failed && *at != ':';) {
      uint64_t address = strtoull(at, &at, 16);
      if (!strcmp(words[2], "poke")) poke(pid, address);
      failed = lose(pid, how, address, spin + 2);
    }
  }
  put("/flag", "1");
  int status = 0;
  for (int i = 0; waitpid(pid, &status, WNOHANG) != pid; i++) {
    if (i == SECONDS * 1000) failed = "it hangs", kill(pid, SIGKILL);
    usleep(1000);
  }
  fclose(told);
  if (failed) fprintf(host, "failed %s\n", failed);
  tell_file("out", "/out"), tell_file("err", "/err"), tell_file("report", "/report");
  if (WIFEXITED(status)) fprintf(host, "exit %d\n", WEXITSTATUS(status));
  else fprintf(host, "signal %d\n", WTERMSIG(status));
}

static void load(const char *module) {
  int fd = open(module, O_RDONLY | O_CLOEXEC);
  must(fd >= 0 && !syscall(SYS_finit_module, fd, "", 0), module);
  close(fd);
}

int main(void) {
  mkdir("/dev", 0755), mkdir("/proc", 0755), mkdir("/sys", 0755);
  mount("dev", "/dev", "devtmpfs", 0, 0);
  int port = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
  struct termios raw;
  if (port >= 0 && !tcgetattr(port, &raw)) cfmakeraw(&raw), cfsetspeed(&raw, B115200), tcsetattr(port, TCSANOW, &raw);
  host = fdopen(port, "w"), from_host = fdopen(dup(port), "r");
  must(host && from_host, "/dev/ttyS1");
  setvbuf(host, 0, _IOLBF, 4096);
  must(!mount("proc", "/proc", "proc", 0, 0), "/proc");
  must(!mount("sys", "/sys", "sysfs", 0, 0), "/sys");
  must(!mount("debug", "/sys/kernel/debug", "debugfs", 0, 0), "debugfs");
  load("/hwpoison-inject.ko");
  put("/proc/sys/vm/nr_hugepages", "48");
  fprintf(host, "ready\n");
  for (;;) {
    char line[512], *words[ARGUMENTS] = {0};
    int n = 0;
    next_line(line, sizeof line);
    for (char *word = strtok(line, " "); word && n < ARGUMENTS - 1; word = strtok(0, " ")) words[n++] = word;
    if (n > 3) run(words);
    fprintf(host, "end\n");
  }
}
