import { nowOf } from './connection.js';
import { el, section, smallTable } from './dom.js';
import { age, clockTime, count, dateTime, duration, NONE, toneOf } from './format.js';
import { renew } from './pipeline-view.js';

/** @import { ProcessStatus } from '../model.ts' */
/** @import { Known } from './connection.js' */

const WORDS = { live: 'live', connecting: 'connecting', away: 'away', foreign: 'not understood' };

const TITLE = 'Processes of this page';

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
  if (rows.length === 0)
    return section(TITLE, el('p.hint', {}, 'None is found yet under the names that this page was given.'));
  return section(
    TITLE,
    smallTable(
      TITLE,
      ['Process', 'State', 'Role', '#Endpoints', '#Partitions', 'Up for', 'Version', 'Address'],
      rows.map((each) => [
        each.name,
        stateOf(each, now),
        each.role ?? NONE,
        count(each.endpoints),
        count(each.partitions),
        upFor(each, now),
        each.version ?? NONE,
        addressOf(each),
      ]),
    ),
    ...rows.flatMap(notes),
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

/** What there is to say of a process, in lines of their own: they are long. @param {ProcessStatus} process */
function notes({ name, address, state, error, ready, reasons, sameAs, sinceAt }) {
  const who = name === address ? address : `${name} (${address})`;
  if (state === 'away' || state === 'foreign')
    return [el('p.error', {}, `${who}, since ${clockTime(sinceAt)} UTC: ${error ?? ''}`)];
  if (sameAs !== null) return [el('p.hint', {}, `${who} is the same process as ${sameAs}, and counted once.`)];
  return ready === false ? [el('p.error', {}, `${who} is not ready: ${reasons.join(', ')}`)] : [];
}
