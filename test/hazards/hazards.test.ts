// Every hazard of mirrored code as a program: built natively and mirrored, same output, and no differing byte at exit.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const driver = join(root, 'dist/mirrorcc');
const programs = join(__dirname, 'programs');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-hazards-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Report {
  bytesChecked: number;
  bytesDiffering: number;
  differences: unknown[];
}

function run(
  program: string,
  env: NodeJS.ProcessEnv = {},
): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(program, [], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

type Build = readonly [compiler: string, size: '-m64' | '-m32', level: string];

const builds: readonly Build[] = [
  ...['-O0', '-O1', '-O2', '-O3', '-Os'].map((level) => ['gcc', '-m64', level] as const),
  ...['-O0', '-O2'].map((level) => ['clang', '-m64', level] as const),
  // A sample: the patterns of both word sizes are built on the same analysis.
  ...['-O0', '-O2', '-Os'].map((level) => ['gcc', '-m32', level] as const),
  ['clang', '-m32', '-O2'],
];

/** Programs about what i386 does not have. */
const only64 = new Set(['red-zone.c']);

for (const name of readdirSync(programs).sort()) {
  const source = join(programs, name);
  describe(name, () => {
    const wanted = builds.filter(([, size]) => size === '-m64' || !only64.has(name));
    test.each(wanted)('%s %s %s', (compiler, size, level) => {
      const base = join(work, `${name}-${compiler}${size}${level}`);
      const native = `${base}.native`;
      const mirrored = `${base}.mirrored`;
      const options = [size, level, '-w', '-frounding-math', source, '-lm'];
      execFileSync(compiler, [...options, '-o', native]);
      execFileSync(driver, [...options, '-o', mirrored], { env: { ...process.env, MIRROR_CC: compiler } });
      const expected = run(native);
      const report = `${base}.json`;
      const actual = run(mirrored, { MIRROR_CHECK: 'exit', MIRROR_REPORT: report });
      expect({ status: actual.status, stdout: actual.stdout }).toEqual({
        status: expected.status,
        stdout: expected.stdout,
      });
      const { bytesChecked, bytesDiffering, differences } = JSON.parse(
        readFileSync(report, 'utf8'),
      ) as Report;
      expect({ bytesDiffering, differences }).toEqual({ bytesDiffering: 0, differences: [] });
      expect(bytesChecked).toBeGreaterThan(4096);
    });
  });
}
