// Where the table and iced-x86 differ and the table stays as it is; what lookup refuses on purpose; what cannot be checked.
// An entry that explains nothing any more makes the check fail.
import type { Field } from './compare.js';

export interface Exception {
  readonly name: string;
  readonly reason: string;
  readonly statement: RegExp;
  readonly fields: readonly Field[];
}

const ICED_BITS: readonly Field[] = [
  'flow',
  'integerRead',
  'integerWritten',
  'integerKilled',
  'vectorRead',
  'vectorWritten',
  'vectorKilled',
  'otherRead',
  'otherWritten',
  'otherKilled',
  'memoryAccess',
  'privileged',
];

/** Differences to iced-x86 1.21, by name. SDM: Intel's manual, volume 2, under the instruction's name; APM: AMD's, volume 3. */
export const ICED_EXCEPTIONS: readonly Exception[] = [
  {
    name: 'shift by %cl',
    reason:
      'a count of zero leaves the flags as they were (SDM SAL/SAR/SHL/SHR); iced has them killed always',
    statement: /^(ro[lr]|s[ah][lr]|rc[lr]|sh[lr]d)[bwlq]? %cl,/,
    fields: ['integerRead', 'integerKilled'],
  },
  {
    name: 'rep cmps, rep scas',
    reason: 'a count of zero leaves the flags as they were (SDM REP)',
    statement: /^rep\S* (cmps|scas)/,
    fields: ['integerRead', 'integerKilled'],
  },
  {
    name: 'pcmpeq, pcmpgt of one register',
    reason: 'equal sources give a constant; iced knows the zeroing idioms by xor, sub and VEX pcmpgt only',
    statement: /^v?pcmp(eq|gt)[bwdq] (%[xyzm]*mm\d+), ?\2(,|$)/,
    fields: ['vectorRead', 'vectorKilled', 'otherRead', 'otherKilled'],
  },
  {
    name: 'or with -1, and with 0',
    reason: 'the result is a constant, whatever the register held',
    statement: /^(or[lq]? \$-1|and[lq]? \$0),/,
    fields: ['integerRead', 'integerKilled'],
  },
  {
    name: 'masked stores',
    reason: 'the mask decides which elements are written (SDM VMASKMOV, MASKMOVDQU); iced has a plain write',
    statement: /^v?p?maskmov(q|dqu|ps|pd|d) /,
    fields: ['memoryAccess', 'implicitMemory'],
  },
  {
    name: 'insertq with immediates',
    reason: 'the bits outside the field stay (APM INSERTQ); iced has the destination written only',
    statement: /^insertq \$/,
    fields: ['vectorRead', 'vectorKilled'],
  },
  {
    name: 'sldt, str, smsw to a register',
    reason: 'Linux emulates them where UMIP forbids them and writes 16 bits',
    statement: /^(sldt|str|smsw)[lq]? %/,
    fields: ['integerRead', 'integerKilled'],
  },
  {
    name: 'rotation through carry by a whole turn',
    reason: 'AMD sets the overflow flag although iced says that nothing happens',
    statement: /^rc[lr][bw]? \$/,
    fields: ['integerRead', 'integerWritten', 'integerKilled'],
  },
  {
    name: 'cache line instructions',
    reason: 'only the address matters; iced has a read of the line',
    statement: /^(clflush|clflushopt|clwb) /,
    fields: ['memoryAccess'],
  },
  {
    name: 'nop with an operand',
    reason: 'nothing is accessed; its registers are kept as reads, which is harmless',
    statement: /^(data16 )?nop[wlq] /,
    fields: ['memoryAccess', 'integerRead'],
  },
  {
    name: 'ud0, ud1',
    reason: 'always stops; its registers are kept as reads, which is harmless',
    statement: /^ud([01]|2b)[wlq]? /,
    fields: ['integerRead'],
  },
  {
    name: 'xchg of the accumulator with itself',
    reason: 'encoded as nop; read as what it says',
    statement: /^xchg[wlq]? %(r?ax), ?%\1$/,
    fields: ['integerRead', 'integerWritten', 'integerKilled'],
  },
  {
    name: 'clzero',
    reason: 'it writes the line at %rax (APM CLZERO), of which iced says nothing',
    statement: /^clzero/,
    fields: ['implicitMemory', 'implicitMemoryWrite'],
  },
  {
    name: 'xlat',
    reason: 'iced has an operand for (%rbx,%al); here it is an implicit read at %rbx',
    statement: /^xlatb?( |$)/,
    fields: ['memoryAccess', 'memoryBytes', 'implicitMemory', 'implicitMemoryRead'],
  },
  {
    name: 'tile loads and stores',
    reason:
      'iced has the rows as an access of their own; here they are the operand, whose size is not fixed (SDM TILELOADD)',
    statement: /^tile(loadd|loaddt1|stored) /,
    fields: ['implicitMemory', 'implicitMemoryRead', 'implicitMemoryWrite'],
  },
  {
    name: 'saving and loading whole register files',
    reason:
      'fxsave, fxrstor, xsave, xrstor, fnsave: all registers (SDM); iced lists only what an operand names',
    statement: /^(fxsave|fxrstor|xsave|xsavec|xsaveopt|xsaves|xrstors?|fn?save)[sl]?(64)? /,
    fields: ['vectorRead', 'vectorWritten', 'vectorKilled', 'otherRead', 'otherWritten', 'otherKilled'],
  },
  {
    name: 'emms, femms',
    reason: 'the x87 tag word is emptied (SDM EMMS), of which iced says nothing',
    statement: /^f?emms/,
    fields: ['otherWritten'],
  },
  {
    name: 'gather whose registers are not distinct',
    reason: 'invalid (#UD, SDM VGATHERDPS), but GNU as only warns; iced does not decode it',
    statement: /^vp?gather\w+ %[xy]mm3, .*, ?%[xy]mm3$/,
    fields: [...ICED_BITS, 'memoryBytes'],
  },
  {
    name: 'system calls',
    reason: 'iced has calls; nothing is pushed, and the calling convention is not that of C',
    statement: /^(syscall|sysenter|vmcall|vmlaunch|vmmcall|vmresume)$/,
    fields: ['flow'],
  },
  {
    name: 'xbegin',
    reason: 'control may go to the operand: a branch',
    statement: /^xbegin/,
    fields: ['flow'],
  },
  {
    name: '%cr8 in 32-bit mode',
    reason: 'AMD encodes it with a lock prefix (APM MOV CRn); iced decodes that only on request',
    statement: /^movl? (%\w+, ?%cr8|%cr8, ?%\w+)$/,
    fields: ICED_BITS,
  },
];

