// Which stores of a block may be a mirror store and its native store: from the operands of its instructions.
import type { Decoded, MemoryOperand, Operand } from '../instruction.js';
import type { Copies } from '../store-watch.js';

/** Instructions in which the other half of a pair is looked for. */
const nearby = 24;
/** In 32-bit code, instructions of a function in which the mirror store of its return address is looked for: as many as the check takes for one. */
const entry = 7;
export const RSP = 4;

/** By how much an instruction moves the stack pointer, where that is plain. */
function stackMove(i: Decoded): bigint {
  const word = BigInt(i.bits / 8);
  const [to, by] = i.operands;
  if (i.name === 'push' || i.name === 'call') return -word;
  if (i.name === 'pop') return word;
  if (!isRegister(to, RSP) || by?.kind !== 'immediate') return 0n;
  const value = (BigInt(by.hi) << 32n) | BigInt(by.lo >>> 0);
  return i.name === 'sub' ? -value : i.name === 'add' ? value : 0n;
}

const isRegister = (o: Operand | undefined, number: number): boolean =>
  o?.kind === 'register' && o.file === 'general' && o.number === number;

/** Changes memory only, all of its operand. */
export function isPlainStore(i: Decoded | undefined): boolean {
  const [to, from] = i?.operands ?? [];
  return (
    /^v?mov/.test(i?.name ?? '') &&
    (i?.evex?.mask ?? 0) === 0 &&
    to?.kind === 'memory' &&
    from?.kind !== 'memory'
  );
}

/** Changes a register that is not the stack pointer, or nothing. */
function isPlainLoad({ name, operands: [to] }: Decoded): boolean {
  if (/^(endbr|nop)/.test(name)) return true;
  return /^(v?mov[dq]?|lea)$/.test(name) && to?.kind === 'register' && !isRegister(to, RSP);
}

function isSame(a: Operand | undefined, b: Operand | undefined): boolean {
  if (a?.kind === 'immediate') return b?.kind === 'immediate' && a.lo === b.lo && a.hi === b.hi;
  if (a?.kind !== 'register' || b?.kind !== 'register') return false;
  return a.file === b.file && a.number === b.number && a.size === b.size && a.high === b.high;
}

export class Twins {
  private instructions: readonly Decoded[] = [];
  /** How far the stack pointer is from where it was at the node's beginning, before each instruction. */
  private moved: readonly bigint[] = [];
  /** By position, what operands have as names. */
  private names: readonly (readonly string[])[] = [];
  /** How far the operand of a native store is from its mirror store's; in 64-bit code a segment makes the difference. */
  private readonly between: bigint;

  constructor(
    private readonly bits: 32 | 64,
    copies: Copies,
  ) {
    this.between = bits === 32 ? BigInt(copies.distance) : 0n;
  }

  /** A node with these instructions begins. */
  begin(instructions: readonly Decoded[]): void {
    let moved = 0n;
    this.instructions = instructions;
    this.moved = instructions.map((i) => {
      const before = moved;
      moved += stackMove(i);
      return before;
    });
    this.names = instructions.map((i, position) => {
      const operands = i.operands.filter((o) => o.kind === 'memory');
      const all = i.name === 'push' || i.name === 'call' ? [...operands, slot(i.bits)] : operands;
      return all.map((o) => this.name(o, position));
    });
  }

  at(position: number): Decoded {
    const instruction = this.instructions[position];
    if (!instruction) throw new Error('no such instruction');
    return instruction;
  }

  /** The same for operands of the same address, as far as can be seen. */
  name(o: MemoryOperand, position: number, between = 0n): string {
    const moved = o.base === RSP ? (this.moved[position] ?? 0n) : 0n;
    const displacement = BigInt.asIntN(this.bits, o.displacement + moved + between);
    return `${o.segment} ${o.base} ${o.index} ${o.scale} ${displacement}`;
  }

  /** What the native store of a mirror store has as name. */
  twinOf(o: MemoryOperand, position: number): string {
    return this.name({ ...o, segment: undefined }, position, this.between);
  }

