import { type Cursor, readLong, readNumber, readPresence, readString, skipString } from './cursor.ts';
import { hash52 } from './hash.ts';
import type { Source } from './snapshot.ts';

/** More sources than a pipeline should see between two restarts; beyond it the cache begins again. */
const MOST = 10_000;

/** Sources seen, by the hash of their bytes. */
export type SourceCache = Map<number, { readonly bytes: Buffer; readonly source: Source }>;

/** Reads the Source where the cursor is. The same bytes give the same object, which others may compare by identity. */
export function readSource(cursor: Cursor, cache: SourceCache): Source {
  const start = cursor.position;
  skipSource(cursor);
  const end = cursor.position;
  const key = hash52(cursor.bytes, start, end);
  const cached = cache.get(key);
  if (cached !== undefined && cached.bytes.compare(cursor.bytes, start, end) === 0) return cached.source;
  cursor.position = start;
  const source = makeSource(cursor);
  if (cache.size >= MOST) cache.clear();
  cache.set(key, { bytes: Buffer.from(cursor.bytes.subarray(start, end)), source });
  return source;
}

function skipSource(cursor: Cursor): void {
  skipString(cursor);
  skipString(cursor);
  skipString(cursor);
  readLong(cursor);
  if (readPresence(cursor)) readLong(cursor);
}

/** The fields are evaluated, and so read, in the schema's order. */
const makeSource = (cursor: Cursor): Source => ({
  kind: readString(cursor),
  hypervisor: readString(cursor),
  collector: readString(cursor),
  generation: readNumber(cursor),
  bootedAt: readPresence(cursor) ? readNumber(cursor) : null,
});
