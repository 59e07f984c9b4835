// One decoded instruction as plain data: what the builders in ops/ make closures from. Only this file knows iced-x86's classes.
import {
  Decoder,
  DecoderError,
  DecoderOptions,
  EncodingKind,
  Formatter,
  FormatterSyntax,
  Instruction,
  InstructionInfoFactory,
  InstructionInfoOptions,
  MemorySizeExt,
  Mnemonic,
  OpAccess,
  OpKind,
  Register,
  RegisterExt,
  RflagsBits,
  RoundingControl,
} from 'iced-x86';

export interface RegisterOperand {
  readonly kind: 'register';
  /** mask: AVX-512's k. */
  readonly file: 'general' | 'vector' | 'x87' | 'mmx' | 'segment' | 'mask' | 'other';
  readonly number: number;
  /** Bytes. */
  readonly size: number;
  /** ah, ch, dh, bh. */
  readonly high: boolean;
}

/** Of those whose base is 0 only cs, and in 32-bit code: nothing can be written by way of it. */
export type Segment = 'cs' | 'fs' | 'gs';

export interface MemoryOperand {
  readonly kind: 'memory';
  /** Numbers of general registers. */
  readonly base: number | undefined;
  readonly index: number | undefined;
  /** A vector register as index (gathers). */
  readonly vectorIndex: number | undefined;
  /** Of that register. */
  readonly vectorIndexBytes?: number;
  readonly scale: number;
  /** Sign-extended to 64 bits; with rip as base the address itself. */
  readonly displacement: bigint;
  readonly segment: Segment | undefined;
  readonly addressSize: 16 | 32 | 64;
  /** Bytes, 0 where the operand has no size of its own (lea). */
  readonly size: number;
}

export interface ImmediateOperand {
  readonly kind: 'immediate';
  readonly lo: number;
  readonly hi: number;
}

export interface TargetOperand {
  readonly kind: 'target';
  readonly address: bigint;
}

/** What EVEX adds to an instruction. */
export interface Evex {
  /** Number of the mask register; 0: all elements. */
  readonly mask: number;
  /** Elements that are not chosen become zero. */
  readonly zeroing: boolean;
  /** Bytes of the element in memory that is used for all; 0: the operand is whole. */
  readonly broadcast: number;
  /** Of a memory operand that is not broadcast. */
  readonly bytes: number;
  /** As MXCSR counts: 0 nearest, 1 down, 2 up, 3 to zero. */
  readonly rounding: number | undefined;
  /** No exceptions, no flags of MXCSR. */
  readonly quiet: boolean;
}

/** Of a far branch, or one whose target has 16 bits: no builder takes it. */
export interface FarOperand {
  readonly kind: 'far';
}

export type Operand = RegisterOperand | MemoryOperand | ImmediateOperand | TargetOperand | FarOperand;

export interface Decoded {
  /** Of the code that it is in. */
  readonly bits: 32 | 64;
  /** iced's name, lower case. */
  readonly name: string;
  /** iced's number of the exact form. */
  readonly code: number;
  readonly address: bigint;
  readonly length: number;
  readonly next: bigint;
  readonly operands: readonly Operand[];
  readonly rep: boolean;
  readonly repne: boolean;
  readonly lock: boolean;
  /** 16, 32 or 64: of addresses in string instructions, of rcx in loops. */
  readonly addressSize: 16 | 32 | 64;
  /** A prefix 66 that makes operands of 16 bits: none with REX.W. */
  readonly narrow: boolean;
  /** A prefix of FS or GS. */
  readonly segment: Segment | undefined;
  /** Bytes of the memory operand, written or implied. */
  readonly memorySize: number;
  /** VEX or EVEX: the upper part of the destination becomes zero. */
  readonly vex: boolean;
  readonly evex: Evex | undefined;
  /** Set by a row whose vector operand in memory may lie anywhere. */
  readonly anywhere?: boolean;
  /** XOP and others that no table has, although they share names with what tables have. */
  readonly foreign: boolean;
}

