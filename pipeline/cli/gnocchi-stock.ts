import type { RESOURCES } from '../model/meters.ts';

/**
 * What Ceilometer's own mapping to Gnocchi has for instances, hosts, and the disks and nics of both (release 26,
 * ceilometer/publisher/data/gnocchi_resources.yaml; those of hosts' devices release 9, whose types `ceilometer-upgrade`
 * still makes): resource types by kind of resource, their metrics by archive policy, where their attributes come from.
 */
export interface StockResource {
  readonly type: string;
  readonly metrics: Readonly<Record<'low' | 'rate', readonly string[]>>;
  readonly rest: Readonly<Record<string, unknown>>;
}

const inAndOut = (names: readonly string[]): readonly string[] =>
  ['incoming', 'outgoing'].flatMap((way) => names.map((name) => `network.${way}.${name}`));

export const STOCK: Readonly<Record<(typeof RESOURCES)[number], StockResource>> = {
  instance: {
    type: 'instance',
    metrics: {
      rate: ['cpu'],
      low: [
        'memory',
        'memory.available',
        'memory.usage',
        'memory.resident',
        'memory.swap.in',
        'memory.swap.out',
        'vcpus',
        'power.state',
        'disk.root.size',
        'disk.ephemeral.size',
        'disk.latency',
        'disk.iops',
        'disk.capacity',
        'disk.allocation',
        'disk.usage',
        'compute.instance.booting.time',
        'perf.cpu.cycles',
        'perf.instructions',
        'perf.cache.references',
        'perf.cache.misses',
      ],
    },
    rest: {
      attributes: {
        host: 'resource_metadata.(instance_host|host)',
        image_ref: 'resource_metadata.image_ref',
        launched_at: 'resource_metadata.launched_at',
        created_at: 'resource_metadata.created_at',
        deleted_at: 'resource_metadata.deleted_at',
        display_name: 'resource_metadata.display_name',
        flavor_id: 'resource_metadata.(instance_flavor_id|(flavor.id)|flavor_id)',
        flavor_name: 'resource_metadata.(instance_type|(flavor.name)|flavor_name)',
        server_group: 'resource_metadata.user_metadata.server_group',
      },
      event_delete: 'compute.instance.delete.start',
      event_create: 'compute.instance.create.end',
      event_attributes: {
        id: 'instance_id',
        display_name: 'display_name',
        host: 'host',
        availability_zone: 'availability_zone',
        flavor_id: 'instance_type_id',
        flavor_name: 'instance_type',
        user_id: 'user_id',
        project_id: 'project_id',
      },
      event_associated_resources: {
        instance_network_interface: '{"=": {"instance_id": "%s"}}',
        instance_disk: '{"=": {"instance_id": "%s"}}',
      },
    },
  },
  disk: {
    type: 'instance_disk',
    metrics: {
      rate: ['read.requests', 'write.requests', 'read.bytes', 'write.bytes'].map((name) => `disk.device.${name}`),
      low: ['read.latency', 'write.latency', 'capacity', 'allocation', 'usage'].map((name) => `disk.device.${name}`),
    },
    rest: {
      attributes: { name: 'resource_metadata.disk_name', instance_id: 'resource_metadata.instance_id' },
    },
  },
  nic: {
    type: 'instance_network_interface',
    metrics: { rate: inAndOut(['packets', 'packets.drop', 'packets.error', 'bytes']), low: [] },
    rest: {
      attributes: { name: 'resource_metadata.vnic_name', instance_id: 'resource_metadata.instance_id' },
    },
  },
  host: {
    type: 'nova_compute',
    metrics: {
      rate: [],
      low: [
        'frequency',
        'percent',
        ...['idle', 'iowait', 'kernel', 'user'].flatMap((mode) => [`${mode}.percent`, `${mode}.time`]),
      ].map((name) => `compute.node.cpu.${name}`),
    },
    rest: { attributes: { host_name: 'resource_metadata.host' } },
  },
  'host disk': {
    type: 'host_disk',
    metrics: { rate: [], low: [] },
    rest: { attributes: { host_name: 'resource_metadata.host', device_name: 'resource_metadata.disk_name' } },
  },
  'host nic': {
    type: 'host_network_interface',
    metrics: { rate: [], low: [] },
    rest: { attributes: { host_name: 'resource_metadata.host', device_name: 'resource_metadata.name' } },
  },
};

const FIVE_MINUTES = [{ granularity: '5 minutes', timespan: '30 days' }];

/** Ceilometer's policies that the metrics above are kept by. */
export const STOCK_POLICIES = {
  low: { name: 'ceilometer-low', aggregation_methods: ['mean'], back_window: 0, definition: FIVE_MINUTES },
  rate: {
    name: 'ceilometer-low-rate',
    aggregation_methods: ['mean', 'rate:mean'],
    back_window: 0,
    definition: FIVE_MINUTES,
  },
} as const;
