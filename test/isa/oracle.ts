// What iced-x86 says about an assembled statement, in the terms of effects.ts; written independently of the generator.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as iced from 'iced-x86';

/** The part of Effects both sides can tell. */
export interface Told {
  integerRead: number;
  integerWritten: number;
  integerKilled: number;
  vectorRead: number;
  vectorWritten: number;
  vectorKilled: number;
  memoryAccess: string;
  memoryBytes: number;
  implicitMemoryWrite: boolean;
  implicitMemoryRead: boolean;
}

const FLAG_ORDER = [
  iced.RflagsBits.CF,
  iced.RflagsBits.PF,
  iced.RflagsBits.AF,
  iced.RflagsBits.ZF,
  iced.RflagsBits.SF,
  iced.RflagsBits.DF,
  iced.RflagsBits.OF,
];
const ACCESS = ['-', 'r', 'r', 'w', 'cw', 'rw', 'rcw', 'a'];

function flagSet(bits: number): number {
  return FLAG_ORDER.reduce((set, flag, i) => (bits & flag ? set | (1 << (16 + i)) : set), 0);
}

function tell(instruction: iced.Instruction, factory: iced.InstructionInfoFactory): Told {
  const info = factory.info(instruction);
  const told: Told = {
    integerRead: flagSet(instruction.rflagsRead),
    integerWritten: flagSet(instruction.rflagsModified),
    integerKilled: flagSet(instruction.rflagsModified),
    vectorRead: 0,
    vectorWritten: 0,
    vectorKilled: 0,
    memoryAccess: '',
    memoryBytes: 0,
    implicitMemoryWrite: false,
    implicitMemoryRead: false,
  };
  for (const used of info.usedRegisters()) {
    const access = ACCESS[used.access]!;
    const vector = iced.RegisterExt.isVectorRegister(used.register);
    if (!vector && !iced.RegisterExt.isGPR(used.register)) continue;
    const bit = 1 << iced.RegisterExt.number(iced.RegisterExt.fullRegister(used.register));
    const whole = vector || iced.RegisterExt.size(used.register) >= 4;
    const write = access.includes('w');
    const certain = write && whole && !access.includes('c');
    const prefix = vector ? 'vector' : 'integer';
    if (access.includes('r') || (write && !certain)) told[`${prefix}Read`] |= bit;
    if (write) told[`${prefix}Written`] |= bit;
    if (certain) told[`${prefix}Killed`] |= bit;
  }
  let explicit = -1;
  for (let i = 0; i < instruction.opCount; i++)
    if (instruction.opKind(i) === iced.OpKind.Memory) explicit = i;
  if (explicit >= 0) {
    told.memoryAccess = ACCESS[info.opAccess(explicit)]!;
    told.memoryBytes = iced.MemorySizeExt.size(instruction.memorySize);
  }
  // Every other access is implicit; the explicit one comes first.
  let named = explicit >= 0 && told.memoryAccess !== 'a' ? 1 : 0;
  for (const used of info.usedMemory()) {
    const same = used.base === instruction.memoryBase && used.index === instruction.memoryIndex;
    if (named > 0 && (same || instruction.isIpRelMemoryOperand)) named--;
    else {
      const access = ACCESS[used.access]!;
      if (access.includes('w')) told.implicitMemoryWrite = true;
      if (access.includes('r')) told.implicitMemoryRead = true;
    }
  }
  return told;
}

/** Assembles the statements with GNU as and asks iced-x86 about each; throws when their number does not agree. */
export function askIced(statements: readonly string[]): { told: Told; text: string }[] {
  const folder = mkdtempSync(join(tmpdir(), 'isa-oracle-'));
  try {
    const source = join(folder, 'a.s');
    const object = join(folder, 'a.o');
    const binary = join(folder, 'a.bin');
    writeFileSync(source, statements.map((text) => `${text}\n`).join(''));
    execFileSync('as', ['--64', '--no-warn', '-o', object, source]);
    execFileSync('objcopy', ['-O', 'binary', '-j', '.text', object, binary]);
    const bytes = readFileSync(binary);
    const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None);
    const factory = new iced.InstructionInfoFactory();
    const formatter = new iced.Formatter(iced.FormatterSyntax.Gas);
    const all: { told: Told; text: string }[] = [];
    while (decoder.canDecode) {
      const instruction = decoder.decode();
      all.push({ told: tell(instruction, factory), text: formatter.format(instruction) });
      instruction.free();
    }
    factory.free();
    formatter.free();
    decoder.free();
    if (all.length !== statements.length)
      throw new Error(`${statements.length} statements, ${all.length} decoded`);
    return all;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
