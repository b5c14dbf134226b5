import { nowOf } from './connection.js';
import { el } from './dom.js';
import { count, counted, dateTime, duration, sum, toneOf } from './format.js';
import { ago } from './moment.js';
import { renew } from './pipeline-view.js';
import { elsewhere } from './scope.js';

/** @import { SinkStatus } from '../model.ts' */
/** @import { Known } from './connection.js' */

/** What was dropped from a full outbox is no dead letter. */
const OUTBOX_FULL = 'outbox_full';

const WORDS = { ok: 'delivering', failing: 'failing', idle: 'nothing sent yet' };

/** Each sink: what it has, what is on its way, what was tried again and what was left out. */
export function sinksView() {
  const cards = el('div.cards');
  const notice = elsewhere('Sinks');
  return {
    title: 'Sinks',
    element: el('div.view', {}, cards),
    /** @param {Known} known */
    update: (known) => {
      const { overview } = known;
      if (overview === null) return;
      const { sinks, pipeline } = overview;
      notice.show(overview);
      const none =
        pipeline === null
          ? notice.element
          : el(
              'p.panel.notice',
              {},
              'No sink is configured: what is metered goes nowhere. Name one under sinks in the configuration.',
            );
      renew(cards, sinks.length === 0 ? [none] : sinks.map((sink) => card(sink, nowOf(known))));
    },
    leave: () => undefined,
  };
}

/** @param {SinkStatus} sink @param {number} now */
function card(sink, now) {
  const lettered = sink.dropped.filter(({ name }) => name !== OUTBOX_FULL);
  const pushedOut = sink.dropped.find(({ name }) => name === OUTBOX_FULL);
  const facts = [
    ['Published', counted(sink.published, 'sample')],
    ['In flight', counted(sink.inFlight, 'sample')],
    ['Failed attempts, retried', count(sink.retries)],
    [
      'Dead letters',
      [
        counted(sum(lettered.map((each) => each.count)) ?? 0, 'sample'),
        ...lettered.map((each) => `${count(each.count)} ${each.name}`),
      ].join(', '),
    ],
    ...(pushedOut === undefined ? [] : [['Dropped for newer ones', counted(pushedOut.count, 'sample')]]),
    ['Last taken', sink.publishedAt === null ? 'never' : ago(sink.publishedAt, now)],
    ['Last batch took', duration(sink.batchMs)],
  ];
  return el(
    `section.panel.sink.${toneOf(sink.state)}`,
    {},
    el('header', {}, el('h2', {}, sink.name), el(`span.tag.${toneOf(sink.state)}`, {}, WORDS[sink.state])),
    el('dl.facts', {}, ...facts.flatMap(([name, value]) => [el('dt', {}, name ?? ''), el('dd', {}, value ?? '')])),
    sink.state === 'idle' ? el('p.hint', {}, 'The first samples come when the first window has closed.') : null,
    sink.error === null
      ? null
      : el(
          sink.state === 'failing' ? 'p.error' : 'p.hint',
          {},
          'Last error, ',
          ago(sink.errorAt, now),
          ` (${dateTime(sink.errorAt)} UTC): ${sink.error}`,
        ),
  );
}
