// Memory in a region: operands through the TLB, and what a check of every store is told of them.
import type { Decoded, MemoryOperand } from '../instruction.js';
import { FS, FS_SELECTOR, GS, GS_SELECTOR } from '../state.js';
import type { Remembered } from '../tlb.js';
import { access, I32, I64, loadOf, op, storeOf, typeOf } from './encode.js';
import { budgetLocal, Frame, wordAt } from './frame.js';
import type { Exits } from './frame.js';
import { helper } from './region-module.js';
import { load, parts } from './stores.js';
import type { Store } from './stores.js';
import { RSP } from './twins.js';
import { WatchedStores } from './watched.js';
import type { WatchSource } from './watched.js';

/** By registers of an operand, which page it may be in: native memory and mirror are far apart. */
function pageName({ segment, base, index, displacement }: MemoryOperand): string {
  const isFixed = base === undefined && index === undefined;
  const far = isFixed ? displacement >> 12n : (displacement + 0x80000n) >> 20n;
  return `${base === RSP ? stackName : base} ${index} ${segment} ${far}`;
}
const stackName = 'stack';

/** What `miss` is told: bytes, whether they are written, and in the bits above the number of the way out where they cannot be accessed. */
export const missWrites = 128;
export const missExit = 8;

export class Accesses extends Frame {
  /** By registers of operands: where their page is remembered. */
  private readonly pages = new Map<string, number>();
  /** Instructions of the node. */
  private length = 0;
  /** The variable with the address of the last operand. */
  private lastAddress = 0;
  /** Operands that the instruction writes. */
  private stores: Store[] = [];
  /** Under a check of every store. */
  protected readonly watched: WatchedStores | undefined;

  constructor(
    bits: 32 | 64,
    exits: Exits,
    /** A new place where a page is remembered. */
    private readonly newPage: (of: Remembered) => number,
    watchSource: WatchSource | undefined,
  ) {
    super(bits, exits);
    if (watchSource)
      this.watched = new WatchedStores(this.c, bits, watchSource, helper('store'), budgetLocal, (number) => {
        this.get(number);
      });
  }

  // The check of stores.

  get isWatched(): boolean {
    return this.watched !== undefined;
  }

  /** A node with these instructions begins, of which so many are executed here. */
  begin(instructions: readonly Decoded[], length: number): void {
    this.watched?.begin(instructions);
    this.length = length;
  }

  override count(instructions: number): void {
    super.count(instructions);
    this.watched?.calls.count(instructions);
  }

  /** Of the instruction in its node. */
  private get position(): number {
    return this.length - this.left;
  }

  /** Behind an instruction: tells what it has stored. `callee`: it is a call of these instructions, which are in this region. */
  tellStores(callee?: readonly Decoded[]): void {
    for (const store of this.stores) this.watched?.stored(this.position, this.left, store, callee);
    this.stores = [];
  }

  override forgetTemporaries(): void {
    super.forgetTemporaries();
    this.watched?.forget();
  }

  /** Behind this, the interpreter or another node may store. */
  settleStores(): void {
    this.watched?.settle();
  }

  protected override leaving(): void {
    this.watched?.leaving();
  }

  // Memory.

  /** Pushes an operand's address; `plain`: without a segment's base. */
  addressOf(m: MemoryOperand, plain = false): void {
    const { c } = this;
    let parts = 0;
    const plus = (): void => {
      if (parts++ > 0) c.do(op.i64_add);
    };
    if (m.base !== undefined) {
      this.get(m.base);
      plus();
    }
    if (m.index !== undefined) {
      this.get(m.index);
      if (m.scale > 1) {
        c.i64(BigInt(Math.log2(m.scale)));
        c.do(op.i64_shl);
      }
      plus();
    }
    if (m.displacement !== 0n || parts === 0) {
      c.i64(m.displacement);
      plus();
    }
    if (m.addressSize !== 64) this.modulo(m.addressSize);
    if (m.segment === undefined || plain) return;
    if (this.bits === 32) this.needSelector(m.segment === 'fs' ? FS_SELECTOR : GS_SELECTOR);
    c.i32(0);
    c.memory(access.i64_load, wordAt(m.segment === 'fs' ? FS : GS));
    c.do(op.i64_add);
    if (this.bits === 32) this.modulo(32);
  }

  protected modulo(bits: 16 | 32): void {
    this.c.i64(bits === 32 ? 0xffffffffn : 0xffffn);
    this.c.do(op.i64_and);
  }

