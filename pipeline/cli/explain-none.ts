import type { SeenResource, WindowSearch } from '../audit/window-search.ts';
import type { Meter } from '../model/meters.ts';
import { editDistance } from '../runtime/config/suggest.ts';
import { isoTime } from '../sinks/timestamp.ts';
import { type WindowBounds, words } from './window-argument.ts';

/** How far the log that was read reaches: whether older messages may be gone, and whether more may come. */
export interface Reach {
  readonly isCut: boolean;
  readonly goesOn: boolean;
}

interface AskedWindow {
  readonly meter: Meter;
  readonly resource: string;
  readonly bounds: WindowBounds | null;
}

const NAMED = 8;

/** Why a search found no window, or several, and what there is instead. `lag`: how long after its end one is waited for. */
export function whyNone(search: WindowSearch, asked: AskedWindow, reach: Reach, lag: number): string {
  const { meter, resource, bounds } = asked;
  const called = [...search.resources.values()].filter(({ names }) => names.includes(resource));
  const { first, last } = search.extent();
  if (last === Number.NEGATIVE_INFINITY) return 'nothing was recorded at that time: is it within what the topic keeps?';
  const ids = new Set(called.map(({ id }) => id));
  if (ids.size > 1 && (bounds === null || search.found.length > 0))
    return `several resources of ${meter.name} are called ${resource}; give one of ${listed([...ids])}`;
  if (bounds !== null && reach.isCut && bounds.start < first)
    return `the raw topic reaches back to ${timeOf(first)} only, and the window begins at ${timeOf(bounds.start)}`;
  const [found] = called;
  const isBeyond = bounds !== null && bounds.start >= last;
  if (isBeyond && !reach.goesOn)
    return `the raw data reaches to ${timeOf(last)} only, before the window ${words(bounds)}`;
  if (found === undefined && !isBeyond) return unknown(search, asked);
  if (bounds !== null && (found === undefined || (reach.goesOn && bounds.end > Math.max(found.lastEnd, last - lag))))
    return notYet(bounds, last, lag);
  const between = `it has windows from ${timeOf(Math.min(...called.map(({ firstStart }) => firstStart)))} to ${timeOf(Math.max(...called.map(({ lastEnd }) => lastEnd)))}`;
  return bounds === null
    ? `${resource} has no finished window of ${meter.name}`
    : `${resource} has nothing of ${meter.name} in the window ${words(bounds)}; ${between}, in the part of the log that was read`;
}

function notYet({ start, end }: WindowBounds, last: number, lag: number): string {
  const closes = `it is finished when polls have passed ${timeOf(end)}, by ${timeOf(end + lag)} at the latest`;
  return `the window ${words({ start, end })} is not closed yet: the log reaches to ${timeOf(last)}; ${closes}`;
}

function unknown({ resources }: WindowSearch, { meter, resource }: AskedWindow): string {
  const near = nearestOf([...resources.values()], resource);
  if (near.length === 0) return `nothing has windows of ${meter.name} in the part of the log that was read`;
  return `no resource of ${meter.name} is called "${resource}"; the nearest: ${listed(near)}`;
}

/** Names that have the word in them first, then those that differ least. */
function nearestOf(resources: readonly SeenResource[], word: string): readonly string[] {
  const lower = word.toLowerCase();
  const names = [...new Set(resources.flatMap(({ names: all }) => all))];
  const distance = (name: string): number =>
    name.toLowerCase().includes(lower) ? 0 : editDistance(lower.slice(0, 64), name.toLowerCase().slice(0, 64));
  return names
    .map((name) => ({ name, far: distance(name) }))
    .sort((a, b) => a.far - b.far)
    .map(({ name }) => name)
    .slice(0, NAMED);
}

const listed = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;

const timeOf = (us: number): string => `${isoTime(Math.floor(us / 1000) * 1000, 'naive')}Z`;
