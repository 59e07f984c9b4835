// Spellings GAS takes and iced-x86 does not print. Kept by hand; checked against the assembler in test/isa.

/** Another spelling, whose forms are taken; with `base`, `bytes` or `from`, only those of that base, operand size or source size. */
export interface Alias {
  readonly name: string;
  readonly base?: string;
  readonly bytes?: number;
  /** Only forms whose source has this many bytes: of a register its class, of memory its size. */
  readonly from?: 1 | 2 | 4;
}

// Condition codes: the spelling of the table, then its other ones.
const CONDITIONS: readonly (readonly string[])[] = [
  ['b', 'c', 'nae'],
  ['ae', 'nb', 'nc'],
  ['e', 'z'],
  ['ne', 'nz'],
  ['be', 'na'],
  ['a', 'nbe'],
  ['p', 'pe'],
  ['np', 'po'],
  ['l', 'nge'],
  ['ge', 'nl'],
  ['le', 'ng'],
  ['g', 'nle'],
];
const CONDITIONAL: readonly (readonly [prefix: string, suffixes: readonly string[]])[] = [
  ['j', ['']],
  ['set', ['', 'b']],
  ['cmov', ['', 'w', 'l', 'q']],
  ['cmp', ['xadd']],
];

// prettier-ignore
const SINGLE: Readonly<Record<string, readonly Alias[]>> = {
  sal: [{ name: 'shl' }], salb: [{ name: 'shlb' }], salw: [{ name: 'shlw' }], sall: [{ name: 'shll' }], salq: [{ name: 'shlq' }],
  // movd between a 64-bit and a vector register is movq.
  movd: [{ name: 'movq', base: 'movq', bytes: 8 }],
  vmovd: [{ name: 'vmovq', base: 'vmovq', bytes: 8 }],
  movabs: [{ name: 'mov', bytes: 8 }], movabsq: [{ name: 'mov', bytes: 8 }],
  cbw: [{ name: 'cbtw' }], cwde: [{ name: 'cwtl' }], cdqe: [{ name: 'cltq' }],
  cwd: [{ name: 'cwtd' }], cdq: [{ name: 'cltd' }], cqo: [{ name: 'cqto' }],
  fildq: [{ name: 'fildll' }], fistpq: [{ name: 'fistpll' }], fisttpq: [{ name: 'fisttpll' }],
  fwait: [{ name: 'wait' }], wait: [{ name: 'fwait' }],
  loopz: [{ name: 'loope' }], loopnz: [{ name: 'loopne' }], loope: [{ name: 'loopz' }], loopne: [{ name: 'loopnz' }],
  ud2a: [{ name: 'ud2' }], ud2b: [{ name: 'ud1' }],
  fcmova: [{ name: 'fcmovnbe' }], fcmovae: [{ name: 'fcmovnb' }], fcmovna: [{ name: 'fcmovbe' }],
  fcmovnae: [{ name: 'fcmovb' }], fcompi: [{ name: 'fcomip' }], fucompi: [{ name: 'fucomip' }],
  // Without a suffix the integer operand of x87 has 16 bits.
  fiadd: [{ name: 'fiadds' }], ficom: [{ name: 'ficoms' }], ficomp: [{ name: 'ficomps' }], fidiv: [{ name: 'fidivs' }],
  fidivr: [{ name: 'fidivrs' }], fild: [{ name: 'filds' }], fimul: [{ name: 'fimuls' }], fist: [{ name: 'fists' }],
  fistp: [{ name: 'fistps' }], fisttp: [{ name: 'fisttps' }], fisub: [{ name: 'fisubs' }], fisubr: [{ name: 'fisubrs' }],
  // Without a suffix the real operand of x87 has 32 bits.
  fadd: [{ name: 'fadds' }], fcom: [{ name: 'fcoms' }], fcomp: [{ name: 'fcomps' }], fdiv: [{ name: 'fdivs' }],
  fdivr: [{ name: 'fdivrs' }], fld: [{ name: 'flds' }], fmul: [{ name: 'fmuls' }], fst: [{ name: 'fsts' }],
  fstp: [{ name: 'fstps' }], fsub: [{ name: 'fsubs' }], fsubr: [{ name: 'fsubrs' }],
  // The suffix tells the source, as it does in movsbl.
  movsxb: [{ name: 'movsx', from: 1 }], movsxw: [{ name: 'movsx', from: 2 }], movsxl: [{ name: 'movslq' }],
  movzxb: [{ name: 'movzx', from: 1 }], movzxw: [{ name: 'movzx', from: 2 }],
  cmpxchg8bq: [{ name: 'cmpxchg8b' }],
  pcmpestril: [{ name: 'pcmpestri' }], pcmpestrml: [{ name: 'pcmpestrm' }],
  vpcmpestril: [{ name: 'vpcmpestri' }], vpcmpestrml: [{ name: 'vpcmpestrm' }],
  // System V names of the string instructions.
  scmp: [{ name: 'cmps' }], slod: [{ name: 'lods' }], smov: [{ name: 'movs' }], ssca: [{ name: 'scas' }],
  ssto: [{ name: 'stos' }],
  retf: [{ name: 'lret' }], xstorerng: [{ name: 'xstore' }],
  icebp: [{ name: 'int1' }], xlatb: [{ name: 'xlat' }], retn: [{ name: 'ret' }],
};

