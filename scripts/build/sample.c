// What bundles do when V8's cache of them is made (compiled.mjs): rewritten by the pass, run by the emulator. No library.
static unsigned char bytes[512];
static unsigned sums[16];

__attribute__((noinline)) static unsigned mix(unsigned char *p, long n, unsigned seed) {
    for (long i = 0; i < n; i++) {
        seed = seed * 1103515245u + 12345u;
        p[i] = (unsigned char)(seed >> 16);
    }
    return seed;
}

__attribute__((noinline)) static int compare(const unsigned *a, const unsigned *b) {
    return *a < *b ? -1 : *a > *b;
}

__attribute__((noinline)) static void sort(unsigned *a, int n, int (*less)(const unsigned *, const unsigned *)) {
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && less(&a[j], &a[j - 1]) < 0; j--) {
            unsigned t = a[j];
            a[j] = a[j - 1];
            a[j - 1] = t;
        }
}

static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

void _start(void) {
    unsigned seed = 1;
    double mean = 0;
    for (int i = 0; i < 16; i++) {
        seed = mix(bytes, sizeof bytes, seed);
        for (unsigned j = 0; j < sizeof bytes; j++) sums[i] += bytes[j];
        mean += sums[i] / 16.0;
    }
    sort(sums, 16, compare);
    call(1, 1, (long)"", 0);
    call(60, mean == 0, 0, 0);
    __builtin_unreachable();
}
