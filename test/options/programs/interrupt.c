// A handler with the interrupt attribute: its frame is the CPU's, and no user program can have one called.
struct frame;
int seen;
__attribute__((interrupt)) void handler(struct frame *frame) { seen += frame != 0; }
int main(void) { return seen; }
