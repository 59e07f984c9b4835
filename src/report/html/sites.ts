// The page's section of the hottest sites. The script makes links of its functions into the assembly (client/main.ts).
import { wheres } from '../sites.js';
import type { HotSite, HotSites, Where } from '../sites.js';
import { escaped } from './escape.js';

const count = (number: number): string => number.toLocaleString('en');
const share = (part: number, whole: number): string =>
  `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(1)}\u00a0%`;

const code = (lines: readonly string[]): string =>
  lines.map((line) => `<code>${escaped(line.replaceAll('\t', ' '))}</code>`).join('');

const sourceOf = ({ place, file, others }: HotSite): string =>
  `${place === '' ? file : place}${others === 0 ? '' : ` and ${count(others)} more with the same code`}`;

const row = (site: HotSite, number: number, total: number): string => `<tr>
<th scope="row" data-site="${number}">${escaped(site.function)}</th>
<td class="number">${count(site.own)}</td><td class="number">${count(site.added)}</td><td class="number">${share(site.own + site.added, total)}</td>
<td>${escaped(sourceOf(site))}</td>
<td class="lines">${code(site.native)}</td>
<td class="lines">${site.replaced ? '<span class="instead">in its place</span>' : ''}${code(site.inserted)}</td></tr>
`;

/** What became of all samples: the table beside the sites is never the whole. */
function account({ samples, total }: HotSites, what: string): string {
  const rows = (Object.keys(wheres) as Where[])
    .filter((where) => samples[where] > 0)
    .map(
      (where) =>
        `<tr><th scope="row">${escaped(wheres[where])}</th><td class="number">${count(samples[where])}</td><td class="number">${share(samples[where], total)}</td></tr>`,
    )
    .join('');
  return `<details><summary>Where all ${count(total)} ${what} are</summary><div class="wide" tabindex="0" role="region" aria-label="Where all ${what} are"><table id="site-account"><caption class="hidden">Where all ${what} are</caption><thead><tr><th scope="col">where</th><th scope="col" class="number">${what}</th><th scope="col" class="number">share</th></tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

/** @param executed samples are instructions that were executed, all of them */
export function sitesSection(hottest: HotSites, executed: boolean): string {
  const { sites, samples, total } = hottest;
  const what = executed ? 'executed instructions' : 'samples';
  const lost = samples.unplaced + samples.untold + samples.ambiguous + samples.strange;
  const note = [
    sites.length === 0
      ? `None of the ${what} can be told to be at a site.`
      : `${share(samples.site, total)} of all ${what} are at sites, where instructions are inserted or replaced; ${sites.length < hottest.count ? `the first ${count(sites.length)} of ${count(hottest.count)} are here` : 'all of them are here'}.`,
    ...(lost === 0 ? [] : [`${count(lost)} ${what} (${share(lost, total)}) could not be attributed.`]),
    ...(samples.unplaced === 0
      ? []
      : [
          'For places, not functions only: <code>perf script -F ip,sym,symoff</code> or <code>mirrorasm run --profile</code>.',
        ]),
  ].join(' ');
  const heads = executed
    ? ['Executed', 'Inserted executed', 'Share']
    : ['Samples', 'Samples in inserted', 'Share'];
  const table =
    sites.length === 0
      ? ''
      : `<div class="long" tabindex="0" role="region" aria-label="Table of sites"><table id="site-table"><caption class="hidden">Hottest sites</caption><thead><tr><th scope="col">Function</th>${heads
          .map((head) => `<th scope="col" class="number">${head}</th>`)
          .join(
            '',
          )}<th scope="col">Source</th><th scope="col">Native instruction</th><th scope="col">Inserted instructions</th></tr></thead><tbody>
${sites.map((site, i) => row(site, i, total)).join('')}</tbody></table></div>`;
  return `<section aria-labelledby="sites"><h2 id="sites">Hottest sites</h2>
<p class="note-line">${note}</p>
${table}
${account(hottest, what)}
</section>
`;
}
