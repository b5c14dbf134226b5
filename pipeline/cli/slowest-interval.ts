import type { Config } from './schema.ts';

/** The longest time between two polls of a connector of the configuration, microseconds. */
export const slowestInterval = ({ collector, connectors }: Pick<Config, 'collector' | 'connectors'>): number =>
  connectors.length === 0
    ? collector.interval
    : Math.max(...connectors.map(({ interval }) => interval ?? collector.interval));
