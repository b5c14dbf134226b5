import { el, say, set } from './dom.js';

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {string} [about] what the column tells, as a tooltip of its head
 * @property {boolean} [numeric]
 * @property {boolean} [isPlain] cannot be sorted by
 * @property {(row: Row) => string} text
 * @property {(row: Row) => string | number | null} [value] what it is sorted by; null comes last
 * @property {(cell: HTMLElement, row: Row) => void} [dress] sets what a cell looks like
 */

/** Rows beyond the edges that are there all the same. */
const BEYOND = 8;

/**
 * A table of any number of rows of one height: only those in sight are elements. Columns are sorted by their heads; the
 * arrow keys, Page Up and Down, Home and End go from row to row, and Enter opens one.
 * @template {{ readonly id: string }} Row
 */
export class Table {
  /** @type {readonly Column<Row>[]} */ #columns;
  /** @type {(row: Row | null) => void} */ #onOpen;
  /** @type {readonly Row[]} */ #rows = [];
  /** @type {Map<number, { element: HTMLElement, cells: HTMLElement[], button: HTMLElement }>} */ #shown = new Map();
  /** @type {Map<string, HTMLElement>} */ #heads = new Map();
  /** @type {(() => void) | null} */ #onSort = null;
  #sorted = { key: '', up: true };
  #selected = '';
  #at = 0;
  #queued = false;

  /**
   * @param {string} caption
   * @param {readonly Column<Row>[]} columns
   * @param {{ sort: string, up?: boolean, kind: string, onOpen: (row: Row | null) => void }} options
   */
  constructor(caption, columns, { sort, up = true, kind, onOpen }) {
    this.#columns = columns;
    this.#onOpen = onOpen;
    this.#sorted = { key: sort, up };
    this.body = el('div.rows', { role: 'rowgroup' });
    this.head = el(
      'div.row.head',
      { role: 'row', 'aria-rowindex': 1 },
      ...columns.map((column) => this.#headOf(column)),
    );
    this.table = el(
      `div.grid.${kind}`,
      { role: 'table', 'aria-label': caption, 'aria-colcount': columns.length },
      el('div.heads', { role: 'rowgroup' }, this.head),
      this.body,
    );
    this.nothing = el('p.notice', { hidden: true });
    this.element = el(
      'div.viewport',
      { tabindex: 0, role: 'region', 'aria-label': `${caption}, scrolls` },
      this.table,
      this.nothing,
    );
    this.element.addEventListener('scroll', () => this.#queue(), { passive: true });
    new ResizeObserver(() => this.#queue()).observe(this.element);
    this.body.addEventListener('keydown', (event) => this.#onKey(event));
    this.body.addEventListener('click', (event) => this.#onClick(event));
    this.#mark();
  }

  /** @param {() => void} onSort called when another order is chosen */
  whenSorted(onSort) {
    this.#onSort = onSort;
  }

  /**
   * @param {readonly Row[]} rows all that are to be seen, in any order
   * @param {string} [nothing] why there are none, and what to do, if there are none
   */
  show(rows, nothing = '') {
    say(this.nothing, nothing);
    this.nothing.hidden = rows.length > 0;
    const column = this.#columns.find(({ key }) => key === this.#sorted.key) ?? this.#columns[0];
    const keyOf = column?.value ?? column?.text ?? (() => '');
    const way = this.#sorted.up ? 1 : -1;
    const keyed = rows.map((row) => ({ row, value: keyOf(row) }));
    keyed.sort((a, b) => compare(a.value, b.value, way) || inOrder(a.row.id, b.row.id));
    this.#rows = keyed.map(({ row }) => row);
    set(this.table, { 'aria-rowcount': rows.length + 1 });
    this.#draw();
  }

  /** @param {string} id marks a row as the one that is open; empty: none */
  select(id) {
    this.#selected = id;
    this.#draw();
  }

  /** Gives the focus to the row that had it last. */
  focus() {
    this.#goTo(this.#focusable());
  }

  get rows() {
    return this.#rows;
  }

  /** @param {Column<Row>} column */
  #headOf(column) {
    const { key, title, about, numeric, isPlain } = column;
    const content = isPlain
      ? el('span', { title: about }, title)
      : el('button.sort', { type: 'button', title: about }, title, el('span.way', { 'aria-hidden': 'true' }));
    if (!isPlain)
      content.addEventListener('click', () => {
        const isSame = this.#sorted.key === key;
        this.#sorted = { key, up: isSame ? !this.#sorted.up : !numeric };
        this.#mark();
        this.#onSort?.();
        this.show(this.#rows, this.nothing.textContent ?? '');
      });
    const head = el(`div.cell.c-${key}${numeric ? '.num' : ''}`, { role: 'columnheader' }, content);
    this.#heads.set(key, head);
    return head;
  }

  #mark() {
    for (const [key, head] of this.#heads) {
      const isIt = key === this.#sorted.key;
      set(head, { 'aria-sort': isIt ? (this.#sorted.up ? 'ascending' : 'descending') : null });
    }
  }

  #queue() {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      this.#draw();
    });
  }

  #heightOf() {
    return Number.parseFloat(getComputedStyle(this.table).getPropertyValue('--row')) || 36;
  }

  #draw() {
    const height = this.#heightOf();
    const headHeight = this.head.offsetHeight;
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor((scrollTop - headHeight) / height) - BEYOND);
    const last = Math.min(this.#rows.length, Math.ceil((scrollTop + clientHeight) / height) + BEYOND);
    this.body.style.height = `${this.#rows.length * height}px`;
    const free = [...this.#shown].filter(([index]) => index < first || index >= last);
    for (let index = first; index < last; index++) {
      const row = this.#rows[index];
      if (row === undefined) continue;
      const place = this.#shown.get(index) ?? this.#placeFor(index, free);
      this.#fill(place, index, row, height);
    }
    for (const [index, { element }] of free) {
      this.#shown.delete(index);
      element.remove();
    }
    this.#order();
  }

  /** Rows are read out in the order of the elements; moving them would take the focus away from one that has it. */
  #order() {
    const wanted = [...this.#shown].sort(([a], [b]) => a - b).map(([, { element }]) => element);
    if (this.body.contains(document.activeElement)) return;
    if (wanted.some((element, i) => this.body.children[i] !== element)) this.body.append(...wanted);
  }

  /**
   * An element for a row that comes into sight, of one that has gone out of it if there is one.
   * @param {number} index
   * @param {[number, { element: HTMLElement, cells: HTMLElement[], button: HTMLElement }][]} free
   */
  #placeFor(index, free) {
    const reused = free.pop();
    if (reused !== undefined) this.#shown.delete(reused[0]);
    const place = reused?.[1] ?? this.#newPlace();
    this.#shown.set(index, place);
    if (reused === undefined) this.body.append(place.element);
    return place;
  }

  #newPlace() {
    const button = el('button.open', { type: 'button', tabindex: -1 });
    const cells = this.#columns.map(({ key, numeric }, i) =>
      el(`div.cell.c-${key}${numeric ? '.num' : ''}`, { role: 'cell', 'aria-colindex': i + 1 }),
    );
    cells[0]?.append(button);
    return { element: el('div.row', { role: 'row' }, ...cells), cells, button };
  }

