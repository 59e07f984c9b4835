# Where signal handlers return to. musl's own has no unwind information: unwinders know it by its bytes, which rewriting changes.
# They look for the caller of a handler one byte before its return address, so the information begins before the label.

# The ucontext stands at rsp; its registers (kernel arch/x86/include/uapi/asm/sigcontext.h) are memory at rsp + an offset below 16384.
	.macro	saved register, offset
	.cfi_escape 0x10, \register, 3, 0x77, ((\offset) & 0x7f) | 0x80, (\offset) >> 7
	.endm

	.cfi_startproc
	.cfi_signal_frame
	.cfi_escape 0x0f, 4, 0x77, 160 & 0x7f | 0x80, 160 >> 7, 0x06	# the stack pointer is the word at 160
	saved	8, 40
	saved	9, 48
	saved	10, 56
	saved	11, 64
	saved	12, 72
	saved	13, 80
	saved	14, 88
	saved	15, 96
	saved	5, 104	# rdi
	saved	4, 112	# rsi
	saved	6, 120	# rbp
	saved	3, 128	# rbx
	saved	1, 136	# rdx
	saved	0, 144	# rax
	saved	2, 152	# rcx
	saved	7, 160	# rsp
	saved	16, 168	# rip
	nop
.global __restore_rt
.hidden __restore_rt
.type __restore_rt,@function
__restore_rt:
	mov $15, %rax
	syscall
	.cfi_endproc
.size __restore_rt,.-__restore_rt
