// Bundles start from what V8 compiled of them when they were built, and without it where it is of no use.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dist = join(__dirname, '../../dist');
const code = join(dist, 'libexec/code');
const bundles = readdirSync(code).filter((name) => name.endsWith('.js'));

test.each(bundles.map((name) => name.replace(/-[0-9a-f]+\.js$/, '')))('V8 takes the cache of %s', (name) => {
  const file = join(code, bundles.find((one) => one.startsWith(`${name}-`)) ?? '');
  const script = `
    const { readFileSync } = require('node:fs');
    const [, file, cache] = process.argv;
    const cachedData = readFileSync(cache);
    const { cachedDataRejected } = new (require('node:vm').Script)(readFileSync(file, 'latin1'), { cachedData });
    process.stdout.write(String(cachedDataRejected));`;
  const args = ['-e', script, file, file.replace(/js$/, 'cache')];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('false');
});

describe('a cache that is of no use', () => {
  let folder: string;
  const explain = (home: string): string =>
    execFileSync(process.execPath, [join(home, 'mirrorasm.js'), 'explain', 'movl %eax, (%rdi)'], {
      encoding: 'utf8',
    });
  const caches = (): string[] =>
    readdirSync(join(folder, 'libexec/code'))
      .filter((name) => name.endsWith('.cache'))
      .map((name) => join(folder, 'libexec/code', name));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'compiled-'));
    for (const name of ['mirrorasm.js', 'libexec/code'])
      cpSync(join(dist, name), join(folder, name), { recursive: true });
    // Its commands are modules, as package.json says of dist/.
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('is missing', () => {
    for (const cache of caches()) rmSync(cache);
    expect(explain(folder)).toBe(explain(dist));
  });

  test('is cut short', () => {
    for (const cache of caches()) truncateSync(cache, 1000);
    expect(explain(folder)).toBe(explain(dist));
  });

  test('is of another V8', () => {
    for (const cache of caches()) {
      const bytes = readFileSync(cache);
      // The header's second word is a hash of the version.
      bytes[4] = (bytes[4] ?? 0) ^ 1;
      writeFileSync(cache, bytes);
    }
    expect(explain(folder)).toBe(explain(dist));
  });
});

test('a command loads nothing of the others', () => {
  const list = "process.on('exit', () => process.stdout.write(process.moduleLoadList.join('\\n')))";
  const loadedBy = (...args: string[]): string[] =>
    execFileSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(list)}`, join(dist, 'mirrorasm.js'), ...args],
      { encoding: 'utf8' },
    ).split('\n');
  expect(loadedBy('doctor', '--help')).toContain('NativeModule child_process');
  expect(loadedBy('run', '--help', 'program')).not.toContain('NativeModule child_process');
});
