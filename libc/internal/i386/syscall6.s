# long __syscall6_args(const long *args): number and six arguments, the last of them in ebp. musl's own pushes inside functions whose unwind
# information does not know of it (scripts/setup/musl.mjs puts this in its place).
	.text
	.global	__syscall6_args
	.hidden	__syscall6_args
	.type	__syscall6_args, @function
__syscall6_args:
	.cfi_startproc
	.irp	name, ebx, esi, edi, ebp
	pushl	%\name
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset \name, 0
	.endr
	movl	20(%esp), %ebp
	movl	(%ebp), %eax
	movl	4(%ebp), %ebx
	movl	8(%ebp), %ecx
	movl	12(%ebp), %edx
	movl	16(%ebp), %esi
	movl	20(%ebp), %edi
	movl	24(%ebp), %ebp
	int	$128
	.irp	name, ebp, edi, esi, ebx
	popl	%\name
	.cfi_adjust_cfa_offset -4
	.cfi_restore \name
	.endr
	ret
	.cfi_endproc
	.size	__syscall6_args, .-__syscall6_args
