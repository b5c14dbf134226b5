import { el, say } from './dom.js';
import { count, counted } from './format.js';

/** @import { Overview, ProcessStatus } from '../model.ts' */

const ALL = 'hypermeter page shows several processes on one page, hypermeter top in a terminal.';

/**
 * What this process does not see, in words. The demo is whole.
 * @param {Overview} overview
 */
export function scopeOf({ role, service, pipeline, fleet, processes }) {
  if (role === 'demo') return '';
  if (processes !== null) return scopeOfSeveral(processes);
  const others = (fleet.listed ?? 0) - fleet.endpoints;
  const rest = others > 0 ? `the other ${count(others)} of ${count(fleet.listed)} listed endpoints` : 'their endpoints';
  if (pipeline === null)
    return `This page is of one collector, ${service}. Windows, sinks and VMs are on the pages of the pipelines, and ${rest} on those of other collectors. ${ALL}`;
  const reads = `which reads ${counted(pipeline.partitions.length, 'partition')}`;
  if (fleet.kind === 'heard')
    return `This page is of one pipeline, ${service}, ${reads}. Polls and their errors are on the pages of the collectors, and other partitions on those of other pipelines. ${ALL}`;
  return `This page is of one process, ${service}, ${reads}. If there are others, ${rest} and partitions are on their pages. ${ALL}`;
}

/** @param {readonly ProcessStatus[]} processes */
function scopeOfSeveral(processes) {
  const all = processes.filter(({ sameAs }) => sameAs === null);
  const seen = all.filter(({ state }) => state === 'live');
  const polling = seen.filter(({ endpoints }) => endpoints !== null).length;
  const metering = seen.filter(({ partitions }) => partitions !== null).length;
  const whole = counted(all.length, 'process', 'processes');
  const who =
    seen.length === all.length
      ? `This page is of ${whole}`
      : `${seen.length === 0 ? 'None' : count(seen.length)} of the ${whole} of this page answer${seen.length > 1 ? '' : 's'}`;
  const does = `${some(polling, 'polls', 'poll')}, ${some(metering, 'meters', 'meter')}`;
  return `${who}: ${does}. Totals are of those that answer, each since its own start. What others poll or read is not here: start hypermeter page with their addresses too.`;
}

/** @param {number} n @param {string} one @param {string} many */
const some = (n, one, many) => (n === 0 ? `none ${one}` : `${count(n)} ${n === 1 ? one : many}`);

/**
 * What stands where those who only poll have nothing to show.
 * @param {string} what
 */
export function elsewhere(what) {
  const element = el('p.panel.notice');
  /** @param {Overview} overview */
  const show = ({ processes }) =>
    say(
      element,
      processes === null
        ? `This process only polls. ${what} are on the page of each process that runs hypermeter pipeline, at its ops.listen.`
        : `None of the processes that answer meters. ${what} are those of hypermeter pipeline: start hypermeter page with their addresses too.`,
    );
  return { element, show };
}
