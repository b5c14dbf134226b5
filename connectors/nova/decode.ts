import { type Event, eventOf } from './event-types.ts';
import { counterIn, type Fields, listIn, textIn, timeIn, uuidIn } from './fields.ts';
import { decodeLegacy } from './legacy.ts';
import type { Notification } from './protocol.ts';
import { NotificationError } from './protocol-error.ts';
import type { HostCpu, VolumeUse } from './statistics.ts';
import type { Told } from './told.ts';
import { decodeVersioned, isVersioned, openObject } from './versioned.ts';

/** What a notification tells, legacy or versioned. Throws a NotificationError. */
export function decode({ payload, eventType, at }: Notification, event: Event = eventOf(eventType)): Told {
  if (event.of === 'other') return { of: 'other' };
  const versioned = isVersioned(payload);
  if (event.of === 'instance')
    return versioned ? decodeVersioned(payload, event, at) : decodeLegacy(payload, event, at);
  const fields = versioned ? openObject(payload) : payload;
  return event.of === 'volume'
    ? { of: 'volume', use: volumeUse(fields, versioned) }
    : { of: 'host', host: hostCpu(fields, versioned) };
}

/** Versioned ones name instance and project otherwise. */
function volumeUse(fields: Fields, versioned: boolean): VolumeUse {
  const uuid = uuidIn(fields, versioned ? 'instance_uuid' : 'instance_id');
  const volume = textIn(fields, 'volume_id');
  const at = timeIn(fields, 'last_refreshed');
  if (uuid === null || volume === null || at === null)
    throw new NotificationError('malformed', 'a volume usage without instance, volume or time');
  return {
    uuid,
    volume,
    at,
    projectId: textIn(fields, versioned ? 'project_id' : 'tenant_id'),
    userId: textIn(fields, 'user_id'),
    availabilityZone: textIn(fields, 'availability_zone'),
    readBytes: counterIn(fields, 'read_bytes'),
    readRequests: counterIn(fields, 'reads'),
    writeBytes: counterIn(fields, 'write_bytes'),
    writeRequests: counterIn(fields, 'writes'),
  };
}

function hostCpu(fields: Fields, versioned: boolean): HostCpu {
  const listed = listIn(fields, 'metrics');
  const metrics = versioned ? listed.map(openObject) : listed;
  const named = (name: string): bigint | null => {
    const metric = metrics.find((each) => each.name === name);
    return metric === undefined ? null : counterIn(metric, 'value');
  };
  const host = textIn(fields, 'host');
  const node = textIn(fields, 'nodename') ?? host;
  const at = metrics[0] === undefined ? null : timeIn(metrics[0], 'timestamp');
  if (host === null || node === null || at === null)
    throw new NotificationError('malformed', 'metrics without host or time');
  return {
    host,
    node,
    at,
    user: named('cpu.user.time'),
    kernel: named('cpu.kernel.time'),
    iowait: named('cpu.iowait.time'),
    idle: named('cpu.idle.time'),
    frequency: named('cpu.frequency'),
  };
}
