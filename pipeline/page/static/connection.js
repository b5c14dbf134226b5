/** @import { FleetRow, Overview } from '../model.ts' */

/** Without a word for so long the connection counts as lost, milliseconds; a word comes every second. */
const SILENT_MS = 8000;
const RETRY_MS = 5000;

/**
 * All that the page knows of the process, kept up to date.
 * @typedef {{ overview: Overview | null, fleet: Map<string, FleetRow>, state: 'connecting' | 'live' | 'lost', aheadMs: number }} Known
 */

/**
 * Listens to the process, and again when it was gone. `onNews` is called after each word, and when the connection is lost.
 * @param {(known: Known) => void} onNews
 * @returns {Known}
 */
export function connect(onNews) {
  /** @type {Known} */
  const known = { overview: null, fleet: new Map(), state: 'connecting', aheadMs: 0 };
  /** @type {EventSource | null} */
  let source = null;
  let heardAt = performance.now();

  const lose = () => {
    if (known.state === 'lost') return;
    known.state = 'lost';
    onNews(known);
  };
  const open = () => {
    source?.close();
    heardAt = performance.now();
    source = new EventSource('/page/events');
    source.addEventListener('error', lose);
    source.addEventListener('fault', (event) => {
      throw new Error(`the process cannot show its state: ${JSON.parse(event.data).message}`);
    });
    source.addEventListener('fleet', (event) => {
      const { changed, gone, isAll } = JSON.parse(event.data);
      if (isAll) known.fleet.clear();
      for (const id of gone) known.fleet.delete(id);
      for (const row of changed) known.fleet.set(row.id, row);
    });
    source.addEventListener('overview', (event) => {
      heardAt = performance.now();
      known.overview = JSON.parse(event.data);
      known.state = 'live';
      known.aheadMs = (known.overview?.now ?? Date.now()) - Date.now();
      onNews(known);
    });
  };
  setInterval(() => {
    const silentMs = performance.now() - heardAt;
    if (silentMs < SILENT_MS) return;
    lose();
    // A browser does not come back to a server that refused it; asking again does no harm.
    if (silentMs % RETRY_MS < 1000) reopen();
  }, 1000);
  const reopen = () => {
    const before = heardAt;
    open();
    heardAt = before;
  };
  open();
  return known;
}

/** @param {Known} known the process's clock, which need not be ours */
export const nowOf = ({ aheadMs }) => Date.now() + aheadMs;
