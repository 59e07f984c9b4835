// Runs each case natively and mirrored from equal registers, flags and memory, and compares what is left: registers, flags, the x87
// state, the memory, and the memory with its mirror. 32 bits, no libc: it maps its own mirror.
// Compiled with -DCOMPARE_ALL=0 the registers that a call may change by the ABI, and the flags, are left out.

typedef unsigned int u32;
typedef unsigned char u8;

#define DISTANCE 0x80200000u
#define DATA 0x20000000u
#define DATA_BYTES 0x4000u
#define STACK 0x20010000u
#define STACK_BYTES 0x4000u
#define TLS (DATA + 0x2000)

struct state {
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi, flags;
	u8 x87[108];
};

struct a_case {
	const char *name;
	void (*native)(void);
	void (*mirrored)(void);
	u32 calls_kernel;
};

extern const struct a_case cases[];
extern const u32 case_count;
extern char static_begin[], static_end[];
void run_case(struct state *state, void (*code)(void));

static u32 call6(u32 n, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
{
	u32 result;
	u32 args[2] = {f, n};
	__asm__ volatile("pushl %%ebp\n\tmovl (%%eax), %%ebp\n\tmovl 4(%%eax), %%eax\n\tint $0x80\n\tpopl %%ebp"
			 : "=a"(result)
			 : "0"(args), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}

static void die(u32 code) { call6(252, code, 0, 0, 0, 0, 0); for (;;) {} }

static void say(const char *text)
{
	u32 n = 0;
	while (text[n]) n++;
	call6(4, 1, (u32)text, n, 0, 0, 0);
}

static void say_hex(u32 value)
{
	char text[12] = " 0x";
	for (int i = 0; i < 8; i++) text[3 + i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15];
	text[11] = 0;
	say(text);
}

static void map(u32 at, u32 bytes)
{
	u32 from = at & ~4095u;
	bytes = (at + bytes - from + 4095) & ~4095u;
	// MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE
	if (call6(192, from, bytes, 3, 0x100022, -1u, 0) != from) {
		say("cannot map");
		say_hex(from);
		say("\n");
		die(3);
	}
}

static u32 seed;
static u32 random32(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static void copy(u8 *to, const u8 *from, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++) to[i] = from[i];
}

static u8 kept_data[DATA_BYTES], kept_stack[STACK_BYTES], kept_static[4096];

static void prepare(u32 round, struct state *s)
{
	seed = round * 2654435761u + 1;
	u32 *data = (u32 *)DATA, *stack = (u32 *)STACK;
	for (u32 i = 0; i < DATA_BYTES / 4; i++) data[i] = random32();
	for (u32 i = 0; i < STACK_BYTES / 4; i++) stack[i] = random32();
	for (char *p = static_begin; p < static_end; p++) *p = (char)random32();
	*(u32 *)TLS = TLS;
	copy((u8 *)(DATA + DISTANCE), (u8 *)DATA, DATA_BYTES);
	copy((u8 *)(STACK + DISTANCE), (u8 *)STACK, STACK_BYTES);
	copy((u8 *)static_begin + DISTANCE, (u8 *)static_begin, (u32)(static_end - static_begin));
	s->eax = random32();
	s->ecx = random32() % 5; // counts, small indices
	s->edx = random32();
	s->ebx = DATA + 0x1000 + random32() % 64;
	s->ebp = STACK + 0x3000;
	s->esp = STACK + 0x2000;
	s->esi = DATA + 0x100 + random32() % 64;
	// Sometimes source and destination of a move overlap.
	s->edi = round & 1 ? s->esi + random32() % 9 : DATA + 0x800 + random32() % 64;
	s->flags = (random32() & 0x8d5) | 0x202;
	// What cases use as pointers in memory.
	((u32 *)(STACK + 0x2000))[1] = DATA + 0x400;
	copy((u8 *)(STACK + DISTANCE), (u8 *)STACK, STACK_BYTES);
}

static int same(const char *what, const char *name, const u8 *a, const u8 *b, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++) {
		if (a[i] == b[i]) continue;
		say(name);
		say(": ");
		say(what);
		say(" differs at");
		say_hex(i);
		say_hex(a[i]);
		say_hex(b[i]);
		say("\n");
		return 0;
	}
	return 1;
}

// An empty register can be read by nothing but a dump of the state, and the bit that tells of rounding up is lost where a number is stored twice.
static void forget_x87(u8 *x87)
{
	u32 top = x87[5] >> 3 & 7, tags = x87[8] | x87[9] << 8;
	for (u32 i = 0; i < 8; i++)
		for (u32 k = 0; (tags >> 2 * ((top + i) & 7) & 3) == 3 && k < 10; k++) x87[28 + 10 * i + k] = 0;
	x87[5] &= ~2;
}

static int check(const struct a_case *c, u32 round)
{
	struct state native, mirrored;
	const char *name = c->name;
	u32 statics = (u32)(static_end - static_begin);
	prepare(round, &native);
	run_case(&native, c->native);
	copy(kept_data, (u8 *)DATA, DATA_BYTES);
	copy(kept_stack, (u8 *)STACK, STACK_BYTES);
	copy(kept_static, (u8 *)static_begin, statics);
	prepare(round, &mirrored);
	run_case(&mirrored, c->mirrored);
	if (!COMPARE_ALL) {
		native.ecx = mirrored.ecx = 0;
		native.flags = mirrored.flags = 0;
	}
	forget_x87(native.x87);
	forget_x87(mirrored.x87);
	// Below %esp the mirrored form may have kept registers.
	u32 used = native.esp - STACK;
	int ok = same("a register", name, (u8 *)&native, (u8 *)&mirrored, 0, 36);
	// The last instruction's own address is part of the x87 state.
	ok &= same("x87", name, native.x87, mirrored.x87, 0, 12);
	ok &= same("x87", name, native.x87, mirrored.x87, 28, 108);
	ok &= same("data", name, kept_data, (u8 *)DATA, 0, DATA_BYTES);
	ok &= same("the stack", name, kept_stack, (u8 *)STACK, used, STACK_BYTES);
	ok &= same("static data", name, kept_static, (u8 *)static_begin, 0, statics);
	ok &= same("the mirror of data", name, (u8 *)DATA, (u8 *)(DATA + DISTANCE), 0, DATA_BYTES);
	ok &= same("the mirror of the stack", name, (u8 *)STACK, (u8 *)(STACK + DISTANCE), c->calls_kernel ? used : 0,
		   STACK_BYTES);
	ok &= same("the mirror of static data", name, (u8 *)static_begin, (u8 *)static_begin + DISTANCE, 0, statics);
	return ok;
}

struct descriptor {
	u32 entry, base, limit, flags;
};

__attribute__((used)) static void main32(void)
{
	u32 failed = 0;
	map(DATA, DATA_BYTES);
	map(DATA + DISTANCE, DATA_BYTES);
	map(STACK, STACK_BYTES);
	map(STACK + DISTANCE, STACK_BYTES);
	map((u32)static_begin + DISTANCE, (u32)(static_end - static_begin));
	// 32-bit data segment, limit in pages.
	struct descriptor tls = {-1u, TLS, 0xfffff, 0x51};
	if (call6(243, (u32)&tls, 0, 0, 0, 0, 0)) die(4);
	__asm__ volatile("movw %w0, %%gs" : : "r"(tls.entry * 8 + 3));
	for (u32 i = 0; i < case_count; i++)
		for (u32 round = 0; round < 20; round++)
			if (!check(&cases[i], round)) {
				failed++;
				break;
			}
	say_hex(case_count);
	say(" cases, failed:");
	say_hex(failed);
	say("\n");
	die(failed != 0);
}

__asm__(".globl _start\n_start:\n\tandl $-16, %esp\n\tcall main32\n");

// run_case(state, code): everything from the state, code, everything into the state.
__asm__(".globl run_case\nrun_case:\n"
	"\tpushl %ebp\n\tpushl %ebx\n\tpushl %esi\n\tpushl %edi\n"
	"\tmovl 20(%esp), %eax\n\tmovl %eax, the_state\n\tmovl 24(%esp), %edx\n\tmovl %edx, the_code\n\tmovl %esp, the_esp\n"
	"\tfninit\n"
	"\tmovl 4(%eax), %ecx\n\tmovl 12(%eax), %ebx\n\tmovl 20(%eax), %ebp\n\tmovl 24(%eax), %esi\n\tmovl 28(%eax), %edi\n"
	"\tmovl 8(%eax), %edx\n"
	"\tpushl 32(%eax)\n\tpopfl\n"
	"\tmovl 16(%eax), %esp\n\tmovl (%eax), %eax\n"
	"\tcall *the_code\n"
	"\tmovl %esp, end_esp\n\tmovl the_esp, %esp\n\tpushfl\n\tcld\n\tpushl %eax\n\tmovl the_state, %eax\n"
	"\tpopl (%eax)\n\tpopl 32(%eax)\n"
	"\tmovl %ecx, 4(%eax)\n\tmovl %edx, 8(%eax)\n\tmovl %ebx, 12(%eax)\n\tmovl %ebp, 20(%eax)\n\tmovl %esi, 24(%eax)\n\tmovl %edi, 28(%eax)\n"
	"\tmovl end_esp, %ecx\n\tmovl %ecx, 16(%eax)\n"
	"\tfnsave 36(%eax)\n"
	"\tpopl %edi\n\tpopl %esi\n\tpopl %ebx\n\tpopl %ebp\n\tret\n"
	"\t.local the_state, the_code, the_esp, end_esp\n"
	"\t.comm the_state,4\n\t.comm the_code,4\n\t.comm the_esp,4\n\t.comm end_esp,4\n");

// The kernel's entry of mirrored code. What it pushes lies below the program's stack pointer.
__asm__(".globl __mirror_syscall\n__mirror_syscall:\n\tint $0x80\n\tret\n");

// What the runtime's compare-and-swap needs (runtime/i386/atomic.S): its locks, and the wait that one thread never comes to.
__attribute__((visibility("hidden"))) u8 mr_locks[65536];
#define WAIT(n) __attribute__((visibility("hidden"))) void __mirror_wait##n(void); void __mirror_wait##n(void) { die(5); }
WAIT(1) WAIT(2) WAIT(4) WAIT(pair8)
