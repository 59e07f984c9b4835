// Writes WebAssembly's binary format (WebAssembly Core Specification 2.0, chapter 5): function bodies with labels, and modules of one function each
// or a few.
import { Bytes } from './bytes.js';
import { simd } from './simd.js';

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;
export type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof F64 | typeof V128;

/** Opcodes without immediates, by the specification's names. */
export const op = {
  unreachable: 0x00, return: 0x0f, drop: 0x1a, select: 0x1b,
  i32_eqz: 0x45, i32_eq: 0x46, i32_ne: 0x47, i32_lt_s: 0x48, i32_lt_u: 0x49, i32_gt_s: 0x4a, i32_gt_u: 0x4b, i32_le_s: 0x4c, i32_le_u: 0x4d,
  i32_ge_s: 0x4e, i32_ge_u: 0x4f,
  i64_eqz: 0x50, i64_eq: 0x51, i64_ne: 0x52, i64_lt_s: 0x53, i64_lt_u: 0x54, i64_gt_s: 0x55, i64_gt_u: 0x56, i64_le_s: 0x57, i64_le_u: 0x58,
  i64_ge_s: 0x59, i64_ge_u: 0x5a,
  i32_clz: 0x67, i32_ctz: 0x68, i32_popcnt: 0x69, i32_add: 0x6a, i32_sub: 0x6b, i32_mul: 0x6c, i32_div_s: 0x6d, i32_div_u: 0x6e,
  i32_rem_s: 0x6f, i32_rem_u: 0x70, i32_and: 0x71, i32_or: 0x72, i32_xor: 0x73, i32_shl: 0x74, i32_shr_s: 0x75, i32_shr_u: 0x76,
  i32_rotl: 0x77, i32_rotr: 0x78,
  i64_clz: 0x79, i64_ctz: 0x7a, i64_popcnt: 0x7b, i64_add: 0x7c, i64_sub: 0x7d, i64_mul: 0x7e, i64_div_s: 0x7f, i64_div_u: 0x80,
  i64_rem_s: 0x81, i64_rem_u: 0x82, i64_and: 0x83, i64_or: 0x84, i64_xor: 0x85, i64_shl: 0x86, i64_shr_s: 0x87, i64_shr_u: 0x88,
  i64_rotl: 0x89, i64_rotr: 0x8a,
  i32_wrap_i64: 0xa7, i64_extend_i32_s: 0xac, i64_extend_i32_u: 0xad,
  f32_eq: 0x5b, f32_ne: 0x5c, f32_lt: 0x5d, f32_gt: 0x5e, f32_le: 0x5f, f32_ge: 0x60,
  f64_eq: 0x61, f64_ne: 0x62, f64_lt: 0x63, f64_gt: 0x64, f64_le: 0x65, f64_ge: 0x66,
  f32_abs: 0x8b, f32_ceil: 0x8d, f32_floor: 0x8e, f32_trunc: 0x8f, f32_nearest: 0x90, f32_sqrt: 0x91, f32_add: 0x92, f32_sub: 0x93, f32_mul: 0x94, f32_div: 0x95,
  f64_abs: 0x99, f64_ceil: 0x9b, f64_floor: 0x9c, f64_trunc: 0x9d, f64_nearest: 0x9e, f64_sqrt: 0x9f, f64_add: 0xa0, f64_sub: 0xa1, f64_mul: 0xa2, f64_div: 0xa3,
  i32_trunc_f64_s: 0xaa, i64_trunc_f64_s: 0xb0, f64_convert_i32_s: 0xb7, f64_convert_i64_s: 0xb9, f32_convert_i32_s: 0xb2, f32_convert_i64_s: 0xb4,
  f32_demote_f64: 0xb6, f64_promote_f32: 0xbb, f32_reinterpret_i32: 0xbe, f64_reinterpret_i64: 0xbf,
  i32_extend8_s: 0xc0, i32_extend16_s: 0xc1, i64_extend8_s: 0xc2, i64_extend16_s: 0xc3, i64_extend32_s: 0xc4,
} as const; // prettier-ignore

