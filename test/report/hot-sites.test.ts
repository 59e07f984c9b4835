// The hottest sites in the page, from a program that was built with mirrorcc and run in the emulator, in a browser.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { mirrorcc } from '../hazards/toolchain.js';
import { expectAccessible, inBrowser } from './browser.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-hot-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const command = join(__dirname, '../../dist/mirrorasm.js');
const mirrorasm = (...args: string[]) =>
  spawnSync(process.execPath, [command, ...args], { encoding: 'utf8', cwd: work });

/** A function of one name and other code in each, so that its executions cannot be told apart. */
const sources = {
  'main.c': `long fill(int n);
long sums[8], hits;
__attribute__((noipa)) static void note(long n) {
  hits = n;
}
int main(void) {
  for (int i = 0; i < 3000; i++)
    sums[i & 7] += i; /* the hottest */
  note(3);
  return (int)(fill(700) + hits) & 1;
}
`,
  'fill.c': `static char text[700];
long missed;
__attribute__((noipa)) static void note(long n) {
  missed += n;
  missed ^= n;
}
long fill(int n) {
  for (int i = 0; i < n; i++)
    ((volatile char *)text)[i] = (char)i;
  note(n);
  return text[n / 2];
}
`,
};

beforeAll(() => {
  mkdirSync(join(work, 'counts'));
  const env = { ...process.env, MIRROR_STATS: join(work, 'counts'), MIRROR_STATS_TEXT: '1' };
  for (const [name, text] of Object.entries(sources)) {
    writeFileSync(join(work, name), text);
    const options = ['-O2', '-fno-tree-vectorize', ...(name === 'main.c' ? ['-g'] : [])];
    execFileSync(mirrorcc, [...options, '-c', name, '-o', `${name}.o`], { cwd: work, env });
  }
  execFileSync(mirrorcc, ['main.c.o', 'fill.c.o', '-o', 'program'], { cwd: work });
  expect(mirrorasm('run', '--profile', 'profile', './program').status).toBeLessThan(2);
  const page = (name: string): void => {
    const { status, stderr } = mirrorasm('stats', 'counts', '--profile', name, '--html', `${name}.html`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  };
  page('profile');
  // The same as a sampling profiler tells it, and by function only.
  const samples = readFileSync(join(work, 'profile'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, count = '', place] = /^(\d+) (\S+) (?:native|inserted)$/.exec(line) ?? [];
      return place === undefined ? [] : [`${place}\n`.repeat(Math.ceil(Number(count) / 100))];
    })
    .join('');
  writeFileSync(join(work, 'samples'), samples);
  writeFileSync(join(work, 'functions'), samples.replace(/\+.*$/gm, ''));
  ['samples', 'functions'].forEach(page);
});

