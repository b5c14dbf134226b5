import { memberOf } from '../runtime/config/schema-node.ts';
import { parseDuration } from '../runtime/config/units.ts';
import type { Config } from './schema.ts';

/** The longest time between two polls of an endpoint that a configuration names, or a template of discovery; microseconds. */
export function slowestInterval({
  collector,
  connectors,
  discovery,
}: Pick<Config, 'collector' | 'connectors' | 'discovery'>): number {
  const templates = discovery.flatMap((source) => [memberOf(source, 'entry') ?? []].flat());
  const found = templates.map((template) => parseDuration(String(memberOf(template, 'interval'))));
  const own = [...connectors.map(({ interval }) => interval), ...found];
  return own.length === 0 ? collector.interval : Math.max(...own.map((interval) => interval ?? collector.interval));
}
