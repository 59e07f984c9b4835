/* Strings, memory, numbers, characters. */
#include "cases.h"
#include <execinfo.h>
#include <fenv.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <locale.h>
#include <math.h>
#include <monetary.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#define TO (char *)to
static volatile size_t seven = 7, sixty = 60;

CASE(memcpy) { PAINT(to, 64); memcpy(to, "0123456789", seven); }
CASE(memmove) { PAINT(to, 64); memmove(to + 3, to, seven); memmove(to, "012345678", seven); }
CASE(mempcpy) { PAINT(to, 64); mempcpy(to, "0123456789", seven); }
CASE(memset) { PAINT(to, 64); memset(to, 9, seven * 5); }
CASE(memccpy) { PAINT(to, 64); PAINT(all, 64); NEED(memccpy(to, "012345", '3', seven)); NEED(!memccpy(all, "0123456789", 'x', seven)); }
CASE(bzero) { PAINT(to, 64); bzero(to, seven); }
CASE(explicit_bzero) { PAINT(to, 64); explicit_bzero(to, seven); }
CASE(bcopy) { PAINT(to, 64); bcopy("012345678", to, seven); }
CASE(swab) { PAINT(to, 64); swab("01234567", to, seven + 1); }
CASE(strcpy) { PAINT(to, 64); strcpy(TO, strerror((int)seven)); }
CASE(stpcpy) { PAINT(to, 64); NEED(*stpcpy(TO, strerror((int)seven)) == 0); }
CASE(strncpy) { PAINT(to, 64); strncpy(TO, strerror((int)seven), sixty); }
CASE(stpncpy) { PAINT(to, 64); stpncpy(TO, strerror((int)seven), sixty); }
CASE(strcat) { PAINT(to, 64); to[0] = 'a', to[1] = 0; strcat(TO, strerror((int)seven)); }
CASE(strncat) { PAINT(to, 64); to[0] = 'a', to[1] = 0; strncat(TO, strerror((int)seven), 5); }
CASE(strxfrm) { PAINT(to, 64); strxfrm(TO, "text", sizeof to); }
CASE(strtok) { PAINT(to, 64); strcpy(TO, "a,b,c"); NEED(strtok(TO, ",")); NEED(strtok(0, ",")); }
CASE(strtok_r) { PAINT(to, 64); PAINT(rest, 16); strcpy(TO, "a,b,c"); NEED(strtok_r(TO, ",", (char **)rest)); NEED(strtok_r(0, ",", (char **)rest)); }
CASE(__strtok_r) {
  char *__strtok_r(char *, const char *, char **);
  PAINT(to, 64); PAINT(rest, 16); strcpy(TO, "a,b,c"); NEED(__strtok_r(TO, ",", (char **)rest));
}
CASE(strsep) { PAINT(to, 64); static char *at; strcpy(TO, "a,b,c"); at = TO; NEED(strsep(&at, ",")); }
CASE(strerror_r) { PAINT(to, 64); strerror_r(99999, TO, sizeof to); }
CASE(__xpg_strerror_r) { int __xpg_strerror_r(int, char *, size_t); PAINT(to, 64); NEED(!__xpg_strerror_r(5, TO, sizeof to)); }
CASE(strfmon) { PAINT(to, 64); NEED(strfmon(TO, sizeof to, "%n", 1.5) > 0); }
CASE(strdup) { char *volatile p = strdup("some text"); NEED(*p == 's'); }
CASE(strndup) { char *volatile p = strndup("some text", seven); NEED(!strcmp(p, "some te")); }
CASE(__strdup) { char *__strdup(const char *); char *volatile p = __strdup("some text"); NEED(*p == 's'); }
CASE(__strndup) { char *__strndup(const char *, size_t); char *volatile p = __strndup("some text", seven); NEED(*p == 's'); }
CASE(__xpg_basename) { char *__xpg_basename(char *); PAINT(to, 64); strcpy(TO, "/a/b//"); NEED(!strcmp(__xpg_basename(TO), "b")); }
CASE(dirname) { PAINT(to, 64); strcpy(TO, "/a/b"); NEED(!strcmp((dirname)(TO), "/a")); }

#define NUMBER(function, type) \
  CASE(function) { PAINT(end, 16); NEED(function("12x", (char **)end, 10) == 12); }
#define REAL(function) \
  CASE(function) { PAINT(end, 16); NEED(function("1.5x", (char **)end) == 1.5); }
