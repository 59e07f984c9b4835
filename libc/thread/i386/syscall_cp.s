# A system call at which a thread may be cancelled: musl's own with unwind information. The handler of a cancellation asks whether it came
# between __cp_begin and __cp_end, and then goes on at __cp_cancel.
	.text
	.global	__cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm
	.hidden	__cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm, __cancel

	.macro	give_back
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	.cfi_def_cfa_offset 4
	.irp	name, ebx, esi, edi, ebp
	.cfi_restore \name
	.endr
	.endm

# long __syscall_cp_asm(volatile int *cancel, nr, a, b, c, d, e, f)
	.type	__syscall_cp_asm, @function
__syscall_cp_asm:
	.cfi_startproc
	movl	4(%esp), %ecx
	.irp	name, ebx, esi, edi, ebp
	pushl	%\name
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset \name, 0
	.endr
	.cfi_remember_state
__cp_begin:
	movl	(%ecx), %eax
	testl	%eax, %eax
	jnz	__cp_cancel
	movl	24(%esp), %eax
	movl	28(%esp), %ebx
	movl	32(%esp), %ecx
	movl	36(%esp), %edx
	movl	40(%esp), %esi
	movl	44(%esp), %edi
	movl	48(%esp), %ebp
	int	$128
__cp_end:
	give_back
	ret
__cp_cancel:
	.cfi_restore_state
	give_back
	jmp	__cancel
	.cfi_endproc
	.size	__syscall_cp_asm, .-__syscall_cp_asm
