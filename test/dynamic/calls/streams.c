/* Streams, names of files, sorting, the environment, the clock. */
#include "cases.h"
#include <getopt.h>
#include <glob.h>
#include <iconv.h>
#include <link.h>
#include <dlfcn.h>
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <locale.h>
#include <regex.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timeb.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define TO (char *)to
static FILE *text(void) {
  FILE *f = tmpfile();
  fputs("first line\nsecond line, longer than the first one\n", f), rewind(f);
  return f;
}
CASE(fgets) { PAINT(to, 32); NEED(fgets(TO, sizeof to, text())); }
CASE(fgets_unlocked) { PAINT(to, 32); NEED(fgets_unlocked(TO, sizeof to, text())); }
CASE(fread) { PAINT(to, 128); NEED(fread(to, 10, 9, text()) == 5); }
CASE(fread_unlocked) { PAINT(to, 128); static volatile size_t part = 10; NEED(fread_unlocked(to, part, 9, text()) == 5); }
CASE(fgetpos) { PAINT(to, 32); NEED(!fgetpos(text(), (fpos_t *)to)); }
CASE(fgetpos64) { PAINT(to, 32); NEED(!fgetpos64(text(), (fpos64_t *)to)); }
CASE(getline) { char *line = 0; size_t n = 0; FILE *f = text(); NEED(getline(&line, &n, f) == 11 && getline(&line, &n, f) == 39); }
CASE(getdelim) { char *line = malloc(3); size_t n = 3; NEED(getdelim(&line, &n, 's', text()) == 4); }
CASE(__getdelim) { ssize_t __getdelim(char **, size_t *, int, FILE *); char *line = 0; size_t n = 0; NEED(__getdelim(&line, &n, '\n', text()) == 11); }
static void through(FILE *f) { for (int i = 0; i < 100; i++) fprintf(f, "%d", i); fseek(f, 3, SEEK_SET); NEED(fgetc(f) == '3'); }
CASE(setvbuf) { PAINT(to, 512); FILE *f = tmpfile(); NEED(!setvbuf(f, TO, _IOFBF, sizeof to)); through(f); }
CASE(setbuffer) { PAINT(to, 512); FILE *f = tmpfile(); setbuffer(f, TO, sizeof to); through(f); }
CASE(setbuf) { PAINT(to, BUFSIZ); FILE *f = tmpfile(); setbuf(f, TO); through(f); }
CASE(tmpnam) { PAINT(to, 64); char *tmpnam(char *); NEED(tmpnam(TO)); }
CASE(tmpnam_r) { PAINT(to, 64); NEED(tmpnam_r(TO)); }

