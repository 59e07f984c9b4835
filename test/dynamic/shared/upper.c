// A library with initialiser and end, buffers that the C library fills, callbacks, handlers, and a variable of the program's.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "shared.h"

int upper_calls;
struct item upper_items[4] = {{"pear", 3}, {"fig", 1}, {"plum", 2}, {"date", 4}};
static char text[200];
static char *begun;
static volatile int signals;

__attribute__((constructor)) static void begins(void) {
  begun = malloc(40);
  snprintf(begun, 40, "begun with %d", ++upper_calls);
}
static void said(void) { printf("atexit: %s\n", begun); }
__attribute__((destructor)) static void ends(void) {
  printf("%d calls\n", upper_calls);
  free(begun);
}
static int by_number(const void *a, const void *b) {
  upper_calls++;
  return ((const struct item *)a)->number - ((const struct item *)b)->number;
}
const char *upper_sorted(void) {
  atexit(said);
  qsort(upper_items, 4, sizeof *upper_items, by_number);
  text[0] = 0;
  for (int i = 0; i < 4; i++) sprintf(text + strlen(text), "%s=%d ", upper_items[i].name, upper_items[i].number);
  return text;
}
static void handler(int signal) { signals += signal; }
int upper_signals(void) {
  struct sigaction act = {.sa_handler = handler}, old;
  sigaction(SIGUSR1, &act, &old);
  for (int i = 0; i < 3; i++) raise(SIGUSR1);
  sigaction(SIGUSR1, &old, 0);
  return signals;
}
int upper_child(void) {
  int status = 0, ends[2];
  if (pipe(ends)) return -1;
  pid_t child = fork();
  if (!child) {
    upper_calls = 77;
    if (write(ends[1], text, sizeof text) != sizeof text) _exit(1);
    _exit(upper_calls);
  }
  waitpid(child, &status, 0);
  if (read(ends[0], text, sizeof text) != sizeof text) return -1;
  close(ends[0]), close(ends[1]);
  return WEXITSTATUS(status);
}
int upper_program(int value) {
  program_value += value;
  program_notes(text, sizeof text);
  return deep_threads(4) + program_value;
}