function build(): Map<string, readonly Alias[]> {
  const table = new Map<string, readonly Alias[]>(Object.entries(SINGLE));
  for (const [prefix, suffixes] of CONDITIONAL)
    for (const [first = '', ...others] of CONDITIONS)
      for (const other of others)
        for (const suffix of suffixes) {
          // `setbb`: the suffix of set carries no information and the table knows only the short spelling.
          const target = prefix === 'set' ? `set${first}` : `${prefix}${first}${suffix}`;
          const spelling = `${prefix}${other}${suffix}`;
          if (!table.has(spelling)) table.set(spelling, [{ name: target }]);
        }
  return table;
}

let aliases: Map<string, readonly Alias[]> | undefined;

/** Other spellings whose forms `mnemonic` has as well. */
export function aliasesOf(mnemonic: string): readonly Alias[] {
  aliases ??= build();
  // `jne,pt`: a hint, without effect.
  if (/^j[a-z]+,p[nt]$/.test(mnemonic))
    return [{ name: mnemonic.slice(0, -3) }, ...aliasesOf(mnemonic.slice(0, -3))];
  // `mov.s`, `jmp.d32`: which of several encodings is taken (GNU as manual 9.16.4.1), the same instruction in each.
  const encoded = /^(.+)\.(?:s|d8|d32)$/.exec(mnemonic)?.[1];
  if (encoded !== undefined) return [{ name: encoded }, ...aliasesOf(encoded)];
  return aliases.get(mnemonic) ?? [];
}

const SSE_COMPARE = 'eq|lt|le|unord|neq|nlt|nle|ord';
const AVX_COMPARE =
  'eq|lt|le|unord|neq|nlt|nle|ord|eq_uq|nge|ngt|false|neq_oq|ge|gt|true|eq_os|lt_oq|le_oq|unord_s|neq_us|nlt_uq|' +
  'nle_uq|ord_s|eq_us|nge_uq|ngt_uq|false_os|neq_os|ge_oq|gt_oq|true_us|eq_oq|lt_os|le_os|unord_q|neq_uq|nlt_us|' +
  'nle_us|ord_q|nge_us|ngt_us|false_oq|ge_os|gt_os|true_uq';

// Pseudo operations: a name that stands for another name and an immediate operand in front.
const PSEUDO: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`^cmp(?:${SSE_COMPARE})([ps][sd])$`), 'cmp$1'],
  [new RegExp(`^vcmp(?:${AVX_COMPARE})([ps][sdh])$`), 'vcmp$1'],
  [/^vpcmp(?:eq|lt|le|neq|nlt|nle)(u?[bwdq])$/, 'vpcmp$1'],
  [/^vpcom(?:lt|le|gt|ge|eq|neq|false|true)(u?[bwdq])$/, 'vpcom$1'],
  [/^(v?)pclmul[lh]q[lh]qdq$/, '$1pclmulqdq'],
];

/** For `cmpltsd` the name `cmpsd`, which takes one immediate more in front; undefined for other names. */
export function pseudoOperation(mnemonic: string): string | undefined {
  for (const [pattern, name] of PSEUDO) if (pattern.test(mnemonic)) return mnemonic.replace(pattern, name);
  return undefined;
}