/** Loads and stores: opcode, and the binary logarithm of the natural alignment. */
export const access = {
  i32_load: [0x28, 2], i64_load: [0x29, 3], i32_load8_u: [0x2d, 0], i32_load16_u: [0x2f, 1],
  i64_load8_s: [0x30, 0], i64_load8_u: [0x31, 0], i64_load16_s: [0x32, 1], i64_load16_u: [0x33, 1], i64_load32_s: [0x34, 2], i64_load32_u: [0x35, 2],
  i64_store8: [0x3c, 0], i64_store16: [0x3d, 1], i64_store32: [0x3e, 2],
  f32_load: [0x2a, 2], f64_load: [0x2b, 3], f32_store: [0x38, 2], f64_store: [0x39, 3], i32_store: [0x36, 2], i64_store: [0x37, 3], i32_store8: [0x3a, 0], i32_store16: [0x3b, 1],
} as const; // prettier-ignore

const narrowLoads: Readonly<Record<number, Access>> = {
  1: access.i32_load8_u,
  2: access.i32_load16_u,
  4: access.i32_load,
};
const narrowStores: Readonly<Record<number, Access>> = {
  1: access.i32_store8,
  2: access.i32_store16,
  4: access.i32_store,
};
/** By bytes: i64 of 8, else i32. */
export const loadOf = (size: number): Access => narrowLoads[size] ?? access.i64_load;
export const storeOf = (size: number): Access => narrowStores[size] ?? access.i64_store;

/** Of a general register's part of so many bytes. */
export const typeOf = (size: number): ValueType => (size === 8 ? I64 : I32);

type Access = (typeof access)[keyof typeof access];

export interface Hole {
  readonly at: number;
  readonly depth: number;
}

/** A place to branch to: the depth of its block. */
export interface Label {
  readonly depth: number;
}

function unsigned(out: Bytes, value: number): void {
  let v = value;
  while (v >= 0x80) {
    out.push((v & 0x7f) | 0x80);
    v = Math.floor(v / 0x80);
  }
  out.push(v);
}

function signed(out: Bytes, value: number): void {
  let v = value;
  for (;;) {
    const byte = v & 0x7f;
    v >>= 7;
    if ((v === 0 && !(byte & 0x40)) || (v === -1 && byte & 0x40)) {
      out.push(byte);
      return;
    }
    out.push(byte | 0x80);
  }
}

function signed64(out: Bytes, value: bigint): void {
  let v = BigInt.asIntN(64, value);
  if (v >= -0x80000000n && v < 0x80000000n) {
    signed(out, Number(v));
    return;
  }
  for (;;) {
    const byte = Number(v & 0x7fn);
    v >>= 7n;
    if ((v === 0n && !(byte & 0x40)) || (v === -1n && byte & 0x40)) {
      out.push(byte);
      return;
    }
    out.push(byte | 0x80);
  }
}

const noResult = 0x40;

/** The body of a function in the making. */
export class Code {
  private readonly bytes = new Bytes();
  private readonly locals: ValueType[] = [];
  private depth = 0;
  /** Conditions of which it is known what they mostly are: where they stand, and 1 for true. */
  private expected: { readonly at: number; readonly value: 0 | 1 }[] = [];

  constructor(private readonly parameters: number) {}

  /** A new local variable's number. */
  local(type: ValueType): number {
    return this.parameters + this.locals.push(type) - 1;
  }

  do(...opcodes: readonly number[]): void {
    for (const code of opcodes) this.bytes.push(code);
  }

  get(local: number): void {
    this.bytes.push(0x20);
    unsigned(this.bytes, local);
  }

  set(local: number): void {
    this.bytes.push(0x21);
    unsigned(this.bytes, local);
  }

