/* What _FORTIFY_SOURCE makes of calls (bits/*_fortified.h and the like), and names that headers use no more. */
#include "cases.h"
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#define TO (char *)to
#define ROOM sizeof to
extern void *__memcpy_chk(void *, const void *, size_t, size_t), *__memmove_chk(void *, const void *, size_t, size_t), *__mempcpy_chk(void *, const void *, size_t, size_t);
extern void *__memset_chk(void *, int, size_t, size_t);
extern char *__strcpy_chk(char *, const char *, size_t), *__stpcpy_chk(char *, const char *, size_t), *__strcat_chk(char *, const char *, size_t);
extern char *__strncpy_chk(char *, const char *, size_t, size_t), *__strncat_chk(char *, const char *, size_t, size_t);
extern int __sprintf_chk(char *, int, size_t, const char *, ...), __snprintf_chk(char *, size_t, int, size_t, const char *, ...);
extern int __vsprintf_chk(char *, int, size_t, const char *, va_list), __vsnprintf_chk(char *, size_t, int, size_t, const char *, va_list);
extern int __asprintf_chk(char **, int, const char *, ...), __vasprintf_chk(char **, int, const char *, va_list);
extern char *__fgets_chk(char *, size_t, int, FILE *), *__getcwd_chk(char *, size_t, size_t), *__realpath_chk(const char *, char *, size_t);
extern size_t __fread_chk(void *, size_t, size_t, size_t, FILE *), __mbstowcs_chk(wchar_t *, const char *, size_t, size_t);
extern ssize_t __read_chk(int, void *, size_t, size_t), __pread_chk(int, void *, size_t, off_t, size_t), __pread64_chk(int, void *, size_t, off_t, size_t);
extern ssize_t __readlink_chk(const char *, char *, size_t, size_t), __readlinkat_chk(int, const char *, char *, size_t, size_t);
extern ssize_t __recv_chk(int, void *, size_t, size_t, int), __recvfrom_chk(int, void *, size_t, size_t, int, void *, socklen_t *);
extern int __poll_chk(struct pollfd *, nfds_t, int, size_t), __gethostname_chk(char *, size_t, size_t), __ttyname_r_chk(int, char *, size_t, size_t);
extern wchar_t *__wcscpy_chk(wchar_t *, const wchar_t *, size_t);
extern int __xstat(int, const char *, struct stat *), __lxstat(int, const char *, struct stat *), __fxstat(int, int, struct stat *), __fxstatat(int, int, const char *, struct stat *, int);
extern int __xstat64(int, const char *, struct stat64 *), __lxstat64(int, const char *, struct stat64 *), __fxstat64(int, int, struct stat64 *);
extern void __longjmp_chk(jmp_buf, int);
static volatile size_t seven = 7;