/** Bytes. */
export const longestInstruction = 15;

const scratch = new Instruction();
const nameOf = Mnemonic as unknown as Readonly<Record<number, string>>;

/** What a function gives for a small number, computed once: each call of iced-x86's leaves JavaScript. */
function remembered<T>(make: (n: number) => T): (n: number) => T {
  const known: (T | undefined)[] = [];
  return (n) => (known[n] ??= make(n));
}

const names = remembered((mnemonic) => (nameOf[mnemonic] ?? '').toLowerCase());
const sizes = remembered((size) => MemorySizeExt.size(size));

const { OF, SF, ZF, AF, CF, PF } = RflagsBits;
const statusFlags = OF | SF | ZF | AF | CF | PF;
const writes: ReadonlySet<OpAccess> = new Set([
  OpAccess.Write,
  OpAccess.CondWrite,
  OpAccess.ReadWrite,
  OpAccess.ReadCondWrite,
]);

/** What a form does whatever its operands are. */
export interface Effects {
  /** Reads or writes status flags. */
  readonly flags: boolean;
  /** Writes general registers that are no operands; those of string instructions are not among them. */
  readonly registers: boolean;
}

/** By the number of a form. */
export const effectsOf = remembered((code): Effects => {
  const i = new Instruction();
  i.code = code;
  // Shifts by nothing leave flags alone.
  i.immediate8 = 2;
  const factory = new InstructionInfoFactory();
  const info = factory.infoOptions(i, InstructionInfoOptions.NoMemoryUsage);
  const used = info.usedRegisters();
  const registers = used.some((one) => RegisterExt.isGPR(one.register) && writes.has(one.access));
  const flags = ((i.rflagsRead | i.rflagsModified) & statusFlags) !== 0;
  for (const one of [...used, info, factory, i]) one.free();
  return { flags, registers };
});

/** Decodes instructions in a row. To be freed. */
export class Reader {
  private readonly decoder: Decoder;
  /** Where the next one begins. */
  private at = 0;

  /** From memory at an address. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly address: bigint,
    private readonly bits: 32 | 64,
  ) {
    this.decoder = new Decoder(bits, bytes, DecoderOptions.None);
    this.decoder.ip = address;
  }

  free(): void {
    this.decoder.free();
  }

  /** Bytes. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Undefined: not an instruction, or cut short by the end of the bytes (then fewer than 15 are left). */
  next(): Decoded | undefined {
    const { bytes, bits, at, decoder } = this;
    const i = scratch;
    decoder.decodeOut(i);
    if (decoder.lastError !== DecoderError.None) return undefined;
    const { length, opCount, encoding } = i;
    const address = this.address + BigInt(at);
    this.at += length;
    // As long as it is: an array that grows gets room for sixteen more.
    const operands = opCount === 0 ? none : new Array<Operand>(opCount);
    for (let n = 0; n < opCount; n++) operands[n] = operandOf(i, n, bits);
    return {
      bits,
      name: names(i.mnemonic),
      code: i.code,
      address,
      length,
      next: address + BigInt(length),
      operands,
      rep: i.hasRepPrefix,
      repne: i.hasRepnePrefix,
      lock: i.hasLockPrefix,
      addressSize: hasPrefix(bytes, at, 0x67, bits) ? (bits === 64 ? 32 : 16) : bits,
      narrow: hasPrefix(bytes, at, 0x66, bits) && !isWide(bytes, at, bits),
      segment: segmentOf(i.segmentPrefix, bits),
      memorySize: sizes(i.memorySize),
      vex: encoding === EncodingKind.VEX || encoding === EncodingKind.EVEX,
      evex: encoding === EncodingKind.EVEX ? evexOf(i) : undefined,
      foreign: !own.has(encoding),
    };
  }
}