#define TEMPLATE PAINT(to, 64); strcpy(TO, "/tmp/mirrorasm-dynamic-XXXXXX")
#define SUFFIXED PAINT(to, 64); strcpy(TO, "/tmp/mirrorasm-dynamic-XXXXXX.c")
#define MADE(expression) NEED((expression) >= 0); unlink(TO)
CASE(mkstemp) { TEMPLATE; MADE(mkstemp(TO)); }
CASE(mkstemp64) { TEMPLATE; MADE(mkstemp64(TO)); }
CASE(mkostemp) { TEMPLATE; MADE(mkostemp(TO, 0)); }
CASE(mkostemp64) { TEMPLATE; MADE(mkostemp64(TO, 0)); }
CASE(mkstemps) { SUFFIXED; MADE(mkstemps(TO, 2)); }
CASE(mkstemps64) { SUFFIXED; MADE(mkstemps64(TO, 2)); }
CASE(mkostemps) { SUFFIXED; MADE(mkostemps(TO, 2, 0)); }
CASE(mkdtemp) { TEMPLATE; NEED(mkdtemp(TO)); rmdir(TO); }
CASE(mktemp) { char *mktemp(char *); TEMPLATE; NEED(*mktemp(TO)); }
CASE(getcwd) { PAINT(to, PATH_MAX); NEED(getcwd(TO, sizeof to)); }
CASE(realpath) { PAINT(to, PATH_MAX); NEED(realpath("/proc/self/exe", TO)); }
CASE(readdir_r) { PAINT(to, 512); PAINT(result, 16); NEED(!readdir_r(opendir("/"), (struct dirent *)to, (struct dirent **)result)); }
CASE(readdir64_r) { PAINT(to, 512); PAINT(result, 16); NEED(!readdir64_r(opendir("/"), (struct dirent64 *)to, (struct dirent64 **)result)); }
CASE(getdents64) { PAINT(to, 4096); NEED(getdents64(dirfd(opendir("/")), to, sizeof to) > 0); }
CASE(glob) { PAINT(to, 128); NEED(!glob("/*", 0, 0, (glob_t *)to)); }
CASE(glob64) { PAINT(to, 128); NEED(!glob64("/*", 0, 0, (glob64_t *)to)); }
CASE(globfree) { PAINT(to, 128); NEED(!glob("/*", 0, 0, (glob_t *)to)); globfree((glob_t *)to); }
CASE(globfree64) { PAINT(to, 128); NEED(!glob64("/*", 0, 0, (glob64_t *)to)); globfree64((glob64_t *)to); }
static int entries;
static int entry(const char *name, const struct stat *s, int flag) { return (void)name, (void)s, (void)flag, ++entries > 5; }
static int entry2(const char *name, const struct stat *s, int flag, struct FTW *f) { return (void)f, entry(name, s, flag); }
CASE(ftw) { NEED(ftw("/proc/self", entry, 4) == 1 && entries == 6); }
CASE(ftw64) { NEED(ftw64("/proc/self", (__ftw64_func_t)entry, 4) == 1 && entries == 6); }
CASE(nftw) { NEED(nftw("/proc/self", entry2, 4, 0) == 1 && entries == 6); }
CASE(nftw64) { NEED(nftw64("/proc/self", (__nftw64_func_t)entry2, 4, 0) == 1 && entries == 6); }

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int compare_r(const void *a, const void *b, void *n) { return ++*(int *)n, compare(a, b); }
static void fill(int *v) { for (int i = 0; i < 100; i++) v[i] = i * 37 % 100; }
CASE(qsort) { static int v[100]; fill(v); qsort(v, 100, 4, compare); NEED(v[5] == 5); }
CASE(qsort_r) { static int v[100], n; fill(v); qsort_r(v, 100, 4, compare_r, &n); NEED(v[5] == 5 && n > 99); }
CASE(bsearch) { static int v[100]; for (int i = 0; i < 100; i++) v[i] = i; int key = 50; NEED(bsearch(&key, v, 100, 4, compare) == &v[50]); }
static int seen;
static void walk(const void *node, VISIT which, int depth) { (void)node, (void)depth; seen += which == leaf; }
static int key = 4;
CASE(tsearch) { static void *root; NEED(tsearch(&key, &root, compare)); }
CASE(tfind) { static void *root; NEED(tsearch(&key, &root, compare) && tfind(&key, &root, compare)); }
CASE(twalk) { static void *root; NEED(tsearch(&key, &root, compare)); twalk(root, walk); NEED(seen == 1); }
CASE(tdelete) { static void *root; NEED(tsearch(&key, &root, compare)); NEED(tdelete(&key, &root, compare)); }
static int object(struct dl_phdr_info *i, size_t n, void *data) { return (void)i, (void)n, ++*(int *)data, 0; }
CASE(dl_iterate_phdr) { static int n; dl_iterate_phdr(object, &n); NEED(n > 2); }
CASE(dladdr) { PAINT(to, 64); NEED(dladdr((void *)(size_t)compare, (Dl_info *)to)); }
CASE(dlsym) { NEED(dlsym(RTLD_DEFAULT, "getpid")); }
CASE(dlvsym) { NEED(dlvsym(RTLD_DEFAULT, "getpid", "GLIBC_2.2.5")); }

