import type { Verdict } from '../audit/audit.ts';
import { isoTime } from '../sinks/timestamp.ts';
import { plural } from './human.ts';

/** Where an audit that judged nothing had looked: the published files, and the raw topic or its files. */
interface Looked {
  readonly published: readonly string[];
  readonly raw: string;
}

/** Why no window was judged, and what to do. */
export function whyNothing({ bounds, lines, raw, windows }: Verdict, looked: Looked): string {
  const files = looked.published.join(', ');
  const range = `from ${timeOf(bounds.from)} until ${timeOf(bounds.until)}`;
  if (raw.messages === 0) return `${looked.raw} holds no message; check that it is the one that was metered`;
  if (raw.unreadable === raw.messages)
    return `no message of ${looked.raw} can be read; is this version older than its writer?`;
  if (lines.read > 0)
    return `none of ${plural(lines.read, 'published sample')} ${range} is of what ${looked.raw} gives (unexpected ${windows.unexpected}); check that it is their log, and the configuration theirs`;
  if (lines.outside > 0)
    return `${files} has no sample of a window ${range}, but ${lines.outside} outside; give other --from and --until`;
  return `${files} has no sample at all, and no window was due ${range}; name the files of the sink, and with --final what must be there is missed`;
}

const timeOf = (us: number): string => (Number.isFinite(us) ? `${isoTime(us, 'naive')}Z` : 'any time');
