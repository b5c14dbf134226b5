import { nowOf } from './connection.js';
import { el, section, smallTable } from './dom.js';
import { age, clockTime, count, dateTime, duration, NONE, toneOf } from './format.js';
import { renew } from './pipeline-view.js';

/** @import { ProcessStatus } from '../model.ts' */
/** @import { Known } from './connection.js' */

const WORDS = { live: 'live', connecting: 'connecting', away: 'does not answer', foreign: 'not understood' };

/** Those in trouble first. */
const ORDER = ['away', 'foreign', 'connecting', 'live'];

/** Every process that this page shows: what it does, since when, and how it stands with it. */
export function processesView() {
  const table = el('div');
  const notice = el('p.panel.notice', {}, 'This page is of one process. hypermeter page shows several on one.');
  return {
    title: 'Processes',
    element: el('div.view', {}, notice, table),
    /** @param {Known} known */
    update: (known) => {
      const processes = known.overview?.processes ?? null;
      notice.hidden = processes !== null;
      if (processes !== null) renew(table, [panelOf(processes, nowOf(known))]);
    },
    leave: () => undefined,
  };
}

/** @param {readonly ProcessStatus[]} processes @param {number} now */
function panelOf(processes, now) {
  const rows = processes.toSorted(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  return section(
    'Processes of this page',
    rows.length === 0
      ? el('p.hint', {}, 'None is found yet under the names that this page was given.')
      : smallTable(
          'Processes of this page',
          ['Process', 'Address', 'State', 'Role', 'Version', 'Up for', '#Endpoints', '#Partitions', 'What is wrong'],
          rows.map((each) => [
            each.name,
            addressOf(each),
            stateOf(each, now),
            each.role ?? NONE,
            each.version ?? NONE,
            upFor(each, now),
            count(each.endpoints),
            count(each.partitions),
            wrong(each),
          ]),
        ),
    el(
      'p.hint',
      {},
      'A process is live as long as it says something every 8 s. One that does not answer is asked again within seconds.',
    ),
  );
}

/** A link where this browser may reach it: not what is of the other machine alone. @param {ProcessStatus} process */
function addressOf({ address, url, name }) {
  if (url === null || (isLocal(new URL(url).hostname) && !isLocal(location.hostname))) return address;
  return el('a', { href: url, 'aria-label': `${address}, the page of ${name} alone` }, address);
}

/** @param {string} host */
const isLocal = (host) => host === 'localhost' || host === '[::1]' || host.startsWith('127.');

/** @param {ProcessStatus} process @param {number} now */
const stateOf = ({ state, sinceAt }, now) =>
  el(
    `span.tag.${toneOf(state)}`,
    { title: `since ${dateTime(sinceAt)} UTC` },
    `${WORDS[state]}${state === 'live' ? '' : ` for ${age(sinceAt, now)}`}`,
  );

/** @param {ProcessStatus} process @param {number} now */
const upFor = ({ startedAt, state }, now) =>
  startedAt === null || state !== 'live'
    ? NONE
    : el('span', { title: `since ${dateTime(startedAt)} UTC` }, duration(Math.max(0, now - startedAt)));

/** @param {ProcessStatus} process */
function wrong({ state, error, ready, reasons, sameAs, sinceAt }) {
  if (state === 'away' || state === 'foreign') return `since ${clockTime(sinceAt)} UTC: ${error ?? ''}`;
  if (sameAs !== null) return `the same process as ${sameAs}: counted once`;
  return ready === false ? `not ready: ${reasons.join(', ')}` : '';
}
