// The source view: a list of as many rows as a listing has, of which only those in sight are in the document.
import { rowAt } from './listing.js';
import type { Row, Rows } from './listing.js';

/** As in style.css. */
const rowHeight = 20;
/** Browsers place nothing below about 33 million pixels; a longer list moves several rows a step. */
const mostPixels = 16_000_000;
const spare = 10;

export type Layout = 'columns' | 'one';

function element(name: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** The text with what matches marked. */
function cell(className: string, text: string, pattern: RegExp | undefined): HTMLElement {
  const made = element('span', text.startsWith('\t') ? `${className} in` : className);
  made.setAttribute('role', 'cell');
  const shown = text.startsWith('\t') ? text.slice(1) : text;
  made.title = shown;
  let from = 0;
  for (const match of pattern === undefined ? [] : shown.matchAll(pattern)) {
    if (match[0] === '') break;
    made.append(shown.slice(from, match.index), element('mark', '', match[0]));
    from = match.index + match[0].length;
  }
  made.append(shown.slice(from));
  return made;
}

const names: Readonly<Record<Row['mark'], string>> = {
  ' ': '',
  '+': 'inserted',
  '-': 'native only',
  '~': 'left out',
};

export class SourceView {
  private rows: Rows | undefined;
  private pattern: RegExp | undefined;
  private counts: ReadonlyMap<number, number> = new Map();
  private current = -1;
  private layout: Layout = 'columns';
  private readonly space = element('div', 'space');
  private readonly group = element('div', 'rows');
  private waiting = false;

  /** @param scroller what scrolls; it becomes a table */
  constructor(private readonly scroller: HTMLElement) {
    this.group.setAttribute('role', 'rowgroup');
    this.space.append(this.group);
    scroller.append(this.space);
    scroller.addEventListener('scroll', () => {
      this.later();
    });
    new ResizeObserver(() => {
      this.later();
    }).observe(scroller);
  }

  /** @param counts of the profile, by row */
  show(rows: Rows, counts: ReadonlyMap<number, number>): void {
    this.rows = rows;
    this.counts = counts;
    this.current = -1;
    this.scroller.setAttribute('aria-rowcount', String(rows.starts.length));
    this.space.style.height = `${Math.min(rows.starts.length * rowHeight, mostPixels)}px`;
    this.scroller.scrollTop = 0;
    this.draw();
  }

  setLayout(layout: Layout): void {
    this.layout = layout;
    this.scroller.classList.toggle('one', layout === 'one');
    this.draw();
  }

  mark(pattern: RegExp | undefined): void {
    this.pattern = pattern;
    this.draw();
  }

  /** Brings a row into sight and outlines it. */
  goTo(row: number): void {
    this.current = row;
    const { real, room, tall } = this.size();
    const wanted = Math.max(0, row * rowHeight - this.scroller.clientHeight / 3);
    this.scroller.scrollTop = real > room ? (wanted * (tall - room)) / (real - room) : 0;
    this.draw();
  }

  private size(): { real: number; tall: number; room: number } {
    const real = (this.rows?.starts.length ?? 0) * rowHeight;
    return { real, tall: Math.min(real, mostPixels), room: this.scroller.clientHeight };
  }

  private later(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  private draw(): void {
    const { rows } = this;
    if (rows === undefined) return;
    const { real, tall, room } = this.size();
    const { scrollTop } = this.scroller;
    const top = tall > room ? (scrollTop * (real - room)) / (tall - room) : 0;
    const first = Math.max(0, Math.floor(top / rowHeight) - spare);
    const last = Math.min(rows.starts.length, Math.ceil((top + room) / rowHeight) + spare);
    this.group.style.transform = `translateY(${scrollTop - (top - first * rowHeight)}px)`;
    const drawn: HTMLElement[] = [];
    for (let row = first; row < last; row++) drawn.push(this.row(rowAt(rows, row), row));
    this.group.replaceChildren(...drawn);
  }

  private row({ mark, text, place }: Row, number: number): HTMLElement {
    const kinds = { ' ': 'both', '+': 'plus', '-': 'minus', '~': 'note' };
    const made = element('div', `row ${kinds[mark]}${number === this.current ? ' current' : ''}`);
    made.setAttribute('role', 'row');
    made.setAttribute('aria-rowindex', String(number + 1));
    const from = element('span', 'place');
    const colon = place.lastIndexOf(':');
    if (place !== '')
      from.append(
        element('span', 'source-file', place.slice(0, colon)),
        element('span', '', place.slice(colon)),
      );
    from.setAttribute('role', 'cell');
    from.title = place;
    const sign = element('span', 'sign', mark === '~' ? '' : mark);
    sign.setAttribute('role', 'cell');
    if (names[mark] !== '') sign.setAttribute('aria-label', names[mark]);
    made.append(from, sign);
    if (mark === '~') {
      const [lines = '', ...section] = text.split(' ');
      made.append(cell('text', `… ${lines} lines of ${section.join(' ')}, which is no code`, undefined));
    } else if (this.layout === 'one') made.append(cell('text', text, this.pattern));
    else
      made.append(
        cell('text native', mark === '+' ? '' : text, this.pattern),
        cell('text mirrored', mark === '-' ? '' : text, this.pattern),
      );
    const count = this.counts.get(number);
    if (count !== undefined) {
      const shown = element('span', 'heat', count.toLocaleString('en'));
      shown.title = 'with what is inserted here, in the profile';
      shown.append(element('span', 'hidden', ' in the profile'));
      (made.querySelector('.native') ?? made.lastElementChild)?.append(shown);
    }
    return made;
  }
}
