/* Sockets, polling, addresses. */
#include "cases.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define TO (char *)to
static int pair[2];
static int ready(void) { NEED(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) && write(pair[1], "0123456789", 10) == 10); return pair[0]; }
static int udp(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  NEED(!bind(fd, (struct sockaddr *)&a, n) && !getsockname(fd, (struct sockaddr *)&a, &n) && !connect(fd, (struct sockaddr *)&a, n) && send(fd, "0123456789", 10, 0) == 10);
  return fd;
}
static int listening(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  NEED(!bind(fd, (struct sockaddr *)&a, n) && !listen(fd, 5) && !getsockname(fd, (struct sockaddr *)&a, &n));
  NEED(!connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&a, n));
  return fd;
}
#define ADDRESS PAINT(address, 128); PAINT(length, 16); *(socklen_t *)length = sizeof address
#define AT (struct sockaddr *)address, (socklen_t *)length
CASE(socketpair) { PAINT(to, 16); NEED(!socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)to)); }
CASE(recv) { PAINT(to, 32); NEED(recv(ready(), to, sizeof to, 0) == 10); }
CASE(recvfrom) { PAINT(to, 32); ADDRESS; NEED(recvfrom(udp(), to, sizeof to, 0, AT) == 10); }
#define MESSAGE PAINT(to, 32); PAINT(address, 128); static struct mmsghdr m; static struct iovec v; v = (struct iovec){to, sizeof to}; \
  m.msg_hdr = (struct msghdr){.msg_name = address, .msg_namelen = sizeof address, .msg_iov = &v, .msg_iovlen = 1}
CASE(recvmsg) { MESSAGE; NEED(recvmsg(udp(), &m.msg_hdr, 0) == 10); }
CASE(recvmmsg) { MESSAGE; NEED(recvmmsg(udp(), &m, 1, 0, 0) == 1); }
CASE(sendmmsg) { static struct iovec v = {"01234", 5}; static struct mmsghdr m; m.msg_hdr = (struct msghdr){.msg_iov = &v, .msg_iovlen = 1}; NEED(sendmmsg(udp(), &m, 1, 0) == 1 && m.msg_len == 5); }
CASE(accept) { ADDRESS; NEED(accept(listening(), AT) >= 0); }
CASE(accept4) { ADDRESS; NEED(accept4(listening(), AT, SOCK_CLOEXEC) >= 0); }
CASE(getsockname) { ADDRESS; NEED(!getsockname(udp(), AT)); }
CASE(getpeername) { ADDRESS; NEED(!getpeername(udp(), AT)); }
CASE(getsockopt) { PAINT(to, 16); PAINT(length, 16); *(socklen_t *)length = 8; NEED(!getsockopt(udp(), SOL_SOCKET, SO_TYPE, to, (socklen_t *)length)); }
CASE(poll) { static struct pollfd p; p = (struct pollfd){ready(), POLLIN, 99}; NEED(poll(&p, 1, 0) == 1); }
CASE(ppoll) { static struct pollfd p; p = (struct pollfd){ready(), POLLIN, 99}; NEED(ppoll(&p, 1, 0, 0) == 1); }
#define SETS static fd_set in, out, bad; int fd = ready(), other = dup(ready() + 8); (void)other; \
  FD_SET(fd, &in), FD_SET(pair[1], &in), FD_SET(pair[0], &out), FD_SET(fd, &bad)
CASE(select) { SETS; static struct timeval t = {5, 5}; NEED(select(pair[1] + 1, &in, &out, &bad, &t) >= 1); }
CASE(pselect) { SETS; NEED(pselect(pair[1] + 1, &in, &out, &bad, 0, 0) >= 1); }
static int watched(void) { int e = epoll_create1(0); struct epoll_event v = {.events = EPOLLIN, .data.u64 = 0x1234567890abcdef}; NEED(!epoll_ctl(e, EPOLL_CTL_ADD, ready(), &v)); return e; }
CASE(epoll_wait) { PAINT(to, 64); NEED(epoll_wait(watched(), (struct epoll_event *)to, 5, 0) == 1); }
CASE(epoll_pwait) { PAINT(to, 64); NEED(epoll_pwait(watched(), (struct epoll_event *)to, 5, 0, 0) == 1); }
CASE(inet_aton) { PAINT(to, 16); NEED(inet_aton("1.2.3.4", (struct in_addr *)to)); }
CASE(inet_ntop) { PAINT(to, 64); NEED(inet_ntop(AF_INET, "\1\2\3\4", TO, sizeof to)); }
CASE(inet_pton) { PAINT(to, 32); PAINT(long_one, 32); NEED(inet_pton(AF_INET, "1.2.3.4", to) == 1 && inet_pton(AF_INET6, "1:2::3:4", long_one) == 1); }
CASE(getaddrinfo) { PAINT(to, 16); struct addrinfo h = {.ai_flags = AI_NUMERICHOST}; NEED(!getaddrinfo("127.0.0.1", "80", &h, (struct addrinfo **)to)); }
CASE(getnameinfo) {
  PAINT(to, 64); PAINT(service, 64);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = 0x5000};
  NEED(!getnameinfo((struct sockaddr *)&a, sizeof a, TO, sizeof to, (char *)service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV));
}
CASE(getifaddrs) { PAINT(to, 16); NEED(!getifaddrs((struct ifaddrs **)to)); }
#define HOST PAINT(to, 64); PAINT(names, 1024); PAINT(result, 16); PAINT(error, 16)
#define HOST_AT (struct hostent *)to, (char *)names, sizeof names, (struct hostent **)result, (int *)error
CASE(gethostbyname_r) { HOST; NEED(!gethostbyname_r("127.0.0.1", HOST_AT)); }
CASE(gethostbyname2_r) { HOST; NEED(!gethostbyname2_r("127.0.0.1", AF_INET, HOST_AT)); }
CASE(gethostbyaddr_r) { HOST; gethostbyaddr_r("\177\0\0\1", 4, AF_INET, HOST_AT); }
CASE(getservbyname_r) { PAINT(to, 64); PAINT(names, 1024); PAINT(result, 16); getservbyname_r("http", "tcp", (struct servent *)to, (char *)names, sizeof names, (struct servent **)result); }
static mqd_t queue(void) {
  struct mq_attr a = {.mq_maxmsg = 2, .mq_msgsize = 32};
  char name[40];
  snprintf(name, sizeof name, "/mirrorasm-%d", getpid());
  mqd_t q = mq_open(name, O_CREAT | O_RDWR, 0600, &a);
  mq_unlink(name);
  if (q != (mqd_t)-1) NEED(!mq_send(q, "0123456789", 10, 3));
  return q;
}
CASE(mq_getattr) { PAINT(to, 80); mq_getattr(queue(), (struct mq_attr *)to); }
CASE(mq_receive) { PAINT(to, 32); PAINT(priority, 16); mq_receive(queue(), TO, sizeof to, (unsigned *)priority); }
CASE(mq_timedreceive) { PAINT(to, 32); PAINT(priority, 16); struct timespec t = {0, 0}; mq_timedreceive(queue(), TO, sizeof to, (unsigned *)priority, &t); }
