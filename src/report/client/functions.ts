// The table of functions: filtered, sorted, and no longer than anybody reads.
import type { FunctionRow, PageData } from './data.js';

const most = 100;

interface Column {
  readonly title: string;
  readonly words?: true;
  readonly of: (row: FunctionRow, data: PageData) => number | string;
  readonly text?: (row: FunctionRow) => string;
}

const growth = ({ native, inserted }: FunctionRow): number => (native === 0 ? 0 : (100 * inserted) / native);

const columns: readonly Column[] = [
  { title: 'Function', words: true, of: ({ name }) => name },
  { title: 'File', words: true, of: ({ file }, { files }) => files[file]?.name ?? '' },
  { title: 'Instructions', of: ({ native }) => native },
  { title: 'Inserted', of: ({ inserted }) => inserted },
  { title: 'Growth', of: growth, text: (row) => `${growth(row).toFixed(1)} %` },
  { title: 'Writes', of: ({ writes }) => writes },
  { title: 'Windows', of: ({ windows }) => windows },
  { title: 'Samples', of: ({ samples }) => samples },
];

/** Fills the table and keeps it. `open` is told which function was chosen. */
export function functionTable(
  data: PageData,
  { table, filter, status }: { table: HTMLTableElement; filter: HTMLInputElement; status: HTMLElement },
  open: (row: FunctionRow) => void,
): void {
  const shown = columns.filter(({ title }) => title !== 'Samples' || data.profiled);
  let by = shown.find(({ title }) => title === (data.profiled ? 'Samples' : 'Inserted'));
  let descending = true;
  const body = document.createElement('tbody');
  const heads = shown.map((column) => {
    const head = document.createElement('th');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = column.title;
    button.addEventListener('click', () => {
      descending = by === column ? !descending : column.words === undefined;
      by = column;
      fill();
    });
    head.scope = 'col';
    if (column.words === undefined) head.className = 'number';
    head.append(button);
    return head;
  });

  function chosen(): FunctionRow[] {
    const wanted = filter.value.trim().toLowerCase();
    const rows = data.functions.filter(
      ({ name, file }) =>
        name.toLowerCase().includes(wanted) || (data.files[file]?.name ?? '').toLowerCase().includes(wanted),
    );
    const column = by;
    if (column === undefined) return rows;
    return rows.sort((a, b) => {
      const [x, y] = [column.of(a, data), column.of(b, data)];
      return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1);
    });
  }

  function fill(): void {
    const rows = chosen();
    heads.forEach((head, i) => {
      if (shown[i] === by) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
    body.replaceChildren(...rows.slice(0, most).map(lineOf));
    status.textContent =
      rows.length > most ? `${most} of ${rows.length} functions` : `${rows.length} functions`;
  }

  function lineOf(row: FunctionRow): HTMLTableRowElement {
    const line = document.createElement('tr');
    shown.forEach((column, i) => {
      const cell = document.createElement(i === 0 ? 'th' : 'td');
      const value = column.of(row, data);
      if (typeof value === 'number') cell.className = 'number';
      const text = column.text?.(row) ?? (typeof value === 'number' ? value.toLocaleString('en') : value);
      if (i === 0 && data.files[row.file]?.text === true && row.name !== '') {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'link';
        button.textContent = text;
        button.addEventListener('click', () => {
          open(row);
        });
        cell.append(button);
      } else cell.textContent = text || '(no function)';
      if (i === 0) cell.scope = 'row';
      line.append(cell);
    });
    return line;
  }

  const head = document.createElement('thead');
  const line = document.createElement('tr');
  line.append(...heads);
  head.append(line);
  table.append(head, body);
  filter.addEventListener('input', fill);
  fill();
}
