import { nowOf } from './connection.js';
import { el, say, set } from './dom.js';
import { age, count, counted, dateTime, duration, NONE, STATES, shortened, toneOf } from './format.js';
import { Table } from './table.js';

/** @import { FleetRow } from '../model.ts' */
/** @import { Known } from './connection.js' */

/** What is wrong comes first when sorted by state. */
const ORDER = ['failing', 'backing_off', 'silent', 'connecting', 'up', 'heard'];

/** Every endpoint with its state, as a table that is sorted and filtered. @param {string} chosen the row that is open; empty: none */
export function fleetView(chosen) {
  /** @type {Known | null} */
  let known = null;
  let opened = chosen;
  let short = shortened([]);
  const filter = /** @type {HTMLInputElement} */ (
    el('input', {
      type: 'search',
      id: 'fleet-filter',
      placeholder: 'Name, kind or error',
      autocomplete: 'off',
      spellcheck: 'false',
    })
  );
  const only = /** @type {HTMLSelectElement} */ (
    el(
      'select',
      { id: 'fleet-only' },
      el('option', { value: '' }, 'All states'),
      el('option', { value: 'bad' }, 'Not up'),
      ...Object.entries(STATES).map(([value, text]) => el('option', { value }, text)),
    )
  );
  const shown = el('p.count', { role: 'status' });
  const hint = el(
    'p.hint',
    { hidden: true },
    'As they are heard on the raw topic. Their calls, jitter and errors are known to the collectors that poll them.',
  );
  const details = el('aside.details', { 'aria-label': 'The chosen endpoint', hidden: true });
  /** @type {Table<FleetRow>} */
  const table = new Table(
    'Fleet',
    columns(
      () => (known === null ? Date.now() : nowOf(known)),
      (name) => short(name),
    ),
    {
      sort: 'state',
      kind: 'fleet',
      onOpen: (row) => {
        location.hash = addressOf(row === null || row.id === opened ? '' : row.id);
      },
    },
  );
  const split = el('div.split', {}, table.element, details);

  const close = () => {
    location.hash = addressOf('');
  };
  const choose = (/** @type {string} */ id) => {
    const hadFocus = details.contains(document.activeElement);
    opened = id;
    table.select(opened);
    showDetails();
    if (hadFocus && id === '') table.focus();
  };
  const showDetails = () => {
    const isOpen = opened !== '' && known !== null;
    details.hidden = !isOpen;
    split.classList.toggle('has-details', isOpen);
    if (isOpen && known !== null) fill(details, { id: opened, row: known.fleet.get(opened), now: nowOf(known), close });
  };
  const draw = () => {
    if (known === null) return;
    const all = [...known.fleet.values()];
    const rows = all.filter(matcher(filter.value, only.value));
    const { verdict, fleet } = known.overview ?? {};
    const isHeard = fleet?.kind === 'heard';
    table.table.classList.toggle('heard', isHeard);
    const processes = known.overview?.processes ?? null;
    short = shortened((processes ?? []).map(({ name }) => name));
    table.table.classList.toggle('several', processes !== null && !isHeard);
    hint.hidden = !isHeard;
    table.show(
      rows,
      all.length === 0
        ? `${verdict?.text ?? ''}. ${verdict?.hint ?? ''}`
        : 'None is like this: change the filter or the state.',
    );
    const what = counted(all.length, isHeard ? 'source' : 'endpoint');
    say(shown, rows.length === all.length ? what : `${count(rows.length)} of ${what}`);
    showDetails();
  };
  filter.addEventListener('input', draw);
  only.addEventListener('change', draw);
  details.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') close();
  });
  table.select(opened);
  return {
    title: 'Fleet',
    choose,
    element: el(
      'div.view.tall',
      {},
      el(
        'div.tools',
        { role: 'search' },
        el('span.field', {}, el('label', { for: 'fleet-filter' }, 'Filter'), filter),
        el('span.field', {}, el('label', { for: 'fleet-only' }, 'State'), only),
        shown,
      ),
      hint,
      split,
    ),
    /** @param {Known} news */
    update: (news) => {
      known = news;
      draw();
    },
    leave: () => undefined,
  };
}

/** @param {string} id */
const addressOf = (id) => (id === '' ? '#/fleet' : `#/fleet/${encodeURIComponent(id)}`);

/** @param {string} text @param {string} state @returns {(row: FleetRow) => boolean} */
function matcher(text, state) {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return (row) => {
    if (state === 'bad' ? toneOf(row.state) === 'good' : state !== '' && row.state !== state) return false;
    const all = `${row.name} ${row.kind} ${row.process ?? ''} ${row.error ?? ''}`.toLowerCase();
    return words.every((word) => all.includes(word));
  };
}

/**
 * @param {() => number} now @param {(process: string) => string} short
 * @returns {import('./table.js').Column<FleetRow>[]}
 */
