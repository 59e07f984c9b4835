// The parts of documents that programs write: between `<!-- bench NAME -->` and `<!-- /bench -->`, `<!-- corpus NAME -->` and `<!-- /corpus -->`. What stands around them
// is written by hand. Pure.

/** The document with one part replaced; refused where it has none. `part`: `bench NAME` or `corpus NAME`. */
export function withPart(document: string, part: string, text: string): string {
  const [kind = ''] = part.split(' ');
  const found = new RegExp(`(<!-- ${part} -->\n)[^]*?(<!-- /${kind} -->)`);
  if (!found.test(document)) throw new RangeError(`there is no part <!-- ${part} --> ... <!-- /${kind} -->`);
  return document.replace(found, (_, open: string, close: string) => `${open}\n${text}\n${close}`);
}
