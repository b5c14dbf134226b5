import { hostname } from 'node:os';
import { isLoopback } from '../page/guard.ts';
import { createPage, type Page } from '../page/page.ts';
import { plottedMeters } from '../page/plotted.ts';
import type { Settings } from './composition.ts';
import { deriveRulesOf } from './roles.ts';

/** What a process does, as its page tells it. */
interface Playing {
  readonly name: string;
  readonly collects: boolean;
  readonly meters: boolean;
}

/** The status page of a process; `printed`: its effective configuration, without secrets. */
export function pageOf(config: Settings, { name, collects, meters }: Playing, printed: string): Page {
  const { selection } = deriveRulesOf(config);
  return createPage({
    role: name,
    service: config.service.id,
    host: hostname(),
    collects,
    meters,
    sizes: config.pipeline.windows.map(({ size }) => size),
    plotted: plottedMeters(selection),
    config: printed,
    isLoopback: isLoopback(config.ops.listen?.host ?? '127.0.0.1'),
  });
}
