// rep movs and rep stos, page by page where the TLB has the pages. Registers are those that are stored; what is left in rcx, and all of
// what is not so simple, is the interpreter's to do (ops/strings.ts). Addresses of the program's width.
import { readTlbAt, stateAt, writeTlbAt } from '../layout.js';
import { DF, RAX, RCX, RDI, RSI } from '../state.js';
import { access, Code, I32, I64, op } from './encode.js';
import type { Label } from './encode.js';
import { pushTlbOffset } from './lookup.js';

const pageSize = 4096;
const word = (n: number): number => stateAt + 4 * n;

class Repeated {
  readonly c = new Code(1);
  private readonly at = this.c.local(I64);
  private readonly entry = this.c.local(I32);
  private readonly bytes = this.c.local(I32);
  /** 1: downwards. */
  private readonly down = this.c.local(I32);
  private readonly stuck: Label;
  private readonly again: Label;

  /** `size` is the function's parameter; its result is 1 when nothing is left. */
  constructor() {
    const { c } = this;
    this.stuck = c.block();
    c.i32(0);
    c.memory(access.i32_load, word(DF));
    c.set(this.down);
    this.again = c.loop();
    this.pushRegister(RCX);
    c.do(op.i64_eqz);
    c.if();
    c.i32(1);
    c.do(op.return);
    c.end();
    // As many bytes as a page has at most.
    this.pushRegister(RCX);
    c.i64(BigInt(pageSize));
    this.pushRegister(RCX);
    c.i64(BigInt(pageSize));
    c.do(op.i64_lt_u, op.select, op.i32_wrap_i64);
    c.get(0);
    c.do(op.i32_mul);
    c.set(this.bytes);
  }

  pushRegister(n: number): void {
    this.c.i32(0);
    this.c.memory(access.i64_load, word(n));
  }

  pushBytes(): void {
    this.c.get(this.bytes);
  }

  /** What has been pushed, or below it if the direction is down. */
  private orDown(): void {
    this.c.get(this.down);
    this.c.do(op.i32_eqz, op.select);
  }

  /** Finds the element that a register points to, and how many bytes there are from it on in its page at most. */
  find(register: number, writes: boolean): number {
    const { c, at, entry, bytes, down, stuck } = this;
    const rest = c.local(I32);
    const host = c.local(I32);
    const tlb = writes ? writeTlbAt : readTlbAt;
    this.pushRegister(register);
    c.set(at);
    pushTlbOffset(c, at);
    c.tee(entry);
    c.memory(access.i64_load, tlb);
    c.get(at);
    c.i64(BigInt(-pageSize));
    c.do(op.i64_and, op.i64_ne);
    c.brIf(stuck);
    c.get(at);
    c.do(op.i32_wrap_i64);
    c.i32(pageSize - 1);
    c.do(op.i32_and);
    c.tee(host);
    c.get(entry);
    c.memory(access.i32_load, tlb + 8);
    c.do(op.i32_add);
    c.i32(pageSize);
    c.get(host);
    c.do(op.i32_sub);
    c.get(host);
    c.get(0);
    c.do(op.i32_add);
    this.orDown();
    c.tee(rest);
    c.i32(pageSize);
    c.get(down);
    c.do(op.i32_mul, op.i32_gt_u);
    c.get(down);
    c.do(op.i32_and);
    c.brIf(stuck);
    c.get(bytes);
    c.get(rest);
    c.get(bytes);
    c.get(rest);
    c.do(op.i32_lt_u, op.select);
    c.set(bytes);
    c.set(host);
    return host;
  }

  /** Only whole elements; variables from `find` become where the lowest one begins. */
  wholes(...hosts: readonly number[]): void {
    const { c, bytes } = this;
    c.get(bytes);
    c.i32(0);
    c.get(0);
    c.do(op.i32_sub, op.i32_and);
    c.tee(bytes);
    c.do(op.i32_eqz);
    c.brIf(this.stuck);
    for (const host of hosts) {
      c.get(host);
      c.get(host);
      c.get(bytes);
      c.do(op.i32_sub);
      c.get(0);
      c.do(op.i32_add);
      this.orDown();
      c.set(host);
    }
  }

  /** An element that is read after it was written repeats what is before it. */
  noRepeats(to: number, from: number): void {
    const { c, bytes } = this;
    c.get(to);
    c.get(from);
    c.do(op.i32_sub);
    c.get(from);
    c.get(to);
    c.do(op.i32_sub);
    this.orDown();
    c.i32(1);
    c.do(op.i32_sub);
    c.get(bytes);
    c.i32(1);
    c.do(op.i32_sub, op.i32_lt_u);
    c.brIf(this.stuck);
  }

  stuckIf(): void {
    this.c.brIf(this.stuck);
  }

  finish(registers: readonly number[]): Code {
    const { c, bytes } = this;
    for (const register of registers) {
      c.i32(0);
      this.pushRegister(register);
      c.get(bytes);
      c.i32(0);
      c.get(bytes);
      c.do(op.i32_sub);
      this.orDown();
      c.do(op.i64_extend_i32_s, op.i64_add);
      c.memory(access.i64_store, word(register));
    }
    c.i32(0);
    this.pushRegister(RCX);
    c.get(bytes);
    c.get(0);
    c.do(op.i32_div_u, op.i64_extend_i32_u, op.i64_sub);
    c.memory(access.i64_store, word(RCX));
    c.br(this.again);
    c.end();
    c.end();
    c.i32(0);
    return c;
  }
}

export function copyFunction(): Code {
  const f = new Repeated();
  const { c } = f;
  const from = f.find(RSI, false);
  const to = f.find(RDI, true);
  f.wholes(to, from);
  f.noRepeats(to, from);
  c.get(to);
  c.get(from);
  f.pushBytes();
  c.copyBytes();
  return f.finish([RSI, RDI]);
}

/** Of elements whose bytes are alike. */
export function fillFunction(): Code {
  const f = new Repeated();
  const { c } = f;
  const shift = c.local(I64);
  // The element moved up, so that of those above its size nothing is seen.
  const same = c.local(I64);
  c.i64(64n);
  c.get(0);
  c.i32(3);
  c.do(op.i32_shl, op.i64_extend_i32_u, op.i64_sub);
  c.set(shift);
  f.pushRegister(RAX);
  c.i64(0xffn);
  c.do(op.i64_and);
  c.i64(0x0101010101010101n);
  c.do(op.i64_mul);
  c.set(same);
  f.pushRegister(RAX);
  c.get(shift);
  c.do(op.i64_shl);
  c.get(same);
  c.get(shift);
  c.do(op.i64_shl, op.i64_ne);
  f.stuckIf();
  const to = f.find(RDI, true);
  f.wholes(to);
  c.get(to);
  f.pushRegister(RAX);
  c.do(op.i32_wrap_i64);
  f.pushBytes();
  c.fillBytes();
  return f.finish([RDI]);
}
