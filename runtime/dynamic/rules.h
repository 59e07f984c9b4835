/* What a library function writes through its arguments: rules in 32 bits, read by the assembler (stub.S) and by C (after.c).
   Arguments count from 0; null pointers are passed over. */
#ifndef MR_RULES_H
#define MR_RULES_H

/* How the function is called. */
#define PLAIN 0    /* called, then what it wrote is copied */
#define BEFORE 1   /* something has to be known of the time before the call */
#define CALLS 2    /* may call back into the program */
#define WAITS 4    /* may wait for other threads while its objects change */
#define TWICE 8    /* called for the mirror of argument 0 first, then as it is: it reads nothing there and returns argument 0 or behind it */

#define RULE(k, p, q, n) ((k) | (p) << 8 | (q) << 12 | (n) << 16)
#define K_ENDP 1
#define K_FDSET 2
#define K_FIX 3
#define K_FIXNN 4
#define K_FIXOK 5
#define K_FREAD 6
#define K_ICONV 7
#define K_IOV 8
#define K_LENP 9
#define K_LIM 10
#define K_MSG 11
#define K_MUL 12
#define K_MULMUL 13
#define K_PTON 14
#define K_RET 15
#define K_RETN 16
#define K_RETP1 17
#define K_STR 18
#define K_STRNN 19
#define K_STROK 20
#define K_SYNC 21
#define K_SYNCGONE 22
#define K_TOKEN 23
#define K_UNLOCK 24
#define K_VSCAN 25
#define K_WSTR 26
#define K_ENVIRON 27
#define K_ENDS 28
#define K_MULOK 29
#define K_WLIM 30
#define K_COPIED 31
#define K_DIRENT 32
#define K_LONGOPTS 33

#define NONE 0
#define COPIED(p, q) RULE(K_COPIED, p, q, 0)      /* up to the returned pointer; argument q bytes when it is null */
#define DIRENT(p) RULE(K_DIRENT, p, 0, 0)        /* struct dirent */
#define LONGOPTS(p) RULE(K_LONGOPTS, p, 0, 0)    /* the flags of an array of struct option */
#define ENDS(p) RULE(K_ENDS, p, 0, 0)            /* from argument p to the returned pointer, its byte included */
#define ENVIRON RULE(K_ENVIRON, 0, 0, 0)         /* the array environ */
#define FDSET(p) RULE(K_FDSET, p, 0, 0)          /* a set of argument 0 bits, when the result is not negative */
#define FIX(p, n) RULE(K_FIX, p, 0, n)           /* n bytes */
#define FIXNN(p, n) RULE(K_FIXNN, p, 0, n)       /* n bytes, when the result is not null */
#define FIXOK(p, n) RULE(K_FIXOK, p, 0, n)       /* n bytes, when the result (an int) is not negative */
#define FREAD(p) RULE(K_FREAD, p, 0, 0)          /* fread: the result and a part more, times argument p + 1, at most all */
#define ICONV(p, b) RULE(K_ICONV, p, b, 0)       /* what *argument p advanced over */
#define IOV(p, c) RULE(K_IOV, p, c, 0)           /* as many bytes as returned over an iovec array of argument c */
#define LENP(p, l) RULE(K_LENP, p, l, 0)         /* *l bytes, at most *l as it was, and *l itself */
#define LIM(p, q) RULE(K_LIM, p, q, 0)           /* a string in a buffer of argument q bytes */
#define MSG(p) RULE(K_MSG, p, 0, 0)              /* struct msghdr, received */
#define MUL(p, c, n) RULE(K_MUL, p, c, n)        /* argument c * n bytes */
#define MULMUL(p, c, d) RULE(K_MULMUL, p, c, d)  /* argument c * argument d bytes */
#define MULOK(p, c, n) RULE(K_MULOK, p, c, n)    /* argument c * n bytes, when the result is not negative */
#define PTON(p) RULE(K_PTON, p, 0, 0)            /* an address of family argument 0 */
#define RET(p) RULE(K_RET, p, 0, 0)              /* as many bytes as returned, at most argument p + 1 */
#define RETN(p, n) RULE(K_RETN, p, 0, n)         /* returned * n bytes */
#define RETP1(p, q) RULE(K_RETP1, p, q, 0)       /* returned + 1 bytes, at most argument q (15: no limit) */
#define STR(p) RULE(K_STR, p, 0, 0)              /* a string */
#define STRNN(p) RULE(K_STRNN, p, 0, 0)          /* a string, when the result is not null */
#define STROK(p) RULE(K_STROK, p, 0, 0)          /* a string, when the result is not negative */
#define SYNC(p, n) RULE(K_SYNC, p, 0, n)         /* n bytes that other threads change with atomic operations */
#define SYNCGONE(p, n) RULE(K_SYNCGONE, p, 0, n) /* the same, and another thread may have freed them since */
#define TOKEN RULE(K_TOKEN, 0, 0, 0)             /* the byte behind the returned string */
#define UNLOCK(p) RULE(K_UNLOCK, p, 0, 0)        /* pthread_mutex_unlock */
#define VSCAN(f, v) RULE(K_VSCAN, f, v, 0)       /* what the format of argument f stores through the va_list of argument v */
#define WLIM(p, q) RULE(K_WLIM, p, q, 0)         /* a wide string in a buffer of argument q characters */
#define WSTR(p) RULE(K_WSTR, p, 0, 0)            /* a wide string */
#endif
