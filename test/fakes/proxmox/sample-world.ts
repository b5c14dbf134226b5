import { load, steady } from '../xenapi/load.ts';
import type { GuestSpec } from './guest.ts';
import { World } from './world.ts';

/** Guests whose consumption changes all the time, evenly on the nodes; every fourth is a container. */
function sampleGuests(nodes: readonly string[], guests: number): readonly GuestSpec[] {
  return Array.from({ length: guests }, (_, n) => ({
    vmid: 100 + n,
    type: n % 4 === 3 ? ('lxc' as const) : ('qemu' as const),
    node: nodes[n % nodes.length] ?? '',
    cores: 2,
    cpu: load([40, 400_000_000 + n * 10_000_000], [60, 1_200_000_000]),
    bytes: {
      netin: load([7, 1_000_003 + n], [13, 20_011]),
      netout: load([11, 503], [5, 2_000_017 + n]),
      diskread: steady(300_007 + n),
      diskwrite: load([30, 0], [3, 9_000_049 + n]),
    },
    ...(n % 2 === 0 && { pool: 'gold', tags: 'web;prod' }),
  }));
}

export function sampleWorld(options: {
  readonly now: () => number;
  readonly startedAt: number;
  readonly nodes?: number;
  readonly guests?: number;
  readonly cluster?: string | null;
}): World {
  const nodes = Array.from({ length: options.nodes ?? 2 }, (_, n) => `pve${n + 1}`);
  const { now, startedAt, cluster = 'lab' } = options;
  return new World({ cluster, nodes, guests: sampleGuests(nodes, options.guests ?? 4), now, startedAt });
}
