// The check at exit is no formality: a mirror store left out is found, for twenty different stores.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const driver = join(__dirname, '../../dist/mirrorcc');
const work = mkdtempSync(join(tmpdir(), 'mirrorasm-break-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const stores = 20;
const source = `
long cells[${stores}];
void fill(long *p) {
${Array.from({ length: stores }, (_, i) => `  p[${i}] = 0x1000 + ${i * i}; __asm__ volatile("" ::: "memory");`).join('\n')}
}
int main(void) { fill(cells); return 0; }
`;

function build(breakAt: number): string {
  const program = join(work, `break${breakAt}`);
  execFileSync(driver, ['-O2', join(work, 'cells.c'), '-o', program], {
    env: { ...process.env, MIRROR_BREAK: String(breakAt) },
  });
  return program;
}

beforeAll(() => writeFileSync(join(work, 'cells.c'), source));

test.each([0, ...Array.from({ length: stores }, (_, i) => i + 1)])('mirror store %i left out', (n) => {
  const report = join(work, `break${n}.json`);
  const { status } = spawnSync(build(n), {
    env: { ...process.env, MIRROR_CHECK: 'exit', MIRROR_REPORT: report },
  });
  const { bytesDiffering, differences } = JSON.parse(readFileSync(report, 'utf8')) as {
    bytesDiffering: number;
    differences: { symbol: string; offset: number }[];
  };
  if (n === 0) {
    expect({ status, bytesDiffering }).toEqual({ status: 0, bytesDiffering: 0 });
    return;
  }
  expect(status).not.toBe(0);
  expect(bytesDiffering).toBeGreaterThan(0);
  expect(differences[0]?.symbol).toBe('cells');
  expect(Math.floor((differences[0]?.offset ?? -1) / 8)).toBe(n - 1);
});
