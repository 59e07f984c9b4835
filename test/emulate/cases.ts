// The instruction forms that are compared with the CPU, as GAS texts made from short lists. Memory operands are 16 bytes at (%rdi), which points into
// the window; rsi points into it, too, rcx holds counts.

const sizes = ['b', 'w', 'l', 'q'] as const;
type Size = (typeof sizes)[number];
const names: Readonly<Record<string, Readonly<Record<Size, string>>>> = {
  rax: { b: '%al', w: '%ax', l: '%eax', q: '%rax' },
  rcx: { b: '%cl', w: '%cx', l: '%ecx', q: '%rcx' },
  rdx: { b: '%dl', w: '%dx', l: '%edx', q: '%rdx' },
  rbx: { b: '%bl', w: '%bx', l: '%ebx', q: '%rbx' },
  r9: { b: '%r9b', w: '%r9w', l: '%r9d', q: '%r9' },
};
const r = (name: string, size: Size): string => names[name]![size];
const conditions = 'a ae b be e g ge l le ne no np ns o p s'.split(' ');
const immediates: Readonly<Record<Size, readonly string[]>> = {
  b: ['1', '-128', '0x55'],
  w: ['1', '-128', '0x5555'],
  l: ['1', '-128', '0x55555555'],
  q: ['1', '-128', '-0x55555556'],
};

