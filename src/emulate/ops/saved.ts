// Whole state to and from memory: fxsave, xsave and x87's fnsave and fnstenv (SDM vol. 1, 8.1.10, 10.5 and 13.7; AMD APM vol. 2, 11.4). What they keep of the last
// x87 instruction (its address, its operand's, its opcode) is zero here.
import { fxsaveBytes, mxcsrBits, registersIn, restoreFpu, saveFpu, tagOf } from '../fxsave.js';
import { address, memoryOf } from '../operands.js';
import type { Builder, Table } from '../operands.js';
import { addressOf } from '../memory.js';
import { AH, MXCSR, RAX, Trap } from '../state.js';
import type { Cpu } from '../state.js';
import {
  AVX,
  components,
  extendedAt,
  extendedControl,
  headerAt,
  headerBytes,
  inUse,
  restoreExtended,
  saveExtended,
  SSE,
  X87,
  xsaveBytes,
} from '../xsave.js';

/** An image at an address; stored a word after the other, none if one of them faults. */
function store(
  { memory }: Cpu,
  at: number,
  bytes: Uint8Array,
  parts: readonly (readonly [number, number])[],
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const low = (n: number): number => (at + n) | 0;
  const high = (n: number): number => Math.floor((at + n) / 0x100000000) | 0;
  for (const [from, to] of parts) memory.probeWrite(low(from), high(from), to - from);
  for (const [from, to] of parts)
    for (let n = from; n < to;) {
      const rest = to - n;
      if (rest >= 8) memory.write64(low(n), high(n), view.getInt32(n, true), view.getInt32(n + 4, true));
      else if (rest >= 4) memory.write32(low(n), high(n), view.getInt32(n, true));
      else memory.write16(low(n), high(n), view.getUint16(n, true));
      n += rest >= 8 ? 8 : rest >= 4 ? 4 : 2;
    }
}

/** An instruction on an image that has to be aligned. */
const at =
  (alignment: number, run: (cpu: Cpu, at: number) => void): Builder =>
  (cpu, i) => {
    const place = address(cpu, memoryOf(i));
    const { s } = cpu;
    return () => {
      const lo = place();
      if (lo & (alignment - 1)) throw new Trap('protection', 'a misaligned image of the extended state');
      run(cpu, addressOf(lo, s[AH] ?? 0));
    };
  };

const vectorsAt = 160;
const mxcsrAt = 24;
const vectorsEnd = (cpu: Cpu): number => vectorsAt + 16 * registersIn(cpu);

const fxsave = at(16, (cpu, to) => {
  store(cpu, to, saveFpu(cpu), [[0, vectorsEnd(cpu)]]);
});

function checkMxcsr(image: Uint8Array): void {
  if (new DataView(image.buffer, image.byteOffset).getUint32(mxcsrAt, true) & ~mxcsrBits)
    throw new Trap('protection', 'reserved bits of MXCSR');
}

const fxrstor = at(16, (cpu, from) => {
  const image = cpu.memory.readBytes(from, fxsaveBytes);
  checkMxcsr(image);
  restoreFpu(cpu, image);
});

/** Components that edx and eax name. */
const wanted = ({ s }: Cpu): number => (s[RAX] ?? 0) & extendedControl;

/** Bytes of an image that the components of `mask` have; MXCSR comes with those of `control`. */
function partsOf(cpu: Cpu, mask: number, control: number): [number, number][] {
  const parts: [number, number][] = [];
  if (mask & X87) parts.push([0, mxcsrAt], [32, vectorsAt]);
  if (control & (SSE | AVX)) parts.push([mxcsrAt, 32]);
  if (mask & SSE) parts.push([vectorsAt, vectorsEnd(cpu)]);
  for (const { bit, at: begin, slices } of components) {
    const all = slices(cpu);
    const bytes = all.reduce((end, [, to, length]) => Math.max(end, to + length), 0);
    if (mask & (1 << bit) && bytes > 0) parts.push([begin, begin + bytes]);
  }
  return parts;
}

/** `all`: also what is as at a program's start (SDM vol. 1, 13.7 and 13.9). That an area was restored from before is not looked at. */
const xsave = (all: boolean): Builder =>
  at(64, (cpu, to) => {
    const mask = wanted(cpu);
    const used = inUse(cpu) & mask;
    const header = cpu.memory.readBytes(to + headerAt, 8);
    const image = saveExtended(cpu, ((header[0] ?? 0) & ~mask) | used);
    image.set(header.subarray(1), headerAt + 1);
    store(cpu, to, image, [[headerAt, headerAt + 8], ...partsOf(cpu, all ? mask : used, mask)]);
  });

/** Components of XCOMP_BV one behind the other: by how much each is moved (SDM vol. 1, 13.4.3). */
function* compacted(
  present: number,
): Generator<readonly [bit: number, at: number, to: number, bytes: number]> {
  let to = extendedAt;
  for (const { bit, at: from, bytes } of components) {
    if (!(present & (1 << bit))) continue;
    yield [bit, from, to, bytes];
    to += bytes;
  }
}

const compactFormat = 0x80;

/** What is as at a program's start is not written (SDM vol. 1, 13.10). */
const xsavec = at(64, (cpu, to) => {
  const mask = wanted(cpu);
  const isOrdinary = cpu.s[MXCSR] === 0x1f80;
  const used = (inUse(cpu) | (isOrdinary ? 0 : SSE)) & mask;
  const image = saveExtended(cpu, used);
  image[headerAt + 8] = mask;
  image[headerAt + 15] = compactFormat;
  const parts = partsOf(cpu, used & (X87 | SSE), used & SSE);
  const out = image.slice();
  for (const [bit, from, place, bytes] of compacted(mask)) {
    if (!(used & (1 << bit))) continue;
    out.set(image.subarray(from, from + bytes), place);
    for (const [begin, end] of partsOf(cpu, 1 << bit, 0)) parts.push([place, place + end - begin]);
  }
  store(cpu, to, out, [[headerAt, headerAt + 16], ...parts]);
});

