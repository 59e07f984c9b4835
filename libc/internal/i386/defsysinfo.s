# What `call *%gs:16` reaches while there is no vDSO. The frame of musl's own has no unwind information, and no debugger can guess it.
	.text
	.type	kernel_entry, @function
kernel_entry:
	.cfi_startproc
	int	$128
	ret
	.cfi_endproc
	.size	kernel_entry, .-kernel_entry

	.data
	.balign	4
	.global	__sysinfo
	.hidden	__sysinfo
__sysinfo:
	.long	kernel_entry
