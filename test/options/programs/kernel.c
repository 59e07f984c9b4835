// Linux's own headers, beside those of the C library.
#include <asm/unistd.h>
#include <linux/input.h>
#include <linux/kd.h>
#include <linux/sockios.h>
#include <mtd/mtd-user.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct input_event event;

int main(void) {
  memset(&event, 1, sizeof event);
  event.type = EV_KEY, event.code = KEY_ENTER;
  printf("%d %d %x %x %d %zu\n", event.type, event.code, KDGKBTYPE, SIOCOUTQ, __NR_getpid, sizeof(struct mtd_info_user));
  return ioctl(0, KDGKBTYPE, &event) == 0;
}
