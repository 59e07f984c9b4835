// rep movs and rep stos in every way of executing them: any length, direction and overlap, over ends of pages and into what is not mapped.
import { arena, code, Emulated, page, Random } from './sequences.js';
import type { Tiers } from '../../../src/emulate/interpreter.js';
import { RIP } from '../../../src/emulate/state.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const sizes = { 1: 0, 2: 1, 4: 1, 8: 1 } as const;
type Size = 1 | 2 | 4 | 8;
const [RAX, RCX, RSI, RDI] = [0, 1, 6, 7] as const;
/** Where the strings lie; around it is nothing. */
const bytes = 3 * page;

function instruction(kind: 'movs' | 'stos', size: Size): Uint8Array {
  const opcode = (kind === 'movs' ? 0xa4 : 0xaa) + sizes[size];
  return Uint8Array.from([0xf3, ...(size === 2 ? [0x66] : []), ...(size === 8 ? [0x48] : []), opcode]);
}

interface Case {
  readonly kind: 'movs' | 'stos';
  readonly size: Size;
  readonly down: boolean;
  readonly count: number;
  readonly from: number;
  readonly to: number;
  readonly value: bigint;
}

/** By elements, as the manual has it: memory, and how many were done before one was outside. */
function expected(c: Case, before: Uint8Array): { readonly memory: Uint8Array; readonly done: number } {
  const memory = before.slice();
  const value = new Uint8Array(BigUint64Array.of(c.value).buffer);
  for (let n = 0; n < c.count; n++) {
    const by = (c.down ? -n : n) * c.size;
    const [from, to] = [c.from + by, c.to + by];
    const outside = (at: number): boolean => at < 0 || at + c.size > bytes;
    if (outside(to) || (c.kind === 'movs' && outside(from))) return { memory, done: n };
    const element = c.kind === 'movs' ? memory.slice(from, from + c.size) : value.slice(0, c.size);
    memory.set(element, to);
  }
  return { memory, done: c.count };
}

function randomCase(r: Random, mode: 32 | 64): Case {
  const size = r.pick(mode === 64 ? ([1, 2, 4, 8] as const) : ([1, 2, 4] as const));
  const from = r.below(bytes - 8);
  const near = from + r.below(80) - 40;
  const to = Math.max(0, Math.min(bytes - 8, r.below(2) === 0 ? near : r.below(bytes)));
  const byte = BigInt(r.below(256)) * 0x0101010101010101n;
  return {
    kind: r.pick(['movs', 'stos'] as const),
    size,
    down: r.below(2) === 0,
    count: r.below(r.pick([3, 40, 1500, 6000])),
    from,
    to,
    value: r.below(2) === 0 ? byte : r.wide(),
  };
}

const ways: Readonly<Record<string, Tiers>> = {
  interpreted: { tier: 0, warm: 0, longest: 1 },
  threaded: { tier: 0, warm: 1, longest: 1 },
  compiled: { tier: 1, hot: 1, warm: 0, longest: 1 },
};

test.each(Object.keys(ways).flatMap((way) => ([64, 32] as const).map((mode) => [way, mode] as const)))(
  '%s, %i bits',
  (way, mode) => {
    const r = new Random(seed);
    const one = new Emulated(ways[way]!, mode);
    const { cpu, memory, interpreter } = one;
    for (let n = 0; n < 400; n++) {
      const c = randomCase(r, mode);
      const data = Uint8Array.from({ length: bytes }, () => r.below(256));
      memory.writeBytes(arena, data);
      const text = instruction(c.kind, c.size);
      memory.writeBytes(code, text);
      // Once of no elements, as the TLB forgets pages that are written when code is fetched; what it has is handled by pages.
      cpu.q[RCX] = 0n;
      cpu.s[RIP] = code;
      expect(interpreter.run(1)).toEqual({ kind: 'done' });
      for (let at = arena; at < arena + bytes; at += page) memory.writeBytes(at, memory.readBytes(at, 1));
      cpu.q[RAX] = BigInt.asUintN(mode, c.value);
      cpu.q[RCX] = BigInt(c.count);
      cpu.q[RSI] = BigInt(arena + c.from);
      cpu.q[RDI] = BigInt(arena + c.to);
      cpu.setFlags(c.down ? 0x400 : 0);
      cpu.s[RIP] = code;
      const stop = interpreter.run(1);
      const { memory: after, done } = expected(c, data);
      const by = BigInt((c.down ? -1 : 1) * done * c.size);
      expect({
      seed, n, c, kind: stop.kind, rcx: cpu.q[RCX], rdi: cpu.q[RDI], rsi: cpu.q[RSI],
      same: Buffer.compare(memory.readBytes(arena, bytes), after),
    }).toEqual({
      seed, n, c, kind: done === c.count ? 'done' : 'fault', rcx: BigInt(c.count - done), rdi: BigInt(arena + c.to) + by,
      rsi: BigInt(arena + c.from) + (c.kind === 'movs' ? by : 0n), same: 0,
    }); // prettier-ignore
    }
    // The others are those that are not done at once, or fault.
    if (way !== 'interpreted')
      expect((interpreter.threaded ?? interpreter.compiled)!.executed).toBeGreaterThan(cpu.executed / 2);
  },
);
