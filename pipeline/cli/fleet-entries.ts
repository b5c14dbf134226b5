import { type Observable, tap } from 'rxjs';
import { combine } from '../../connectors/discovery/combine.ts';
import { createSource } from '../../connectors/discovery/create.ts';
import type { ConnectorEntry, Discovery, Fleet } from '../../connectors/discovery/discovery.ts';
import type { EntryKind } from '../../connectors/discovery/entry-template.ts';
import { discover } from '../../connectors/discovery/looking.ts';
import type { Environment } from '../runtime/config/interpolate.ts';
import type { Report } from '../runtime/events.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { connectorEntry, type Settings } from './composition.ts';
import { entryKinds } from './schema.ts';
import { byMessage, unverifiedIn } from './unverified.ts';

/** All entries of a fleet: those of the configuration and what its discoveries find. Subscribing begins to look. */
export function fleetEntries(
  { connectors, discovery }: Pick<Settings, 'connectors' | 'discovery'>,
  kinds: readonly EntryKind[],
  env: Environment,
  { clock, report }: Pick<Runtime, 'clock' | 'report'>,
): Observable<Fleet> {
  const context = { clock, env, kinds: entryKinds(kinds), entry: connectorEntry };
  const discoveries = discovery.map((entry) => discover(createSource(entry, context), { clock, report }));
  return combine(
    connectors,
    discoveries.map((found) => tellingUnverified(found, report)),
    report,
  );
}

/** Of the names in an event. */
const NAMED = 10;

/** The same discovery, which tells of each endpoint that is not checked once while it is there. */
export function tellingUnverified(found: Discovery, report: Report): Discovery {
  const { name: source, kind } = found;
  let told: ReadonlySet<string> = new Set();
  const tell = (entries: readonly ConnectorEntry[]): void => {
    const all = unverifiedIn(entries);
    const fresh = all.filter(({ name, setting }) => !told.has(`${setting} ${name}`));
    told = new Set(all.map(({ name, setting }) => `${setting} ${name}`));
    for (const { names: those, ...what } of byMessage(fresh)) {
      const names = those.slice(0, NAMED);
      report({ event: 'discovery.unverified', source, kind, ...what, count: those.length, names });
    }
  };
  return { ...found, entries: found.entries.pipe(tap(tell)) };
}
