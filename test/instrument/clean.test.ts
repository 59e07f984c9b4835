// No pattern touches x87, MMX, mask or wide vector state: over all golden expansions of x86-64, what is inserted either repeats an operation
// of the input or is one of a few integer instructions; vectors are only ever a place for a general register.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, 'cases');
/** Sorted. `kmovw` keeps the mask that a scatter clears. */
const plain =
  /^(add[bwlq]|call|clzero|cmp[bwlq]|j\w+|kmovw|lahf|lea[lq]?|mov[bwlq]?|movabsq|movs[bwl][lq]|movz[bw]l|pop[wq]?|push[wq]?|rdgsbase|ret|sahf|sarq|seto|xchg[bwlq])$/;
/** Stores without the pop. */
const twins: Readonly<Record<string, RegExp>> = {
  fsts: /^fstp/,
  fstl: /^fstp/,
  fists: /^fistp/,
  fistl: /^fistp/,
  xsave: /^xsaveopt/,
  xsave64: /^xsaveopt/,
};

const mnemonicOf = (line: string): string =>
  /^\s*(?:(?:lock|rep\w*|gs|xacquire|xrelease|notrack|bnd|data16)[\s;]+)*([\w.]+)/
    .exec(line)?.[1]
    ?.toLowerCase() ?? '';

const blocks = readdirSync(folder)
  .filter((name) => name.endsWith('.txt') && !/^(i386|intel|refused)/.test(name))
  .flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split(/^---\n/m)
      .map((text) => ({ name, text })),
  );

test.each(blocks.map(({ name, text }) => [`${name} ${text.split('\n')[0] ?? ''}`, text]))('%s', (_, text) => {
  const [input = '', output = ''] = text.split(/^>>>\n/m);
  if (/^\d+:\d+ M/m.test(output)) return;
  const own = new Set(input.split('\n'));
  const native = input.split(/[\n;]/).map((line) => mnemonicOf(line.replace(/^\S+:/, '')));
  for (const line of output.split('\n')) {
    if (own.has(line) || !line.startsWith('\t') || line.startsWith('\t.')) continue;
    const mnemonic = mnemonicOf(line);
    if (
      /%[xyz]mm|%mm|%st|%k/.test(line) &&
      !/^\tmovq\t(%r\w+, %xmm\d+|%xmm\d+, %r\w+)$/.test(line) &&
      mnemonic !== 'kmovw'
    ) {
      expect(native).toContain(mnemonic);
      continue;
    }
    if (plain.test(mnemonic)) continue;
    const twin = twins[mnemonic];
    const base = (name: string): string => name.replace(/[bwlq]$/, '');
    const repeated = native.some(
      (name) =>
        name === mnemonic || base(name) === base(mnemonic) || name === base(mnemonic) || twin?.test(name),
    );
    expect({ line, repeated }).toEqual({ line, repeated: true });
  }
});
