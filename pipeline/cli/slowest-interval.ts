import { parseDuration } from '../runtime/config/units.ts';
import type { Config } from './schema.ts';

/**
 * The longest time between two polls of a connector of the configuration, microseconds: of those that are written, and of
 * those that the templates of `discovery:` make. What a file of discovery or a placeholder says is not known here.
 */
export function slowestInterval({
  collector,
  connectors,
  discovery,
}: Pick<Config, 'collector' | 'connectors' | 'discovery'>): number {
  const found = discovery.flatMap(({ entry }) =>
    entry === undefined ? [undefined] : [entry].flat().map(({ interval }) => intervalOf(interval)),
  );
  const all = [...connectors.map(({ interval }) => interval), ...found].map((own) => own ?? collector.interval);
  return all.length === 0 ? collector.interval : Math.max(...all);
}

const intervalOf = (text: unknown): number | undefined => (typeof text === 'string' ? parseDuration(text) : undefined);
