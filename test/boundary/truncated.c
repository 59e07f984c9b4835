// A datagram longer than the buffer, which ends where memory does: MSG_TRUNC has recvfrom return what it would have taken.
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  enum { PAGE = 4096, ROOM = 16 };
  static char sent[4 * PAGE];
  int pair[2];
  char *page = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + PAGE, PAGE);
  memset(sent, 7, sizeof sent);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  for (int asked = 0; asked < 2; asked++) { // for the sender's address
    struct sockaddr from;
    socklen_t length = sizeof from;
    page[PAGE - 1] = 0;
    write(pair[0], sent, sizeof sent);
    long got = recvfrom(pair[1], page + PAGE - ROOM, ROOM, MSG_TRUNC, asked ? &from : 0, asked ? &length : 0);
    printf("%ld %d\n", got, page[PAGE - 1]);
  }
  return 0;
}
