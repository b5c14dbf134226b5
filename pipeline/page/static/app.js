import { configView } from './config-view.js';
import { connect } from './connection.js';
import { byId, say, set } from './dom.js';
import { fleetView } from './fleet-view.js';
import { clockTime, dateTime, duration } from './format.js';
import { overviewView } from './overview-view.js';
import { pipelineView } from './pipeline-view.js';
import { repaint } from './plots.js';
import { processesView } from './processes-view.js';
import { sinksView } from './sinks-view.js';
import { startTheme } from './theme.js';
import { vmsView } from './vms-view.js';

/** @import { Known } from './connection.js' */

/**
 * A part of the page, made when it is gone to.
 * @typedef {{ title: string, element: HTMLElement, update: (known: Known) => void, leave: () => void, choose?: (id: string) => void }} View
 */

/** @type {Record<string, (rest: string) => View>} */
const VIEWS = {
  '': overviewView,
  fleet: fleetView,
  pipeline: pipelineView,
  sinks: sinksView,
  vms: vmsView,
  processes: processesView,
  config: configView,
};

const main = byId('main');
/** @type {View | null} */
let view = null;
let name = '';

/** @param {boolean} isFirst the page was just opened: the focus stays where the browser has it */
function go(isFirst) {
  const [wanted = '', coded = ''] = location.hash.replace(/^#\//, '').split('/');
  const rest = decoded(coded);
  const make = Object.hasOwn(VIEWS, wanted) ? VIEWS[wanted] : VIEWS[''];
  if (make === undefined) return;
  if (view !== null && wanted === name && view.choose) {
    view.choose(rest);
    return;
  }
  view?.leave();
  name = wanted;
  view = make(rest);
  main.replaceChildren(title(view.title), view.element);
  document.title = `${view.title} · Hypermeter`;
  for (const link of document.querySelectorAll('.tabs a')) {
    const isIt = link.getAttribute('href') === `#/${name}`;
    set(link, { 'aria-current': isIt ? 'page' : null });
    if (isIt) link.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
  if (known.overview !== null) view.update(known);
  if (!isFirst) main.focus({ preventScroll: true });
}

/** @param {string} text a part of an address; what is none stays as it is */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} text */
function title(text) {
  const heading = document.createElement('h1');
  heading.textContent = text;
  return heading;
}

const LIVE = { connecting: 'connecting', live: 'live', lost: 'connection lost' };

/** @param {Known} news */
function onNews(news) {
  const { overview, state } = news;
  const live = byId('live');
  say(live, LIVE[state]);
  live.className = `live ${state}`;
  document.body.classList.toggle('stale', state === 'lost');
  byId('lost').hidden = state !== 'lost';
  if (overview === null) return;
  const { version, role, service, startedAt, now, processes } = overview;
  byId('processes-tab').hidden = processes === null;
  if (state === 'lost') say(byId('lost-at'), `What is seen here is of ${clockTime(now)} UTC.`);
  say(
    byId('build'),
    `Hypermeter ${version}, ${processes === null ? `${role}, ${service}` : `a page of ${service}`}; started ${dateTime(startedAt)} UTC, ${duration(now - startedAt)} ago. All times are UTC.`,
  );
  view?.update(news);
}

const known = connect(onNews);
startTheme(repaint);
addEventListener('hashchange', () => go(false));
go(true);
