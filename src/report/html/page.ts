// A report as one page that needs nothing else. Pure.
import type { FunctionRow, PageData } from '../client/data.js';
import { summary } from '../format.js';
import type { Report, Sum } from '../merge.js';
import type { Profile } from '../profile.js';
import type { HotSites } from '../sites.js';
import { barChart } from './charts.js';
import { escaped, scriptJson } from './escape.js';
import { figuresOf } from './figures.js';
import type { Figure } from './figures.js';
import { sitesSection } from './sites.js';

export interface PageInput {
  readonly report: Report;
  readonly older: Report | undefined;
  /** Where several were given: the totals of each, with its name. */
  readonly programs: readonly Sum[];
  readonly profile: Profile | undefined;
  /** The sites of the profile. */
  readonly hottest: HotSites | undefined;
  /** Listings by the name that the report has for the file: gzip, as base64. */
  readonly listings: ReadonlyMap<string, string>;
  readonly script: string;
  readonly style: string;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[], caption: string): string {
  const line = (cells: readonly string[]): string =>
    `<tr>${cells
      .map((cell, i) =>
        i === 0 ? `<th scope="row">${escaped(cell)}</th>` : `<td class="number">${escaped(cell)}</td>`,
      )
      .join('')}</tr>`;
  return `<table><caption class="hidden">${escaped(caption)}</caption><thead><tr>${heads
    .map((head) => `<th scope="col">${escaped(head)}</th>`)
    .join('')}</tr></thead><tbody>${rows.map(line).join('')}</tbody></table>`;
}

const figure = ({ title, note, bars, heads, rows }: Figure): string => `<figure>
<figcaption><h3>${escaped(title)}</h3><p>${escaped(note)}</p></figcaption>
${
  bars.length === 0
    ? ''
    : `${barChart(bars, title)}
<details><summary>As a table<span class="hidden">: ${escaped(title)}</span></summary><div class="wide" tabindex="0" role="region" aria-label="${escaped(title)}">${table(heads, rows, title)}</div></details>`
}
</figure>`;

function tiles(report: Report, older: Report | undefined): string {
  const { heads, rows } = summary(report, older);
  const change = heads.indexOf('change');
  const grouped = (text: string): string => text.replace(/^[+-]?\d+$/, (n) => Number(n).toLocaleString('en'));
  return `<dl class="tiles">${[['native instructions', String(report.totals.native)], ...rows]
    .map(
      (row) =>
        `<div><dt>${escaped(row[0] ?? '')}</dt><dd>${escaped(grouped(row[1] ?? ''))}${
          change > 0 && (row[change] ?? '') !== '' ? ` <small>${escaped(row[change] ?? '')}</small>` : ''
        }</dd></div>`,
    )
    .join('')}</dl>`;
}

function dataOf({ report, listings, profile, hottest }: PageInput): PageData {
  const places = new Map(report.files.map(({ name }, i) => [name, i]));
  return {
    files: report.files.map(({ name }) => ({ name, text: listings.has(name) })),
    functions: report.functions.map((one): FunctionRow => ({
      name: one.function,
      file: places.get(one.file) ?? -1,
      native: one.native,
      inserted: one.inserted,
      writes: one.sites,
      windows: one.windows,
      samples: profile?.functions.get(one.function) ?? 0,
    })),
    profiled: profile !== undefined,
    sites: (hottest?.sites ?? []).map(({ file, row, own, added }) => ({
      file: places.get(file) ?? -1,
      row,
      samples: own + added,
    })),
  };
}

function sourceView(data: PageData): string {
  const options = data.files
    .map(({ name, text }, i) => (text ? `<option value="${i}">${escaped(name)}</option>` : ''))
    .join('');
  if (options === '')
    return '<p>The page has no assembly text: build with <code>MIRROR_STATS_TEXT=1</code> beside <code>MIRROR_STATS</code> to have it here.</p>';
  return `<div class="controls">
<label>File <select id="file">${options}</select></label>
<label>Find <input id="query" type="search" placeholder="text, or /expression/" autocomplete="off" spellcheck="false"></label>
<span class="buttons"><button id="previous" type="button">Previous</button><button id="next" type="button">Next</button><button id="everywhere" type="button">In all files</button></span>
<label>Layout <select id="layout"><option value="auto">by width</option><option value="columns">two columns</option><option value="one">one column</option></select></label>
<label><input id="directives" type="checkbox"> directives</label>
</div>
<p id="find-status" role="status"></p>
<ol id="hits" hidden></ol>
<p class="legend"><span class="key plus">+ inserted</span> <span class="key minus">- replaced</span> unmarked: in both</p>
<div class="heads" aria-hidden="true"><span class="place">source</span><span class="sign"></span><span class="native">native</span><span class="mirrored">mirrored</span></div>
<div id="listing" role="table" tabindex="0" aria-label="Assembly, native and mirrored"></div>`;
}

/** The page. */
export function htmlPage(input: PageInput): string {
  const { report, older, programs, profile, hottest, listings, script, style } = input;
  const data = dataOf(input);
  const { title } = summary(report, older);
  const texts = data.files
    .map(({ name }, i) => {
      const text = listings.get(name);
      return text === undefined ? '' : `<script type="text/plain" id="text-${i}">${text}</script>\n`;
    })
    .join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>mirrorasm: what was mirrored</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#source">To the assembly</a>
<header><h1>What was mirrored</h1><p>${escaped(title)}${programs.length > 1 ? ` of ${escaped(programs.map(({ name }) => name).join(', '))}` : ''}${older === undefined ? '' : '; small figures: the change from the older report'}</p></header>
<main>
<section aria-labelledby="overview"><h2 id="overview">Overview</h2>
${tiles(report, older)}
<div class="figures">
${figuresOf(report, programs, profile).map(figure).join('\n')}
</div>
</section>
${hottest === undefined ? '' : sitesSection(hottest, profile?.executed === true)}<section aria-labelledby="functions"><h2 id="functions">Functions</h2>
<div class="controls"><label>Filter <input id="function-filter" type="search" placeholder="function or file" autocomplete="off" spellcheck="false"></label> <span id="function-status" role="status"></span></div>
<div class="long" tabindex="0" role="region" aria-label="Table of functions"><table id="function-table"><caption class="hidden">Functions</caption></table></div>
<noscript><p>The table of functions and the assembly need JavaScript; nothing is fetched.</p></noscript>
</section>
<section id="source" aria-labelledby="assembly"><h2 id="assembly">Assembly</h2>
${sourceView(data)}
</section>
</main>
<script type="application/json" id="data">${scriptJson(data)}</script>
${texts}<script>${script}</script>
</body>
</html>
`;
}