/** What lookup refuses although GNU as takes it, besides the names in src/isa/refused.ts. */
export const REFUSED_BY_RULE: readonly {
  readonly name: string;
  readonly reason: string;
  readonly why: RegExp;
}[] = [
  {
    name: 'prefixes that change an implicit address',
    reason: 'the mirror store would need the same prefix; no compiler writes it',
    why: /^prefix 'addr(16|32)' before .* changes an implicit address$/,
  },
  {
    name: 'rex.w before far jumps and calls',
    reason: 'a prefix that changes the operand size; the suffix q says the same',
    why: /^prefix 'rex\.w' before '(call|jmp)': changes the operand size$/,
  },
  {
    name: 'rep xstore',
    reason: 'length and place from a control register',
    why: /^prefix 'rep' before 'xstore'/,
  },
  {
    name: 'movsx between registers of 32 bits',
    reason: 'a mere copy by an encoding for another mode; no compiler writes it',
    why: /^no form of 'movsx' takes \(r32, r32\)$/,
  },
  {
    name: 'operand size prefixes before branches',
    reason:
      'ignored by Intel and obeyed by AMD in 64-bit mode; cut the instruction pointer to 16 bits in 32-bit mode',
    why: /^prefix 'data16' before '(j\w+|call|ret)': changes the operand size$/,
  },
  {
    name: 'loops that count %cx in 32-bit mode',
    reason: 'an address size prefix by another name; no compiler writes it',
    why: /^unknown instruction 'loop(n?e)?w'$/,
  },
];

/** Prefixes, which are no mnemonics. Those that src/isa/prefixes.ts does not know are refused. */
export const PREFIX_WORDS =
  /^(a?d?word|addr(16|32)|data(16|32)|bnd|h(n)?t|lock|notrack|rep(n?[ez])?|rex(64)?x?y?z?|xacquire|xrelease|[c-gs]s)$/;

/** Codes of which no text reaches the table: the first entry that fits gives the reason. `why` is GNU as' message. */
export const UNREACHED: readonly {
  readonly reason: string;
  readonly code?: RegExp;
  readonly why?: RegExp;
}[] = [
  { reason: 'not an instruction', code: /^(INVALID|Declare(Byte|Word|Dword|Qword)|Zero_bytes)$/ },
  { reason: 'Xeon Phi (KNC): GNU as 2.40 has no such encodings', code: /^(MVEX_|VEX_KNC_)/ },
  { reason: 'reserved nop: GNU as has no spelling', code: /^Reservednop_/ },
  { reason: 'GNU as 2.40 does not know the mnemonic', code: /^(Lkgs|Smint)/ },
  { reason: 'only the 8086 has it', code: /^Popw_CS$/ },
  {
    reason: 'short branch with an operand size prefix: GNU as has no spelling',
    code: /^(Loop(n?e)?|J[er]?cxz)_rel8_16/,
  },
  { reason: 'undocumented: iced has no mnemonic', code: /^(Cyrix_|Via_undoc)/ },
  { reason: 'GNU as 2.40 does not know the mnemonic', why: /^no such instruction/ },
  { reason: 'GNU as 2.40 takes it in 64-bit mode only', why: /only supported in 64-bit mode/ },
  { reason: 'GNU as 2.40 takes it in 32-bit mode only', why: /not supported in 64-bit mode/ },
  {
    reason: 'GNU as has no form with these operands',
    why: /mismatch|invalid instruction suffix|bad register name|must be/,
  },
];
