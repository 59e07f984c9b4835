// What files are beside their contents, limits, identity: what each call gives is printed. The argument is an empty folder that it may write.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#define say(call) tell(#call, call)
static long tell(const char *what, long result) {
    printf("%s = %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
    return result;
}

static void show(const char *name) {
    struct stat s;
    if (lstat(name, &s) == 0)
        printf("%s: mode %o, %ld links, %ld bytes\n", name, s.st_mode, (long)s.st_nlink, (long)s.st_size);
    else printf("%s: %s\n", name, strerror(errno));
}

static void times(const char *name) {
    struct stat s;
    stat(name, &s);
    printf("%s: %lld.%ld %lld.%ld\n", name, (long long)s.st_atim.tv_sec, s.st_atim.tv_nsec, (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

int main(int argc, char **argv) {
    char text[100] = "";
    if (argc < 2) return 1;
    say(chdir(argv[1]));
    umask(022);
    int fd = say(creat("a", 0666)) >= 0 ? 3 : -1;
    say(write(fd, "some text", 9));
    show("a");
    say(fchmod(fd, 0600));
    show("a");
    say(chmod("a", 04755));
    show("a");
    say(chmod("none", 0755));
    say(chown("a", -1, -1));
    say(link("a", "b"));
    show("b");
    say(link("a", "b"));
    say(unlink("a"));
    show("a");
    show("b");
    struct timespec both[2] = {{1000000000, 5}, {0, UTIME_OMIT}};
    say(utimensat(AT_FDCWD, "b", (struct timespec[]){{7, 8}, {9, 10}}, 0));
    times("b");
    say(utimensat(AT_FDCWD, "b", both, 0));
    times("b");
    say(futimens(fd, (struct timespec[]){{1, 2}, {3, 4}}));
    times("b");
    say(utime("b", &(struct utimbuf){11, 12}));
    times("b");
    say(utimes("b", (struct timeval[]){{13, 14}, {15, 16}}));
    times("b");
    say(truncate("b", 4));
    show("b");
    say(truncate("b", 6000));
    show("b");
    say(ftruncate(fd, 5));
    say(fallocate(fd, 0, 0, 3));
    say(posix_fallocate(fd, 0, 20));
    show("b");
    say(fsync(fd));
    say(fdatasync(-1));
    say(close(fd));
    fd = open("b", O_RDONLY);
    int to = open("c", O_RDWR | O_CREAT, 0644);
    off_t at = 1;
    say(sendfile(to, fd, &at, 3));
    printf("at %ld\n", (long)at);
    say(sendfile(to, fd, 0, 2));
    say(lseek(fd, 0, SEEK_CUR));
    say(pread(to, text, 99, 0));
    puts(text);
    int made = memfd_create("x", 0);
    say(write(made, "memory", 6));
    say(pread(made, text, 3, 2));
    printf("%.3s\n", text);
    mkdir("d", 0777);
    int folder = open("d", O_RDONLY | O_DIRECTORY);
    say(fchdir(folder));
    say(symlink("../b", "s"));
    show("s");
    say(access("s", R_OK));
    say(chdir(".."));
    DIR *d = opendir("d");
    int names = 0;
    while (readdir(d)) names++;
    closedir(d);
    printf("names %d\n", names);
    struct rlimit limit;
    say(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}));
    say(getrlimit(RLIMIT_CORE, &limit));
    printf("%ld %ld\n", (long)limit.rlim_cur, (long)limit.rlim_max);
    say(setrlimit(RLIMIT_NOFILE, &(struct rlimit){10, 9}));
    say(wait(0));
    say(getpgid(0) == getpgrp());
    say(setuid(getuid()));
    uid_t real, effective, saved;
    say(getresuid(&real, &effective, &saved));
    say(real == getuid() && effective == geteuid());
    say(sched_getscheduler(0));
    say(sched_get_priority_max(SCHED_FIFO));
    say(sched_get_priority_min(SCHED_OTHER));
    // A shell may have lowered it.
    say(getpriority(PRIO_PROCESS, 0) >= 0);
    say(alarm(100));
    say(alarm(0));
    say(alarm(0));
    return 0;
}
