import type { Observable } from 'rxjs';
import { combine } from '../../connectors/discovery/combine.ts';
import { createSource } from '../../connectors/discovery/create.ts';
import type { Fleet } from '../../connectors/discovery/discovery.ts';
import type { EntryKind } from '../../connectors/discovery/entry-template.ts';
import { discover } from '../../connectors/discovery/looking.ts';
import type { Environment } from '../runtime/config/interpolate.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { connectorEntry, type Settings } from './composition.ts';
import { entryKinds } from './schema.ts';

/** All entries of a fleet: those of the configuration and what its discoveries find. Subscribing begins to look. */
export function fleetEntries(
  { connectors, discovery }: Pick<Settings, 'connectors' | 'discovery'>,
  kinds: readonly EntryKind[],
  env: Environment,
  { clock, report }: Pick<Runtime, 'clock' | 'report'>,
): Observable<Fleet> {
  const context = { clock, env, kinds: entryKinds(kinds), entry: connectorEntry };
  const discoveries = discovery.map((entry) => discover(createSource(entry, context), { clock, report }));
  return combine(connectors, discoveries, report);
}
