import type { Identity, Instance } from '../../avro/snapshot.ts';
import type { Observation } from '../connector.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { isWord } from './shapes.ts';
import { WmiTexts } from './wmi-texts.ts';

/** What becomes of the texts that a connector gives; `Pseudonyms` is one, a replay's keeps them. */
export type ObservationTexts = Pick<Pseudonyms, 'text' | 'name' | 'device' | 'epoch'>;

/** How the texts of a kind of connector are replaced: as its answers' are. */
export const textsOfKind = (kind: string, texts: Pseudonyms): ObservationTexts =>
  kind === 'hyperv' ? new WmiTexts(texts) : texts;

/** Words that connectors themselves put where a source's texts are else. */
const OWN_WORDS = new Set(['ESXi', 'model', 'base_image_ref']);
const OWN_NIC_NAME = /^vif\d{1,10}\.\d{1,5}$/;

/**
 * What a connector made of one poll, as plain values: 64-bit numbers as bigint, uuids as text, all texts through `texts`. The
 * poll's own times are left out, and of why it is not complete, and of when an instance was deleted, only whether.
 */
export function describeObservation(observation: Observation, kind: string, texts: ObservationTexts): object {
  const { bootedAt, partial, calls, hosts, instances } = observation;
  const describe = (instance: Instance, isHost: boolean): object => describeInstance(instance, { kind, texts, isHost });
  return {
    bootedAt,
    complete: partial === null,
    calls,
    hosts: hosts.map((host) => describe(host, true)),
    instances: instances.map((instance) => describe(instance, false)),
  };
}

interface Manner {
  readonly kind: string;
  readonly texts: ObservationTexts;
  readonly isHost: boolean;
}

function describeInstance(instance: Instance, manner: Manner): object {
  const { texts, kind, isHost } = manner;
  const { uuid, epoch, deletedAt, disks, nics, rows, identity } = instance;
  const devices = (of: typeof disks): object[] =>
    of.map((device) => ({ id: texts.device(device.id), epoch: orNull(device.epoch, texts.epoch.bind(texts)) }));
  return {
    ...instance,
    // Of a Hyper-V host it is made of the host's name, which it would tell to who can guess.
    uuid: isHost && kind === 'hyperv' ? null : texts.text(withHyphens(uuid)),
    epoch: orNull(epoch, texts.epoch.bind(texts)),
    deletedAt: undefined,
    deleted: deletedAt !== null,
    disks: devices(disks),
    nics: devices(nics),
    rows: rows.map(({ extras, ...row }) => ({
      ...row,
      extras: extras.map((extra) => ({ ...extra, device: orNull(extra.device, texts.device.bind(texts)) })),
    })),
    identity: identity && describeIdentity(identity, manner),
  };
}

function describeIdentity(identity: Identity, { kind, texts, isHost }: Manner): object {
  const text = (given: string | null): string | null => orNull(given, texts.text.bind(texts));
  const name = (given: string | null): string | null => orNull(given, texts.name.bind(texts));
  const own = (given: string): string => (kind === 'vsphere' && OWN_WORDS.has(given) ? given : texts.text(given));
  const { flavor, osType, disks, nics } = identity;
  return {
    ...identity,
    name: name(identity.name),
    instanceName: name(identity.instanceName),
    host: name(identity.host),
    projectId: text(identity.projectId),
    projectName: text(identity.projectName),
    userId: text(identity.userId),
    userName: text(identity.userName),
    availabilityZone: text(identity.availabilityZone),
    imageId: text(identity.imageId),
    imageName: text(identity.imageName),
    osType: osType !== null && isHost ? own(osType) : text(osType),
    architecture: text(identity.architecture),
    flavor: flavor && {
      ...flavor,
      id: text(flavor.id),
      name: text(flavor.name),
      extraSpecs: textsOf(flavor.extraSpecs, own, texts),
    },
    disks: disks.map(({ id, path, serial, bus }) => ({
      id: texts.device(id),
      path: text(path),
      serial: text(serial),
      bus: bus !== null && isWord(bus) && kind === 'vsphere' ? bus : text(bus),
    })),
    nics: nics.map((nic) => ({
      ...nic,
      id: texts.device(nic.id),
      name: kind === 'xenapi' && nic.name !== null && OWN_NIC_NAME.test(nic.name) ? nic.name : text(nic.name),
      mac: text(nic.mac),
      bridge: text(nic.bridge),
      portId: text(nic.portId),
      network: text(nic.network),
      filter: text(nic.filter),
      parameters: textsOf(nic.parameters, own, texts),
    })),
    metadata: textsOf(identity.metadata, own, texts),
    imageMetadata: textsOf(identity.imageMetadata, own, texts),
  };
}

const textsOf = (
  map: Readonly<Record<string, string>>,
  key: (text: string) => string,
  texts: ObservationTexts,
): Record<string, string> =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [key(name), texts.text(value)]));

const orNull = (text: string | null, change: (text: string) => string): string | null =>
  text === null ? null : change(text);

const withHyphens = (uuid: Buffer): string =>
  uuid.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
