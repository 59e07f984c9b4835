struct item { char name[12]; int number; };
extern struct item upper_items[4];
extern int upper_calls, deep_total, program_value;
const char *upper_sorted(void);
int upper_signals(void), upper_child(void), upper_program(int), deep_threads(int), deep_enter(void (*)(int), int);
char *deep_copy(const char *);
void deep_leave(int), program_notes(char *, unsigned long);
