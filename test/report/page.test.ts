// The page of `mirrorasm stats --html` in a browser: by pointer and keyboard, light and dark, on a phone, with more rows than a browser can lay out.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { mirrorcc } from '../hazards/toolchain.js';
import { expectAccessible, inBrowser } from './browser.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-page-'));
const command = join(__dirname, '../../dist/mirrorasm.js');
const many = 1_200_000;

function stats(...args: string[]) {
  return spawnSync(process.execPath, [command, 'stats', ...args], { encoding: 'utf8', cwd: work });
}

const program = (name: string): string => `int cell_${name};
long double wide_${name};
void set_${name}(int *to, long double value) {
  *to += 3;
  wide_${name} = value;
  cell_${name} = 7;
}
`;

/** A file's statistics as a build leaves them, of a name that would break a page that takes it as it is. */
const hostile = '</script><b id=broken>"&.c';
const counted = {
  native: many,
  inserted: 0,
  windows: 0,
  unmirrored: 0,
  bytes: null,
};

beforeAll(() => {
  for (const folder of ['one', 'two']) {
    mkdirSync(join(work, folder));
    writeFileSync(join(work, `${folder}.c`), program(folder));
    execFileSync(mirrorcc, ['-g', '-O2', '-c', `${folder}.c`], {
      cwd: work,
      env: { ...process.env, MIRROR_STATS: join(work, folder), MIRROR_STATS_TEXT: '1' },
    });
  }
  mkdirSync(join(work, 'large'));
  writeFileSync(
    join(work, 'large/large.json'),
    JSON.stringify({
      ...{ version: 3, file: hostile, object: '', profile: 'linux-x86_64', sites: 0 },
      ...{ ...counted, exemptions: [], stages: {} },
      functions: [
        {
          ...{ name: 'all<i>', section: '.text', explicit: 0, implicit: 0, classes: {}, mnemonics: {} },
          ...{ ...counted, windowInstructions: 0, keptInVectors: 0, keptOnStack: 0 },
        },
      ],
    }),
  );
  const rows = Array.from({ length: many }, (_, i) => ` \tnop ${i}\n`);
  writeFileSync(join(work, 'large/large.listing.gz'), gzipSync(rows.join('')));
  writeFileSync(join(work, 'samples'), '30 set_two\n10 set_one\n2 memcpy\n');
  const made = stats('one', 'two', 'large', '--profile', 'samples', '--html', 'page.html');
  expect({ status: made.status, stderr: made.stderr }).toEqual({ status: 0, stderr: '' });
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('a build leaves its texts beside the counts only when asked to, and none of an earlier build', () => {
  const folder = join(work, 'counts');
  mkdirSync(folder);
  const left = (text: string): number => {
    const env = { ...process.env, MIRROR_STATS: folder, MIRROR_STATS_TEXT: text };
    execFileSync(mirrorcc, ['-O2', '-c', 'one.c', '-o', 'again.o'], { cwd: work, env });
    return readdirSync(folder).filter((name) => name.endsWith('.listing.gz')).length;
  };
  expect([left('0'), left('1'), left('0')]).toEqual([0, 1, 0]);
});

test('a page without texts says how to have them', () => {
  expect(stats('one', '--format=json', '-o', 'report.json').status).toBe(0);
  expect(stats('report.json', '--html', 'bare.html').status).toBe(0);
  const page = readFileSync(join(work, 'bare.html'), 'utf8');
  expect(page).toContain('MIRROR_STATS_TEXT=1');
  expect(page).not.toContain('id="listing"');
});

test('a profile that is none is refused, and one without a page', () => {
  writeFileSync(join(work, 'wrong'), 'a b c\n');
  expect(stats('one', '--html', 'x.html', '--profile', 'wrong')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('line 1 of the profile is no function'),
  });
  expect(stats('one', '--profile', 'samples').status).toBe(3);
});

inBrowser((shown) => {
  let page: Page;

  async function open(options: BrowserContextOptions = {}, file = 'page.html'): Promise<void> {
    page = await shown(join(work, file), options);
  }

  const status = (text: RegExp) =>
    page.waitForSelector(`#find-status:text-matches(${JSON.stringify(text.source)})`);
  const link = (name: string): string => `#function-table button:has-text("${name}")`;
  const rowsShown = () => page.$$eval('.row', (rows) => rows.map((row) => row.textContent ?? ''));

  test('charts, each with its numbers as a table', async () => {
    await open();
    expect(await page.$$eval('figure h3', (all) => all.map((one) => one.textContent))).toEqual([
      'Growth by program',
      'Mirrored writes by mnemonic',
      'Inserted instructions by kind of write',
      'Windows by kind of write',
      'Hottest functions',
    ]);
    const hottest = page.locator('figure').last();
    expect(await hottest.locator('svg[data-for=wide] g[aria-label=bar] title').allTextContents()).toEqual([
      expect.stringMatching(/^set_two: 30 samples, 71\.4.%; .* more instructions$/),
      expect.stringMatching(/^set_one: 10 samples, 23\.8.%/),
    ]);
    const table = hottest.locator('table');
    expect(await table.isVisible()).toBe(false);
    await hottest.locator('summary').focus();
    await page.keyboard.press('Enter');
    expect(await table.isVisible()).toBe(true);
    expect(await table.locator('tbody tr').count()).toBe(2);
    const windows = page.locator('figure').nth(3);
    expect(await windows.locator('g[aria-label=bar] title').first().textContent()).toMatch(
      /^float-pop: 2, 100/,
    );
  });

  test.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['phone, dark', { colorScheme: 'dark', viewport: { width: 360, height: 740 }, isMobile: true }],
  ] as const)('nothing is found by axe: %s', async (_, options) => {
    await open(options);
    await page.click(link('set_one'));
    await page.fill('#query', 'cell');
    await page.press('#query', 'Enter');
    await page.click('#everywhere');
    await page.waitForSelector('#hits li');
    await page.$$eval('details', (all) => all.forEach((one) => (one.open = true)));
    await expectAccessible(page);
  });

  test('a function opens at its text, native and mirrored beside each other', async () => {
    await open();
    await page.fill('#function-filter', 'set_');
    expect(await page.textContent('#function-status')).toBe('2 functions');
    await page.click(link('set_two'));
    await page.waitForSelector('.row.current:has-text("set_two:")');
    const rows = await page.$$eval('.row', (all) =>
      all.map((row) => ({
        kind: row.classList[1],
        place: row.querySelector('.place')?.textContent,
        native: row.querySelector('.native')?.textContent,
        mirrored: row.querySelector('.mirrored')?.textContent,
      })),
    );
    const inserted = rows.findIndex(({ mirrored }) => /^movl\t\$7, %gs:cell_two/.test(mirrored ?? ''));
    expect(rows[inserted]).toMatchObject({ kind: 'plus', native: '', place: 'two.c:6' });
    expect(rows[inserted + 1]).toMatchObject({ kind: 'both', native: 'movl\t$7, cell_two(%rip)' });
    expect(rows.filter(({ kind }) => kind === 'minus').map(({ native }) => native)).toContainEqual(
      expect.stringMatching(/^addl\t\$3, \(%rdi\)/),
    );
    // Directives are shown when asked for.
    expect(rows.some(({ native }) => native?.startsWith('.cfi'))).toBe(false);
    await page.check('#directives');
    await page.waitForSelector('.row:has-text(".cfi_startproc")');
  });

  test('search by keyboard', async () => {
    await open();
    await page.selectOption('#file', { label: 'one.c' });
    await page.focus('#query');
    await page.keyboard.type('%gs:');
    await page.keyboard.press('Enter');
    const [file = ''] = readdirSync(join(work, 'one')).filter((name) => name.endsWith('.gz'));
    const text = gunzipSync(readFileSync(join(work, 'one', file))).toString();
    const count = text.match(/%gs:.*$/gm)?.length ?? 0;
    expect(count).toBeGreaterThan(2);
    await status(new RegExp(`^Row 1 of ${count} that match`));
    await page.keyboard.press('Shift+Enter');
    await status(new RegExp(`^Row ${count} of ${count} that match`));
    expect(await page.textContent('.row.current mark')).toBe('%gs:');
    await page.fill('#query', 'no such thing');
    await page.keyboard.press('Enter');
    await status(/^Not in this file/);
    await page.fill('#query', '/(/');
    await page.keyboard.press('Enter');
    await status(/Invalid regular expression/);
    await page.fill('#query', '/^.\\s+movl.*cell_(one|two)/');
    await page.click('#everywhere');
    await status(/^4 rows in 2 files match/);
    await page.click('#hits button:has-text("two.c")');
    await page.waitForSelector('.row.current:has-text("cell_two")');
    expect(await page.inputValue('#file')).toBe(
      await page.locator('#file option', { hasText: 'two.c' }).getAttribute('value'),
    );
  });

  test('more rows than a browser can lay out: only those in sight exist, the last can be reached', async () => {
    await open();
    await page.selectOption('#file', { label: hostile });
    await page.waitForSelector('.row:has-text("nop 0")');
    expect((await rowsShown()).length).toBeLessThan(100);
    await page.focus('#listing');
    await page.keyboard.press('End');
    await page.waitForSelector(`.row:has-text("nop ${many - 1}")`);
    expect((await rowsShown()).length).toBeLessThan(100);
    for (const wanted of [0, 654_321, many - 1]) {
      await page.fill('#query', `/nop ${wanted}$/`);
      await page.press('#query', 'Enter');
      // Rows are made anew while the list scrolls: row and list are looked at together.
      await page.waitForFunction(`(() => {
        const row = document.querySelector('.row.current');
        if (!row?.textContent.includes('nop ${wanted}')) return false;
        const [inner, outer] = [row, document.querySelector('#listing')].map((one) => one.getBoundingClientRect());
        return inner.top >= outer.top && inner.bottom <= outer.bottom;
      })()`);
    }
  });

  test('one column on a phone', async () => {
    await open({ viewport: { width: 360, height: 740 }, isMobile: true });
    await page.click(link('set_one'));
    await page.waitForSelector('.row.current:has-text("set_one:")');
    expect(await page.$$('.row .native')).toEqual([]);
    await page.selectOption('#layout', 'columns');
    expect((await page.$$('.row .native')).length).toBeGreaterThan(0);
  });

  test('names are text, whatever they are', async () => {
    await open();
    expect(await page.$('#broken')).toBe(null);
    expect(await page.$('i')).toBe(null);
    await page.fill('#function-filter', 'all<i>');
    expect(await page.textContent('#function-table tbody')).toContain(hostile);
  });

  test('without texts', async () => {
    expect(stats('one', '--format=json', '-o', 'report.json').status).toBe(0);
    expect(stats('report.json', '--html', 'bare.html').status).toBe(0);
    await open({}, 'bare.html');
    expect(await page.textContent('#function-table tbody th')).toBe('set_one');
    expect(await page.$$('#function-table tbody button')).toEqual([]);
  });
});
