import { EMPTY_IDENTITY, type Flavor, type Identity, type NicIdentity } from '../../avro/snapshot.ts';
import { completedPeriod } from './audit-period.ts';
import { deletionIn } from './deletion.ts';
import type { InstanceEvent } from './event-types.ts';
import {
  counterIn,
  type Fields,
  fieldsIn,
  isFields,
  listIn,
  textIn,
  textsIn,
  timeIn,
  uuidIn,
  wholeIn,
} from './fields.ts';
import { nicsOf } from './nics.ts';
import { NotificationError } from './protocol-error.ts';
import { stateOf } from './states.ts';
import type { Bandwidth } from './statistics.ts';
import type { InstanceTold } from './told.ts';

/**
 * A payload of `compute.instance.*`: the flat dictionary of info_from_instance in nova/notifications/base.py, whose
 * names have hardly changed since 2012. Throws a NotificationError if it names no instance.
 */
export function decodeLegacy(payload: Fields, event: InstanceEvent, at: number): InstanceTold {
  const uuid = uuidIn(payload, 'instance_id') ?? uuidIn(payload, 'instance_uuid');
  if (uuid === null) throw new NotificationError('malformed', 'an instance without its uuid');
  return {
    of: 'instance',
    uuid,
    cell: textIn(payload, 'cell_name'),
    state: stateOf(payload),
    deletedAt: deletionIn(payload, event, at),
    identity: identityOf(payload),
    bandwidth: event.action === 'exists' ? bandwidthIn(payload) : [],
  };
}

function identityOf(payload: Fields): Identity {
  const imageMetadata = textsIn(payload, 'image_meta');
  return {
    ...EMPTY_IDENTITY,
    name: textIn(payload, 'display_name'),
    projectId: textIn(payload, 'tenant_id'),
    userId: textIn(payload, 'user_id'),
    host: textIn(payload, 'host'),
    availabilityZone: textIn(payload, 'availability_zone'),
    imageId: imageMetadata.base_image_ref || imageOf(textIn(payload, 'image_ref_url')),
    osType: textIn(payload, 'os_type'),
    architecture: textIn(payload, 'architecture'),
    createdAt: timeIn(payload, 'created_at'),
    launchedAt: timeIn(payload, 'launched_at'),
    flavor: flavorOf(payload),
    nics: nicsOf(listIn(payload, 'fixed_ips').map(addressOf)),
    metadata: metadataIn(payload),
    imageMetadata,
  };
}

/** `http://glance:9292/images/<id>`, of a server without an image `http://glance:9292/images/`. */
const imageOf = (url: string | null): string | null => /([^/]+)$/.exec(url ?? '')?.[1] ?? null;

function flavorOf(payload: Fields): Flavor | null {
  const flavor = {
    id: textIn(payload, 'instance_flavor_id'),
    name: textIn(payload, 'instance_type'),
    vcpus: wholeIn(payload, 'vcpus'),
    memory: wholeIn(payload, 'memory_mb'),
    disk: wholeIn(payload, 'disk_gb'),
    ephemeral: wholeIn(payload, 'ephemeral_gb'),
  };
  const isTold = Object.values(flavor).some((value) => value !== null);
  return isTold ? { ...flavor, swap: null, extraSpecs: {} } : null;
}

const addressOf = (ip: Fields): Pick<NicIdentity, 'mac' | 'network' | 'name' | 'portId'> => ({
  mac: textIn(ip, 'vif_mac'),
  network: textIn(ip, 'label'),
  name: null,
  portId: null,
});

/** Until 2013 a list of `{key, value}`. */
function metadataIn(payload: Fields): Readonly<Record<string, string>> {
  const listed = listIn(payload, 'metadata').flatMap((entry) => {
    const key = textIn(entry, 'key');
    return key === null ? [] : [[key, textIn(entry, 'value') ?? ''] as const];
  });
  return listed.length > 0 ? Object.fromEntries(listed) : textsIn(payload, 'metadata');
}

/** `{label: {bw_in, bw_out}}`, up to nova 24. */
function bandwidthIn(payload: Fields): readonly Bandwidth[] {
  const period = completedPeriod(payload);
  const labels = fieldsIn(payload, 'bandwidth');
  if (period === null || labels === null) return [];
  return Object.entries(labels).flatMap(([network, used]) =>
    isFields(used)
      ? [{ network, ...period, rxBytes: counterIn(used, 'bw_in'), txBytes: counterIn(used, 'bw_out') }]
      : [],
  );
}
