// Sockets within a process, pipes between threads, poll and select: what each call gives is printed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static char text[300];
static int pipes;

#define say(call) tell(#call, call)
static long tell(const char *what, long result) {
    printf("%s = %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
    return result;
}

static void broken(int n) {
    (void)n;
    pipes++;
}

static int events(int fd, int wanted) {
    struct pollfd one = {.fd = fd, .events = (short)wanted};
    int found = poll(&one, 1, 0);
    return found < 0 ? -1 : one.revents;
}

static void pair(int type) {
    int s[2];
    say(socketpair(AF_UNIX, type, 0, s));
    say(events(s[0], POLLIN | POLLOUT));
    say(send(s[0], "one", 3, 0));
    say(send(s[0], "three", 5, 0));
    say(events(s[1], POLLIN | POLLOUT | POLLRDHUP));
    say(recv(s[1], text, 2, MSG_PEEK));
    say(recv(s[1], text, 2, type == SOCK_STREAM ? 0 : MSG_TRUNC));
    say(read(s[1], text, sizeof text));
    say(recv(s[1], text, sizeof text, MSG_DONTWAIT));
    struct iovec parts[2] = {{"ab", 2}, {"cdef", 4}}, to[2] = {{text, 1}, {text + 8, 100}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    say(sendmsg(s[1], &message, 0));
    message = (struct msghdr){.msg_iov = to, .msg_iovlen = 2, .msg_flags = -1};
    memset(text, '.', 20);
    say(recvmsg(s[0], &message, 0));
    printf("%.14s flags %x control %ld\n", text, message.msg_flags, (long)message.msg_controllen);
    int value = -1;
    socklen_t length = sizeof value;
    say(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, &length));
    printf("type %d\n", value);
    struct sockaddr_un name;
    length = sizeof name;
    say(getsockname(s[0], (struct sockaddr *)&name, &length));
    printf("family %d, %d bytes\n", name.sun_family, (int)length);
    say(fcntl(s[0], F_SETFL, O_NONBLOCK));
    say(read(s[0], text, 1));
    if (type == SOCK_STREAM) {
        say(write(s[0], "last", 4));
        say(shutdown(s[0], SHUT_WR));
        say(events(s[1], POLLIN | POLLOUT | POLLRDHUP));
        say(ioctl(s[1], FIONREAD, &value));
        printf("%d wait\n", value);
        say(read(s[1], text, 10));
        say(read(s[1], text, 10));
        say(send(s[0], "x", 1, MSG_NOSIGNAL));
        say(write(s[1], "back", 4));
        say(read(s[0], text, 10));
        say(close(s[1]));
        say(events(s[0], POLLIN | POLLOUT | POLLRDHUP));
        say(read(s[0], text, 10));
        say(write(s[0], "x", 1));
        printf("signals %d\n", pipes);
    } else {
        say(close(s[1]));
        say(send(s[0], "x", 1, MSG_NOSIGNAL));
    }
    say(close(s[0]));
    say(send(s[0], "x", 1, 0));
    int other[2];
    pipe(other);
    say(send(other[1], "x", 1, 0));
    close(other[0]);
    close(other[1]);
}

static int listening;

static void *client(void *argument) {
    struct sockaddr_un *to = argument;
    char got[20] = "";
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    int connected = connect(s, (struct sockaddr *)to, sizeof(sa_family_t) + 6);
    long sent = write(s, "hello", 5), back = read(s, got, sizeof got);
    close(s);
    return (void *)(connected == 0 && sent == 5 && back == 7 && !strcmp(got, "welcome") ? 1L : 0L);
}

static void named(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX}, peer;
    memcpy(name.sun_path, "\0mirro", 6);
    listening = socket(AF_UNIX, SOCK_STREAM, 0);
    say(connect(listening, (struct sockaddr *)&name, sizeof(sa_family_t) + 6));
    say(listen(listening, 5));
    say(bind(listening, (struct sockaddr *)&name, sizeof(sa_family_t) + 6));
    say(listen(listening, 5));
    int other = socket(AF_UNIX, SOCK_STREAM, 0);
    say(bind(other, (struct sockaddr *)&name, sizeof(sa_family_t) + 6));
    say(read(other, text, 1));
    say(write(other, text, 1));
    say(events(other, POLLIN | POLLOUT));
    close(other);
    other = socket(AF_UNIX, SOCK_DGRAM, 0);
    say(connect(other, (struct sockaddr *)&name, sizeof(sa_family_t) + 6));
    say(listen(other, 1));
    close(other);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], 0, client, &name);
    long fine = 0;
    for (int i = 0; i < 3; i++) {
        socklen_t length = sizeof peer;
        int s = accept(listening, (struct sockaddr *)&peer, &length);
        long got = read(s, text, 100);
        fine += got == 5 && !memcmp(text, "hello", 5) && length == sizeof(sa_family_t);
        write(s, "welcome", 7);
        close(s);
    }
    for (int i = 0; i < 3; i++) {
        void *result;
        pthread_join(threads[i], &result);
        fine += (long)result;
    }
    printf("clients %ld\n", fine);
    say(fcntl(listening, F_SETFL, O_NONBLOCK));
    say(accept(listening, 0, 0));
    say(close(listening));
    say(bind(socket(AF_UNIX, 99, 0), 0, 0));
    // Datagrams, by name.
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
    memcpy(name.sun_path, "\0datag", 6);
    say(bind(a, (struct sockaddr *)&name, sizeof(sa_family_t) + 6));
    say(send(b, "x", 1, 0));
    say(sendto(b, "unnamed", 7, 0, (struct sockaddr *)&name, sizeof(sa_family_t) + 6));
    socklen_t length = sizeof peer;
    say(recvfrom(a, text, 100, 0, (struct sockaddr *)&peer, &length));
    printf("from %d bytes\n", (int)length);
    struct sockaddr_un mine = {.sun_family = AF_UNIX};
    memcpy(mine.sun_path, "\0mine", 5);
    say(bind(b, (struct sockaddr *)&mine, sizeof(sa_family_t) + 5));
    say(connect(b, (struct sockaddr *)&name, sizeof(sa_family_t) + 6));
    say(write(b, "named", 5));
    length = sizeof peer;
    say(recvfrom(a, text, 3, MSG_TRUNC, (struct sockaddr *)&peer, &length));
    printf("from %d bytes, %.4s\n", (int)length, peer.sun_path + 1);
    say(close(a));
    say(write(b, "x", 1));
    close(b);
}

