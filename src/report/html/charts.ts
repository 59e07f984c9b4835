// Bars as SVG, drawn by Observable Plot in a document of linkedom's. Colours are the page's own, so that they follow its scheme.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** At the end of the bar. */
  readonly text: string;
  /** For who points at it. */
  readonly detail: string;
}

interface Drawing {
  readonly width: number;
  readonly labels: number;
  readonly values: number;
}

/** What fits a screen, and what fits a phone. The text of a drawing that is made smaller could not be read. */
const drawings: readonly (readonly [name: string, drawing: Drawing])[] = [
  ['wide', { width: 640, labels: 180, values: 150 }],
  ['narrow', { width: 330, labels: 104, values: 92 }],
];

const rowHeight = 26;
/** Pixels a character of the labels, at most on average. */
const characterWidth = 7.6;

/** The end of a name says more than its beginning, where it is a path. */
function shortened(label: string, width: number): string {
  const most = Math.floor(width / characterWidth);
  if (label.length <= most) return label;
  return label.includes('/') ? `…${label.slice(1 - most)}` : `${label.slice(0, most - 1)}…`;
}

function draw(bars: readonly Bar[], title: string, { width, labels, values }: Drawing): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const rows = bars.map((bar, i) => ({ ...bar, i }));
  const drawn: { readonly outerHTML: string } = Plot.plot({
    document,
    width,
    height: rows.length * rowHeight + 8,
    marginLeft: labels,
    marginRight: values,
    marginTop: 4,
    marginBottom: 4,
    ariaLabel: title,
    style: { fontSize: '13px', fontFamily: 'inherit', background: 'none', color: 'inherit' },
    x: { axis: null, domain: [0, Math.max(1e-9, ...bars.map(({ value }) => value))] },
    y: {
      domain: rows.map(({ i }) => i),
      tickFormat: (i: number) => shortened(bars[i]?.label ?? '', labels - 12),
      tickSize: 0,
      label: null,
      padding: 0.25,
    },
    marks: [
      Plot.barX(rows, { x: 'value', y: 'i', fill: 'var(--bar)', title: 'detail', rx: 2 }),
      Plot.text(rows, {
        x: 'value',
        y: 'i',
        text: 'text',
        dx: 6,
        textAnchor: 'start',
        fill: 'currentColor',
      }),
    ],
  });
  return drawn.outerHTML;
}

/** The chart for screens and for phones; the page's style shows one of them. */
export function barChart(bars: readonly Bar[], title: string): string {
  return drawings
    .map(([name, drawing]) =>
      draw(bars, title, drawing).replace('<svg ', `<svg role="img" data-for="${name}" `),
    )
    .join('\n');
}