inBrowser((shown) => {
  let page: Page;

  async function open(name: string, options: BrowserContextOptions = {}): Promise<void> {
    page = await shown(join(work, `${name}.html`), options);
  }

  const cells = (selector: string) =>
    page.$$eval(`${selector} tbody tr`, (rows) =>
      rows.map((row) =>
        [...row.children].map((cell) => (cell as unknown as { innerText: string }).innerText.trim()),
      ),
    );

  test('what is executed most, with its source and both texts', async () => {
    await open('profile');
    const [first, second] = await cells('#site-table');
    expect(first).toEqual([
      'main',
      '3,000',
      '9,000',
      expect.stringMatching(/^\d+\.\d.%$/),
      'main.c:8',
      expect.stringMatching(/^addq .*\(/),
      expect.stringMatching(/^in its place\n(.+\n)*movq %\w+, %gs:.*\nmovq /),
    ]);
    // Without -g there is the file.
    expect(second).toMatchObject(
      ['fill', '700', '700', expect.anything(), 'fill.c', /^movb /, /%gs:/].map((one) =>
        one instanceof RegExp ? expect.stringMatching(one) : one,
      ),
    );
    // main's call of fill, once.
    expect(await cells('#site-table')).toContainEqual([
      ...['main', '1', '2', '0.0\u00a0%', 'main.c:10', 'call fill@PLT'],
      expect.stringMatching(/^leaq .*\nmovq %\w+, %gs:-8\(%rsp\)$/),
    ]);
    expect((await cells('#site-table')).filter(([name]) => name === 'note')).toEqual([]);
  });

  test('everything that was executed is accounted for', async () => {
    await open('profile');
    await page.click('summary:has-text("Where all")');
    const rows = await cells('#site-account');
    const number = (text = ''): number => Number(text.replaceAll(',', ''));
    const all = number(
      /Where all ([\d,]+)/.exec((await page.textContent('summary:has-text("Where all")')) ?? '')?.[1],
    );
    expect(all).toBeGreaterThan(3000 * 5);
    expect(rows.reduce((sum, [, count]) => sum + number(count), 0)).toBe(all);
    const inTable = (await cells('#site-table')).reduce(
      (sum, [, own, added]) => sum + number(own) + number(added),
      0,
    );
    expect(number(rows.find(([where]) => where === 'at sites')?.[1])).toBe(inTable);
    expect(rows.map(([where]) => where)).toContainEqual(expect.stringMatching(/whose name .* several/));
    expect(await page.textContent('.note-line')).toMatch(/could not be attributed/);
  });

  test('a site opens at its text, with its count beside it', async () => {
    await open('profile');
    await page.click('#site-table button:has-text("fill")');
    await page.waitForSelector('.row.current .native:has-text("movb")');
    expect(await page.locator('.row.current .heat').innerText()).toMatch(/^1,400/);
    await page.click('#site-table button:has-text("main") >> nth=0');
    await page.waitForSelector('.row.current .native:has-text("addq")');
    // Other rows are shown, the count stays at its own.
    await page.check('#directives');
    await page.waitForSelector('.row:has-text(".cfi_startproc")');
    await page.click('#site-table button:has-text("main") >> nth=0');
    const site = page.locator('.row.current:has-text("addq")');
    expect(await site.locator('.native').innerText()).toMatch(/^addq.*\n12,000\nin the profile$/);
    expect(await page.$$('.row .native:has-text(".cfi") .heat')).toEqual([]);
  });

  test('samples', async () => {
    await open('samples');
    const [[name, own, added] = []] = await cells('#site-table');
    expect([name, own]).toEqual(['main', '30']);
    expect(Number(added)).toBeGreaterThanOrEqual(60);
    expect(await page.textContent('#site-table thead')).toContain('Samples');
  });

  test('a report has no places, which is said', async () => {
    expect(mirrorasm('stats', 'counts', '--format=json', '-o', 'report.json').status).toBe(0);
    expect(mirrorasm('stats', 'report.json', '--profile', 'samples', '--html', 'report.html').status).toBe(0);
    await open('report');
    expect(await page.$('#site-table')).toBe(null);
    await page.click('summary:has-text("Where all")');
    expect(await cells('#site-account')).toMatchObject([
      [expect.stringContaining('MIRROR_STATS_TEXT=1'), expect.anything(), '100.0\u00a0%'],
    ]);
  });

  test('of functions only the functions are ranked, and how to have more', async () => {
    await open('functions');
    expect(await page.$('#site-table')).toBe(null);
    expect(await page.textContent('.note-line')).toContain('perf script -F ip,sym,symoff');
    await page.click('summary:has-text("Where all")');
    expect(await cells('#site-account')).toMatchObject([
      [expect.stringContaining('does not tell the place'), expect.anything(), '100.0\u00a0%'],
    ]);
    expect(await page.textContent('#function-table tbody th')).toBe('main');
  });

  test.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['phone', { colorScheme: 'light', viewport: { width: 360, height: 740 }, isMobile: true }],
    ['phone, dark', { colorScheme: 'dark', viewport: { width: 360, height: 740 }, isMobile: true }],
  ] as const)('nothing is found by axe: %s', async (name, options) => {
    await open('profile', options);
    await page.click('#site-table button');
    await page.waitForSelector('.row.current .heat');
    await page.$$eval('details', (all) => all.forEach((one) => (one.open = true)));
    const shots = process.env['SCREENSHOTS'];
    if (shots !== undefined) {
      await page.screenshot({ path: join(shots, `${name}-listing.png`) });
      await page.$eval('#sites', (one) => one.scrollIntoView());
      await page.screenshot({ path: join(shots, `${name}.png`) });
    }
    await expectAccessible(page);
  });
});
