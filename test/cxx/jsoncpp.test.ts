// A C++ library that others wrote, with its own tests: jsoncpp from its Debian source package, built with mirrorc++.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianSource } from '../debian-source.js';

const mirrorcxx = join(__dirname, '../../dist/mirrorc++');
const source = debianSource('libjsoncpp');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-jsoncpp-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const sources = ['lib_json', 'test_lib_json'].flatMap((folder) =>
  readdirSync(join(source, 'src', folder))
    .filter((name) => name.endsWith('.cpp'))
    .map((name) => join(source, 'src', folder, name)),
);

function build(compiler: string, program: string, ...options: string[]): void {
  const command = ['-O1', '-w', '-I', join(source, 'include'), ...options, ...sources, '-o', program];
  execFileSync(compiler, command, { stdio: ['ignore', 'ignore', 'pipe'] });
}

test('jsoncpp passes its own tests', () => {
  build('g++', join(work, 'native'));
  build(mirrorcxx, join(work, 'mirrored'), '--mirror-strict=1');
  const native = spawnSync(join(work, 'native'), [], { encoding: 'utf8' });
  expect(native.stdout).toMatch(/All (\d\d+) tests passed/);
  const report = join(work, 'report.json');
  const mirrored = spawnSync(join(work, 'mirrored'), [], {
    encoding: 'utf8',
    env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
  });
  expect({ status: mirrored.status, stdout: mirrored.stdout }).toEqual({ status: 0, stdout: native.stdout });
  expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ bytesDiffering: 0, differences: [] });
});
