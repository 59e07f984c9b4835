# Where signal handlers return to. musl's own have no unwind information: unwinders know them by their bytes, which rewriting changes.
# They look for the caller of a handler one byte before its return address, so the information begins before the label.

# The registers (kernel arch/x86/include/uapi/asm/sigcontext.h) are memory at esp + an offset below 8192, in two bytes.
	.macro	saved register, offset
	.cfi_escape 0x10, \register, 3, 0x74, ((\offset) & 0x7f) | 0x80, (\offset) >> 7
	.endm
	.macro	registers at
	.cfi_escape 0x0f, 4, 0x74, ((\at + 28) & 0x7f) | 0x80, (\at + 28) >> 7, 0x06	# the stack pointer before the signal
	saved	7, \at+16	# edi
	saved	6, \at+20	# esi
	saved	5, \at+24	# ebp
	saved	4, \at+28	# esp
	saved	3, \at+32	# ebx
	saved	2, \at+36	# edx
	saved	1, \at+40	# ecx
	saved	0, \at+44	# eax
	saved	8, \at+56	# eip
	.endm

# struct sigframe: the handler's return has taken the first word off, the signal's number is the next.
	.cfi_startproc
	.cfi_signal_frame
	registers 4
	nop
.global __restore
.hidden __restore
.type __restore,@function
__restore:
	popl %eax
	registers 0
	movl $119, %eax
	int $0x80
	.cfi_endproc
.size __restore,.-__restore

# struct rt_sigframe: number, two pointers, siginfo of 128 bytes, and a ucontext with the registers 20 bytes from its begin.
	.cfi_startproc
	.cfi_signal_frame
	registers 160
	nop
.global __restore_rt
.hidden __restore_rt
.type __restore_rt,@function
__restore_rt:
	movl $173, %eax
	int $0x80
	.cfi_endproc
.size __restore_rt,.-__restore_rt
