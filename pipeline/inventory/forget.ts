import type { Book, Entry } from './book.ts';
import type { Verdict } from './judge.ts';

/** A month and some days: the period in which nova, by default, tells of everything that exists. */
const ANNOUNCED_US = 35 * 86_400_000_000;

/**
 * Is the entry to be forgotten? Nobody has listed it for `retention` (microseconds) and nobody says that it exists; or
 * nobody has said so for longer than a month. An instance of a silent endpoint is kept as long as one that is gone.
 */
export function isForgotten(entry: Entry, { presence, told }: Verdict, now: Book['now'], retention: number): boolean {
  if (presence === 'seen') return false;
  const newest = Math.max(
    ...[...entry.sightings.values()].map(({ lastAt, deletedAt }) => Math.max(lastAt, deletedAt ?? 0)),
  );
  return now - newest > (presence === 'announced' && told !== null ? Math.max(ANNOUNCED_US, retention) : retention);
}

/** Forgets sources that nobody has heard for `retention`, and that no entry speaks of. */
export function forgetSources({ sources, entries, now }: Book, retention: number): void {
  const silent = [...sources.values()].filter(({ heardAt }) => now - heardAt > retention);
  if (silent.length === 0) return;
  const named = new Set<string>();
  for (const { sightings } of entries.values()) for (const id of sightings.keys()) named.add(id);
  for (const { id } of silent) if (!named.has(id)) sources.delete(id);
}