function* integers(): Generator<string> {
  for (const size of sizes) {
    const [a, b, c, d] = [r('rax', size), r('rbx', size), r('rdx', size), r('r9', size)];
    for (const op of ['add', 'adc', 'sub', 'sbb', 'and', 'or', 'xor', 'cmp', 'test']) {
      yield `${op}${size} ${a}, ${b}`;
      yield `${op}${size} ${d}, ${d}`;
      yield `${op}${size} ${c}, (%rdi)`;
      if (op !== 'test') yield `${op}${size} (%rdi), ${c}`;
      for (const n of immediates[size]) yield* [`${op}${size} $${n}, ${b}`, `${op}${size} $${n}, (%rdi)`];
    }
    for (const op of ['inc', 'dec', 'neg', 'not', 'mul', 'imul', 'div', 'idiv'])
      yield* [`${op}${size} ${b}`, `${op}${size} (%rdi)`];
    for (const op of ['shl', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr']) {
      yield* [`${op}${size} ${b}`, `${op}${size} %cl, ${b}`, `${op}${size} %cl, (%rdi)`];
      for (const n of [1, 5, 8, 17, 31, 33, 63]) yield `${op}${size} $${n}, ${d}`;
    }
    yield* [
      `mov${size} ${a}, ${d}`,
      `mov${size} ${a}, (%rdi)`,
      `mov${size} (%rdi), ${d}`,
      `mov${size} $-3, (%rdi)`,
    ];
    yield* [`xchg${size} ${a}, ${b}`, `xchg${size} ${b}, (%rdi)`];
    yield* [`xadd${size} ${a}, ${b}`, `xadd${size} ${b}, ${b}`, `lock xadd${size} ${b}, (%rdi)`];
    yield* [`cmpxchg${size} ${b}, ${d}`, `lock cmpxchg${size} ${b}, (%rdi)`, `cmpxchg${size} ${b}, ${a}`];
    for (const op of ['movs', 'stos', 'lods']) yield* [`${op}${size}`, `rep ${op}${size}`];
    for (const op of ['cmps', 'scas']) yield* [`${op}${size}`, `repe ${op}${size}`, `repne ${op}${size}`];
    if (size === 'b') continue;
    yield* [
      `imul${size} ${a}, ${b}`,
      `imul${size} (%rdi), ${b}`,
      `imul${size} $-77, ${a}, ${b}`,
      `imul${size} $1234, (%rdi), ${b}`,
    ];
    for (const op of ['bt', 'bts', 'btr', 'btc']) {
      yield* [`${op}${size} ${a}, ${b}`, `${op}${size} $5, ${b}`, `${op}${size} $29, (%rdi)`];
      if (size !== 'w') yield `${op}${size} ${r('rcx', size)}, (%rdi)`;
    }
    for (const op of ['bsf', 'bsr', 'tzcnt', 'lzcnt', 'popcnt'])
      yield* [`${op}${size} ${a}, ${b}`, `${op}${size} (%rdi), ${b}`];
    for (const op of ['shld', 'shrd'])
      yield* [
        `${op}${size} $3, ${a}, ${b}`,
        `${op}${size} $15, ${a}, (%rdi)`,
        `${op}${size} %cl, ${a}, ${b}`,
      ];
    for (const c of conditions) yield* [`cmov${c} ${a}, ${d}`, `cmov${c} (%rdi), ${b}`];
    yield* [`movbe${size} (%rdi), ${b}`, `movbe${size} ${b}, (%rdi)`];
    yield* [
      `push${size === 'l' ? 'q' : size} ${size === 'l' ? '%rbx' : b}`,
      `lea${size} 3(%rdi,%rcx,4), ${b}`,
      `lea${size} (,%rcx,8), ${b}`,
    ];
    if (size === 'l') yield* ['crc32w %ax, %ebx', 'crc32w (%rdi), %ebx'];
    yield `movsb${size} %al, ${b}`;
    yield `movzb${size} %ah, ${size === 'q' ? '%edx' : b}`.replace('movzbq', 'movzbl');
    yield `movzb${size} (%rdi), ${b}`;
    if (size === 'w') continue;
    yield* [`movsw${size} %ax, ${b}`, `movzw${size} (%rdi), ${b}`, `bswap ${b}`, `movnti ${b}, (%rdi)`];
    for (const op of ['shlx', 'shrx', 'sarx', 'bextr', 'bzhi'])
      yield* [`${op} ${c}, ${a}, ${b}`, `${op} ${c}, (%rdi), ${b}`];
    for (const op of ['andn', 'pdep', 'pext', 'mulx'])
      yield* [`${op} ${c}, ${a}, ${b}`, `${op} (%rdi), ${a}, ${b}`];
    for (const op of ['blsi', 'blsr', 'blsmsk']) yield* [`${op} ${a}, ${b}`, `${op} (%rdi), ${b}`];
    for (const op of ['adcx', 'adox']) yield* [`${op} ${a}, ${b}`, `${op} (%rdi), ${b}`];
    yield* [
      `crc32b %dl, ${b}`,
      `crc32${size} ${a}, ${b}`,
      `crc32${size} (%rdi), ${b}`,
      `crc32b (%rdi), ${b}`,
    ];
    yield* [`rorx $5, ${a}, ${b}`, `rorx $43, (%rdi), ${b}`];
  }
  for (const c of conditions) yield* [`set${c} %bl`, `set${c} (%rdi)`];
  yield* 'cbw cwde cdqe cwd cdq cqo lahf sahf clc stc cmc cld std leave pushfq nop xlatb'.split(' ');
  yield* [
    'cmpxchg8b (%rdi)',
    'cmpxchg16b (%rdi)',
    'movslq %eax, %rbx',
    'movb %ah, %bl',
    'addb %ch, %dh',
    'xchgb %ah, %al',
  ];
  yield* [
    'popq (%rdi)',
    'popw %bx',
    'popq %rbx',
    'pushq $-5',
    'pushw $-5',
    'pushw $0x1234',
    'pushq (%rdi)',
    'enter $16, $0',
    'enter $16, $1',
    'enterw $16, $0',
    'enterw $16, $3',
    'leavew',
    '.byte 0x66, 0x48, 0xc9',
    'popfq',
  ];
}

/** A branch that is taken ends in what stands behind the code: a breakpoint. */
function* control(): Generator<string> {
  for (const c of conditions) yield `j${c} .+20`;
  for (const op of ['jmp', 'call', 'loop', 'loope', 'loopne', 'jecxz', 'jrcxz']) yield `${op} .+20`;
  yield* ['jmp *%rbx', 'call *%rbx', 'jmp *(%rdi)', 'call *(%rdi)', 'ret', 'ret $16'];
  yield* 'hlt cli sti insb insw insl outsb outsw outsl int3 ud2 lfence mfence sfence pause endbr32 endbr64'.split(
    ' ',
  );
  yield* ['inb %dx, %al', 'outl %eax, $5', 'rep insb', 'int $4', 'int $5', '.byte 0xcd, 0x03'];
  for (const op of 'clflush clflushopt clwb prefetchnta prefetcht0 prefetcht1 prefetcht2 prefetchw ud0l ud1l'.split(
    ' ',
  ))
    yield `${op} (%rdi)${op.startsWith('ud') ? ', %ebx' : ''}`;
  // Undocumented spellings: sal as /6, a nop of hints.
  yield* ['.byte 0xd1, 0xf3', '.byte 0xc0, 0xf3, 0x05', '.byte 0x0f, 0x19, 0xc0'];
}

function* vectors(): Generator<string> {
  const packed =
    'packssdw packsswb packuswb paddb paddd paddq paddsb paddsw paddusb paddusw paddw pand pandn pavgb pavgw pcmpeqb pcmpeqd pcmpeqw pcmpgtb pcmpgtd pcmpgtw ' +
    'pmaddwd pmaxsw pmaxub pminsw pminub pmulhuw pmulhw pmullw pmuludq por psadbw psubb psubd psubq psubsb psubsw psubusb psubusw psubw punpckhbw ' +
    'punpckhdq punpckhqdq punpckhwd punpcklbw punpckldq punpcklqdq punpcklwd pxor andps andnpd orps xorpd unpckhpd unpckhps unpcklpd unpcklps ' +
    'pslld psllq psllw psrad psraw psrld psrlq psrlw';
  for (const op of packed.split(' '))
    yield* [`${op} %xmm1, %xmm2`, `${op} %xmm3, %xmm3`, `${op} (%rdi), %xmm2`];
  for (const op of 'pslld psllq psllw psrad psraw psrld psrlq psrlw pslldq psrldq'.split(' '))
    for (const n of [0, 3, 15, 40]) yield `${op} $${n}, %xmm2`;
  for (const op of 'pshufd pshufhw pshuflw shufps shufpd'.split(' '))
    for (const n of [0x1b, 0xe4, 0x72]) yield* [`${op} $${n}, %xmm1, %xmm2`, `${op} $${n}, (%rdi), %xmm2`];
  yield* ['pextrw $5, %xmm1, %ebx', 'pinsrw $3, %eax, %xmm2', 'pinsrw $6, (%rdi), %xmm2'];
  yield* ['pmovmskb %xmm1, %ebx', 'movmskps %xmm1, %ebx', 'movmskpd %xmm1, %ebx'];
  for (const op of 'movaps movapd movups movupd movdqa movdqu'.split(' '))
    yield* [`${op} %xmm1, %xmm2`, `${op} (%rdi), %xmm2`, `${op} %xmm1, (%rdi)`];
  for (const op of ['movss', 'movsd'])
    yield* [`${op} %xmm1, %xmm2`, `${op} (%rdi), %xmm2`, `${op} %xmm1, (%rdi)`];
  for (const op of 'movhps movlps movhpd movlpd'.split(' '))
    yield* [`${op} (%rdi), %xmm2`, `${op} %xmm1, (%rdi)`];
  yield* [
    'movhlps %xmm1, %xmm2',
    'movlhps %xmm1, %xmm2',
    'movd %eax, %xmm2',
    'movq %rax, %xmm2',
    'movd %xmm1, %ebx',
  ];
  yield* [
    'movq %xmm1, %rbx',
    'movq %xmm1, %xmm2',
    'movq (%rdi), %xmm2',
    'movq %xmm1, (%rdi)',
    'movd (%rdi), %xmm2',
  ];
  yield* [
    'movntdq %xmm1, (%rdi)',
    'movntps %xmm1, (%rdi)',
    'maskmovdqu %xmm1, %xmm2',
    'movaps 8(%rdi), %xmm2',
  ];
  yield* ['ldmxcsr (%rdi)', 'stmxcsr (%rdi)', 'vldmxcsr (%rdi)', 'vstmxcsr (%rdi)'];
  yield* ['emms', 'vzeroall', 'vzeroupper'];
}

function* floats(): Generator<string> {
  for (const op of 'add sub mul div min max sqrt'.split(' '))
    for (const size of ['ss', 'sd', 'ps', 'pd'])
      yield* [`${op}${size} %xmm1, %xmm2`, `${op}${size} (%rdi), %xmm2`];
  for (const size of ['ss', 'sd', 'ps', 'pd'])
    for (let n = 0; n < 8; n++) yield `cmp${size} $${n}, %xmm1, %xmm2`;
  for (const op of 'comiss comisd ucomiss ucomisd'.split(' '))
    yield* [`${op} %xmm1, %xmm2`, `${op} (%rdi), %xmm2`];
  for (const op of 'cvtdq2pd cvtdq2ps cvtpd2dq cvtpd2ps cvtps2dq cvtps2pd cvtsd2ss cvtss2sd cvttpd2dq cvttps2dq'.split(
    ' ',
  ))
    yield* [`${op} %xmm1, %xmm2`, `${op} (%rdi), %xmm2`];
  for (const op of 'cvtsd2si cvttsd2si cvtss2si cvttss2si'.split(' '))
    yield* [`${op} %xmm1, %ebx`, `${op} %xmm1, %rbx`];
  for (const op of ['cvtsi2sd', 'cvtsi2ss'])
    yield* [`${op}l %eax, %xmm2`, `${op}q %rax, %xmm2`, `${op}q (%rdi), %xmm2`];
}

function* x87(): Generator<string> {
  for (const op of 'fadd fmul fsub fsubr fdiv fdivr'.split(' ')) {
    yield* [`${op}s (%rdi)`, `${op}l (%rdi)`, `${op} %st(2), %st`, `${op} %st, %st(3)`, `${op}p %st, %st(1)`];
    yield* [`fi${op.slice(1)}s (%rdi)`, `fi${op.slice(1)}l (%rdi)`];
  }
  yield* 'fabs fchs fsqrt frndint fscale fprem fprem1 ftst fxam fld1 fldz fldpi fldl2e fldl2t fldlg2 fldln2 fnclex fninit fincstp fdecstp'.split(
    ' ',
  );
  yield* [
    'flds (%rdi)',
    'fldl (%rdi)',
    'fldt (%rdi)',
    'filds (%rdi)',
    'fildl (%rdi)',
    'fildll (%rdi)',
    'fld %st(2)',
  ];
  yield* [
    'fsts (%rdi)',
    'fstl (%rdi)',
    'fstps (%rdi)',
    'fstpl (%rdi)',
    'fstpt (%rdi)',
    'fst %st(2)',
    'fstp %st(2)',
  ];
  yield* [
    'fists (%rdi)',
    'fistl (%rdi)',
    'fistps (%rdi)',
    'fistpl (%rdi)',
    'fistpll (%rdi)',
    'fisttpl (%rdi)',
    'fisttpll (%rdi)',
  ];
  for (const op of ['fcom', 'fcomp', 'fucom', 'fucomp']) yield `${op} %st(1)`;
  for (const op of ['fcomi', 'fcomip', 'fucomi', 'fucomip']) yield `${op} %st(1), %st`;
  yield* [
    'fcoms (%rdi)',
    'fcompl (%rdi)',
    'ficoms (%rdi)',
    'fcompp',
    'fucompp',
    'fxch %st(2)',
    'ffree %st(1)',
  ];
  for (const c of ['b', 'e', 'be', 'u', 'nb', 'ne', 'nbe', 'nu']) yield `fcmov${c} %st(2), %st`;
  yield* ['fnstenv (%rdi)', 'fnsave (%rdi)', 'fldenv (%rdi)', 'frstor (%rdi)', 'data16 fnstenv (%rdi)'];
  yield* ['data16 fnsave (%rdi)', 'data16 fldenv (%rdi)', 'data16 frstor (%rdi)'];
  // Nearly all of the window.
  yield* ['fxsave -256(%rdi)', 'fxsave64 -256(%rdi)', 'fxrstor -256(%rdi)', 'fxrstor64 -256(%rdi)'];
  for (const op of ['xsave', 'xsavec', 'xsaveopt', 'xrstor'])
    yield* [`${op} -2304(%rdi)`, `${op}64 -2304(%rdi)`, `${op} -2288(%rdi)`];
  yield* ['fxsave 8(%rdi)', 'fxrstor 8(%rdi)'];
  yield* ['ficomps (%rdi)', 'ficompl (%rdi)', 'fnop'];
  yield* 'f2xm1 fyl2x fyl2xp1 fpatan fptan fsin fcos fsincos fxtract'.split(' ');
  yield* ['fbld (%rdi)', 'fbstp (%rdi)'];
  yield* ['fwait', 'fnstcw (%rdi)', 'fnstsw %ax', 'fnstsw (%rdi)', 'fldcw (%rdi)'];
}

export const groups: Readonly<Record<string, readonly string[]>> = {
  integers: [...new Set(integers())],
  control: [...new Set(control())],
  vectors: [...new Set(vectors())],
  floats: [...new Set(floats())],
  x87: [...new Set(x87())],
};

/** The same in 32-bit code, where there is such a form. */
function narrowed(text: string, integers: boolean): string | undefined {
  const own = text
    .replaceAll('%r9d', '%ebp')
    .replaceAll('%r9w', '%bp')
    .replaceAll('%r9b', '%ch')
    .replaceAll('(%rdi', '(%edi')
    .replaceAll(',%rcx', ',%ecx')
    .replaceAll('*%rbx', '*%ebx');
  const mnemonic = own.split(' ').filter((word) => !/^(lock|rep\w*)$/.test(word))[0]!;
  if (/save(c|opt)?64|rstor64/.test(mnemonic)) return undefined;
  const wide = integers
    ? /^(?!cdq$).*q$|^(cdqe|cqo|cmpxchg16b|jrcxz)$/.test(mnemonic)
    : /^cvtsi2s.q$/.test(mnemonic);
  return wide || /%r/.test(own) ? undefined : own;
}

function* only32(): Generator<string> {
  yield* 'aaa aas daa das aad aam into pushal popal pushaw popaw pushfl pushfw popfl popfw leave'.split(' ');
  yield* ['aad $7', 'aam $7', 'aam $0', '.byte 0xd6', 'boundl %eax, (%edi)', 'boundw %cx, (%edi)'];
  yield* ['lret', 'lret $16', 'iret'];
  for (const op of ['jcxz', 'addr16 loop', 'addr16 loope', 'addr16 loopne']) yield `${op} .+20`;
  for (const size of ['l', 'w'] as const) {
    const register = size === 'l' ? '%ebx' : '%bx';
    yield* [`push${size} ${register}`, `push${size} $-5`, `push${size} (%edi)`, `push${size} 4(%esp)`];
    yield* [`pop${size} ${register}`, `pop${size} (%edi)`, `pop${size} 4(%esp)`];
    yield* [`inc${size} ${register}`, `dec${size} ${register}`];
  }
  yield* ['pushl %esp', 'popl %esp', 'pushl $0x12345678', 'enter $16, $0', 'enter $16, $1', 'enter $8, $3'];
  for (const segment of ['cs', 'ds', 'es', 'fs', 'gs', 'ss'])
    yield* [`push %${segment}`, `mov %${segment}, %ebx`, `mov %${segment}, %bx`, `movw %${segment}, (%edi)`];
  yield* ['mov %ss, %ebx', 'lfs (%edi), %ebx', 'movl 0x10000900, %eax', 'movb %al, 0x10000901'];
  // Addresses of 16 bits, and such that go round.
  yield* ['lea (%bx,%si), %eax', 'lea -5(%bp), %eax', 'lea 0x1234, %ecx', 'addr16 lea 0x1234, %ecx'];
  yield* [
    'lea -8(%ecx,%ebx,8), %eax',
    'movl %ebx, -0x7fe00000(%edi)',
    'movl (%bx), %eax',
    'movl %cs:(%edi), %eax',
  ];
}

/** What only 32-bit code has stands among the integers. */
export const groups32: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(groups).map(([name, texts]) => [
    name,
    [
      ...new Set([
        ...texts.flatMap((text) => narrowed(text, name === 'integers' || name === 'control') ?? []),
        ...(name === 'integers' ? only32() : []),
      ]),
    ],
  ]),
);
