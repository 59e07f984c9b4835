// How long the page of `mirrorasm stats --html` takes to open in Chromium, with SQLite and redis in it.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
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

interface Found {
  readonly pageMegabytes: number;
  readonly listings: number;
  readonly listingMegabytes: number;
  /** Milliseconds. */
  readonly toOpen: Spread;
  readonly toFirstFile: Spread;
}

async function measure({ rounds, work, say }: Options): Promise<Found> {
  const folders = [];
  for (const program of programs) folders.push(await countsOf(program, 'mirrored'));
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
  say(`page: ${shownSpread(spread(opened))} ms to open`);
  return {
    pageMegabytes: statSync(file).size / 1e6,
    listings: texts.length,
    listingMegabytes: texts.reduce((sum, length) => sum + length, 0) / 1e6,
    toOpen: spread(opened),
    toFirstFile: spread(listed),
  };
}

export const page = experiment<Found>({
  name: 'page',
  about: 'the page of `mirrorasm stats --html` in Chromium',
  rounds: 7,
  sizes: [],
  sizesAre: '',
  always: false,
  tools: { chromium: 'chromium' },
  build: async () => {
    for (const program of programs) await countsOf(program, 'mirrored');
  },
  run: measure,
  tables: ({ pageMegabytes, listings, listingMegabytes, toOpen, toFirstFile }) => [
    {
      heads: [
        `a page of ${shown(pageMegabytes)} MB: ${listings} files, ${shown(listingMegabytes)} MB of code`,
        'ms',
      ],
      rows: [
        ['from the call to the painted page', shownSpread(toOpen)],
        ["from scrolling there to the first file's text in the list", shownSpread(toFirstFile)],
      ],
    },
  ],
});
