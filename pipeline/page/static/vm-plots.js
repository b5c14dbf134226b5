import { nowOf } from './connection.js';
import { el, say, smallTable } from './dom.js';
import { clockTime, duration, NONE, percent, quantity } from './format.js';
import { ago, tellAges } from './moment.js';
import { MOST_CURVES, Plot } from './plots.js';
import { happened, plotsOf } from './vm-series.js';

/** @import { VmHistory } from '../model.ts' */
/** @import { Known } from './connection.js' */

/** Windows in the table of values. */
const IN_TABLE = 20;

/** One VM's kept windows as plots, what happened in them, and the values as a table. */
export function vmPlots() {
  const element = el('section.vm', { 'aria-label': 'The chosen VM' });
  const hint = el(
    'p.panel.notice',
    {},
    'Choose a VM to see its meters. The latest windows of each are kept; of one that is opened, more from then on.',
  );
  const title = el('h2');
  const where = el('p.where');
  const back = el('a.back', { href: '#/vms' }, 'All VMs');
  const sizes = /** @type {HTMLSelectElement} */ (el('select', { id: 'vm-size' }));
  const sizeLabel = el('label.sizes', { for: 'vm-size' }, 'Windows of', sizes);
  const events = el('ul.events');
  const key = el(
    'ul.key',
    {},
    ...[
      ['shade', 'not observed'],
      ['reset', 'counters began anew'],
      ['moved', 'moved to another host'],
    ].map(([name, words]) => el('li', {}, el(`span.swatch.${name}`, { 'aria-hidden': 'true' }), words ?? '')),
  );
  const grid = el('div.plots');
  const values = el('div.values');
  const table = el('details', {}, el('summary', {}, 'Values as a table'), values);
  const head = el('header.vm-head', {}, el('div', {}, back, title, where), sizeLabel);
  /** @type {Map<string, Plot>} */
  const plots = new Map();
  let id = '';
  let askedAt = Number.NEGATIVE_INFINITY;
  let waitMs = 1000;
  let nowMs = Date.now();

  const ask = async () => {
    const asked = id;
    askedAt = performance.now();
    const size = sizes.value === '' ? '' : `&sizeMs=${sizes.value}`;
    const answer = await fetch(`/page/vm?id=${encodeURIComponent(id)}${size}`).catch(() => null);
    if (asked !== id || answer === null || !answer.ok) return;
    const history = /** @type {VmHistory | null} */ (await answer.json());
    if (asked === id) show(history);
  };
  const show = (/** @type {VmHistory | null} */ history) => {
    if (history === null || history.endAt.length === 0) {
      say(title, id);
      say(where, 'No window of it is kept yet: it is, from its next one on. Its plots appear by themselves.');
      return;
    }
    waitMs = Math.min(10_000, Math.max(1000, history.sizeMs / 5));
    showHead(history);
    showPlots(history);
    if (/** @type {HTMLDetailsElement} */ (table).open) values.replaceChildren(valuesTable(history));
  };
  const showHead = (/** @type {VmHistory} */ history) => {
    say(title, history.name ?? history.id);
    const latest = history.coverage.at(-1);
    say(
      where,
      `${history.id} on ${history.host ?? 'an unknown host'}, ${percent(latest)} of the latest window observed`,
    );
    sizeLabel.hidden = history.sizesMs.length < 2;
    if (sizes.options.length !== history.sizesMs.length)
      sizes.replaceChildren(...history.sizesMs.map((size) => el('option', { value: size }, duration(size))));
    sizes.value = String(history.sizeMs);
    const lines = happened(history).toReversed();
    const text = JSON.stringify(lines);
    if (events.dataset.shown === text) return;
    events.dataset.shown = text;
    events.replaceChildren(
      ...(lines.length === 0 ? [el('li', {}, 'Nothing but growth, and every window wholly observed.')] : []),
      ...lines.map(({ at, kind, text: words }) =>
        el(
          'li',
          {},
          el(`span.swatch.${kind === 'gap' ? 'shade' : kind}`, { 'aria-hidden': 'true' }),
          el('time', {}, `${clockTime(at - history.sizeMs)}–${clockTime(at)}`),
          ` ${words}, `,
          ago(at, nowMs),
        ),
      ),
    );
  };
  const showPlots = (/** @type {VmHistory} */ history) => {
    const { endAt, coverage, sizeMs } = history;
    const marks = marksOf(history);
    const wanted = plotsOf(history);
    for (const [name, plot] of plots)
      if (!wanted.some((each) => each.key === name)) {
        plot.destroy();
        plot.element.remove();
        plots.delete(name);
      }
    for (const { key: name, title: words, series } of wanted) {
      let plot = plots.get(name);
      if (plot === undefined) {
        plot = new Plot(words, { height: 140 });
        plots.set(name, plot);
        grid.append(plot.element);
      }
      plot.show({
        at: endAt,
        startAt: endAt.map((at) => at - sizeMs),
        coverage,
        marks,
        series: series.slice(0, MOST_CURVES),
      });
    }
  };
  const clear = () => {
    for (const plot of plots.values()) plot.destroy();
    plots.clear();
    grid.replaceChildren();
    events.replaceChildren();
    delete events.dataset.shown;
    sizes.replaceChildren();
  };
  sizes.addEventListener('change', ask);
  table.addEventListener('toggle', ask);
  return {
    element,
    /** @param {string} chosen */
    choose: (chosen) => {
      if (chosen === id && id !== '') return;
      id = chosen;
      clear();
      element.replaceChildren(
        ...(id === '' ? [hint] : [head, key, grid, el('h3', {}, 'What happened, times in UTC'), events, table]),
      );
      if (id === '') return;
      say(title, id);
      say(where, '');
      void ask();
    },
    /** @param {Known} known */
    update: (known) => {
      nowMs = nowOf(known);
      tellAges(events, nowMs);
      if (id !== '' && known.state === 'live' && performance.now() - askedAt > waitMs) void ask();
    },
    leave: () => {
      id = '';
      clear();
    },
  };
}

/**
 * A mark in the middle of each window in which counters began anew, or the VM moved, which has them begin anew too.
 * @param {VmHistory} history
 */
function marksOf(history) {
  /** @type {Map<number, 'reset' | 'moved'>} */
  const kinds = new Map();
  for (const { at, kind } of happened(history)) if (kind !== 'gap' && kinds.get(at) !== 'moved') kinds.set(at, kind);
  return [...kinds].map(([at, kind]) => ({ at: at - history.sizeMs / 2, kind }));
}

/** @param {VmHistory} history */
function valuesTable({ endAt, coverage, flags, series }) {
  const first = Math.max(0, endAt.length - IN_TABLE);
  const titles = series.map(({ meter, device }) => (device === '' ? meter : `${meter} ${device}`));
  const rows = endAt.slice(first).map((at, i) => [
    clockTime(at),
    percent(coverage[first + i]),
    (flags[first + i] ?? []).join(' '),
    ...series.map(({ values, unit }) => {
      const value = values[first + i];
      return value === null || value === undefined ? NONE : quantity(value, unit);
    }),
  ]);
  return smallTable(
    'Values of the latest windows',
    ['End (UTC)', '#Observed', 'Flags', ...titles.map((title) => `#${title}`)],
    rows.toReversed(),
  );
}
