/* System calls that programs do most, of which entry.S knows what they write: a way without C and without the copying of the stack that C dirties. Only calls
   whose row of syscalls.def says nothing but this, and for which nothing else is done. What is 0 here goes through mr_dispatch. */
#include "mr.h"

extern const unsigned char mr_quick[QUICK_END];
const unsigned char mr_quick[QUICK_END] = {
    [__NR_access] = QUICK,          [__NR_clock_gettime] = 16,       [__NR_close] = QUICK,            [__NR_dup] = QUICK,
    [__NR_dup2] = QUICK,            [__NR_epoll_ctl] = QUICK,        [__NR_epoll_pwait] = QUICK_EVENTS, [__NR_epoll_wait] = QUICK_EVENTS,
    [__NR_fcntl] = QUICK_FCNTL,     [__NR_fdatasync] = QUICK,        [__NR_fstat] = 144,              [__NR_fsync] = QUICK,
    [__NR_ftruncate] = QUICK,       [__NR_getegid] = QUICK,          [__NR_geteuid] = QUICK,          [__NR_getgid] = QUICK,
    [__NR_getpid] = QUICK,          [__NR_getppid] = QUICK,          [__NR_gettid] = QUICK,           [__NR_getuid] = QUICK,
    [__NR_lseek] = QUICK,           [__NR_lstat] = 144,              [__NR_open] = QUICK,             [__NR_openat] = QUICK,
    [__NR_pread64] = QUICK_RET,     [__NR_pwrite64] = QUICK,         [__NR_pwritev] = QUICK,          [__NR_read] = QUICK_RET,
    [__NR_recvfrom] = QUICK_RECEIVE, [__NR_sched_yield] = QUICK,     [__NR_sendmsg] = QUICK,          [__NR_sendto] = QUICK,
    [__NR_setsockopt] = QUICK,      [__NR_shutdown] = QUICK,         [__NR_socket] = QUICK,           [__NR_stat] = 144,
    [__NR_unlink] = QUICK,          [__NR_write] = QUICK,            [__NR_writev] = QUICK,
};
