import { type DiskIdentity, EMPTY_IDENTITY, type Identity, type NicIdentity } from '../../avro/snapshot.ts';
import { readNovaMetadata } from './nova-metadata.ts';
import { attribute, child, type Element, parseXml, textOf } from './xml-element.ts';

/**
 * Who a domain is, from its XML (DOMAIN_GET_XML_DESC without flags): nova's metadata, disks by target, nics by MAC.
 * `host` is the name of the daemon's machine. Throws an Error if the XML is not a well-formed domain.
 */
export function readDomainXml(xml: string, host: string | null): Identity {
  const domain = parseXml(xml);
  if (domain.name !== 'domain') throw new Error(`a <${domain.name}> where a <domain> belongs`);
  const type = child(child(domain, 'os'), 'type');
  const devices = child(domain, 'devices')?.children ?? [];
  return {
    ...EMPTY_IDENTITY,
    name: textOf(child(domain, 'title')),
    ...readNovaMetadata(child(domain, 'metadata')),
    instanceName: textOf(child(domain, 'name')),
    host,
    osType: textOf(type),
    architecture: attribute(type, 'arch'),
    disks: devices.filter((device) => device.name === 'disk').flatMap(readDisk),
    nics: readNics(devices.filter((device) => device.name === 'interface')),
  };
}

/** Files, block devices, network volumes (`pool/volume`), volumes of libvirt's pools, directories, vhost-user sockets. */
const SOURCE_ATTRIBUTES = ['file', 'dev', 'name', 'volume', 'dir', 'path'];

function readDisk(disk: Element): DiskIdentity[] {
  const target = child(disk, 'target');
  const id = attribute(target, 'dev');
  if (id === null) return [];
  const source = child(disk, 'source');
  const paths = SOURCE_ATTRIBUTES.map((name) => attribute(source, name));
  return [
    {
      id,
      path: paths.find((path) => path !== null) ?? null,
      serial: textOf(child(disk, 'serial')),
      bus: attribute(target, 'bus'),
    },
  ];
}

/** A nic's id is its MAC; where several have the same one, the later ones get their number behind it. */
function readNics(interfaces: readonly Element[]): NicIdentity[] {
  const seen = new Map<string, number>();
  return interfaces.map((nic, position) => {
    const mac = attribute(child(nic, 'mac'), 'address')?.toLowerCase() ?? null;
    const key = mac ?? `nic${position}`;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return readNic(nic, count === 1 ? key : `${key}/${count}`, mac);
  });
}

function readNic(nic: Element, id: string, mac: string | null): NicIdentity {
  const source = child(nic, 'source');
  const filter = child(nic, 'filterref');
  const parameters = filter?.children.filter((element) => element.name === 'parameter') ?? [];
  return {
    id,
    name: attribute(child(nic, 'target'), 'dev'),
    mac,
    bridge: attribute(source, 'bridge'),
    portId: attribute(child(child(nic, 'virtualport'), 'parameters'), 'interfaceid'),
    network: attribute(source, 'network') ?? attribute(source, 'portgroup'),
    filter: attribute(filter, 'filter'),
    parameters: Object.fromEntries(
      parameters.flatMap((parameter) => {
        const name = attribute(parameter, 'name');
        return name === null ? [] : [[name, attribute(parameter, 'value') ?? '']];
      }),
    ),
  };
}