  /** By way of a null selector nothing is there. */
  private needSelector(at: number): void {
    const { c } = this;
    c.i32(0);
    c.memory(access.i32_load, wordAt(at));
    c.i32(0xfffc);
    c.do(op.i32_and, op.i32_eqz);
    c.ifRare();
    this.leave();
    c.end();
  }

  /** A variable with the place in shared memory of an operand that can be accessed; else the region is left. */
  host(m: MemoryOperand, size: number, writes: boolean): number {
    const { watched, position } = this;
    if (!writes || !watched) return this.translate(m, size, writes);
    const first = watched.first(m, position, size);
    if (!first && watched.looksForBoth(m, position)) return this.translateBoth(watched, m, size);
    const host = first?.joined === true ? first.native : this.translate(m, size, true);
    const before = first && !first.isCertain ? this.keptBytes(host, size) : [];
    const at = first?.joined === true ? first.at : this.lastAddress;
    this.stores.push({ operand: m, at, host, size, before });
    return host;
  }

  /** Variables with what stands at a place. */
  private keptBytes(host: number, size: number): number[] {
    return parts(size).map(({ at, bytes }) => {
      const value = this.temporary(typeOf(bytes));
      load(this.c, host, at, bytes);
      this.c.set(value);
      return value;
    });
  }

  /** Behind this operands with the same registers may be in other pages. */
  forgetPages(): void {
    for (const name of this.pages.keys()) if (!name.startsWith(stackName)) this.pages.delete(name);
  }

  /** Where operands with the same registers have their page remembered. */
  private pageOf(operand: MemoryOperand, of: Remembered): number {
    const name = `${pageName(operand)} ${of}`;
    let page = this.pages.get(name);
    if (page === undefined) this.pages.set(name, (page = this.newPage(of)));
    return page;
  }

  /** Where an address in a variable is not in a remembered page, has that looked for by an imported function. */
  private remember(at: number, size: number, page: number, of: Remembered): void {
    const { c } = this;
    c.get(at);
    c.i32(0);
    c.memory(access.i64_load, page);
    c.do(op.i64_xor);
    c.i64(BigInt(4096 - size));
    c.do(op.i64_gt_u);
    c.ifRare();
    if (of === 'pair' && this.bits === 32) {
      this.watched?.pushIsMirror(at);
      c.ifRare();
      this.leave();
      c.end();
    }
    c.get(at);
    c.i32(size | (of === 'read' ? 0 : missWrites) | (this.exit() << missExit));
    c.i32(page);
    c.call(helper(of === 'pair' ? 'missBoth' : 'miss'));
    c.do(op.i32_eqz);
    c.ifRare();
    this.refuse();
    c.end();
    c.end();
  }

  /** Pushes the place in shared memory of an address in a variable, whose page is remembered with the distance there. */
  private place(at: number, distance: number): void {
    const { c } = this;
    c.get(at);
    c.do(op.i32_wrap_i64);
    c.i32(0);
    c.memory(access.i32_load, distance);
    c.do(op.i32_add);
  }

  /**
   * As host. The operand's page is compared with the one that operands with the same registers were in last: as that is
   * predicted, the access does not wait for a look into the TLB.
   */
  private translate(operand: MemoryOperand, size: number, stores: boolean): number {
    const { c } = this;
    this.addressOf(operand);
    const at = this.temporary(I64);
    const host = this.temporary(I32);
    const of = stores || operand.base === RSP ? 'write' : 'read';
    const page = this.pageOf(operand, of);
    c.set(at);
    this.remember(at, size, page, of);
    this.place(at, page + 8);
    c.set(host);
    this.lastAddress = at;
    return host;
  }

  /** As host, of a mirror store whose native store is of the same place in the other copy. */
  private translateBoth(watched: WatchedStores, operand: MemoryOperand, size: number): number {
    const { c } = this;
    const native = watched.twins.native(operand);
    const pool = watched.pool();
    const page = this.pageOf(native, 'pair');
    this.addressOf(native);
    c.set(pool.at);
    this.remember(pool.at, size, page, 'pair');
    this.place(pool.at, page + 12);
    c.set(pool.host);
    this.place(pool.at, page + 8);
    c.set(pool.native);
    const before = watched.calls.isCopy(this.position) ? this.keptBytes(pool.host, size) : [];
    this.stores.push({ operand, ...pool, size, before });
    return pool.host;
  }

  load(host: number, size: number): void {
    this.c.get(host);
    this.c.memory(loadOf(size));
  }

  /** Of a value in a variable. */
  store(host: number, size: number, value: number): void {
    this.c.get(host);
    this.c.get(value);
    this.c.memory(storeOf(size));
  }
}
