/* MR_K: bytes below the red zone that a boundary call may dirty on the program's stack; measured by test/runtime (painted
   stack), multiple of 8. Deep work runs on the runtime's own stack instead. MR_STACK: size of that one. */
#define MR_K 1024
#define MR_STACK 32768
