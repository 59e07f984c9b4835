// Source lines as binutils' addr2line has them, for the versions of DWARF that compilers write.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceLines } from '../../src/emulate/dwarf-lines.js';
import { parseElf } from '../../src/emulate/elf.js';
import { Workshop } from './build.js';

const shop = new Workshop();
afterAll(() => shop.remove());

test.each(['-gdwarf-2', '-gdwarf-3', '-gdwarf-4', '-gdwarf-5'])('%s', (version) => {
  const program = shop.native(
    `lines${version}`,
    [join(__dirname, 'programs/mixed.c')],
    ['-O2', '-g', version],
  );
  const file = readFileSync(program);
  const elf = parseElf(file);
  const lookUp = sourceLines(file, elf);
  const main = elf.symbols.find((s) => s.name === 'main')!;
  const addresses = Array.from({ length: main.size }, (_, n) => main.address + n);
  const expected = execFileSync('addr2line', ['-e', program], {
    input: addresses.map((a) => a.toString(16)).join('\n'),
    encoding: 'utf8',
  });
  const own = addresses.map((a) => {
    const found = lookUp(a);
    return found ? `${found.file.split('/').at(-1)}:${found.line}` : '??:0';
  });
  const theirs = expected
    .trim()
    .split('\n')
    .map((line) =>
      line
        .replace(/ \(discriminator.*/, '')
        .replace(/^.*\//, '')
        .replace('??:?', '??:0')
        .replace(/:\?$/, ':0'),
    );
  expect(own).toEqual(theirs);
  expect(new Set(own).size).toBeGreaterThan(10);
});

test('a file without debug information has no lines', () => {
  const program = shop.native('stripped', [join(__dirname, 'programs/mixed.c')], ['-O2', '-s']);
  const file = readFileSync(program);
  expect(sourceLines(file, parseElf(file))(0x401000)).toBeUndefined();
});
