// Every hazard of mirrored x86-64 code as a program: built natively and mirrored, same output, and no differing byte at exit.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const driver = join(root, 'dist/mirrorcc.js');
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

const builds: readonly (readonly [compiler: string, level: string])[] = [
  ...['-O0', '-O1', '-O2', '-O3', '-Os'].map((level) => ['gcc', level] as const),
  ...['-O0', '-O2'].map((level) => ['clang', level] as const),
];

for (const name of readdirSync(programs).sort()) {
  const source = join(programs, name);
  describe(name, () => {
    test.each(builds)('%s %s', (compiler, level) => {
      const base = join(work, `${name}-${compiler}${level}`);
      const native = `${base}.native`;
      const mirrored = `${base}.mirrored`;
      const options = [level, '-w', '-frounding-math', source, '-lm'];
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
