// What each assembler directive means to the rewriter (GNU as manual, chapters 7 and 9.16). A directive that is not here is refused.

export type DirectiveRole =
  | 'section' // changes the section
  | 'data' // emits bytes: refused in code, where it may hide stores
  | 'layout' // alignment: harmless in code
  | 'neutral' // symbols, debug information, CFI
  | 'refused'; // other syntaxes and word sizes: not in this release

const rows: readonly (readonly [DirectiveRole, string])[] = [
  ['section', '.bss .data .popsection .previous .pushsection .section .subsection .text'],
  [
    'data',
    '.2byte .4byte .8byte .ascii .asciz .bfloat16 .byte .dc .dcb .dc.a .dc.b .dc.d .dc.l .dc.s .dc.w .dc.x .double .ds .fill .float .hfloat .hword .incbin .inst .int .insn .long .octa .org .quad .short .single .skip .sleb128 .space .string .string16 .string32 .string64 .string8 .tfloat .uleb128 .value .word .zero',
  ],
  ['layout', '.align .balign .balignl .balignw .p2align .p2alignl .p2alignw'],
  [
    'neutral',
    '.addrsig .addrsig_sym .att_mnemonic .att_syntax .cfi_adjust_cfa_offset .cfi_b_key_frame .cfi_def_cfa .cfi_def_cfa_offset .cfi_def_cfa_register .cfi_endproc .cfi_escape .cfi_fde_data .cfi_inline_lsda .cfi_label .cfi_lsda .cfi_offset .cfi_personality .cfi_personality_id .cfi_register .cfi_rel_offset .cfi_remember_state .cfi_restore .cfi_restore_state .cfi_return_column .cfi_same_value .cfi_sections .cfi_signal_frame .cfi_startproc .cfi_undefined .cfi_val_encoded_addr .cfi_val_offset .cfi_window_save .code64 .comm .eject .end .equ .equiv .eqv .file .global .globl .gnu_attribute .hidden .ident .internal .largecomm .lcomm .linkonce .list .ln .loc .loc_mark_labels .local .nolist .nops .print .protected .psize .reloc .sbttl .set .size .sleb .stabd .stabn .stabs .symver .title .tls_common .type .version .vtable_entry .vtable_inherit .warning .weak .weakref',
  ],
  [
    'refused',
    '.abort .arch .bundle_align_mode .bundle_lock .bundle_unlock .code16 .code16gcc .code32 .intel_mnemonic .intel_syntax .struct',
  ],
];

const roles = new Map<string, DirectiveRole>();
for (const [role, names] of rows) for (const name of names.split(' ')) roles.set(name, role);

/** The role of a directive, given its lower-case name with the dot; undefined when it is not known. */
export function directiveRole(name: string): DirectiveRole | undefined {
  return roles.get(name);
}