  tee(local: number): void {
    this.bytes.push(0x22);
    unsigned(this.bytes, local);
  }

  i32(value: number): void {
    this.bytes.push(0x41);
    signed(this.bytes, value | 0);
  }

  i64(value: bigint): void {
    this.bytes.push(0x42);
    signed64(this.bytes, value);
  }

  /** A load or store at a constant distance; guest addresses have no alignment. */
  memory([code]: Access, offset = 0): void {
    this.bytes.push(code);
    this.bytes.push(0);
    unsigned(this.bytes, offset);
  }

  simd(code: number): void {
    this.bytes.push(0xfd);
    unsigned(this.bytes, code);
  }

  /** As memory, of a vector instruction. */
  vector(code: number, offset = 0): void {
    this.simd(code);
    this.bytes.push(0);
    unsigned(this.bytes, offset);
  }

  /** (to, from, bytes): as memmove. */
  copyBytes(): void {
    this.bytes.append([0xfc, 10, 0, 0]);
  }

  /** (to, byte, bytes). */
  fillBytes(): void {
    this.bytes.append([0xfc, 11, 0]);
  }

  shuffle(lanes: readonly number[]): void {
    this.simd(simd.i8x16_shuffle);
    this.bytes.append(lanes);
  }

  /** A vector instruction on one lane. */
  lane(code: number, lane: number): void {
    this.simd(code);
    this.bytes.push(lane);
  }

  /** 16 bytes. */
  v128(bytes: ArrayLike<number>): void {
    this.simd(simd.v128_const);
    for (let n = 0; n < 16; n++) this.bytes.push(bytes[n] ?? 0);
  }

  /** A double. */
  f64(value: number): void {
    this.bytes.push(0x44);
    this.bytes.append(new Uint8Array(Float64Array.of(value).buffer));
  }

  f32(value: number): void {
    this.bytes.push(0x43);
    this.bytes.append(new Uint8Array(Float32Array.of(value).buffer));
  }

  call(functionIndex: number): void {
    this.bytes.push(0x10);
    unsigned(this.bytes, functionIndex);
  }

  callIndirect(typeIndex: number): void {
    this.bytes.push(0x11);
    unsigned(this.bytes, typeIndex);
    this.bytes.push(0);
  }

  private open(code: number): Label {
    this.bytes.push(code);
    this.bytes.push(noResult);
    return { depth: this.depth++ };
  }

  block(): Label {
    return this.open(0x02);
  }

  loop(): Label {
    return this.open(0x03);
  }

  if(): Label {
    return this.open(0x04);
  }

  /** As if: compilers then keep what comes up to end() apart, with all that is to be saved for it. */
  ifRare(): Label {
    return this.ifMostly(0);
  }

  /** As if: the same of what comes behind else(). */
  ifUsual(): Label {
    return this.ifMostly(1);
  }

  private ifMostly(value: 0 | 1): Label {
    this.expected.push({ at: this.bytes.length, value });
    return this.if();
  }

  else(): void {
    this.bytes.push(0x05);
  }

  end(): void {
    this.bytes.push(0x0b);
    this.depth--;
  }

  br(to: Label): void {
    this.bytes.push(0x0c);
    unsigned(this.bytes, this.depth - 1 - to.depth);
  }

  brIf(to: Label): void {
    this.bytes.push(0x0d);
    unsigned(this.bytes, this.depth - 1 - to.depth);
  }

  brTable(to: readonly Label[], otherwise: Label): void {
    this.bytes.push(0x0e);
    unsigned(this.bytes, to.length);
    for (const label of [...to, otherwise]) unsigned(this.bytes, this.depth - 1 - label.depth);
  }

  /** A place for code that is known later; how deep in blocks it is. */
  hole(): Hole {
    return { at: this.bytes.length, depth: this.depth };
  }

