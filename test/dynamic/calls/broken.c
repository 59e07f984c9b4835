/* Linked in with --wrap for the runtime's copying functions: copies nothing, or one byte less. The table's test has to see that. */
void __real_mr_copy(unsigned long at, unsigned long n);
void __real_mr_copy_stable(unsigned long at, unsigned long n);
void __real_mr_copy_gone(unsigned long at, unsigned long n);

/* What the runtime copies before the program begins is left alone. In the section that is not compared. */
static int active __attribute__((section("mirror_state,\"aw\",@nobits#")));
__attribute__((constructor)) static void begin(void) { active = 1; }

#define BREAK(name, least) \
  void __wrap_##name(unsigned long at, unsigned long n) { if (!active || (SHORTER && n > least)) __real_##name(at, active ? n - least : n); }
BREAK(mr_copy, 1)
BREAK(mr_copy_stable, 4)
BREAK(mr_copy_gone, 4)