static int ends[2];

static void *late(void *argument) {
    usleep(2000);
    write(ends[1], argument, 4);
    return 0;
}

static void waits(void) {
    pthread_t thread;
    say(pipe(ends));
    say(fcntl(ends[0], F_GETFL));
    say(fcntl(ends[1], F_GETFL));
    pthread_create(&thread, 0, late, "late");
    say(read(ends[0], text, 10));
    pthread_join(thread, 0);
    pthread_create(&thread, 0, late, "poll");
    struct pollfd both[2] = {{ends[0], POLLIN, 0}, {-1, POLLIN, 0}};
    say(poll(both, 2, -1));
    printf("%x %x\n", both[0].revents, both[1].revents);
    pthread_join(thread, 0);
    write(ends[1], "more", 4);
    say(read(ends[0], text, 6));
    say(read(ends[0], text, 6));
    say(poll(both, 2, 5));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    struct timeval limit = {0, 3000};
    say(select(ends[0] + 1, &set, 0, 0, &limit));
    printf("in it: %d\n", FD_ISSET(ends[0], &set) != 0);
    pthread_create(&thread, 0, late, "pick");
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    say(select(ends[0] + 1, &set, 0, 0, 0));
    printf("in it: %d\n", FD_ISSET(ends[0], &set) != 0);
    pthread_join(thread, 0);
    say(read(ends[0], text, 6));
    say(fcntl(ends[0], F_SETFL, O_NONBLOCK));
    say(read(ends[0], text, 6));
    say(fcntl(ends[1], F_SETFL, O_NONBLOCK));
    static char much[100000];
    say(write(ends[1], much, sizeof much));
    say(write(ends[1], much, sizeof much));
    say(events(ends[1], POLLOUT));
    say(close(ends[1]));
    say(events(ends[0], POLLIN));
    say(read(ends[0], much, sizeof much));
    say(read(ends[0], much, sizeof much));
    say(events(ends[0], POLLIN));
    say(close(ends[0]));
    say(events(ends[0], POLLIN));
    pipe(ends);
    close(ends[0]);
    say(write(ends[1], "x", 1));
    say(events(ends[1], POLLOUT));
    printf("signals %d\n", pipes);
}

int main(void) {
    signal(SIGPIPE, broken);
    pair(SOCK_STREAM);
    pair(SOCK_DGRAM);
    pair(SOCK_SEQPACKET);
    named();
    waits();
    return 0;
}