// iced-x86 makes its tables with the first decoder, which V8 then compiles anew, in another thread: the sooner it begins, the less a short run waits for it at its end.
new Reader(Uint8Array.of(0x90), 0n, 64).free();

/** One instruction, as Reader.next() gives it. */
export function decode(bytes: Uint8Array, address: bigint, bits: 32 | 64): Decoded | undefined {
  const reader = new Reader(bytes, address, bits);
  const decoded = reader.next();
  reader.free();
  return decoded;
}

const none: Operand[] = [];
const own: ReadonlySet<EncodingKind> = new Set([EncodingKind.Legacy, EncodingKind.VEX, EncodingKind.EVEX]);

function evexOf(i: Instruction): Evex {
  const rounding = i.roundingControl;
  const info = i.opCode;
  const bytes = MemorySizeExt.size(info.memorySize);
  info.free();
  return {
    mask: RegisterExt.isK(i.opMask) ? RegisterExt.number(i.opMask) : 0,
    zeroing: i.zeroingMasking,
    broadcast: i.isBroadcast ? sizes(i.memorySize) : 0,
    bytes,
    rounding: rounding === RoundingControl.None ? undefined : rounding - RoundingControl.RoundToNearest,
    quiet: rounding !== RoundingControl.None || i.suppressAllExceptions,
  };
}

/** In GNU as syntax. */
export function disassemble(bytes: Uint8Array, address: bigint, bits: 32 | 64): string {
  const decoder = new Decoder(bits, bytes, DecoderOptions.None);
  const formatter = new Formatter(FormatterSyntax.Gas);
  decoder.ip = address;
  decoder.decodeOut(scratch);
  const text = formatter.format(scratch);
  formatter.free();
  decoder.free();
  return text;
}

/** What iced does not tell for instructions without a memory operand, or without one of that size. */
function hasPrefix(bytes: Uint8Array, from: number, prefix: 0x66 | 0x67, bits: 32 | 64): boolean {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === prefix) return true;
    if (!prefixes.has(byte) && !(bits === 64 && byte >> 4 === 4)) break;
  }
  return false;
}

/** REX.W: the byte before the opcode. */
function isWide(bytes: Uint8Array, from: number, bits: 32 | 64): boolean {
  let at = from;
  while (prefixes.has(bytes[at] ?? 0)) at++;
  return bits === 64 && ((bytes[at] ?? 0) & 0xf8) === 0x48;
}

const prefixes = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

function segmentOf(register: Register, bits: 32 | 64): Segment | undefined {
  if (register === Register.FS) return 'fs';
  if (register === Register.CS && bits === 32) return 'cs';
  return register === Register.GS ? 'gs' : undefined;
}

/** The first five of an instruction: what takes their number is slower by two calls each. */
const kinds: readonly ((i: Instruction) => OpKind)[] = [
  (i) => i.op0Kind,
  (i) => i.op1Kind,
  (i) => i.op2Kind,
  (i) => i.op3Kind,
  (i) => i.op4Kind,
];
const operandRegisters: readonly ((i: Instruction) => Register)[] = [
  (i) => i.op0Register,
  (i) => i.op1Register,
  (i) => i.op2Register,
  (i) => i.op3Register,
  (i) => i.op4Register,
];

function operandOf(i: Instruction, n: number, bits: 32 | 64): Operand {
  switch (kinds[n]?.(i)) {
    case OpKind.Register:
      return registers(operandRegisters[n]?.(i) ?? Register.None);
    case OpKind.Memory:
      return memoryOf(i, bits);
    case OpKind.NearBranch32:
    case OpKind.NearBranch64:
      return { kind: 'target', address: i.nearBranchTarget };
    case OpKind.MemorySegSI:
    case OpKind.MemorySegESI:
    case OpKind.MemorySegRSI:
      return implied(i, 6, bits);
    case OpKind.MemorySegDI:
    case OpKind.MemorySegEDI:
    case OpKind.MemorySegRDI:
    case OpKind.MemoryESDI:
    case OpKind.MemoryESEDI:
    case OpKind.MemoryESRDI:
      return implied(i, 7, bits);
    case OpKind.NearBranch16:
    case OpKind.FarBranch16:
    case OpKind.FarBranch32:
      return { kind: 'far' };
    default: {
      const value = BigInt.asUintN(64, i.immediate(n));
      return { kind: 'immediate', lo: Number(value & 0xffffffffn) | 0, hi: Number(value >> 32n) | 0 };
    }
  }
}

