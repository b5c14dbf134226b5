import {
  type DiskIdentity,
  EMPTY_IDENTITY,
  type Flavor,
  type Identity,
  type NicIdentity,
} from '../../avro/snapshot.ts';
import { completedPeriod } from './audit-period.ts';
import { deletionIn } from './deletion.ts';
import type { InstanceEvent } from './event-types.ts';
import { counterIn, type Fields, fieldsIn, listIn, textIn, textsIn, timeIn, uuidIn, wholeIn } from './fields.ts';
import { nicsOf } from './nics.ts';
import { NotificationError } from './protocol-error.ts';
import { stateOf } from './states.ts';
import type { Bandwidth } from './statistics.ts';
import type { InstanceTold } from './told.ts';

/**
 * A payload of `instance.*` and its parts are serialized objects:
 *
 *   {"nova_object.namespace": "nova", "nova_object.name": N, "nova_object.version": "M.m", "nova_object.data": {…}}
 *
 * Another minor version has more fields, another major one may lack some or mean something else. Source:
 * nova/notifications/objects/, doc/notification_samples/.
 */
export const isVersioned = (payload: Fields): boolean => 'nova_object.name' in payload;

/** The first ones lost their bandwidth with version 2, when nova could no longer tell it. */
const MAJORS: Readonly<Record<string, readonly string[]>> = {
  InstanceExistsPayload: ['1', '2'],
  InstanceUpdatePayload: ['1', '2'],
};
const FIRST: readonly string[] = ['1'];

/** The data of a serialized object. Throws a NotificationError. */
export function openObject(object: Fields): Fields {
  const name = textIn(object, 'nova_object.name') ?? '';
  const version = textIn(object, 'nova_object.version') ?? '';
  const fields = fieldsIn(object, 'nova_object.data');
  if (fields === null || textIn(object, 'nova_object.namespace') !== 'nova' || !/^\d+\.\d+$/.test(version))
    throw new NotificationError('malformed', 'it is no object of nova');
  const [major = ''] = version.split('.');
  const known = Object.hasOwn(MAJORS, name) ? MAJORS[name] : FIRST;
  if (!known?.includes(major))
    throw new NotificationError('unknown_version', `it has a payload of major version ${major.slice(0, 9)}`);
  return fields;
}

/** Throws a NotificationError if it names no instance or is of a version that is not known. */
export function decodeVersioned(payload: Fields, event: InstanceEvent, at: number): InstanceTold {
  const fields = openObject(payload);
  const uuid = uuidIn(fields, 'uuid');
  if (uuid === null) throw new NotificationError('malformed', 'an instance without its uuid');
  return {
    of: 'instance',
    uuid,
    cell: null,
    state: stateOf(fields),
    deletedAt: deletionIn(fields, event, at),
    identity: identityOf(fields),
    bandwidth: event.action === 'exists' ? bandwidthIn(fields) : [],
  };
}

function identityOf(fields: Fields): Identity {
  return {
    ...EMPTY_IDENTITY,
    name: textIn(fields, 'display_name'),
    instanceName: textIn(fields, 'instance_name'),
    projectId: textIn(fields, 'tenant_id'),
    userId: textIn(fields, 'user_id'),
    host: textIn(fields, 'host'),
    availabilityZone: textIn(fields, 'availability_zone'),
    imageId: textIn(fields, 'image_uuid'),
    osType: textIn(fields, 'os_type'),
    architecture: textIn(fields, 'architecture'),
    createdAt: timeIn(fields, 'created_at'),
    launchedAt: timeIn(fields, 'launched_at'),
    flavor: flavorOf(fieldsIn(fields, 'flavor')),
    disks: listIn(fields, 'block_devices').map(openObject).flatMap(diskOf),
    nics: nicsOf(listIn(fields, 'ip_addresses').map(openObject).map(addressOf)),
    metadata: textsIn(fields, 'metadata'),
  };
}

function flavorOf(object: Fields | null): Flavor | null {
  if (object === null) return null;
  const fields = openObject(object);
  const root = wholeIn(fields, 'root_gb');
  const ephemeral = wholeIn(fields, 'ephemeral_gb');
  return {
    id: textIn(fields, 'flavorid'),
    name: textIn(fields, 'name'),
    vcpus: wholeIn(fields, 'vcpus'),
    memory: wholeIn(fields, 'memory_mb'),
    disk: root === null || ephemeral === null ? null : root + ephemeral,
    ephemeral,
    swap: wholeIn(fields, 'swap'),
    extraSpecs: textsIn(fields, 'extra_specs'),
  };
}

/** Under the volume's id, as in the rows of its usage. */
function diskOf(fields: Fields): readonly DiskIdentity[] {
  const id = textIn(fields, 'volume_id');
  return id === null ? [] : [{ id, path: textIn(fields, 'device_name'), serial: id, bus: null }];
}

const addressOf = (ip: Fields): Pick<NicIdentity, 'mac' | 'network' | 'name' | 'portId'> => ({
  mac: textIn(ip, 'mac'),
  network: textIn(ip, 'label'),
  name: textIn(ip, 'device_name'),
  portId: textIn(ip, 'port_uuid'),
});

/** A list of BandwidthPayload in major version 1. */
function bandwidthIn(fields: Fields): readonly Bandwidth[] {
  const listed = listIn(fields, 'bandwidth').map(openObject);
  const audit = fieldsIn(fields, 'audit_period');
  const period = audit === null ? null : completedPeriod(openObject(audit));
  if (period === null) return [];
  return listed.flatMap((used) => {
    const network = textIn(used, 'network_name');
    const amounts = { rxBytes: counterIn(used, 'in_bytes'), txBytes: counterIn(used, 'out_bytes') };
    return network === null ? [] : [{ network, ...period, ...amounts }];
  });
}
