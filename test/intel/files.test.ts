// Whole files: what a compiler writes with -masm=intel, rewritten, is the same program as what it writes with -masm=att, rewritten.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from '../../src/parse/parse.js';
import { rewrite } from '../../src/rewrite.js';
import { debianSource } from '../debian-source.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-intel-'));
afterAll(() => rmSync(folder, { recursive: true }));

const options = {
  profile: 'linux-x86_64',
  abi: 'sysv',
  callMirror: 'site',
  breakAt: 0,
  allow: [],
  expand: { readInclude: () => undefined },
} as const;

const sets: readonly (readonly string[])[] = [
  ...['-O0', '-O1', '-O2', '-O3', '-Os'].flatMap((level) => [
    ['gcc', level, '-fno-ipa-ra'],
    ['clang', level, '-fno-addrsig'],
  ]),
  ['gcc', '-O2', '-fPIC', '-fno-ipa-ra'],
  ['gcc', '-O2', '-fno-pie', '-fno-pic', '-fno-ipa-ra'],
  ['gcc', '-O3', '-march=x86-64-v4', '-mprefer-vector-width=512', '-fno-ipa-ra'],
  ['clang', '-O3', '-march=x86-64-v4', '-fno-addrsig'],
];

interface Side {
  readonly native: number;
  readonly sites: number;
  readonly object: string;
}

/** Compiles, rewrites and assembles one file in one syntax. */
async function make(compiler: readonly string[], source: string, syntax: 'att' | 'intel'): Promise<Side> {
  const [command = '', ...flags] = compiler;
  const path = join(folder, `${compiler.join('')}-${basename(source, '.c')}-${syntax}`.replaceAll('/', '_'));
  await run(command, [...flags, '-w', '-S', `-masm=${syntax}`, source, '-o', `${path}.s`]);
  const text = readFileSync(`${path}.s`, 'latin1');
  if (syntax === 'intel') {
    const file = parse(path, text);
    expect(file.syntaxes).toContain('intel noprefix');
    const malformed = file.parsed.flatMap(({ body }) => (body.kind === 'malformed' ? [body.reason] : []));
    expect(malformed).toEqual([]);
  }
  const result = rewrite(path, text, options);
  if (!result.ok) throw new Error(`${path}: ${JSON.stringify(result.diagnostics.slice(0, 3))}`);
  writeFileSync(`${path}.s`, result.text, 'latin1');
  await run('as', ['--64', `${path}.s`, '-o', `${path}.o`]);
  return { native: result.stats.native, sites: result.stats.sites, object: `${path}.o` };
}

/** All sections with their bytes and relocations; gcc does not order the operands of xchg alike in both syntaxes. */
function contents(object: string, code: boolean): string {
  const text = execFileSync(
    'objdump',
    code ? ['-d', '-r', '-w', '--no-show-raw-insn', object] : ['-s', '-r', '-h', object],
    { encoding: 'latin1', maxBuffer: 1 << 28 },
  );
  return text
    .replace(/^.*file format.*$/m, '')
    .replace(/xchg +(%\w+),(%\w+)/g, (_, a: string, b: string) => `xchg ${[a, b].sort().join()}`);
}

test.each(sets.map((set) => ({ name: set.join(' '), set })))('zlib: $name', async ({ set }) => {
  const source = debianSource('zlib');
  const files = readdirSync(source).filter((name) => name.endsWith('.c'));
  expect(files.length).toBeGreaterThanOrEqual(15);
  const left = [...files];
  let native = 0;
  let sites = 0;
  const worker = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const att = await make(set, join(source, name), 'att');
      const intel = await make(set, join(source, name), 'intel');
      expect({ ...intel, object: '' }).toEqual({ ...att, object: '' });
      if (contents(att.object, false) !== contents(intel.object, false))
        expect(contents(intel.object, true)).toBe(contents(att.object, true));
      native += intel.native;
      sites += intel.sites;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  process.stderr.write(
    `${set.join(' ')}: ${files.length} files, ${native} instructions, ${sites} sites alike\n`,
  );
  expect(sites).toBeGreaterThan(1_000);
});
