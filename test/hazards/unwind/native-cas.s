# What the runtime has in runtime/x86_64/atomic.S, for a program without a mirror.
	.text
	.globl	__mirror_cas8
	.hidden	__mirror_cas8
	.type	__mirror_cas8, @function
__mirror_cas8:
	.cfi_startproc
	.cfi_def_cfa rsp, 0
	.cfi_register rip, rcx
	lock cmpxchgq	%r11, (%r10)
	jmp	*%rcx
	.cfi_endproc
	.size	__mirror_cas8, .-__mirror_cas8
	.section	.note.GNU-stack,"",@progbits
