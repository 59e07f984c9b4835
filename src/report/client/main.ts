// The page's script. Everything it needs is in the page; nothing is fetched.
import type { FunctionRow, PageData } from './data.js';
import { functionTable } from './functions.js';
import { offsetOfFunction, offsetOfRow, patternOf, rowAt, rowOf, rowsOf, search, unpack } from './listing.js';
import type { Rows } from './listing.js';
import { SourceView } from './source-view.js';

function the<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

const data = JSON.parse(the('data', HTMLScriptElement).textContent) as PageData;
const withText = data.files.flatMap(({ text }, i) => (text ? [i] : []));

functionTable(
  data,
  {
    table: the('function-table', HTMLTableElement),
    filter: the('function-filter', HTMLInputElement),
    status: the('function-status', HTMLElement),
  },
  (row) => void openFunction(row),
);

const scroller = document.getElementById('listing');
const source = scroller === null ? undefined : sourceView(scroller);

async function openFunction(row: FunctionRow): Promise<void> {
  document.getElementById('source')?.scrollIntoView();
  await source?.openFunction(row.file, row.name);
}

for (const cell of document.querySelectorAll<HTMLElement>('[data-site]')) {
  const site = data.sites[Number(cell.dataset['site'])];
  if (site === undefined || source === undefined) continue;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'link';
  button.textContent = cell.textContent;
  button.addEventListener('click', () => {
    document.getElementById('source')?.scrollIntoView();
    void source.openRow(site.file, site.row);
  });
  cell.replaceChildren(button);
}

function sourceView(scroller: HTMLElement): {
  openRow: (file: number, row: number) => Promise<void>;
  openFunction: (file: number, name: string) => Promise<void>;
} {
  const file = the('file', HTMLSelectElement);
  const query = the('query', HTMLInputElement);
  const status = the('find-status', HTMLElement);
  const hits = the('hits', HTMLElement);
  const directives = the('directives', HTMLInputElement);
  const layout = the('layout', HTMLSelectElement);
  const view = new SourceView(scroller);
  let opening: { readonly index: number; readonly rows: Promise<Rows> } | undefined;
  let found: readonly number[] = [];
  let place = -1;

  const most = 1_000_000;
  const mostFiles = 200;
  const packed = (index: number): Promise<string> =>
    unpack(the(`text-${index}`, HTMLScriptElement).textContent.trim());

  function open(index: number): Promise<Rows> {
    if (opening?.index !== index) {
      opening = { index, rows: show(index) };
      file.value = String(index);
      forget();
    }
    return opening.rows;
  }

  async function show(index: number): Promise<Rows> {
    scroller.setAttribute('aria-busy', 'true');
    const rows = rowsOf(await packed(index), directives.checked);
    // Another file may have been chosen meanwhile.
    if (opening?.index === index) {
      view.show(rows, countsIn(index, rows));
      scroller.removeAttribute('aria-busy');
    }
    return rows;
  }

  /** By row: how often the hottest sites of a file were executed. */
  function countsIn(index: number, rows: Rows): Map<number, number> {
    const sites = data.sites.filter(({ file }) => file === index);
    return new Map(sites.map(({ row, samples }) => [rowOf(rows, offsetOfRow(rows.text, row)), samples]));
  }

  function forget(): void {
    found = [];
    place = -1;
  }

  function pattern(): RegExp | undefined {
    if (query.value === '') return undefined;
    try {
      return patternOf(query.value);
    } catch (error) {
      status.textContent = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  async function find(step: 1 | -1): Promise<void> {
    const wanted = pattern();
    view.mark(wanted);
    if (wanted === undefined) return;
    const all = await open(Number(file.value));
    if (place < 0) found = search(all, wanted, most);
    if (found.length === 0) {
      status.textContent = 'Not in this file.';
      return;
    }
    place = place < 0 ? (step > 0 ? 0 : found.length - 1) : (place + step + found.length) % found.length;
    view.goTo(found[place] ?? 0);
    const count = found.length === most ? `${most} or more` : String(found.length);
    status.textContent = `Row ${place + 1} of ${count} that match.`;
  }

  async function findEverywhere(): Promise<void> {
    const wanted = pattern();
    view.mark(wanted);
    if (wanted === undefined) return;
    const list: HTMLElement[] = [];
    let sum = 0;
    for (const [i, index] of withText.entries()) {
      status.textContent = `Searching, ${i + 1} of ${withText.length} files …`;
      const all = rowsOf(await packed(index), directives.checked);
      const inFile = search(all, wanted, most);
      sum += inFile.length;
      if (inFile.length > 0 && list.length < mostFiles)
        list.push(hit(index, inFile.length, rowAt(all, inFile[0] ?? 0).text.trim()));
    }
    status.textContent = `${sum} rows in ${list.length} files match.`;
    hits.replaceChildren(...list);
    hits.hidden = list.length === 0;
  }

  function hit(index: number, count: number, first: string): HTMLElement {
    const item = document.createElement('li');
    const button = document.createElement('button');
    const code = document.createElement('code');
    button.type = 'button';
    button.className = 'link';
    button.textContent = data.files[index]?.name ?? '';
    code.textContent = first;
    button.addEventListener('click', () => {
      void open(index).then(() => find(1));
    });
    item.append(button, ` ${count} `, code);
    return item;
  }

  file.addEventListener('change', () => void open(Number(file.value)));
  query.addEventListener('input', forget);
  query.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    void find(event.shiftKey ? -1 : 1);
  });
  the('next', HTMLButtonElement).addEventListener('click', () => void find(1));
  the('previous', HTMLButtonElement).addEventListener('click', () => void find(-1));
  the('everywhere', HTMLButtonElement).addEventListener('click', () => void findEverywhere());
  directives.addEventListener('change', () => {
    opening = undefined;
    void open(Number(file.value));
  });
  const narrow = matchMedia('(max-width: 50rem)');
  const arrange = (): void => {
    const one = layout.value === 'one' || (layout.value === 'auto' && narrow.matches);
    view.setLayout(one ? 'one' : 'columns');
  };
  layout.addEventListener('change', arrange);
  narrow.addEventListener('change', arrange);
  arrange();

  // The first file is opened when the reader comes to it.
  new IntersectionObserver((entries, observer) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    if (opening === undefined) void open(Number(file.value));
  }).observe(scroller);

  return {
    openRow: async (index, row) => {
      const all = await open(index);
      view.goTo(rowOf(all, offsetOfRow(all.text, row)));
      scroller.focus({ preventScroll: true });
    },
    openFunction: async (index, name) => {
      const all = await open(index);
      const offset = offsetOfFunction(all.text, name);
      if (offset >= 0) view.goTo(rowOf(all, offset));
      scroller.focus({ preventScroll: true });
    },
  };
}