CASE(__memcpy_chk) { PAINT(to, 64); __memcpy_chk(to, "0123456789", seven, ROOM); }
CASE(__memmove_chk) { PAINT(to, 64); __memmove_chk(to, "0123456789", seven, ROOM); }
CASE(__mempcpy_chk) { PAINT(to, 64); __mempcpy_chk(to, "0123456789", seven, ROOM); }
CASE(__memset_chk) { PAINT(to, 64); __memset_chk(to, 9, seven * 5, ROOM); }
CASE(__strcpy_chk) { PAINT(to, 64); __strcpy_chk(TO, "text", ROOM); }
CASE(__stpcpy_chk) { PAINT(to, 64); __stpcpy_chk(TO, "text", ROOM); }
CASE(__strcat_chk) { PAINT(to, 64); to[0] = 'a', to[1] = 0; __strcat_chk(TO, "text", ROOM); }
CASE(__strncpy_chk) { PAINT(to, 64); __strncpy_chk(TO, "text", 20, ROOM); }
CASE(__strncat_chk) { PAINT(to, 64); to[0] = 'a', to[1] = 0; __strncat_chk(TO, "text", 3, ROOM); }
CASE(__wcscpy_chk) { PAINT(to, 64); __wcscpy_chk((wchar_t *)to, L"text", 16); }
CASE(__mbstowcs_chk) { PAINT(to, 64); __mbstowcs_chk((wchar_t *)to, "text", 16, 16); }
CASE(__sprintf_chk) { PAINT(to, 64); NEED(__sprintf_chk(TO, 1, ROOM, "%d %.2f", 5, 2.5) == 6); }
CASE(__snprintf_chk) { PAINT(to, 64); NEED(__snprintf_chk(TO, 5, 1, ROOM, "%d %.2f", 5, 2.5) == 6); }
static char *printed;
static int list(int kind, char *to, ...) {
  va_list v;
  va_start(v, to);
  int n = kind == 0 ? __vsprintf_chk(to, 1, 64, "%d %.2f", v) : kind == 1 ? __vsnprintf_chk(to, 5, 1, 64, "%d %.2f", v) : __vasprintf_chk(&printed, 1, "%d %.2f", v);
  va_end(v);
  return n;
}
CASE(__vsprintf_chk) { PAINT(to, 64); NEED(list(0, TO, 5, 2.5) == 6); }
CASE(__vsnprintf_chk) { PAINT(to, 64); NEED(list(1, TO, 5, 2.5) == 6); }
CASE(__vasprintf_chk) { NEED(list(2, 0, 5, 2.5) == 6 && !strcmp(printed, "5 2.50")); }
CASE(__asprintf_chk) { NEED(__asprintf_chk(&printed, 1, "%d %.2f", 5, 2.5) == 6 && !strcmp(printed, "5 2.50")); }
static FILE *text(void) { FILE *f = tmpfile(); fputs("first line\nsecond line, longer\n", f), rewind(f); return f; }
CASE(__fgets_chk) { PAINT(to, 64); NEED(__fgets_chk(TO, ROOM, 30, text())); }
CASE(__fread_chk) { PAINT(to, 64); NEED(__fread_chk(to, ROOM, 1, 20, text()) == 20); }
static int file(void) { return open("/proc/self/exe", O_RDONLY); }
CASE(__read_chk) { PAINT(to, 64); NEED(__read_chk(file(), to, 50, ROOM) == 50); }
CASE(__pread_chk) { PAINT(to, 64); NEED(__pread_chk(file(), to, 50, 1, ROOM) == 50); }
CASE(__pread64_chk) { PAINT(to, 64); NEED(__pread64_chk(file(), to, 50, 1, ROOM) == 50); }
CASE(__readlink_chk) { PAINT(to, 512); NEED(__readlink_chk("/proc/self/exe", TO, ROOM, ROOM) > 0); }
CASE(__readlinkat_chk) { PAINT(to, 512); NEED(__readlinkat_chk(AT_FDCWD, "/proc/self/exe", TO, ROOM, ROOM) > 0); }
CASE(__getcwd_chk) { PAINT(to, 4096); NEED(__getcwd_chk(TO, ROOM, ROOM)); }
CASE(__realpath_chk) { PAINT(to, 4096); NEED(__realpath_chk("/proc/self/exe", TO, ROOM)); }
CASE(__gethostname_chk) { PAINT(to, 256); NEED(!__gethostname_chk(TO, ROOM, ROOM)); }
CASE(__ttyname_r_chk) { PAINT(to, 64); int m = posix_openpt(O_RDWR); grantpt(m), unlockpt(m); NEED(!__ttyname_r_chk(open(ptsname(m), O_RDWR | O_NOCTTY), TO, ROOM, ROOM)); }
static int ready(void) { int p[2]; NEED(!socketpair(AF_UNIX, SOCK_DGRAM, 0, p) && write(p[1], "0123456789", 10) == 10); return p[0]; }
CASE(__recv_chk) { PAINT(to, 32); NEED(__recv_chk(ready(), to, 20, ROOM, 0) == 10); }
CASE(__recvfrom_chk) { PAINT(to, 32); NEED(__recvfrom_chk(ready(), to, 20, ROOM, 0, 0, 0) == 10); }
CASE(__poll_chk) { static struct pollfd p; p = (struct pollfd){ready(), POLLIN, 99}; NEED(__poll_chk(&p, 1, 0, sizeof p) == 1); }
CASE(__xstat) { PAINT(to, 160); NEED(!__xstat(1, "/", (struct stat *)to)); }
CASE(__xstat64) { PAINT(to, 160); NEED(!__xstat64(1, "/", (struct stat64 *)to)); }
CASE(__lxstat) { PAINT(to, 160); NEED(!__lxstat(1, "/", (struct stat *)to)); }
CASE(__lxstat64) { PAINT(to, 160); NEED(!__lxstat64(1, "/", (struct stat64 *)to)); }
CASE(__fxstat) { PAINT(to, 160); NEED(!__fxstat(1, file(), (struct stat *)to)); }
CASE(__fxstat64) { PAINT(to, 160); NEED(!__fxstat64(1, file(), (struct stat64 *)to)); }
CASE(__fxstatat) { PAINT(to, 160); NEED(!__fxstatat(1, AT_FDCWD, "/", (struct stat *)to, 0)); }
static jmp_buf here;
CASE(__longjmp_chk) { volatile int n = 0; if (_setjmp(here) < 3) __longjmp_chk(here, ++n); NEED(n == 3); }
