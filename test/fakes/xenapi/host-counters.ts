import type { Sampled } from './counters.ts';
import type { Domain } from './life.ts';
import { consumedBy, steady } from './load.ts';
import type { Host } from './world.ts';

/** The data sources of a host, some of those that xapi 26.10 has by default. */
export function hostSources(host: Host): readonly Sampled[] {
  const idle = (busy: readonly Host['cpus'][number][], at: number): number =>
    busy.reduce((sum, each) => sum + consumedBy(steady(1e9), at) - consumedBy(each, at), 0) / (1e9 * busy.length);
  const cpu = { type: 'DERIVE', min: 0, max: 1, float: true, inverse: true } as const;
  const plus = { min: 0, max: Number.POSITIVE_INFINITY } as const;
  return [
    ...host.cpus.map((busy, i) => ({ name: `cpu${i}`, ...cpu, sample: (_: Domain, at: number) => idle([busy], at) })),
    // Names that have broken clients before: a C-state of a CPU, and one with a slash.
    { name: 'cpu0-C1', type: 'DERIVE', ...plus, float: true, sample: (_, at) => at / 2_000_000 },
    { name: 'network/latency', type: 'GAUGE', ...plus, float: true, sample: () => 0.25 },
    { name: 'cpu_avg', ...cpu, sample: (_, at) => idle(host.cpus, at) },
    { name: 'loadavg', type: 'GAUGE', ...plus, float: true, sample: () => 0.5 },
    { name: 'memory_total_kib', type: 'GAUGE', ...plus, sample: () => host.memoryKib },
    { name: 'memory_free_kib', type: 'GAUGE', ...plus, sample: () => Math.floor(host.memoryKib / 2) },
    { name: 'pif_eth0_rx', type: 'DERIVE', ...plus, sample: (_, at) => consumedBy(host.rx, at) },
    { name: 'pif_eth0_tx', type: 'DERIVE', ...plus, sample: (_, at) => consumedBy(host.tx, at) },
    { name: 'pif_aggr_rx', type: 'DERIVE', ...plus, sample: (_, at) => consumedBy(host.rx, at) },
    { name: 'pif_aggr_tx', type: 'DERIVE', ...plus, sample: (_, at) => consumedBy(host.tx, at) },
  ];
}
