/* The unwinder is the compiler's shared one; where an exception goes, its last act is to put the exception's address into the register with which
   the program's landing pad begins (Itanium C++ ABI, exception handling, 1.6.3). By then it has written in the exception what it needs to go on. */
#include "after.h"

enum { EXCEPTION = 32 /* struct _Unwind_Exception: class, cleanup, two private words */ };
void __real__Unwind_SetGR(void *context, int index, word value);

void __wrap__Unwind_SetGR(void *context, int index, word value) {
  __real__Unwind_SetGR(context, index, value);
  if (index == 0 && IN_RANGE(value)) mr_copy_gone(value, EXCEPTION); /* any number to other languages */
}
