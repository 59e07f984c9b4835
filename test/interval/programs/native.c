// Compiled natively.
void lose(long *p) { *p = 77; }
