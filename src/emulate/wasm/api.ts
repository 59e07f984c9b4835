// The part of the WebAssembly interface that is used here: TypeScript has it in its library for browsers only.
import { setFlagsFromString } from 'node:v8';
import { isTried } from '../v8.js';

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
export interface WasmTable {
  readonly length: number;
  grow: (by: number) => number;
  set: (index: number, value: unknown) => void;
}
export type WasmModule = object;
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

interface WasmApi {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => WasmMemory;
  readonly Table: new (size: { readonly initial: number; readonly element: 'anyfunc' }) => WasmTable;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance;
}

export const wasm = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;

/** Later versions of V8 read branch hints without being asked. */
const hints = 'experimental-wasm-branch-hinting';

/**
 * With branch hints, what is saved around rare calls is saved where they are: such code is up to 1.6 times as fast. The flag is on for the time of a
 * module only: V8 takes no bytecode that was made with other flags, and node has all its own as bytecode.
 */
export function compileModule(bytes: Uint8Array): WasmModule {
  if (!isTried) return new wasm.Module(bytes);
  setFlagsFromString(`--${hints}`);
  try {
    return new wasm.Module(bytes);
  } finally {
    setFlagsFromString(`--no-${hints}`);
  }
}