const xrstor = at(64, (cpu, from) => {
  const mask = wanted(cpu);
  const image = cpu.memory.readBytes(from, xsaveBytes);
  const header = image.slice(headerAt, headerAt + headerBytes);
  const present = header[0] ?? 0;
  const isCompact = (header[15] ?? 0) === compactFormat;
  const there = isCompact ? (header[8] ?? 0) : 0;
  const means = (byte: number, n: number): boolean => {
    if (n === 0) return (byte & ~extendedControl) === 0 && (!isCompact || (byte & ~there) === 0);
    if (isCompact) return n === 8 ? (byte & ~extendedControl) === 0 : n === 15 || byte === 0;
    return n >= 24 || byte === 0;
  };
  if (!header.every(means)) throw new Trap('protection', 'a header of xrstor that means nothing');
  if (!isCompact) {
    if (mask & (SSE | AVX)) checkMxcsr(image);
    restoreExtended(cpu, image, mask, present);
    return;
  }
  const whole = image.slice();
  for (const [, to, place, bytes] of compacted(there)) whole.set(image.subarray(place, place + bytes), to);
  if (mask & present & SSE) checkMxcsr(image);
  const mxcsr = cpu.s[MXCSR] ?? 0;
  restoreExtended(cpu, whole, mask, present);
  // Here MXCSR is a part of SSE.
  const control = new DataView(image.buffer, image.byteOffset).getInt32(mxcsrAt, true);
  cpu.s[MXCSR] = !(mask & SSE) ? mxcsr : present & SSE ? control : 0x1f80;
});

/** Control, status, tags; in 32-bit form each has ones above it. */
function environment({ fpu }: Cpu, wide: boolean): Uint8Array {
  const bytes = new Uint8Array(wide ? 28 : 14);
  const view = new DataView(bytes.buffer);
  let tags = 0;
  for (let n = 0; n < 8; n++) tags |= tagOf(fpu, n) << (2 * n);
  [fpu.control, fpu.statusWord(), tags].forEach((value, n) => {
    if (wide) view.setUint32(4 * n, (value | 0xffff0000) >>> 0, true);
    else view.setUint16(2 * n, value, true);
  });
  if (wide) view.setUint16(26, 0xffff, true);
  return bytes;
}

function loadEnvironment({ fpu }: Cpu, image: Uint8Array, wide: boolean): void {
  const view = new DataView(image.buffer, image.byteOffset);
  const word = (n: number): number => view.getUint16(wide ? 4 * n : 2 * n, true);
  const status = word(1);
  fpu.control = (word(0) & 0x1f3f) | 0x40;
  fpu.status = status & 0x477f;
  fpu.top = (status >> 11) & 7;
  for (let n = 0; n < 8; n++) fpu.empty[n] = ((word(2) >> (2 * n)) & 3) === 3 ? 1 : 0;
}

const exceptionMasks = 0x3f;
const stackBytes = 80;

/** By the bytes of the operand: 14 and 94 are the forms of 16 bits. */
const environmentForm =
  (run: (cpu: Cpu, at: number, wide: boolean) => void): Builder =>
  (cpu, i) => {
    const place = address(cpu, memoryOf(i));
    const wide = i.memorySize === 28 || i.memorySize === 108;
    const { s } = cpu;
    return () => {
      const lo = place();
      run(cpu, addressOf(lo, s[AH] ?? 0), wide);
    };
  };

const fnstenv = environmentForm((cpu, to, wide) => {
  const image = environment(cpu, wide);
  store(cpu, to, image, [[0, image.length]]);
  cpu.fpu.control |= exceptionMasks;
});

const fnsave = environmentForm((cpu, to, wide) => {
  const { fpu } = cpu;
  const first = environment(cpu, wide);
  const image = new Uint8Array(first.length + stackBytes);
  const view = new DataView(image.buffer);
  image.set(first);
  for (let n = 0; n < 8; n++) {
    const register = (fpu.top + n) & 7;
    view.setBigUint64(first.length + 10 * n, fpu.significand[register] ?? 0n, true);
    view.setUint16(first.length + 10 * n + 8, fpu.exponent[register] ?? 0, true);
  }
  store(cpu, to, image, [[0, image.length]]);
  fpu.reset();
});

/** Waits, as those that begin with fn do not. */
const fldenv = environmentForm((cpu, from, wide) => {
  cpu.fpu.wait();
  loadEnvironment(cpu, cpu.memory.readBytes(from, wide ? 28 : 14), wide);
});

const frstor = environmentForm((cpu, from, wide) => {
  const { fpu } = cpu;
  fpu.wait();
  const begin = wide ? 28 : 14;
  const image = cpu.memory.readBytes(from, begin + stackBytes);
  const view = new DataView(image.buffer);
  loadEnvironment(cpu, image, wide);
  for (let n = 0; n < 8; n++) {
    const register = (fpu.top + n) & 7;
    fpu.significand[register] = view.getBigUint64(begin + 10 * n, true);
    fpu.exponent[register] = view.getUint16(begin + 10 * n + 8, true);
  }
});

export const saved: Table = {
  fldenv,
  fnsave,
  fnstenv,
  frstor,
  fxrstor,
  fxrstor64: fxrstor,
  fxsave,
  fxsave64: fxsave,
  xrstor,
  xrstor64: xrstor,
  xsave: xsave(true),
  xsave64: xsave(true),
  xsavec,
  xsavec64: xsavec,
  xsaveopt: xsave(false),
  xsaveopt64: xsave(false),
};
