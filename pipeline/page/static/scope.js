import { el } from './dom.js';
import { count, counted } from './format.js';

/** @import { Overview } from '../model.ts' */

const ALL = 'hypermeter top shows several processes at once.';

/**
 * What this process does not see, in words. The demo is whole.
 * @param {Overview} overview
 */
export function scopeOf({ role, service, pipeline, fleet }) {
  if (role === 'demo') return '';
  const others = (fleet.listed ?? 0) - fleet.endpoints;
  const rest = others > 0 ? `the other ${count(others)} of ${count(fleet.listed)} listed endpoints` : 'their endpoints';
  if (pipeline === null)
    return `This page is of one collector, ${service}. Windows, sinks and VMs are on the pages of the pipelines, and ${rest} on those of other collectors. ${ALL}`;
  const reads = `which reads ${counted(pipeline.partitions.length, 'partition')}`;
  if (fleet.kind === 'heard')
    return `This page is of one pipeline, ${service}, ${reads}. Polls and their errors are on the pages of the collectors, and other partitions on those of other pipelines. ${ALL}`;
  return `This page is of one process, ${service}, ${reads}. If there are others, ${rest} and partitions are on their pages. ${ALL}`;
}

/**
 * What stands where a collector has nothing to show.
 * @param {string} what
 */
export const elsewhere = (what) =>
  el(
    'p.panel.notice',
    {},
    `This process only polls. ${what} are on the page of each process that runs hypermeter pipeline, at its ops.listen.`,
  );