  /** The last hole is filled first. */
  fill({ at, depth }: Hole, emit: () => void): void {
    const behind = this.bytes.cut(at);
    const known = this.expected.length;
    const saved = this.depth;
    this.depth = depth;
    emit();
    this.depth = saved;
    const by = this.bytes.length - at;
    this.expected = this.expected.map((one, n) =>
      n < known && one.at >= at ? { ...one, at: one.at + by } : one,
    );
    this.bytes.append(behind);
  }

  private variables(): Uint8Array {
    return made((to) => {
      unsigned(to, this.locals.length);
      for (const type of this.locals) to.append([1, type]);
    });
  }

  /** What its conditions mostly are, as the section of branch hints has it. */
  hints(): Uint8Array {
    const { length } = this.variables();
    return made((to) => {
      unsigned(to, this.expected.length);
      for (const { at, value } of this.expected.sort((a, b) => a.at - b.at)) {
        unsigned(to, length + at);
        to.append([1, value]);
      }
    });
  }

  /** Local variables and instructions as the code section has them. */
  finish(): Uint8Array {
    const variables = this.variables();
    return made((to) => {
      unsigned(to, variables.length + this.bytes.length + 1);
      to.append(variables);
      to.append(this.bytes.all);
      to.push(0x0b);
    });
  }
}

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface ModuleParts {
  readonly types: readonly FunctionType[];
  /** Imported functions, by name from module `e`, with the index of their type; they are numbered first. */
  readonly imports: readonly { readonly name: string; readonly type: number }[];
  /** With a table the module imports `e.table`, too; it always imports `e.memory`. */
  readonly table: boolean;
  /** Of that memory, which does not grow. */
  readonly pages: number;
  /** With a name they are exported. */
  readonly functions: readonly { readonly name?: string; readonly type: number; readonly code: Code }[];
}

function text(out: Bytes, value: string): void {
  unsigned(out, value.length);
  for (const character of value) out.push(character.charCodeAt(0));
}

/** `title`: of a section of the reader's own. */
function section(
  out: Bytes,
  id: number,
  items: readonly ArrayLike<number>[],
  title: ArrayLike<number> = [],
): void {
  const head = made((to) => {
    to.append(title);
    unsigned(to, items.length);
  });
  out.push(id);
  unsigned(out, head.length + items.reduce((sum, item) => sum + item.length, 0));
  for (const part of [head, ...items]) out.append(part);
}

function made(fill: (out: Bytes) => void): Uint8Array {
  const out = new Bytes();
  fill(out);
  return out.all;
}

export function encodeModule({ types, imports, table, pages, functions }: ModuleParts): Uint8Array {
  const out = new Bytes();
  out.append([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  section(
    out,
    1,
    types.map((t) => [0x60, t.parameters.length, ...t.parameters, t.results.length, ...t.results]),
  );
  const imported = (name: string, kind: ArrayLike<number>): Uint8Array =>
    made((to) => {
      text(to, 'e');
      text(to, name);
      to.append(kind);
    });
  const limits = made((to) => {
    to.append([2, 1]);
    unsigned(to, pages);
    unsigned(to, pages);
  });
  section(out, 2, [
    imported('memory', limits),
    ...(table ? [imported('table', [1, 0x70, 0, 1])] : []),
    ...imports.map(({ name, type }) => imported(name, [0, type])),
  ]);
  section(
    out,
    3,
    functions.map(({ type }) => [type]),
  );
  section(
    out,
    7,
    functions.flatMap(({ name }, n) =>
      name === undefined
        ? []
        : [
            made((to) => {
              text(to, name);
              to.push(0);
              unsigned(to, imports.length + n);
            }),
          ],
    ),
  );
  section(
    out,
    0,
    functions.map(({ code }, n) =>
      made((to) => {
        unsigned(to, imports.length + n);
        to.append(code.hints());
      }),
    ),
    made((to) => {
      text(to, 'metadata.code.branch_hint');
    }),
  );
  section(
    out,
    10,
    functions.map(({ code }) => code.finish()),
  );
  return out.all;
}
