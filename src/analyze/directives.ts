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
    '.2byte .4byte .8byte .ascii .asciz .bfloat16 .byte .dc .dc.a .dc.b .dc.d .dc.l .dc.s .dc.w .dc.x .dcb .dcb.b .dcb.d .dcb.l .dcb.s .dcb.w .dcb.x .double .ds .ds.b .ds.d .ds.l .ds.p .ds.s .ds.w .ds.x .fill .float .hfloat .hword .incbin .insn .inst .int .long .octa .org .quad .reloc .short .single .skip .sleb128 .slong .space .spc .string .string16 .string32 .string64 .string8 .tfloat .uleb128 .value .word .zero',
  ],
  ['layout', '.align .balign .balignl .balignw .p2align .p2alignl .p2alignw'],
  [
    'neutral',
    '.addrsig .addrsig_sym .allow_index_reg .arch .att_mnemonic .att_syntax .attach_to_group .cfi_adjust_cfa_offset .cfi_b_key_frame .cfi_def_cfa .cfi_def_cfa_offset .cfi_def_cfa_register .cfi_endproc .cfi_escape .cfi_fde_data .cfi_inline_lsda .cfi_label .cfi_lsda .cfi_offset .cfi_personality .cfi_personality_id .cfi_register .cfi_rel_offset .cfi_remember_state .cfi_restore .cfi_restore_state .cfi_return_column .cfi_same_value .cfi_sections .cfi_signal_frame .cfi_startproc .cfi_undefined .cfi_val_encoded_addr .cfi_val_offset .cfi_window_save .comm .disallow_index_reg .eject .end .endfunc .equ .equiv .eqv .extern .file .format .func .global .globl .gnu_attribute .hidden .ident .intel_syntax .internal .largecomm .lcomm .lflags .line .linkonce .list .llen .ln .loc .loc_mark_labels .local .lsym .name .noformat .nolist .nop .nopage .nops .operand_check .page .plen .print .protected .psize .sbttl .set .size .sleb .sse_check .stabd .stabn .stabs .symver .title .tls_common .ttl .type .version .vtable_entry .vtable_inherit .warning .weak .weakref .xdef .xref',
  ],
  [
    'refused',
    '.abort .bundle_align_mode .bundle_lock .bundle_unlock .code16 .code16gcc .code32 .code64 .intel_mnemonic .struct',
  ],
];

const roles = new Map<string, DirectiveRole>();
for (const [role, names] of rows) for (const name of names.split(' ')) roles.set(name, role);

/** The role of a directive, given its lower-case name with the dot; undefined when it is not known. */
export function directiveRole(name: string): DirectiveRole | undefined {
  return roles.get(name);
}

/** What following a file's statements has to do at a directive. */
export type DirectiveAction =
  | Exclude<DirectiveRole, 'neutral'>
  | 'unknown'
  | 'syntax'
  | 'assign'
  | 'type'
  | 'frame' // call frame information that says what the canonical frame address is computed from
  | 'nothing';

const neutral = new Map<string, DirectiveAction>([
  ['.att_syntax', 'syntax'],
  ['.cfi_def_cfa', 'frame'],
  ['.cfi_def_cfa_register', 'frame'],
  ['.cfi_endproc', 'frame'],
  ['.cfi_escape', 'frame'],
  ['.cfi_remember_state', 'frame'],
  ['.cfi_restore_state', 'frame'],
  ['.cfi_startproc', 'frame'],
  ['.equ', 'assign'],
  ['.equiv', 'assign'],
  ['.eqv', 'assign'],
  ['.intel_syntax', 'syntax'],
  ['.set', 'assign'],
  ['.type', 'type'],
]);

/** The same for a file of one word size: `.code64` changes nothing in 64-bit code. */
export function directiveAction(name: string, mode: 32 | 64): DirectiveAction {
  const role = name === (mode === 64 ? '.code64' : '.code32') ? 'neutral' : directiveRole(name);
  if (role === 'neutral') return neutral.get(name) ?? 'nothing';
  return role ?? 'unknown';
}
