import type { Host } from './host.ts';
import { type Managed, managed } from './managed.ts';
import { bool, constant, int, long, object, type Ref, ref, refs, short, string, time } from './value.ts';

/** A host as the inventory has it, with the machines that are on it. */
export function hostSystem(host: Host, parent: Ref, machines: readonly Ref[], store: Ref, network: Ref): Managed {
  const { spec } = host;
  const of: Ref = { type: 'HostSystem', value: spec.id };
  const memoryBytes = spec.memoryMb * 2 ** 20;
  const runtime = () =>
    object('HostRuntimeInfo', [
      ['connectionState', constant('HostSystemConnectionState', 'connected')],
      ['powerState', constant('HostSystemPowerState', 'poweredOn')],
      ['inMaintenanceMode', bool(false)],
      ['bootTime', time(spec.bootedAt ?? 0)],
    ]);
  return managed(of, {
    name: () => string(spec.name),
    parent: () => ref(parent),
    overallStatus: () => constant('ManagedEntityStatus', 'green'),
    configStatus: () => constant('ManagedEntityStatus', 'green'),
    runtime,
    hardware: () =>
      object('HostHardwareInfo', [
        [
          'systemInfo',
          object('HostSystemInfo', [
            ['vendor', string('Example')],
            ['model', string('Fake')],
            ['uuid', string(spec.uuid)],
          ]),
        ],
        [
          'cpuInfo',
          object('HostCpuInfo', [
            ['numCpuPackages', short(2)],
            ['numCpuCores', short(Math.max(1, spec.threads / 2))],
            ['numCpuThreads', short(spec.threads)],
            ['hz', long(spec.mhz * 1e6)],
          ]),
        ],
        ['memorySize', long(memoryBytes)],
      ]),
    summary: () =>
      object('HostListSummary', [
        ['host', ref(of)],
        [
          'hardware',
          object('HostHardwareSummary', [
            ['vendor', string('Example')],
            ['model', string('Fake')],
            ['uuid', string(spec.uuid)],
            ['memorySize', long(memoryBytes)],
            ['cpuModel', string('Fake CPU @ 2.00GHz')],
            ['cpuMhz', int(spec.mhz)],
            ['numCpuPkgs', short(2)],
            ['numCpuCores', short(Math.max(1, spec.threads / 2))],
            ['numCpuThreads', short(spec.threads)],
            ['numNics', int(host.nics.length)],
            ['numHBAs', int(1)],
          ]),
        ],
        ['runtime', runtime()],
        [
          'config',
          object('HostConfigSummary', [
            ['name', string(spec.name)],
            ['port', int(902)],
            ['vmotionEnabled', bool(true)],
          ]),
        ],
        ['quickStats', object('HostListSummaryQuickStats', [['overallCpuUsage', int(1000)]])],
        ['overallStatus', constant('ManagedEntityStatus', 'green')],
        ['rebootRequired', bool(false)],
      ]),
    vm: () => refs(machines),
    datastore: () => refs([store]),
    network: () => refs([network]),
  });
}
