// How long the page of `mirrorasm stats --html` takes to open in Chromium, with SQLite and redis in it.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { root } from '../../scripts/tools.mjs';
import { experiment } from '../experiment.js';
import type { Options } from '../experiment.js';
import { countsOf } from '../programs.js';
import { spread } from '../spread.js';
import type { Spread } from '../spread.js';
import { shown, shownSpread } from '../table.js';

const programs = ['sqlite3', 'redis'];

interface Page {
  readonly megabytes: number;
  readonly listings: number;
  readonly listingMegabytes: number;
  /** Milliseconds. */
  readonly toOpen: Spread;
  readonly toFirstFile: Spread;
}

interface Found {
  readonly pages: readonly Page[];
}

/** A page with the programs in it so many times. */
async function measurePage(times: number, { rounds, work, say }: Options): Promise<Page> {
  const folders: string[] = [];
  for (const program of programs) {
    const counts = await countsOf(program, 'mirrored');
    for (let copy = 0; copy < times; copy++) {
      const folder = join(work, `${program}-${copy}`);
      cpSync(counts, folder, { recursive: true });
      folders.push(folder);
    }
  }
  const file = join(work, 'page.html');
  execFileSync(process.execPath, [join(root, 'dist/mirrorasm.js'), 'stats', ...folders, '--html', file]);
  const texts = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.listing.gz'))
      .map((name) => gunzipSync(readFileSync(join(folder, name))).length),
  );
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  const opened: number[] = [];
  const listed: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const page = await browser.newPage();
    let from = performance.now();
    await page.goto(`file://${file}`);
    // Two frames later it has been painted.
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    opened.push(performance.now() - from);
    from = performance.now();
    await page.evaluate("document.getElementById('source').scrollIntoView()");
    await page.waitForSelector('.row');
    listed.push(performance.now() - from);
    await page.close();
  }
  await browser.close();
  say(`page, ${times} times: ${shownSpread(spread(opened))} ms to open`);
  return {
    megabytes: statSync(file).size / 1e6,
    listings: texts.length,
    listingMegabytes: texts.reduce((sum, length) => sum + length, 0) / 1e6,
    toOpen: spread(opened),
    toFirstFile: spread(listed),
  };
}

async function measure(options: Options): Promise<Found> {
  const pages: Page[] = [];
  for (const times of options.sizes) pages.push(await measurePage(times, options));
  return { pages };
}

export const page = experiment<Found>({
  name: 'page',
  about: 'the page of `mirrorasm stats --html` in Chromium',
  rounds: 7,
  sizes: [1, 4],
  sizesAre: 'how often the programs are in it',
  always: false,
  tools: { chromium: 'chromium' },
  build: async () => {
    for (const program of programs) await countsOf(program, 'mirrored');
  },
  run: measure,
  tables: ({ pages }) => [
    {
      heads: [
        'page, MB',
        'files in it',
        'code in it, MB',
        'ms to the painted page',
        "ms from scrolling there to the first file's text",
      ],
      rows: pages.map((one) => [
        shown(one.megabytes),
        shown(one.listings),
        shown(one.listingMegabytes),
        shownSpread(one.toOpen),
        shownSpread(one.toFirstFile),
      ]),
    },
  ],
});
