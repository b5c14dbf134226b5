import { el } from './dom.js';
import { count, STATES } from './format.js';
import { ago, tellAges } from './moment.js';

/** @import { Late, Overview } from '../model.ts' */

/**
 * Whether the fleet is metered, who is late, and what else is wrong. Made anew only when it changes: somebody may be in it.
 * @param {HTMLElement} element @param {Overview} overview @param {number} now
 */
export function showVerdict(element, { verdict, problems, ready, reasons, processes }, now) {
  const others = [
    ...(ready
      ? []
      : [
          {
            severity: 'warning',
            text: `Not ready: ${reasons.join(processes === null ? ', ' : '; ')}`,
            view: processes === null ? 'pipeline' : 'processes',
          },
        ]),
    ...problems,
  ];
  const text = JSON.stringify([verdict, others]);
  if (element.dataset.shown === text) {
    tellAges(element, now);
    return;
  }
  element.dataset.shown = text;
  const errors = others.filter(({ severity }) => severity === 'error');
  const warnings = others.filter(({ severity }) => severity !== 'error');
  const isFine = verdict.tone === 'good' && others.length === 0;
  const tone = isFine ? 'good' : verdict.tone === 'bad' || errors.length > 0 ? 'bad' : 'odd';
  element.replaceChildren(
    el(
      `section.banner.${tone}`,
      { 'aria-label': 'Verdict' },
      el('h2', {}, verdict.text),
      verdict.hint === null ? null : el('p', {}, verdict.hint),
      isFine
        ? el('p', {}, `Nothing is wrong that ${processes === null ? 'this process knows' : 'these processes know'} of.`)
        : null,
      el(
        'ul',
        {},
        ...errors.map(problemLine),
        ...verdict.late.map((late) => lateLine(late, now)),
        verdict.more === 0
          ? null
          : el('li.more', {}, el('a.words', { href: '#/fleet' }, `and ${count(verdict.more)} more that are late`)),
        ...warnings.map(problemLine),
      ),
    ),
  );
}

/** @param {{ severity: string, text: string, view: string }} problem */
const problemLine = ({ severity, text, view }) =>
  el(
    'li',
    {},
    el(`span.tag.${severity === 'error' ? 'bad' : 'odd'}`, {}, severity),
    el('a.words', { href: `#/${view}` }, text),
  );

/** @param {Late} late @param {number} now */
const lateLine = ({ id, name, state, readAt, error, process }, now) =>
  el(
    'li',
    {},
    el('span.tag.bad', {}, 'late'),
    el(
      'span.words',
      {},
      el('a', { href: `#/fleet/${encodeURIComponent(id)}` }, name),
      `, ${STATES[state]}, `,
      ...(readAt === null ? ['never read'] : ['last read ', ago(readAt, now)]),
      // One that is silent because its process is away says so itself.
      process === null || state === 'silent' ? '' : `, polled by ${process}`,
      error === null ? '' : `: ${error}`,
    ),
  );