  /** Its native store's operand. */
  native(o: MemoryOperand): MemoryOperand {
    return { ...o, segment: undefined, displacement: o.displacement + this.between };
  }

  /** Instructions from a store to the one that may be its native store; 0: there is none. */
  ahead(o: MemoryOperand, position: number): number {
    if (this.bits === 64 && o.segment !== 'gs') return 0;
    const twin = this.twinOf(o, position);
    return (
      this.names.slice(position + 1, position + 1 + nearby).findIndex((names) => names.includes(twin)) + 1
    );
  }

  /** Whether the next instruction certainly stores at the same place of the other copy, if it does store. */
  isJoined(o: MemoryOperand, position: number): boolean {
    const next = this.instructions[position + 1];
    return (
      isPlainStore(this.instructions[position]) &&
      o.addressSize === this.bits &&
      this.ahead(o, position) === 1 &&
      // It computes its address with another stack pointer.
      next?.name !== 'pop'
    );
  }

  /** Whether the operand of a store is that of the mirror store before it. */
  isTwin(o: MemoryOperand | undefined, position: number, native: MemoryOperand | undefined): boolean {
    return (
      o !== undefined && native !== undefined && this.twinOf(o, position) === this.name(native, position + 1)
    );
  }

  /** Whether an instruction certainly stores what the one before has stored in the other copy. */
  isSameValue(position: number): boolean {
    const [before, i] = [this.at(position - 1), this.at(position)];
    if (!isPlainStore(before)) return false;
    const [to, value] = before.operands;
    const [first, second] = i.operands;
    if (i.name === 'push')
      return (
        before.name === 'mov' && to?.kind === 'memory' && to.size === this.bits / 8 && isSame(first, value)
      );
    return isPlainStore(i) && i.name === before.name && isSame(second, value);
  }

  /** Whether an instruction that certainly stores what the one before has stored does nothing before that at which compiled code may be left. */
  isUndivided(position: number): boolean {
    const { name, narrow, operands } = this.at(position);
    const [to] = operands;
    // Some vector instructions look whether their operand is aligned.
    return name === 'mov' || (!narrow && (name === 'push' || (name === 'call' && to?.kind !== 'memory')));
  }

  /** Where the instruction at a position stores a register and the next one is a call: that register, and the address that the call pushes. */
  calledBehind(position: number): { readonly register: number; readonly address: bigint } | undefined {
    const [i, call] = [this.instructions[position], this.instructions[position + 1]];
    const [to, from] = i?.operands ?? [];
    if (call?.name !== 'call' || !isPlainStore(i) || to?.kind !== 'memory') return undefined;
    if (!this.isTwin(to, position, slot(this.bits))) return undefined;
    if (from?.kind !== 'register' || from.file !== 'general' || 8 * from.size !== this.bits) return undefined;
    return { register: from.number, address: call.next };
  }

  /** In 32-bit code a called function copies its return address: at which position of its first instructions; undefined: it does not. */
  copyAt(instructions: readonly Decoded[]): number | undefined {
    if (this.bits === 64) return undefined;
    const position = instructions.slice(0, entry).findIndex((i) => !isPlainLoad(i));
    const i = instructions[position];
    const [to] = i?.operands ?? [];
    if (!isPlainStore(i) || to?.kind !== 'memory' || to.size !== 4) return undefined;
    const isSlot =
      to.base === RSP &&
      to.index === undefined &&
      to.segment === undefined &&
      to.addressSize === 32 &&
      BigInt.asIntN(32, to.displacement + this.between) === 0n;
    return isSlot ? position : undefined;
  }
}

/** Below the stack pointer. */
export const slot = (bits: 32 | 64): MemoryOperand => ({
  kind: 'memory',
  base: RSP,
  index: undefined,
  vectorIndex: undefined,
  scale: 1,
  displacement: BigInt(-bits / 8),
  segment: undefined,
  addressSize: bits,
  size: bits / 8,
});