  /**
   * @param {{ element: HTMLElement, cells: HTMLElement[], button: HTMLElement }} place
   * @param {number} index
   * @param {Row} row
   * @param {number} height
   */
  #fill({ element, cells, button }, index, row, height) {
    element.style.transform = `translateY(${index * height}px)`;
    element.dataset.index = String(index);
    element.dataset.id = row.id;
    const isOpen = row.id === this.#selected;
    element.classList.toggle('selected', isOpen);
    set(element, { 'aria-rowindex': index + 2 });
    set(button, { tabindex: index === this.#focusable() ? 0 : -1, 'aria-current': isOpen ? 'true' : null });
    this.#columns.forEach((column, i) => {
      const cell = cells[i];
      if (cell === undefined) return;
      say(i === 0 ? button : cell, column.text(row));
      column.dress?.(cell, row);
    });
  }

  /** The row that the Tab key comes to. */
  #focusable() {
    return Math.min(this.#at, Math.max(0, this.#rows.length - 1));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#heightOf()) - 2);
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.#rows.length,
      End: this.#rows.length,
    };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step === undefined) {
      if (event.key === 'Escape') this.#onOpen(null);
      return;
    }
    event.preventDefault();
    const from = Number(
      /** @type {HTMLElement} */ (event.target).closest('.row')?.getAttribute('data-index') ?? this.#at,
    );
    this.#goTo(Math.max(0, Math.min(this.#rows.length - 1, from + step)));
  }

  /** @param {number} index */
  #goTo(index) {
    this.#at = index;
    const height = this.#heightOf();
    const headHeight = this.head.offsetHeight;
    const top = index * height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + height + headHeight > scrollTop + clientHeight)
      this.element.scrollTop = top + height + headHeight - clientHeight;
    this.#draw();
    this.#shown.get(index)?.button.focus({ preventScroll: true });
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const index = Number(
      /** @type {HTMLElement} */ (event.target).closest('.row')?.getAttribute('data-index') ?? Number.NaN,
    );
    const row = this.#rows[index];
    if (row === undefined) return;
    this.#at = index;
    this.#onOpen(row);
  }
}

/**
 * @param {string | number | null} a
 * @param {string | number | null} b
 * @param {number} way 1: upwards, −1: downwards; what is not known comes last either way
 */
function compare(a, b, way) {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return (typeof a === 'string' && typeof b === 'string' ? inOrder(a, b) : a < b ? -1 : 1) * way;
}

/** As people count: `kvm-9` before `kvm-10`. */
const { compare: inOrder } = new Intl.Collator('en', { numeric: true });
