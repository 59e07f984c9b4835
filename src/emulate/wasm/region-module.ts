// The module around a region's function. What the region calls is imported, but called by way of a function of the module's own: V8 keeps what it takes
// to call an import in two registers through all of a function's loops, even where such calls are rare.
import { Code, encodeModule, I32, I64 } from './encode.js';
import type { FunctionType } from './encode.js';

/** The types that regions and the driver agree on. */
export const types = {
  region: { parameters: [I32, I32], results: [I32] },
  miss: { parameters: [I64, I32, I32], results: [I32] },
  flush: { parameters: [I32, I32, I64, I64], results: [] },
  call: { parameters: [I32], results: [I32] },
  store: { parameters: [I32, I32, I32, I32], results: [] },
  repeat: { parameters: [I32], results: [I32] },
} as const satisfies Readonly<Record<string, FunctionType>>;

type TypeName = keyof typeof types;

const imports = [
  { name: 'call', type: 'call' },
  { name: 'copy', type: 'repeat' },
  { name: 'fill', type: 'repeat' },
  { name: 'flush', type: 'flush' },
  { name: 'miss', type: 'miss' },
  { name: 'missBoth', type: 'miss' },
  { name: 'store', type: 'store' },
] as const satisfies readonly { readonly name: string; readonly type: TypeName }[];

type Helper = (typeof imports)[number]['name'];

/** Of a region, the number of a function to call. */
export function helper(name: Helper): number {
  return imports.length + 1 + imports.findIndex((one) => one.name === name);
}

const typeNames = Object.keys(types);
const typeIndex = (name: TypeName): number => typeNames.indexOf(name);

const functions = imports.map(({ type }, index) => {
  const { parameters } = types[type];
  const code = new Code(parameters.length);
  parameters.forEach((_, n) => {
    code.get(n);
  });
  code.call(index);
  return { type: typeIndex(type), code };
});

/** `pages`: of the memory, 64 KB each. The region's function is exported as `run`. */
export function regionModule(code: Code, pages: number): Uint8Array {
  return encodeModule({
    types: Object.values(types),
    imports: imports.map(({ name, type }) => ({ name, type: typeIndex(type) })),
    table: false,
    pages,
    functions: [{ name: 'run', type: typeIndex('region'), code }, ...functions],
  });
}