const columns = (now, short) => [
  { key: 'name', title: 'Endpoint', text: ({ name }) => name, dress: (cell, { name }) => set(cell, { title: name }) },
  { key: 'kind', title: 'Kind', text: ({ kind }) => kind },
  {
    key: 'process',
    title: 'Process',
    about: 'Who polls it; none: it is only heard on the raw topic',
    text: ({ process }) => (process === null ? NONE : short(process)),
    value: ({ process }) => process,
    dress: (cell, { process }) => set(cell, { title: process }),
  },
  {
    key: 'state',
    title: 'State',
    text: ({ state }) => STATES[state],
    value: ({ state }) => ORDER.indexOf(state),
    dress: (cell, { state }) => set(cell, { 'data-tone': toneOf(state) }),
  },
  // The other way round than the time: the oldest is the greatest.
  {
    key: 'age',
    title: 'Last reading',
    numeric: true,
    about: 'How long ago it was read; the time itself is in its details',
    text: ({ readAt }) => (readAt === null ? 'never' : `${age(readAt, now())} ago`),
    dress: (cell, { readAt }) => set(cell, { title: readAt === null ? null : `${dateTime(readAt)} UTC` }),
    value: ({ readAt }) => (readAt === null ? Number.POSITIVE_INFINITY : -readAt),
  },
  {
    key: 'vms',
    title: 'VMs',
    numeric: true,
    text: ({ instances }) => count(instances),
    value: ({ instances }) => instances,
  },
  {
    key: 'calls',
    title: 'Calls',
    about: 'Remote calls of the last poll',
    numeric: true,
    text: ({ calls }) => count(calls),
    value: ({ calls }) => calls,
  },
  {
    key: 'took',
    title: 'Took',
    about: 'How long the last poll took',
    numeric: true,
    text: ({ durationMs }) => duration(durationMs),
    value: ({ durationMs }) => durationMs,
  },
  {
    key: 'jitter',
    title: 'Jitter',
    about: 'How far the last poll started behind its schedule',
    numeric: true,
    text: ({ jitterMs }) => duration(jitterMs),
    value: ({ jitterMs }) => jitterMs,
  },
  {
    key: 'failures',
    title: 'Failures',
    about: 'Polls and attempts to connect that failed in a row',
    numeric: true,
    text: ({ failures }) => count(failures),
    value: ({ failures }) => failures,
  },
  {
    key: 'error',
    title: 'Last error',
    text: ({ error, errorAt }) => (error === null ? '' : `${age(errorAt, now())} ago: ${error}`),
    dress: (cell, { error, errorAt }) =>
      set(cell, { title: error === null ? null : `${dateTime(errorAt)} UTC: ${error}` }),
    value: ({ error }) => error,
  },
];

/**
 * @param {HTMLElement} element
 * @param {{ id: string, row: FleetRow | undefined, now: number, close: () => void }} shown
 */
function fill(element, { id, row, now, close }) {
  const facts = row === undefined ? [['State', 'not in the fleet that is seen here, or no longer']] : factsOf(row, now);
  if (element.dataset.id !== id) {
    element.dataset.id = id;
    const button = el('button.close', { type: 'button', 'aria-label': 'Close' }, '×');
    button.addEventListener('click', close);
    element.replaceChildren(el('h2', {}, row?.name ?? id), button, el('dl.facts'));
  }
  const list = element.querySelector('dl');
  if (list === null) return;
  while (list.children.length > 2 * facts.length) list.lastElementChild?.remove();
  while (list.children.length < 2 * facts.length) list.append(el('dt'), el('dd'));
  facts.forEach(([name, value], i) => {
    const [title, words] = [list.children[2 * i], list.children[2 * i + 1]];
    if (title) say(title, name ?? '');
    if (words) say(words, value ?? '');
  });
}

/** @param {FleetRow} row @param {number} now */
const factsOf = (row, now) => [
  ['Kind', row.kind],
  ...(row.process === null ? [] : [['Polled by', row.process]]),
  ['State', `${STATES[row.state]}${row.sinceAt === null ? '' : ` for ${age(row.sinceAt, now)}`}`],
  ['Last reading', row.readAt === null ? 'never' : `${age(row.readAt, now)} ago, ${dateTime(row.readAt)} UTC`],
  ...(row.failures === null
    ? []
    : [
        ['VMs', count(row.instances)],
        ['Calls of the last poll', count(row.calls)],
        ['It took', duration(row.durationMs)],
        ['Behind its schedule', duration(row.jitterMs)],
        ['Failures in a row', count(row.failures)],
      ]),
  ...(row.retryAt === null ? [] : [['Next attempt', row.retryAt > now ? `in ${duration(row.retryAt - now)}` : 'now']]),
  ...(row.error === null
    ? []
    : [['Last error', `${age(row.errorAt, now)} ago, ${dateTime(row.errorAt)} UTC: ${row.error}`]]),
];