NUMBER(strtol, long) NUMBER(strtoll, long long) NUMBER(strtoul, unsigned long) NUMBER(strtoull, unsigned long long)
NUMBER(strtoimax, intmax_t) NUMBER(strtoumax, uintmax_t) NUMBER(strtoq, long long) NUMBER(strtouq, unsigned long long)
REAL(strtod) REAL(strtof) REAL(strtold)
#define WIDE_NUMBER(function) \
  CASE(function) { PAINT(end, 16); NEED(function(L"12x", (wchar_t **)end, 10) == 12); }
#define WIDE_REAL(function) \
  CASE(function) { PAINT(end, 16); NEED(function(L"1.5x", (wchar_t **)end) == 1.5); }
WIDE_NUMBER(wcstol) WIDE_NUMBER(wcstoll) WIDE_NUMBER(wcstoul) WIDE_NUMBER(wcstoull)
WIDE_REAL(wcstod) WIDE_REAL(wcstof) WIDE_REAL(wcstold)

static volatile double ten = 10.75;
CASE(frexp) { PAINT(to, 16); NEED(frexp(ten, (int *)to) > 0.5); }
CASE(frexpf) { PAINT(to, 16); NEED(frexpf((float)ten, (int *)to) > 0.5f); }
CASE(frexpl) { PAINT(to, 16); NEED(frexpl(ten, (int *)to) > 0.5l); }
CASE(modf) { PAINT(to, 16); NEED(modf(ten, (double *)to) == 0.75); }
CASE(modff) { PAINT(to, 16); NEED(modff((float)ten, (float *)to) == 0.75f); }
CASE(modfl) { PAINT(to, 32); NEED(modfl(ten, (long double *)to) == 0.75l); }
CASE(remquo) { PAINT(to, 16); NEED(remquo(ten, 3, (int *)to) != 7); }
CASE(remquof) { PAINT(to, 16); NEED(remquof((float)ten, 3, (int *)to) != 7); }
CASE(lgamma_r) { PAINT(to, 16); NEED(lgamma_r(ten, (int *)to) > 1); }
CASE(lgammaf_r) { PAINT(to, 16); NEED(lgammaf_r((float)ten, (int *)to) > 1); }
CASE(sincos) { PAINT(s, 16); PAINT(c, 16); sincos(ten, (double *)s, (double *)c); }
CASE(sincosf) { PAINT(s, 16); PAINT(c, 16); sincosf((float)ten, (float *)s, (float *)c); }

#define WTO (wchar_t *)to
CASE(wcscpy) { PAINT(to, 64); wcscpy(WTO, L"wide"); }
CASE(wcscat) { PAINT(to, 64); *WTO = 0; wcscat(WTO, L"wide"); }
CASE(wcsncpy) { PAINT(to, 64); wcsncpy(WTO, L"wide", 9); }
CASE(wmemcpy) { PAINT(to, 64); wmemcpy(WTO, L"wide", 4); }
CASE(wmemmove) { PAINT(to, 64); wmemmove(WTO, L"wide", 4); }
CASE(wmemset) { PAINT(to, 64); wmemset(WTO, L'w', 5); }
CASE(mbtowc) { PAINT(to, 16); NEED(mbtowc(WTO, "a", 1) == 1); }
CASE(mbrtowc) { PAINT(to, 16); static mbstate_t state; NEED(mbrtowc(WTO, "a", 1, &state) == 1); }
CASE(mbrlen) { PAINT(state, 16); memset(state, 0, 8); setlocale(LC_ALL, "C.UTF-8"); NEED(mbrlen("\303", 1, (mbstate_t *)state) == (size_t)-2); }
CASE(mbstowcs) { PAINT(to, 64); NEED(mbstowcs(WTO, "wide", 16) == 4); }
CASE(mbsrtowcs) { PAINT(to, 64); static const char *from = "wide"; static mbstate_t state; NEED(mbsrtowcs(WTO, &from, 16, &state) == 4); }
CASE(mbsnrtowcs) { PAINT(to, 64); static const char *from = "wide"; static mbstate_t state; NEED(mbsnrtowcs(WTO, &from, 5, 16, &state) == 4); }
CASE(wctomb) { PAINT(to, 16); NEED(wctomb(TO, L'a') == 1); }
CASE(wcrtomb) { PAINT(to, 16); static mbstate_t state; NEED(wcrtomb(TO, L'a', &state) == 1); }
CASE(wcstombs) { PAINT(to, 64); NEED(wcstombs(TO, L"wide", 16) == 4); }
CASE(wcsrtombs) { PAINT(to, 64); static const wchar_t *from = L"wide"; static mbstate_t state; NEED(wcsrtombs(TO, &from, 16, &state) == 4); }
CASE(wcsnrtombs) { PAINT(to, 64); static const wchar_t *from = L"wide"; static mbstate_t state; NEED(wcsnrtombs(TO, &from, 5, 16, &state) == 4); }

