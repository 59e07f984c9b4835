// The parts of docs/benchmarks.md that experiments write: between `<!-- bench NAME -->` and `<!-- /bench -->`. What stands around them is written by hand. Pure.

const part = (name: string): RegExp => new RegExp(`(<!-- bench ${name} -->\n)[^]*?(<!-- /bench -->)`);

/** The document with the part of an experiment replaced; refused where it has none. */
export function withPart(document: string, name: string, text: string): string {
  if (!part(name).test(document))
    throw new RangeError(`docs/benchmarks.md has no part <!-- bench ${name} --> ... <!-- /bench -->`);
  return document.replace(part(name), (_, open: string, close: string) => `${open}\n${text}\n${close}`);
}
