import { nowOf } from './connection.js';
import { el, section, smallTable } from './dom.js';
import { kafkaFigure, lagFigure, residualFigure, tileRow, watermarkFigure } from './figures.js';
import { age, clockTime, count, dateTime, duration, NONE, percent, quantity, shortened, sum } from './format.js';
import { ago } from './moment.js';
import { coverageCurve, NO_WINDOW } from './overview-view.js';
import { Plot } from './plots.js';
import { elsewhere } from './scope.js';

/** @import { Count, Overview, PipelineStatus } from '../model.ts' */
/** @import { Known } from './connection.js' */
/** @import { Figure } from './figures.js' */

/** Lag, watermarks, windows, coverage, quality, what was dropped and the conservation residual. */
export function pipelineView() {
  const tiles = tileRow();
  const seen = new Plot('Coverage of the latest windows', { least: 100, nothing: NO_WINDOW });
  const how = new Plot('Quality: how the values came about', { least: 100, nothing: NO_WINDOW });
  const plots = section('Latest windows', el('div.plots', {}, seen.element, how.element));
  const tables = el('div.columns');
  const notice = elsewhere('Windows, their coverage and what was dropped');
  return {
    title: 'Pipeline',
    element: el('div.view', {}, notice.element, tiles.element, plots, tables),
    /** @param {Known} known */
    update: (known) => {
      const { overview } = known;
      if (overview === null) return;
      const now = nowOf(known);
      tiles.show(figures(overview, now));
      plots.hidden = overview.pipeline === null;
      notice.element.hidden = overview.pipeline !== null;
      notice.show(overview);
      const window = overview.pipeline?.windows[0];
      if (window) {
        seen.show(coverageCurve(window.latest, window.sizeMs));
        how.show(qualityCurves(window));
      }
      renew(tables, [
        ...(overview.pipeline === null ? [] : metered(overview.pipeline, overview, now)),
        ...around(overview, now),
      ]);
    },
    leave: () => {
      seen.destroy();
      how.destroy();
    },
  };
}

/**
 * Puts tables in the place of those before, unless somebody is in them: with the keyboard, or selecting text.
 * @param {HTMLElement} element
 * @param {readonly HTMLElement[]} children
 */
export function renew(element, children) {
  const selection = getSelection();
  const isSelecting = selection !== null && !selection.isCollapsed && element.contains(selection.anchorNode);
  if (element.contains(document.activeElement) || isSelecting) return;
  const scrolled = [...element.querySelectorAll('.scroll')].map(({ scrollTop }) => scrollTop);
  element.replaceChildren(...children);
  element.querySelectorAll('.scroll').forEach((part, i) => {
    part.scrollTop = scrolled[i] ?? 0;
  });
}

/** @param {Overview} overview @param {number} now @returns {readonly Figure[]} */
function figures({ pipeline, kafka, store }, now) {
  if (pipeline === null) return [kafkaFigure(kafka, now)];
  const { partitions, drops, readings, messages, residual } = pipeline;
  return [
    kafkaFigure(kafka, now),
    {
      name: 'State store',
      value: store.isAway ? 'away' : store.checkpoints === 0 ? NONE : 'works',
      note:
        store.checkpoints > 0
          ? `${count(store.checkpoints)} checkpoints, the last took ${duration(store.checkpointMs)}`
          : `no checkpoint yet${store.isAway ? '' : '; state in memory has none'}`,
      tone: store.isAway ? 'bad' : store.checkpoints === 0 ? '' : 'good',
    },
    { name: 'Read', value: count(messages), unit: 'messages', note: `from ${count(partitions.length)} partitions` },
    lagFigure(partitions),
    watermarkFigure(partitions, now),
    {
      name: 'Dropped',
      value: count(sum(drops.map((each) => each.count)) ?? 0),
      unit: 'readings',
      note: `of ${count(readings)}`,
    },
    residualFigure(residual),
  ];
}

