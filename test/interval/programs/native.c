// Compiled natively.
void lose(long *p) { *p = 77; }
void lose_store(char *p) { *p = 77; }
