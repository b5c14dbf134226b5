import { Registry } from 'prom-client';
import { createPageOfSeveral } from '../../../../pipeline/page/processes/page.ts';
import type { Target } from '../../../../pipeline/page/processes/targets.ts';
import { systemClock } from '../../../../pipeline/runtime/clock.ts';
import { startOps } from '../../../../pipeline/runtime/ops.ts';
import type { Scene } from '../scene.ts';

/** A page of several processes on a port of its own. */
export interface Served {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves a page of these as the program does. */
export async function servePage(targets: readonly Target[], isLoopback = true): Promise<Served> {
  const page = createPageOfSeveral({ targets, isLoopback });
  page.begin({
    version: '0.1.0',
    reasons: () => [],
    endpoints: () => [],
    spool: () => null,
    clock: systemClock,
  });
  const ops = await startOps({
    listen: { host: '127.0.0.1', port: 0 },
    registry: new Registry(),
    reasons: () => [],
    routes: page.routes,
  });
  return {
    address: `http://127.0.0.1:${ops.port}/`,
    close: async () => {
      page.close();
      await ops.close();
    },
  };
}

export const targetOf = ({ address }: Scene): URL => new URL(address);
