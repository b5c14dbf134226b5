import { nowOf } from './connection.js';
import { el, say, section } from './dom.js';
import { kafkaFigure, lagFigure, residualFigure, tileRow, watermarkFigure } from './figures.js';
import { count, counted, duration, NONE, percent, quantity, rate, sum } from './format.js';
import { Plot } from './plots.js';
import { scopeOf } from './scope.js';
import { showVerdict } from './verdict.js';

/** @import { Overview, PipelineStatus, Trend } from '../model.ts' */
/** @import { Known } from './connection.js' */
/** @import { Figure } from './figures.js' */

/** @type {{ height: number }} */
const TREND = { height: 190 };
const STEPS = 'There is a point every 5 s; the first two are still to come.';
export const NO_WINDOW =
  'No window is closed yet: one is when the watermark, the reorder time behind the latest readings, has passed its end.';

/** The whole at a glance: whether the fleet is metered, what is wrong, figures, and how they moved. */
export function overviewView() {
  const verdict = el('div');
  const tiles = tileRow();
  const scope = el('p.hint');
  const flow = new Plot('Throughput', { ...TREND, nothing: STEPS });
  const wait = new Plot('Waiting', { ...TREND, nothing: STEPS });
  const seen = new Plot('Coverage of the latest windows', { ...TREND, least: 100, nothing: NO_WINDOW });
  const plots = el('div.plots', {}, flow.element, wait.element, seen.element);
  return {
    title: 'Overview',
    element: el('div.view', {}, verdict, tiles.element, section('The last half hour', plots), scope),
    /** @param {Known} known */
    update: (known) => {
      const { overview } = known;
      if (overview === null) return;
      const now = nowOf(known);
      showVerdict(verdict, overview, now);
      tiles.show(figures(overview, now));
      say(scope, scopeOf(overview));
      showTrend(overview, { flow, wait, seen });
    },
    leave: () => {
      for (const plot of [flow, wait, seen]) plot.destroy();
    },
  };
}

/** @param {Overview} overview @param {number} now @returns {readonly Figure[]} */
function figures({ fleet, pipeline, sinks, spool, kafka, trend }, now) {
  const { kind, endpoints, good, late } = fleet;
  const rest = endpoints - good - late;
  const isHeard = kind === 'heard';
  return [
    {
      name: isHeard ? 'Sources heard' : 'Endpoints up',
      value: endpoints === 0 ? NONE : `${count(good)} / ${count(endpoints)}`,
      note: [
        late === 0 ? 'none late' : `${count(late)} late`,
        ...(rest === 0 ? [] : [`${count(rest)} not connected yet`]),
        ...(isHeard ? [] : [`${counted(fleet.failures, 'failure')} since the start`]),
      ].join(', '),
      tone: late > 0 ? 'bad' : endpoints > 0 && rest === 0 ? 'good' : '',
    },
    ...(isHeard
      ? []
      : [
          {
            name: 'Polls',
            value: rate(trend.polls.at(-1)),
            unit: '/s',
            note:
              fleet.polls === 0
                ? 'none answered yet'
                : `${counted(fleet.instances, 'VM')}, ${callsOf(fleet.calls / fleet.polls)}`,
          },
        ]),
    ...(pipeline === null ? [kafkaFigure(kafka, now), ...spoolFigures(spool)] : meteredFigures(pipeline, trend, now)),
    ...(sinks.length === 0 ? [] : [publishedFigure(sinks)]),
  ];
}

/** @param {number} calls */
const callsOf = (calls) => `${rate(calls)} ${rate(calls) === '1' ? 'call' : 'calls'} a poll`;

/** @param {Overview['spool']} spool @returns {readonly Figure[]} */
const spoolFigures = (spool) =>
  spool === null
    ? []
    : [
        {
          name: 'Spool',
          value: count(spool.slices),
          unit: 'slices',
          note: `${quantity(spool.bytes, 'B')} that wait for Kafka`,
        },
      ];

/** What fits into a tile; the sinks' own part tells it exactly. @param {number} n */
const short = (n) => (n < 1e7 ? count(n) : quantity(n, ''));

/** @param {Overview['sinks']} sinks @returns {Figure} */
function publishedFigure(sinks) {
  const failing = sinks.filter(({ state }) => state === 'failing').length;
  return {
    name: 'Published',
    value: short(sum(sinks.map(({ published }) => published)) ?? 0),
    unit: 'samples',
    note: `${count(sum(sinks.map(({ inFlight }) => inFlight)))} in flight, ${counted(sinks.length, 'sink')}${failing > 0 ? `, ${failing} failing` : ''}`,
    tone: failing > 0 ? 'bad' : '',
  };
}

/** Less of a window is told to be odd. */
const LITTLE = 0.9;

/** @param {PipelineStatus} pipeline @param {Trend} trend @param {number} now @returns {readonly Figure[]} */
function meteredFigures({ partitions, windows, residual, readings }, trend, now) {
  const coverage = windows[0]?.latest.at(-1)?.coverage ?? null;
  const isLittle = coverage !== null && coverage < LITTLE;
  const size = windows[0] ? `latest window of ${duration(windows[0].sizeMs)}` : '';
  return [
    {
      name: 'Readings',
      value: rate(trend.readings.at(-1)),
      unit: '/s',
      note: `${count(readings)} since the start`,
    },
    lagFigure(partitions),
    watermarkFigure(partitions, now),
    {
      name: 'Coverage',
      value: percent(coverage),
      note: coverage === null ? 'no window closed yet' : `${size}${isLittle ? `, less than ${percent(LITTLE)}` : ''}`,
      tone: isLittle ? 'odd' : '',
    },
    residualFigure(residual),
  ];
}

/** @param {Overview} overview @param {{ flow: Plot, wait: Plot, seen: Plot }} plots */
function showTrend({ trend, pipeline, fleet, sinks }, { flow, wait, seen }) {
  const { at, readings, samples, polls, lag, inFlight } = trend;
  flow.show({
    at,
    series: [
      ...(pipeline === null
        ? []
        : [
            { label: 'readings', unit: '/s', values: readings },
            { label: 'samples', unit: '/s', values: samples },
          ]),
      ...(fleet.polls === 0 ? [] : [{ label: 'polls', unit: '/s', values: polls }]),
    ],
  });
  wait.element.hidden = pipeline === null;
  seen.element.hidden = pipeline === null;
  wait.show({
    at,
    series: [
      { label: 'raw messages not read', unit: '', values: lag },
      ...(sinks.length === 0 ? [] : [{ label: 'samples in flight', unit: '', values: inFlight }]),
    ],
  });
  const window = pipeline?.windows[0];
  if (window) seen.show(coverageCurve(window.latest, window.sizeMs));
}

/** @param {readonly { readonly endAt: number, readonly coverage: number }[]} latest @param {number} sizeMs */
export const coverageCurve = (latest, sizeMs) => ({
  at: latest.map(({ endAt }) => endAt),
  startAt: latest.map(({ endAt }) => endAt - sizeMs),
  series: [{ label: 'mean of all counters', unit: '%', values: latest.map(({ coverage }) => coverage * 100) }],
});
