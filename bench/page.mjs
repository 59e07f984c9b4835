// How long the page of `mirrorasm stats --html` takes to open in Chromium, with what builds have left in the folders given.
// Usage: npm run bench:page -- FOLDER... (made with MIRROR_STATS_TEXT=1)
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { root } from '../scripts/tools.mjs';

const rounds = 7;
const folders = process.argv.slice(2);
if (folders.length === 0) throw new Error('give folders that builds with MIRROR_STATS_TEXT=1 have left');

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-page-'));
const file = join(work, 'page.html');
execFileSync(process.execPath, [join(root, 'dist/mirrorasm.js'), 'stats', ...folders, '--html', file]);
const texts = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.listing.gz'))
    .map((name) => gunzipSync(readFileSync(join(folder, name)))),
);

const spread = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: Math.round(sorted[sorted.length >> 1]),
    least: Math.round(sorted[0]),
    most: Math.round(sorted.at(-1)),
  };
};

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const opened = [];
const listed = [];
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

const report = {
  machine: `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, node ${process.versions.node}`,
  loadAverage: loadavg().map((load) => Number(load.toFixed(1))),
  rounds,
  folders: folders.map((folder) => basename(resolve(folder))),
  pageMegabytes: statSync(file).size / 1e6,
  listings: texts.length,
  listingMegabytes: texts.reduce((sum, text) => sum + text.length, 0) / 1e6,
  millisecondsToOpen: spread(opened),
  millisecondsToFirstFile: spread(listed),
};
rmSync(work, { recursive: true });
mkdirSync(join(root, 'bench/results'), { recursive: true });
writeFileSync(join(root, 'bench/results/page.json'), `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