CASE(sprintf) { PAINT(to, 64); NEED(sprintf(TO, "%d %s %.2f %g %d %d %d", 5, "text", ten, ten, 1, 2, 3) == 24); }
CASE(snprintf) { PAINT(to, 64); NEED(snprintf(TO, 7, "%s", "longer than that") == 16); NEED(to[6] == 0 && to[7] == 0xa5); }
static int list(int (*with)(char *, va_list), char *to, ...) {
  va_list v;
  va_start(v, to);
  int n = with(to, v);
  va_end(v);
  return n;
}
static int with_vsprintf(char *to, va_list v) { return vsprintf(to, "%d %s %.2f", v); }
static int with_vsnprintf(char *to, va_list v) { return vsnprintf(to, 8, "%d %s %.2f", v); }
CASE(vsprintf) { PAINT(to, 64); NEED(list(with_vsprintf, TO, 5, "text", ten) == 12); }
CASE(vsnprintf) { PAINT(to, 64); NEED(list(with_vsnprintf, TO, 5, "text", ten) == 12); }
static char *printed;
static int with_vasprintf(char *to, va_list v) { return (void)to, vasprintf(&printed, "%d %s %.2f", v); }
CASE(asprintf) { NEED(asprintf(&printed, "%d %s %.2f", 5, "text", ten) == 12 && !strcmp(printed, "5 text 10.75")); }
CASE(vasprintf) { NEED(list(with_vasprintf, 0, 5, "text", ten) == 12 && !strcmp(printed, "5 text 10.75")); }

static const char input[] = "12 -7 0x1f text 2.5 [abc] 99";
#define STORE PAINT(i, 16); PAINT(h, 16); PAINT(x, 16); PAINT(s, 16); PAINT(d, 16); PAINT(set, 16); PAINT(n, 16)
#define FORMAT "%d %hd %*x %15s %lf [%[^]]] %n"
#define ARGUMENTS (int *)i, (short *)h, (char *)s, (double *)d, (char *)set, (int *)n
#define FOUND NEED(*(int *)i == 12 && *(double *)d == 2.5 && !strcmp((char *)set, "abc") && *(int *)n == 26), (void)x
CASE(__isoc99_sscanf) { STORE; NEED(sscanf(input, FORMAT, ARGUMENTS) == 5); FOUND; }
CASE(sscanf) {
  extern int old_sscanf(const char *, const char *, ...) __asm__("sscanf");
  STORE; NEED(old_sscanf(input, FORMAT, ARGUMENTS) == 5); FOUND;
}
static FILE *as_file(void) {
  FILE *f = tmpfile();
  fputs(input, f), rewind(f);
  return f;
}
CASE(__isoc99_fscanf) { STORE; NEED(fscanf(as_file(), FORMAT, ARGUMENTS) == 5); FOUND; }
CASE(fscanf) {
  extern int old_fscanf(FILE *, const char *, ...) __asm__("fscanf");
  STORE; NEED(old_fscanf(as_file(), FORMAT, ARGUMENTS) == 5); FOUND;
}
CASE(__isoc99_scanf) { stdin = as_file(); STORE; NEED(scanf(FORMAT, ARGUMENTS) == 5); FOUND; }
CASE(scanf) {
  extern int old_scanf(const char *, ...) __asm__("scanf");
  stdin = as_file(); STORE; NEED(old_scanf(FORMAT, ARGUMENTS) == 5); FOUND;
}
extern int old_vsscanf(const char *, const char *, va_list) __asm__("vsscanf");
extern int old_vfscanf(FILE *, const char *, va_list) __asm__("vfscanf");
extern int old_vscanf(const char *, va_list) __asm__("vscanf");
static int with_vsscanf(char *f, va_list v) { return vsscanf(input, f, v); }
static int with_old_vsscanf(char *f, va_list v) { return old_vsscanf(input, f, v); }
static int with_vfscanf(char *f, va_list v) { return vfscanf(as_file(), f, v); }
static int with_old_vfscanf(char *f, va_list v) { return old_vfscanf(as_file(), f, v); }
static int with_vscanf(char *f, va_list v) { return stdin = as_file(), vscanf(f, v); }
static int with_old_vscanf(char *f, va_list v) { return stdin = as_file(), old_vscanf(f, v); }
CASE(__isoc99_vsscanf) { STORE; NEED(list(with_vsscanf, FORMAT, ARGUMENTS) == 5); FOUND; }
CASE(vsscanf) { STORE; NEED(list(with_old_vsscanf, FORMAT, ARGUMENTS) == 5); FOUND; }
CASE(__isoc99_vfscanf) { STORE; NEED(list(with_vfscanf, FORMAT, ARGUMENTS) == 5); FOUND; }
CASE(vfscanf) { STORE; NEED(list(with_old_vfscanf, FORMAT, ARGUMENTS) == 5); FOUND; }
CASE(__isoc99_vscanf) { STORE; NEED(list(with_vscanf, FORMAT, ARGUMENTS) == 5); FOUND; }
CASE(vscanf) { STORE; NEED(list(with_old_vscanf, FORMAT, ARGUMENTS) == 5); FOUND; }

