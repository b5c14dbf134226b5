import { isDeepStrictEqual } from 'node:util';
import { combineLatest, distinctUntilChanged, map, type Observable, of, startWith } from 'rxjs';
import type { Report } from '../../pipeline/runtime/events.ts';
import type { ConnectorEntry, Discovery, Fleet } from './discovery.ts';
import { firstOfEach, type Placed } from './select.ts';

interface Sourced extends Placed {
  readonly source: string;
  readonly kind: string;
}

/** What the configuration itself lists is a source like the others here. */
const CONFIGURED = { source: 'connectors', kind: 'configuration' } as const;

/**
 * The entries of the configuration and of all discoveries as one set, in this order. Of two with one name or one address
 * the first is kept and the other reported, once while it lasts, also where there is no discovery. One that has not
 * answered yet counts as empty, so that it holds up no other, and the fleet as not whole.
 */
export function combine(
  configured: readonly ConnectorEntry[],
  discoveries: readonly Discovery[],
  report: Report,
): Observable<Fleet> {
  let told: ReadonlySet<string> = new Set();
  const parts = discoveries.map(({ name, kind, entries }) =>
    entries.pipe(
      map((found) => found.map((entry): Sourced => ({ entry, source: name, kind, where: `${name}: ${entry.name}` }))),
      startWith<readonly Sourced[] | null>(null),
    ),
  );
  const own = configured.map((entry): Sourced => ({ ...CONFIGURED, entry, where: `connectors: ${entry.name}` }));
  const found: Observable<readonly (readonly Sourced[] | null)[]> = parts.length === 0 ? of([]) : combineLatest(parts);
  return found.pipe(
    map((lists) => {
      const { kept, doubled } = firstOfEach([...own, ...lists.flatMap((list) => list ?? [])]);
      const keys = new Set<string>();
      for (const [{ source, kind }, { reason, where, message }] of doubled) {
        const key = `${where} ${message}`;
        keys.add(key);
        if (!told.has(key)) report({ event: 'discovery.rejected', source, kind, reason, where, message });
      }
      told = keys;
      return { entries: kept.map(({ entry }) => entry), isWhole: !lists.includes(null) };
    }),
    distinctUntilChanged<Fleet>(isDeepStrictEqual),
  );
}