static char *arguments[] = {"program", "file", "-a", "-b", "5", "--long", 0};
CASE(getopt) { static char *v[7]; memcpy(v, arguments, sizeof v); while (getopt(6, v, "ab:") >= 0) ; NEED(v[5] == arguments[1] || v[4] == arguments[1]); }
static int flag;
static const struct option options[] = {{"long", 0, &flag, 7}, {0, 0, 0, 0}};
CASE(getopt_long) { static char *v[7]; PAINT(at, 16); memcpy(v, arguments, sizeof v); while (getopt_long(6, v, "ab:", options, (int *)at) >= 0) ; NEED(flag == 7 && v[5] == arguments[1]); }
CASE(getopt_long_only) { static char *v[7]; PAINT(at, 16); memcpy(v, arguments, sizeof v); while (getopt_long_only(6, v, "ab:", options, (int *)at) >= 0) ; NEED(flag == 7); }
CASE(setenv) { NEED(!setenv("MIRROR_X", "1", 1) && !strcmp(getenv("MIRROR_X"), "1")); }
CASE(putenv) { NEED(!putenv("MIRROR_X=2") && !strcmp(getenv("MIRROR_X"), "2")); }
CASE(unsetenv) { NEED(!unsetenv("PATH") && !getenv("PATH")); }
CASE(clearenv) { NEED(!clearenv()); }

CASE(regcomp) { PAINT(to, 64); NEED(!regcomp((regex_t *)to, "(a+)b", REG_EXTENDED)); }
CASE(regexec) { static regex_t r; PAINT(to, 64); NEED(!regcomp(&r, "(a+)b", REG_EXTENDED) && !regexec(&r, "xaab", 4, (regmatch_t *)to, 0)); }
CASE(regerror) { static regex_t r; PAINT(to, 64); NEED(regerror(regcomp(&r, "(", REG_EXTENDED), &r, TO, sizeof to) > 3); }
CASE(regfree) { PAINT(to, 64); NEED(!regcomp((regex_t *)to, "(a+)b", REG_EXTENDED)); regfree((regex_t *)to); }
CASE(iconv) {
  PAINT(to, 64);
  static char *from = "text", *at; static size_t left = 4, room = 64;
  at = TO;
  NEED(iconv(iconv_open("UTF-16LE", "ASCII"), &from, &left, &at, &room) == 0 && room == 56);
}

static const time_t moment = 1000000000;
CASE(time) { PAINT(to, 16); NEED(time((time_t *)to) > moment); }
CASE(ftime) { int ftime(struct timeb *); PAINT(to, 16); ftime((struct timeb *)to); }
CASE(timespec_get) { PAINT(to, 32); NEED(timespec_get((struct timespec *)to, TIME_UTC)); }
CASE(gmtime_r) { PAINT(to, 64); NEED(gmtime_r(&moment, (struct tm *)to)); }
CASE(localtime_r) { PAINT(to, 64); NEED(localtime_r(&moment, (struct tm *)to)); }
CASE(asctime_r) { PAINT(to, 64); NEED(asctime_r(gmtime(&moment), TO)); }
CASE(ctime_r) { PAINT(to, 64); NEED(ctime_r(&moment, TO)); }
static struct tm when = {.tm_year = 100, .tm_mon = 14, .tm_mday = 40};
CASE(mktime) { NEED(mktime(&when) > 0); }
CASE(timegm) { NEED(timegm(&when) > 0); }
CASE(timelocal) { NEED(timelocal(&when) > 0); }
CASE(strftime) { PAINT(to, 64); NEED(strftime(TO, sizeof to, "%Y-%m-%d", gmtime(&moment)) == 10); }
CASE(strftime_l) { PAINT(to, 64); NEED(strftime_l(TO, sizeof to, "%Y-%m-%d", gmtime(&moment), newlocale(LC_ALL_MASK, "C", 0)) == 10); }
CASE(strptime) { PAINT(to, 64); NEED(strptime("2001-02-03", "%Y-%m-%d", (struct tm *)to)); }
CASE(erand48) { PAINT(to, 16); NEED(erand48((unsigned short *)to) < 1); }
CASE(jrand48) { PAINT(to, 16); jrand48((unsigned short *)to); }
CASE(nrand48) { PAINT(to, 16); NEED(nrand48((unsigned short *)to) >= 0); }
CASE(rand_r) { PAINT(to, 16); NEED(rand_r((unsigned *)to) >= 0); }