CASE(remquol) { PAINT(to, 16); NEED(remquol(ten, 3, (int *)to) != 7); }
CASE(lgammal_r) { PAINT(to, 16); NEED(lgammal_r(ten, (int *)to) > 1); }
CASE(sincosl) { PAINT(s, 32); PAINT(c, 32); sincosl(ten, (long double *)s, (long double *)c); }
CASE(fegetenv) { PAINT(to, 48); NEED(!fegetenv((fenv_t *)to)); }
CASE(feholdexcept) { PAINT(to, 48); NEED(!feholdexcept((fenv_t *)to)); }
CASE(fegetexceptflag) { PAINT(to, 16); NEED(!fegetexceptflag((fexcept_t *)to, FE_ALL_EXCEPT)); }
CASE(feupdateenv) { NEED(!feupdateenv(FE_DFL_ENV)); }
CASE(backtrace) { PAINT(to, 512); NEED(backtrace((void **)to, 50) > 1); }
CASE(swprintf) { PAINT(to, 64); PAINT(all, 64); NEED(swprintf(WTO, 16, L"%d %.2f", 5, ten) == 7); NEED(swprintf((wchar_t *)all, 4, L"%d %.2f", 5, ten) < 0); }
static int with_vswprintf(char *to, va_list v) { return vswprintf((wchar_t *)to, 16, L"%d %s %.2f", v); }
CASE(vswprintf) { PAINT(to, 64); NEED(list(with_vswprintf, TO, 5, "text", ten) == 12); }

/* With a locale, also by the names that libstdc++ uses. */
#define PLAIN_C newlocale(LC_ALL_MASK, "C", 0)
#define REAL_IN(function, type) \
  CASE(function) { type function(const char *, char **, locale_t); PAINT(end, 16); NEED(function("1.5x", (char **)end, PLAIN_C) == 1.5); }
REAL_IN(strtod_l, double) REAL_IN(strtof_l, float) REAL_IN(strtold_l, long double) REAL_IN(__strtod_l, double) REAL_IN(__strtof_l, float)
#define TRANSFORM(function, type, text, is, more) \
  CASE(function) { size_t function(type *, const type *, size_t more); PAINT(to, 64); NEED(function((type *)to, text, sizeof to / sizeof(type) is) == 4); }
#define IN_C , PLAIN_C
#define A_LOCALE , locale_t
TRANSFORM(strxfrm_l, char, "text", IN_C, A_LOCALE) TRANSFORM(__strxfrm_l, char, "text", IN_C, A_LOCALE)
TRANSFORM(wcsxfrm, wchar_t, L"text", , ) TRANSFORM(wcsxfrm_l, wchar_t, L"text", IN_C, A_LOCALE) TRANSFORM(__wcsxfrm_l, wchar_t, L"text", IN_C, A_LOCALE)

static const struct tm day = {.tm_mday = 2, .tm_mon = 3, .tm_year = 104};
CASE(__strftime_l) {
  size_t __strftime_l(char *, size_t, const char *, const struct tm *, locale_t);
  PAINT(to, 64); NEED(__strftime_l(TO, sizeof to, "%Y-%m-%d", &day, PLAIN_C) == 10);
}
CASE(wcsftime) { PAINT(to, 64); NEED(wcsftime(WTO, 16, L"%Y-%m-%d", &day) == 10); }
CASE(wcsftime_l) { PAINT(to, 64); NEED(wcsftime_l(WTO, 16, L"%Y-%m-%d", &day, PLAIN_C) == 10); }
CASE(__wcsftime_l) {
  size_t __wcsftime_l(wchar_t *, size_t, const wchar_t *, const struct tm *, locale_t);
  PAINT(to, 64); NEED(__wcsftime_l(WTO, 16, L"%Y-%m-%d", &day, PLAIN_C) == 10);
}
