/* Calls that write what one of their arguments, a command, says. Sizes from the kernel's headers that stand beside them. */
#include "mr.h"

#define IFREQ (24 + 2 * sizeof(word)) /* linux/if.h, struct ifreq: its struct ifmap has two longs */

static const struct { u32 request, bytes; } ioctls[] = {
#define I(name, number, size) {number, size},
#define U(name, number)
#include "ioctls.def"
#undef I
#undef U
};
enum { SIOCGIFCONF = 0x8912 };

static long row_of(word request) {
  for (word i = 0; i < sizeof ioctls / sizeof *ioctls; i++)
    if (ioctls[i].request == (u32)request) return (long)i;
  return -1;
}
int mr_ioctl_known(word request) { return (u32)request == SIOCGIFCONF || row_of(request) >= 0; }

void mr_after_ioctl(word request, word at) {
  long row = row_of(request);
  if (row >= 0) mr_copy(at, ioctls[row].bytes);
  else if ((u32)request == SIOCGIFCONF) { /* linux/if.h, struct ifconf: length, buffer */
    struct { int length; word buffer; } *c = (void *)at;
    mr_copy(at, sizeof *c);
    if (c->buffer) mr_copy(c->buffer, (word)c->length);
  } else {
    mr_unknown("ioctl", mr_ioctl_name(request), request);
    if (request & 1ul << 31) mr_copy(at, request >> 16 & 0x3fff); /* _IOC_READ: so many bytes, and perhaps more through pointers in them */
  }
}

static word least(word a, word b) { return a < b ? a : b; }

/* linux/ptrace.h; arguments: request, pid, addr, data. The C libraries' PEEK gives a value, the system call stores it. */
void mr_after_ptrace(const word a[], long r) {
  struct { word base, length; } *set = (void *)a[3];
  switch (a[0]) {
  case 1: case 2: case 3: mr_copy(a[3], sizeof(word)); break;             /* PEEKTEXT, PEEKDATA, PEEKUSR */
  case 12: mr_copy(a[3], BY_WORD(68, 216)); break;                        /* GETREGS: struct user_regs_struct */
  case 14: mr_copy(a[3], BY_WORD(108, 512)); break;                       /* GETFPREGS */
  case 18: mr_copy(a[3], 512); break;                                     /* GETFPXREGS */
  case 25: mr_copy(a[3], 16); break;                                      /* GET_THREAD_AREA: struct user_desc */
  case 30: mr_copy(a[2], 8); break;                                       /* ARCH_PRCTL: the code is in data */
  case 0x4201: mr_copy(a[3], sizeof(word)); break;                        /* GETEVENTMSG */
  case 0x4202: mr_copy(a[3], 128); break;                                 /* GETSIGINFO */
  case 0x4204: mr_copy(a[3], sizeof *set), mr_copy(set->base, set->length); break; /* GETREGSET */
  case 0x4209: mr_copy(a[3], (word)r * 128); break;                       /* PEEKSIGINFO */
  case 0x420a: mr_copy(a[3], a[2]); break;                                /* GETSIGMASK */
  case 0x420c: if (a[3]) mr_copy(a[3], (word)r * 8); break;               /* SECCOMP_GET_FILTER: struct sock_filter */
  case 0x420d: case 0x420e: case 0x420f: mr_copy(a[3], least((word)r, a[2])); break; /* SECCOMP_GET_METADATA, GET_SYSCALL_INFO, GET_RSEQ_CONFIGURATION */
  case 0x4211: mr_copy(a[3], a[2]); break;                                /* GET_SYSCALL_USER_DISPATCH_CONFIG */
  }
}

/* linux/quota.h, linux/dqblk_xfs.h */
void mr_after_quotactl(word command, word at) {
  switch (command >> 8 & 0xffffff) {
  case 0x800004: mr_copy(at, 4); break;                /* Q_GETFMT */
  case 0x800005: mr_copy(at, 24); break;               /* Q_GETINFO: struct if_dqinfo */
  case 0x800007: mr_copy(at, BY_WORD(68, 72)); break;  /* Q_GETQUOTA: struct if_dqblk */
  case 0x800009: mr_copy(at, 72); break;               /* Q_GETNEXTQUOTA: struct if_nextdqblk */
  case 0x5803: case 0x5809: mr_copy(at, 112); break;   /* Q_XGETQUOTA, Q_XGETNEXTQUOTA: struct fs_disk_quota */
  case 0x5805: mr_copy(at, BY_WORD(68, 80)); break;    /* Q_XGETQSTAT: struct fs_quota_stat */
  case 0x5808: mr_copy(at, 160); break;                /* Q_XGETQSTATV: struct fs_quota_statv */
  }
}

/* linux/keyctl.h; what is longer than its buffer is not written, and its length is given. */
void mr_after_keyctl(const word a[], long r) {
  switch (a[0]) {
  case 6: case 11: case 17: case 23: mr_copy(a[2], least((word)r, a[3])); break; /* DESCRIBE, READ, GET_SECURITY, DH_COMPUTE */
  case 24: mr_copy(a[4], 56); break;                                             /* PKEY_QUERY: struct keyctl_pkey_query */
  case 25: case 26: case 27: mr_copy(a[4], (word)r); break;                      /* PKEY_ENCRYPT, DECRYPT, SIGN */
  case 31: mr_copy(a[1], a[2]); break;                                           /* CAPABILITIES: the rest is filled with zeros */
  }
}

/* linux/bpf.h, union bpf_attr; arguments: command, attributes, their size. Sizes of map values are the kernel's secret. */
void mr_after_bpf(const word a[]) {
  const u32 *attr = (const u32 *)a[1];
  mr_copy(a[1], a[2]);
  switch (a[0]) {
  case 0: case 2: case 3: case 6: case 7: case 8: case 9: case 11: case 12: case 13: case 14: case 17: case 19: case 22: case 23:
  case 26: case 27: case 28: case 29: case 30: case 31: case 32: case 33: case 34: case 35: return; /* nothing but the attributes */
  case 15: mr_copy((word)((uint64_t)attr[3] << 32 | attr[2]), attr[1]); /* OBJ_GET_INFO_BY_FD: length, pointer */
  }
  mr_unknown("bpf", 0, a[0]);
}
