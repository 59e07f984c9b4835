// `mirrorasm stats` from outside: a build leaves its counts, they are added up, shown, judged, compared.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mirrorcc } from '../hazards/toolchain.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-report-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const counts = join(work, 'counts');
const command = join(__dirname, '../../dist/mirrorasm.js');

function stats(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'stats', ...args], {
    encoding: 'utf8',
    cwd: work,
  });
  return { status, stdout, stderr };
}

/** Bytes of the executable sections, as GNU size sees them. */
function codeOf(object: string): number {
  const text = execFileSync('size', ['-A', '-d', object], { encoding: 'utf8' });
  return [...text.matchAll(/^\.text\S*\s+(\d+)/gm)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}

beforeAll(() => {
  mkdirSync(counts);
  for (const folder of ['one', 'two']) {
    mkdirSync(join(work, folder));
    // Two objects of one name.
    writeFileSync(
      join(work, folder, 'part.c'),
      `int ${folder}[9]; void set_${folder}(int i) { ${folder}[i] += i; }\n`,
    );
  }
  const makefile = 'all: one/part.o two/part.o\n%.o: %.c\n\t$(CC) -O2 -c $< -o $@\n';
  writeFileSync(join(work, 'Makefile'), makefile);
  execFileSync('make', ['-j2', `CC=${mirrorcc}`], {
    cwd: work,
    env: { ...process.env, MIRROR_STATS: counts },
  });
});

test('a parallel build leaves one file an object, and the same again when it is made again', () => {
  expect(readdirSync(counts)).toHaveLength(2);
  execFileSync('make', ['-B', `CC=${mirrorcc}`], {
    cwd: work,
    env: { ...process.env, MIRROR_STATS: counts },
  });
  expect(readdirSync(counts)).toHaveLength(2);
});

test('the bytes are those of the objects', () => {
  const report = JSON.parse(stats('counts', '--format=json').stdout) as {
    totals: { bytes: { native: number; mirrored: number } };
  };
  const mirrored = codeOf(join(work, 'one/part.o')) + codeOf(join(work, 'two/part.o'));
  let native = 0;
  for (const folder of ['one', 'two']) {
    const object = join(work, `${folder}.o`);
    // As mirrorcc has it compiled.
    execFileSync('gcc', ['-O2', '-fPIE', '-fno-ipa-ra', '-c', join(work, folder, 'part.c'), '-o', object]);
    native += codeOf(object);
  }
  expect(report.totals.bytes).toEqual({ native, mirrored });
});

test('tables', () => {
  const { status, stdout } = stats('counts', '--by', 'function', 'class', '--top', '1');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^2 files, 2 functions, \d+ instructions$/m);
  expect(stdout.match(/^set_(one|two) /gm)).toHaveLength(1);
  expect(stdout).toMatch(/^modify +2 +100\.0 % +6 +3\.00 +0$/m);
});

test('CSV and Markdown', () => {
  expect(stats('counts', '--format=csv', '--by=mnemonic').stdout).toContain('By mnemonic,add,2,100.0 %\n');
  expect(stats('counts', '--format=markdown', '--by=mnemonic').stdout).toContain('| add | 2 | 100.0 % |\n');
});

test('conditions', () => {
  expect(stats('counts', '--fail-if', 'growth>10%', 'unmirrored>0')).toMatchObject({
    status: 4,
    stderr: expect.stringMatching(
      /^mirrorasm: growth>10%: inserted instructions to native ones is [\d.]+ %\n$/,
    ),
  });
  expect(stats('counts', '--fail-if', 'growth>1000%', 'unmirrored>0', 'windows!=0')).toMatchObject({
    status: 0,
    stderr: '',
  });
  expect(stats('counts', '--fail-if', 'size>1').status).toBe(3);
  expect(stats('counts', '--fail-if', 'sites-change>0')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("'sites-change>0' needs --against"),
  });
});

test('against an older report', () => {
  const [first = ''] = readdirSync(counts);
  const old = join(work, 'old.json');
  expect(stats(join('counts', first), '--format=json', '-o', old).status).toBe(0);
  const later = stats('counts', '--against', old, '--fail-if', 'sites-change>=1');
  expect(later.status).toBe(4);
  expect(later.stdout).toMatch(/^writes that are mirrored +2 +1 +\+1$/m);
  expect(stats(old, '--against', old, '--fail-if', 'sites-change!=0').status).toBe(0);
});

test('the summary of a step of GitHub Actions', () => {
  const file = join(work, 'summary.md');
  writeFileSync(file, '# Earlier\n');
  const summary = (path: string, ...args: string[]) =>
    spawnSync(process.execPath, [command, 'stats', 'counts', '--step-summary', ...args], {
      encoding: 'utf8',
      cwd: work,
      env: { ...process.env, GITHUB_STEP_SUMMARY: path },
    });
  expect(summary(file, '--by=mnemonic', '--fail-if', 'unmirrored>0', 'windows<1').status).toBe(4);
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(/^# Earlier\n### Failed\n/);
  expect(text).toContain('| unmirrored>0 | 0 | ✅ |\n| windows<1 | 0 | ❌ |\n');
  expect(text).toContain('| add | 2 | 100.0 % |\n');
  expect(summary('')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('GITHUB_STEP_SUMMARY is not set'),
  });
});

test('what is no statistics is refused', () => {
  mkdirSync(join(work, 'empty'));
  writeFileSync(
    join(work, 'torn.json'),
    readFileSync(join(counts, readdirSync(counts)[0] ?? '')).subarray(0, 99),
  );
  writeFileSync(join(work, 'old-version.json'), '{"version":1,"native":3}');
  for (const [path, message] of [
    ['empty', 'no statistics in empty: build with MIRROR_STATS=folder'],
    ['torn.json', 'torn.json is not JSON'],
    ['old-version.json', 'is no statistics of version 3'],
    ['nowhere', 'nowhere'],
  ] as const) {
    const { status, stderr } = stats(path);
    expect({ path, status }).toEqual({ path, status: 2 });
    expect(stderr).toContain(message);
  }
});
