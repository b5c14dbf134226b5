import { uuidV5 } from '../../model/message-id.ts';
import type { Sample } from '../../model/sample.ts';
import { nestedJson } from './nested-json.ts';

/**
 * The audit that nova sends of every instance at most once an hour, `compute.instance.exists` (legacy shape), here for any
 * period, with a measured `bandwidth` dict, which nova had for Xen only and dropped in release 25:
 *
 *   payload: tenant_id, user_id, instance_id, display_name, …, audit_period_beginning, audit_period_ending,
 *            bandwidth: { <vnic>: { bw_in: bytes, bw_out: bytes } }
 *
 * A vnic is called as its samples have it, by its filter's name where it has a filter; where several nics of an instance
 * have the same name, each by `<name>-<mac>`. The period is a window. What nova's own payload has and is not known here is '' or null, as nova writes what it does
 * not know. Source: nova/notifications/base.py, nova/compute/utils.py, release 24.
 */
export interface Audit {
  readonly messageId: string;
  /** `compute.<host>`, as nova names the sender. */
  readonly publisherId: string;
  /** The payload, escaped for the envelope. */
  readonly nestedPayload: Buffer;
  /** How many samples are in it. */
  readonly samples: number;
}

const IN = 'network.incoming.bytes.delta';
const OUT = 'network.outgoing.bytes.delta';

interface Nic {
  readonly label: string;
  readonly mac: string;
  readonly bytes: { bw_in: Sample['volume'] | null; bw_out: Sample['volume'] | null };
}

interface Period {
  readonly first: Sample;
  /** By label and MAC: nics with the same filter have the same label. */
  readonly nics: Map<string, Nic>;
  samples: number;
}

/**
 * An audit for each instance and window that the samples are of; what hosts have (`compute.node.*`) is in none. A nic
 * whose window closes later than the others', as one that fell silent, comes in an audit of its own with only that nic:
 * the sums over audits are what was measured.
 */
export function auditsOf(samples: readonly Sample[]): readonly Audit[] {
  const periods = new Map<string, Period>();
  for (const sample of samples) {
    const { instance_id } = sample.resource.metadata;
    if (typeof instance_id !== 'string') continue;
    const key = `${instance_id} ${sample.windowStart} ${sample.windowEnd}`;
    const period = periods.get(key) ?? { first: sample, nics: new Map(), samples: 0 };
    periods.set(key, period);
    period.samples++;
    if (sample.name === IN) nicOf(period, sample).bytes.bw_in = sample.volume;
    if (sample.name === OUT) nicOf(period, sample).bytes.bw_out = sample.volume;
  }
  return [...periods].map(([key, period]) => auditOf(key, period));
}

function nicOf({ nics }: Period, { resource: { id, metadata } }: Sample): Nic {
  const [label, mac] = [String(metadata.vnic_name ?? id), text(metadata.mac)];
  const key = `${label}-${mac}`;
  const nic = nics.get(key) ?? { label, mac, bytes: { bw_in: null, bw_out: null } };
  nics.set(key, nic);
  return nic;
}

function auditOf(key: string, { first, nics, samples }: Period): Audit {
  const host = text(first.resource.metadata.instance_host);
  return {
    messageId: uuidV5(`compute.instance.exists|${key}|${[...nics.keys()].sort().join()}`),
    publisherId: `compute.${host === '' ? 'unknown' : host}`,
    nestedPayload: Buffer.from(nestedJson(payloadOf(first, bandwidthOf([...nics.values()])))),
    samples,
  };
}

function bandwidthOf(nics: readonly Nic[]): object {
  const labels = new Set<string>();
  const shared = new Set<string>();
  for (const { label } of nics) (labels.has(label) ? shared : labels).add(label);
  return Object.fromEntries(
    nics.map(({ label, mac, bytes }) => [shared.has(label) ? `${label}-${mac}` : label, bytes]),
  );
}

function payloadOf({ resource, windowStart, windowEnd }: Sample, bandwidth: object): object {
  const { metadata, projectId, userId } = resource;
  const known = (key: string): unknown => metadata[key] ?? null;
  const flavor = (metadata.flavor ?? {}) as Readonly<Record<string, unknown>>;
  return {
    tenant_id: projectId,
    user_id: userId,
    instance_id: known('instance_id'),
    display_name: known('display_name'),
    reservation_id: text(metadata.reservation_id),
    hostname: text(metadata.display_name),
    instance_type: known('instance_type'),
    instance_type_id: null,
    instance_flavor_id: flavor.id ?? null,
    architecture: known('architecture'),
    memory_mb: known('memory_mb'),
    disk_gb: known('disk_gb'),
    vcpus: known('vcpus'),
    root_gb: known('root_gb'),
    ephemeral_gb: known('ephemeral_gb'),
    host: known('instance_host'),
    node: known('instance_host'),
    availability_zone: known('OS-EXT-AZ:availability_zone'),
    cell_name: '',
    created_at: '',
    terminated_at: '',
    deleted_at: '',
    launched_at: '',
    image_ref_url: text(metadata.image_ref_url),
    os_type: known('os_type'),
    kernel_id: text(metadata.kernel_id),
    ramdisk_id: text(metadata.ramdisk_id),
    state: text(metadata.status),
    state_description: text(metadata.task_state),
    progress: '',
    access_ip_v4: null,
    access_ip_v6: null,
    image_meta: metadata.image_meta ?? {},
    metadata: metadata.user_metadata ?? {},
    audit_period_beginning: novaTime(windowStart),
    audit_period_ending: novaTime(windowEnd),
    bandwidth,
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `str(datetime)` of whole seconds, UTC. */
const novaTime = (timeUs: number): string => new Date(timeUs / 1000).toISOString().slice(0, 19).replace('T', ' ');