/** Their destination is in DS, unlike that of string instructions. */
const masked: ReadonlySet<Mnemonic> = new Set([Mnemonic.Maskmovdqu, Mnemonic.Maskmovq, Mnemonic.Vmaskmovdqu]);

/** The builders look at the instruction's own address size. */
function implied(i: Instruction, base: number, bits: 32 | 64): MemoryOperand {
  const segment = base === 6 || masked.has(i.mnemonic) ? segmentOf(i.memorySegment, bits) : undefined;
  return {
    kind: 'memory',
    base,
    index: undefined,
    vectorIndex: undefined,
    scale: 1,
    displacement: 0n,
    segment,
    addressSize: bits,
    size: sizes(i.memorySize),
  };
}

const registers = remembered(describe);

function describe(register: Register): RegisterOperand {
  const size = RegisterExt.size(register);
  const at = (file: RegisterOperand['file'], number: number): RegisterOperand => ({
    kind: 'register',
    file,
    number,
    size,
    high: false,
  });
  if (register >= Register.AH && register <= Register.BH)
    return { kind: 'register', file: 'general', number: register - Register.AH, size: 1, high: true };
  if (RegisterExt.isGPR(register))
    return at('general', RegisterExt.number(RegisterExt.fullRegister(register)));
  if (RegisterExt.isVectorRegister(register)) return at('vector', RegisterExt.number(register));
  if (RegisterExt.isST(register)) return at('x87', RegisterExt.number(register));
  if (RegisterExt.isMM(register)) return at('mmx', RegisterExt.number(register));
  if (RegisterExt.isSegmentRegister(register)) return at('segment', RegisterExt.number(register));
  if (RegisterExt.isK(register)) return at('mask', RegisterExt.number(register));
  return at('other', register);
}

/** What an address takes of a register. */
const addressing = remembered((register) => ({
  general: RegisterExt.isGPR(register) ? RegisterExt.number(RegisterExt.fullRegister(register)) : undefined,
  vector: RegisterExt.isVectorRegister(register) ? RegisterExt.number(register) : undefined,
  size: RegisterExt.size(register),
}));

function memoryOf(i: Instruction, bits: 32 | 64): MemoryOperand {
  const base = i.memoryBase;
  const index = i.memoryIndex;
  const { general, vector, size } = addressing(index);
  return {
    kind: 'memory',
    base: addressing(base).general,
    index: general,
    vectorIndex: vector,
    vectorIndexBytes: vector === undefined ? 0 : size,
    scale: i.memoryIndexScale,
    displacement: BigInt.asIntN(64, i.memoryDisplacement),
    segment: segmentOf(i.memorySegment, bits),
    addressSize: bits === 32 ? addressSize32(i, base, index) : addressSize64(i, base, index),
    size: sizes(i.memorySize),
  };
}

function addressSize64(i: Instruction, base: Register, index: Register): 32 | 64 {
  if (base === Register.EIP || addressing(base).size === 4) return 32;
  if (addressing(index).size === 4) return 32;
  if (addressing(index).vector !== undefined) return 64;
  return base === Register.None && index === Register.None && i.memoryDisplSize === 4 ? 32 : 64;
}

function addressSize32(i: Instruction, base: Register, index: Register): 16 | 32 {
  if (addressing(base).size === 2 || addressing(index).size === 2) return 16;
  return base === Register.None && i.memoryDisplSize === 2 ? 16 : 32;
}
