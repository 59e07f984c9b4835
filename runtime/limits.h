/* Shared with the assembly and the tests.
   MR_K: bytes below the red zone that a boundary call may dirty on the program's stack; measured by test/runtime (painted
   stack), multiple of 8. Deep work runs on the runtime's own stack instead. MR_STACK: size of that one. */
#define MR_K 1024
/* The same before a signal handler, which nothing waits for. */
#define MR_SIGNAL_K 3072
#define MR_STACK 32768
/* A stack for SIGBUS. */
#define MR_ALTERNATE 32768
/* struct frame (arch.h), for entry.S; kernel.c asserts it. THREAD_BYTES: what a new thread pushes up to mr_thread_pushed. */
#ifdef __i386__
#define FRAME_RESULT 4
#define FRAME_MASKED 20
#define FRAME_NR 32
#define FRAME_A 36
#define FRAME_BYTES 68
#define THREAD_BYTES 12
#else
#define FRAME_RESULT 8
#define FRAME_CALL 16
#define FRAME_TOLD 32
#define FRAME_MASKED 40
#define FRAME_KEPT 56
#define FRAME_NR 104
#define FRAME_A 112
#define FRAME_RETURN 160
#define FRAME_FLAGS 168
#define FRAME_BYTES 176
#define THREAD_BYTES 64
#endif
/* Calls that entry.S does (x86_64/quick.c): they write nothing, nothing with most commands; at argument 1 as many bytes as they return, the same where nobody
   asks for an address, as many events of 12 bytes; more: that many bytes at argument 1 on success. */
#define QUICK 1
#define QUICK_FCNTL 2
#define QUICK_RET 3
#define QUICK_RECEIVE 4
#define QUICK_EVENTS 5
#define QUICK_END 335
/* Bytes of address over which the locks of atomic.S are spread. */
#define MR_LOCKS 65536
/* Flags of a clone whose new thread shares memory and whose number its parent is told: the parent copies it to the mirror, too, but not over what the thread
   has stored there meanwhile. So the mirror has a number that no thread has until one of the two comes. */
#define CLONE_TELLS 0x100100 /* CLONE_VM, CLONE_PARENT_SETTID */
#define NO_THREAD 0x80000001
/* What the register of struct frame has where there is none: in the lowest bits why, above them an address of the stack up to which bytes of the runtime's lie. */
#define NO_CALL 1
#define NEW_THREAD 3
/* A call of the runtime alone: libc/misc/mirror_verify.c. */
#define MR_NR_VERIFY 0x6d760001
/* mva = nva - MR_DISTANCE. Not a plain power of two: the L1 way predictor of AMD Zen keeps one line for addresses that agree in bits 6
   to 27, so native and mirror line would evict each other at every store (bench/distance measured 22 times a store's time on Zen 3).
   2 MiB more (i386: less, the sum is modulo 2^32) always changes that hash and keeps huge pages aligned. */
#ifdef __i386__
#define MR_DISTANCE 0x7fe00000
#else
#define MR_DISTANCE 0x400000200000
/* Addresses that can have a mirror: bit 46 set, and far enough up that the mirror's are below. User addresses end at 2^47. */
#define MR_NATIVE_LOW (2 * MR_DISTANCE - 0x400000000000)
#endif
