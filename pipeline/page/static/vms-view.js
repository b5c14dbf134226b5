import { el, say, set } from './dom.js';
import { count, NONE, percent, rate } from './format.js';
import { elsewhere } from './scope.js';
import { Table } from './table.js';
import { vmPlots } from './vm-plots.js';

/** @import { VmList, VmRow } from '../model.ts' */
/** @import { Known } from './connection.js' */

/** The list is asked for again so often while it is looked at, milliseconds. */
const AGAIN_MS = 5000;
const TYPING_MS = 200;

/** VMs to choose from, and the chosen one's meters as plots. @param {string} chosen its uuid; empty: none */
export function vmsView(chosen) {
  const find = /** @type {HTMLInputElement} */ (
    el('input', {
      type: 'search',
      id: 'vm-find',
      placeholder: 'Name, uuid or host',
      autocomplete: 'off',
      spellcheck: 'false',
    })
  );
  const order = /** @type {HTMLSelectElement} */ (
    el(
      'select',
      { id: 'vm-order' },
      el('option', { value: 'name' }, 'by name'),
      el('option', { value: 'cpu' }, 'busiest'),
      el('option', { value: 'coverage' }, 'least observed'),
    )
  );
  const shown = el('p.count', { role: 'status' });
  /** @type {Table<VmRow>} */
  const table = new Table('VMs', COLUMNS, {
    sort: 'place',
    kind: 'vms',
    onOpen: (row) => {
      location.hash = row === null ? '#/vms' : `#/vms/${row.id}`;
    },
  });
  const plots = vmPlots();
  const list = el(
    'div.list',
    {},
    el(
      'div.tools',
      { role: 'search' },
      el('span.field', {}, el('label', { for: 'vm-find' }, 'Find'), find),
      el('span.field', {}, el('label', { for: 'vm-order' }, 'Order'), order),
      shown,
    ),
    table.element,
  );
  const notice = elsewhere('VMs and their meters');
  notice.element.hidden = true;
  const pair = el('div.view.tall.pair', {}, list, plots.element);
  const element = el('div.view.tall', {}, notice.element, pair);
  let isLeft = false;
  let askedAt = 0;
  let typing = 0;

  const ask = async () => {
    askedAt = performance.now();
    const answer = await fetch(`/page/vms?order=${order.value}&find=${encodeURIComponent(find.value)}`).catch(
      () => null,
    );
    if (isLeft || answer === null || !answer.ok) return;
    show(/** @type {VmList} */ (await answer.json()));
  };
  const show = (/** @type {VmList} */ { known, matching, rows, unheard }) => {
    places = new Map(rows.map(({ id }, place) => [id, place]));
    table.show(
      rows,
      known === 0
        ? 'No VM is known yet: they come with the first readings of their hosts.'
        : 'None is like this: change what is looked for.',
    );
    const most = rows.length < matching ? `, the first ${count(rows.length)} shown` : '';
    const without = unheard.length === 0 ? '' : `, without those of ${unheard.join(', ')}`;
    say(shown, `${find.value === '' ? `${count(known)} known` : `${count(matching)} found`}${most}${without}`);
  };
  find.addEventListener('input', () => {
    clearTimeout(typing);
    typing = window.setTimeout(ask, TYPING_MS);
  });
  order.addEventListener('change', ask);
  const choose = (/** @type {string} */ id) => {
    table.select(id);
    plots.choose(id);
    pair.classList.toggle('chosen', id !== '');
  };
  void ask();
  choose(chosen);
  return {
    title: 'VMs',
    element,
    choose,
    /** @param {Known} known */
    update: (known) => {
      if (performance.now() - askedAt > AGAIN_MS) void ask();
      plots.update(known);
      pair.hidden = known.overview?.pipeline === null;
      notice.element.hidden = !pair.hidden;
      if (known.overview !== null) notice.show(known.overview);
    },
    leave: () => {
      isLeft = true;
      plots.leave();
    },
  };
}

/** @param {string} state */
const isUsual = (state) => state === 'RUNNING' || state === 'UNKNOWN';

/** @param {string} state */
const wordOf = (state) => state.toLowerCase().replaceAll('_', ' ');

/** In which place the server put a VM. */
let places = /** @type {Map<string, number>} */ (new Map());

/** @type {import('./table.js').Column<VmRow>[]} */
const COLUMNS = [
  {
    key: 'place',
    title: 'VM',
    isPlain: true,
    text: ({ name, id }) => name ?? id,
    value: ({ id }) => places.get(id) ?? 0,
    dress: (cell, { name, id }) => set(cell, { title: `${name ?? ''} ${id}` }),
  },
  {
    key: 'host',
    title: 'Host',
    isPlain: true,
    text: ({ host }) => host ?? NONE,
    dress: (cell, { host }) => set(cell, { title: host }),
  },
  {
    key: 'cpu',
    title: 'CPU',
    isPlain: true,
    numeric: true,
    about: 'Of the latest window; the state of one that is not running',
    text: ({ cpu, state }) => (cpu !== null ? `${rate(cpu)} %` : isUsual(state) ? NONE : wordOf(state)),
    dress: (cell, { state }) => set(cell, { title: wordOf(state) }),
  },
  {
    key: 'seen',
    title: 'Coverage',
    about: 'How much of the latest window was observed',
    isPlain: true,
    numeric: true,
    text: ({ coverage }) => percent(coverage),
  },
];
