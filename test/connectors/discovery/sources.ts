import { z } from 'zod';
import { type DiscoveryConfig, discoveryConfig } from '../../../connectors/discovery/config.ts';
import { createSource } from '../../../connectors/discovery/create.ts';
import type { ConnectorEntry } from '../../../connectors/discovery/discovery.ts';
import { discover } from '../../../connectors/discovery/looking.ts';
import type { Source } from '../../../connectors/discovery/source.ts';
import { CONNECTOR_KINDS } from '../../../connectors/registry.ts';
import { oneOfTypes } from '../../../pipeline/cli/schema.ts';
import { type Clock, systemClock } from '../../../pipeline/runtime/clock.ts';
import { parseSettings } from '../../../pipeline/runtime/config/load.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';

const schema = z.strictObject({ discovery: discoveryConfig(CONNECTOR_KINDS) });
const entry = oneOfTypes(CONNECTOR_KINDS.map((kind) => kind.schema));

/** A source as an entry of `discovery:` makes it. */
export const sourceOf = (
  discovery: Readonly<Record<string, unknown>>,
  { clock = systemClock, env = {} }: { readonly clock?: Clock; readonly env?: Record<string, string> } = {},
): Source =>
  createSource(parseSettings(schema, { discovery }).discovery as DiscoveryConfig, {
    clock,
    env,
    kinds: CONNECTOR_KINDS,
    entry,
  });

export const look = (source: Source) => source.look(new AbortController().signal);

/** A source being looked at: what it emitted and reported so far. */
export interface Watched {
  readonly sets: (readonly ConnectorEntry[])[];
  readonly events: InternalEvent[];
  names(): readonly string[];
  told(event: InternalEvent['event']): readonly InternalEvent[];
  stop(): void;
}

export function watched(source: Source, clock: Clock = systemClock): Watched {
  const sets: (readonly ConnectorEntry[])[] = [];
  const events: InternalEvent[] = [];
  const report = (event: InternalEvent): void => void events.push(event);
  const subscription = discover(source, { clock, report }).entries.subscribe((set) => sets.push(set));
  return {
    sets,
    events,
    names: () => (sets.at(-1) ?? []).map(({ name }) => name),
    told: (name) => events.filter(({ event }) => event === name),
    stop: () => subscription.unsubscribe(),
  };
}