/** @param {PipelineStatus['windows'][number]} window */
function qualityCurves({ latest, sizeMs }) {
  const share = (/** @type {'measured' | 'interpolated' | 'estimated' | 'lowerBound'} */ name) =>
    latest.map((each) => (100 * each[name]) / each.samples);
  return {
    at: latest.map(({ endAt }) => endAt),
    startAt: latest.map(({ endAt }) => endAt - sizeMs),
    series: [
      { label: 'measured', unit: '%', values: share('measured') },
      { label: 'interpolated', unit: '%', values: share('interpolated') },
      { label: 'estimated', unit: '%', values: share('estimated') },
      { label: 'lower bound', unit: '%', values: share('lowerBound') },
    ],
  };
}

/** @param {PipelineStatus} pipeline @param {Overview} overview @param {number} now */
function metered({ partitions, windows, drops, events, deadLetters }, { processes }, now) {
  const isOfSeveral = processes !== null;
  const short = shortened((processes ?? []).map(({ name }) => name));
  return [
    panel(
      'half',
      'Windows',
      smallTable(
        'Windows by size',
        ['Size', '#Open', '#Closed', '#Samples', '#Latest end, UTC', '#Coverage'],
        windows.map(({ sizeMs, open, closed, samples, lastEndAt, latest }) => [
          duration(sizeMs),
          count(open),
          count(closed),
          count(samples),
          clockTime(lastEndAt),
          percent(latest.at(-1)?.coverage),
        ]),
      ),
      el(
        'p.hint',
        {},
        'Open: windows that have begun and that the watermark has not passed. Closed: windows of series, since the start.',
      ),
    ),
    panel(
      'half',
      'Partitions',
      smallTable(
        'Partitions of the raw topic that are read here',
        [
          'Partition',
          ...(isOfSeveral ? ['Process'] : []),
          '#Lag, messages',
          '#Watermark',
          '#Instances',
          '#Sources',
          '#Held, slices',
          '#Residual',
        ],
        partitions.map((each) => [
          String(each.index),
          ...(isOfSeveral
            ? [each.process === null ? NONE : el('span', { title: each.process }, short(each.process))]
            : []),
          count(each.lag),
          each.watermarkAt === null
            ? NONE
            : el('span', {}, ago(each.watermarkAt, now), each.isBehind ? ', too far' : ''),
          count(each.instances),
          count(each.sources),
          count(each.held),
          each.residual ?? NONE,
        ]),
      ),
    ),
    countsSection('Dropped readings', 'Reason', drops, 'No reading was dropped.'),
    countsSection(
      'Counter events',
      'Event',
      events,
      'None: no counter was seen for the first time, or did anything but grow.',
    ),
    countsSection('Dead letters', 'Reason', deadLetters, 'Every raw message could be read.'),
  ];
}

/** @param {string} name @param {string} title @param {...HTMLElement} content */
function panel(name, title, ...content) {
  const element = section(title, ...content);
  element.classList.add(name);
  return element;
}

/** @param {string} title @param {string} what @param {readonly Count[]} counted @param {string} nothing */
const countsSection = (title, what, counted, nothing) =>
  section(
    title,
    counted.length === 0
      ? el('p.hint', {}, nothing)
      : smallTable(
          title,
          [what, '#Count'],
          counted.map(({ name, count: n }) => [name, count(n)]),
        ),
  );

/** @param {Overview} overview @param {number} now */
function around({ kafka, store, spool }, now) {
  const state = [
    ...(kafka === null
      ? []
      : [`Kafka, ${kafka.client}, ${dateTime(kafka.at)} UTC (${age(kafka.at, now)} ago): ${kafka.message}`]),
    ...(store.isAway ? [`State store: ${store.message ?? 'away'}`] : []),
  ];
  return [
    ...(state.length === 0 ? [] : [section('Latest trouble', ...state.map((words) => el('p.error', {}, words)))]),
    ...(spool === null
      ? []
      : [
          section(
            'Spool',
            smallTable(
              'Spool',
              ['#Slices', '#Bytes', '#Oldest', '#Dropped'],
              [
                [
                  count(spool.slices),
                  quantity(spool.bytes, 'B'),
                  duration(spool.oldestAgeSeconds * 1000),
                  count(spool.dropped),
                ],
              ],
            ),
            spool.lastError === null ? null : el('p.error', {}, spool.lastError),
          ),
        ]),
  ];
}
