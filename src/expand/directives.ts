// Which directives the expander acts on, one row a kind (GNU as manual chapter 7, x86: 9.16), and a fast look whether a text has any.

export type Comparison = 'ne' | 'eq' | 'lt' | 'le' | 'ge' | 'gt';

export type Test =
  | { readonly kind: 'if'; readonly test: Comparison }
  | { readonly kind: 'ifdef' | 'ifblank' | 'ifsame' | 'ifequal'; readonly negated: boolean };

export type Action =
  | Test
  | { readonly kind: 'elseif' | 'else' | 'endif' }
  | { readonly kind: 'macro' | 'rept' | 'irp' | 'irpc' | 'include' | 'exitm' | 'purgem' | 'stray' }
  | { readonly kind: 'altmacro'; readonly on: boolean }
  | { readonly kind: 'syntax'; readonly intel: boolean }
  | { readonly kind: 'assign'; readonly eager: boolean }
  /** Its first argument becomes a symbol, or (`blur`) something that `.ifdef` may take for one. */
  | { readonly kind: 'define' | 'blur' }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'refused'; readonly note: string };

const rows: readonly (readonly [string, Action])[] = [
  ['.if .ifne', { kind: 'if', test: 'ne' }],
  ['.ifeq', { kind: 'if', test: 'eq' }],
  ['.iflt', { kind: 'if', test: 'lt' }],
  ['.ifle', { kind: 'if', test: 'le' }],
  ['.ifge', { kind: 'if', test: 'ge' }],
  ['.ifgt', { kind: 'if', test: 'gt' }],
  ['.ifdef', { kind: 'ifdef', negated: false }],
  ['.ifndef .ifnotdef', { kind: 'ifdef', negated: true }],
  ['.ifb', { kind: 'ifblank', negated: false }],
  ['.ifnb', { kind: 'ifblank', negated: true }],
  ['.ifc', { kind: 'ifsame', negated: false }],
  ['.ifnc', { kind: 'ifsame', negated: true }],
  ['.ifeqs', { kind: 'ifequal', negated: false }],
  ['.ifnes', { kind: 'ifequal', negated: true }],
  ['.elseif', { kind: 'elseif' }],
  ['.else .elsec', { kind: 'else' }],
  ['.endif .endc', { kind: 'endif' }],
  ['.macro', { kind: 'macro' }],
  ['.rept .rep', { kind: 'rept' }],
  ['.irp .irep', { kind: 'irp' }],
  ['.irpc .irepc', { kind: 'irpc' }],
  ['.endm .endr', { kind: 'stray' }],
  ['.exitm .mexit', { kind: 'exitm' }],
  ['.purgem', { kind: 'purgem' }],
  ['.include', { kind: 'include' }],
  ['.altmacro', { kind: 'altmacro', on: true }],
  ['.noaltmacro', { kind: 'altmacro', on: false }],
  ['.intel_syntax', { kind: 'syntax', intel: true }],
  ['.att_syntax', { kind: 'syntax', intel: false }],
  ['.set .equ .equiv', { kind: 'assign', eager: true }],
  ['.eqv', { kind: 'assign', eager: false }],
  ['.comm .common .common.s .largecomm .lcomm .tls_common .xcom', { kind: 'define' }],
  [
    '.cfi_label .func .lsym .pushsection .section .sect .sect.s .section.s .symver .weakref',
    { kind: 'blur' },
  ],
  ['.error', { kind: 'error', message: '.error is reached' }],
  ['.err', { kind: 'error', message: '.err is reached' }],
  ['.fail', { kind: 'error', message: '.fail is reached' }],
  ['.end', { kind: 'end' }],
  ['.mri', { kind: 'refused', note: 'MRI syntax is not supported: write the file in plain GNU as syntax' }],
  [
    '.linefile',
    { kind: 'refused', note: 'GNU as writes .linefile for itself: use .file and .line, or `# LINE "FILE"`' },
  ],
];

const actions = new Map<string, Action>();
for (const [names, action] of rows) for (const name of names.split(' ')) actions.set(name, action);

/** What to do about a directive, given its lower-case name with the dot. */
export const actionOf = (name: string): Action | undefined => actions.get(name);

/** The other directives of GNU as 2.40 for x86-64 ELF: a macro of such a name is never called. */
const others = new Set(
  '.2byte .4byte .8byte .abort .aent .alias .align .allow_index_reg .arch .ascii .asciz .att_mnemonic .attach_to_group .balign .balignl .balignw .begin .bend .bfloat16 .bgnb .bss .bundle_align_mode .bundle_lock .bundle_unlock .byte .cfi_adjust_cfa_offset .cfi_def_cfa .cfi_def_cfa_offset .cfi_def_cfa_register .cfi_endproc .cfi_escape .cfi_fde_data .cfi_inline_lsda .cfi_lsda .cfi_negate_ra_state .cfi_offset .cfi_personality .cfi_personality_id .cfi_register .cfi_rel_offset .cfi_remember_state .cfi_restore .cfi_restore_state .cfi_return_column .cfi_same_value .cfi_sections .cfi_signal_frame .cfi_startproc .cfi_undefined .cfi_val_encoded_addr .cfi_val_offset .cfi_window_save .code16 .code16gcc .code32 .code64 .data .dc .dc.a .dc.b .dc.d .dc.l .dc.s .dc.w .dc.x .dcb .dcb.b .dcb.d .dcb.l .dcb.s .dcb.w .dcb.x .debug .def .desc .dfloat .dim .disallow_index_reg .double .ds .ds.b .ds.d .ds.l .ds.p .ds.s .ds.w .ds.x .eject .endb .endef .endfunc .ent .esize .etype .extern .ffloat .file .fill .float .fmask .format .frame .global .globl .gnu_attribute .hfloat .hidden .hword .ident .incbin .int .intel_mnemonic .internal .lab .lflags .line .linkonce .list .llen .loc .loc_mark_labels .local .long .mask .name .noalias .noformat .nolist .noopt .nop .nopage .nops .octa .offset .operand_check .optim .org .p2align .p2alignl .p2alignw .page .plen .popsection .previous .print .protected .psize .quad .reloc .rva .sbttl .scl .secidx .secrel32 .short .single .size .skip .sleb128 .slong .space .spc .sse_check .stabd .stabn .stabs .string .string16 .string32 .string64 .string8 .struct .subsection .tag .text .tfloat .this_gcc_requires_the_gnu_assembler .title .ttl .type .uleb128 .val .value .verstamp .version .vreg .vtable_entry .vtable_inherit .warning .weak .word .xdef .xref .xstabs .zero'.split(
    ' ',
  ),
);

export const isDirective = (name: string): boolean => actions.has(name) || others.has(name);

// `.end` is here for what follows it, which the assembler never reads. Not here: `.set` and the like, which alone expand nothing.
const telling =
  '\\.(?:i(?:f|rp|rep|nclude)|e(?:lse|nd|rr|xitm)|m(?:acro|exit|ri)|rep|altmacro|noaltmacro|purgem|fail|linefile)';

// Both cases spelt out: twice as fast as the flag `i`.
const pattern = new RegExp(
  telling.replace(/[a-z]/g, (c) => `[${c}${c.toUpperCase()}]`) + '[\\w.$\\u0080-\\uffff]*',
  'g',
);

/** Whether the text may hold anything to expand. Almost no compiler output does: this has to be fast. */
export function mayExpand(text: string): boolean {
  pattern.lastIndex = 0;
  // Names of other things may begin as these do: a member's in a string of debug information.
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text))
    if (actions.has(found[0].toLowerCase())) return true;
  return false;
}
