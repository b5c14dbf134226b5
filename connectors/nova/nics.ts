import { EMPTY_NIC_IDENTITY, type NicIdentity } from '../../avro/snapshot.ts';

type Address = Pick<NicIdentity, 'mac' | 'network' | 'name' | 'portId'>;

/** The nics of an instance by its addresses, of which one nic may have several, or none. */
export function nicsOf(addresses: readonly Address[]): readonly NicIdentity[] {
  const nics = new Map<string, NicIdentity>();
  for (const { mac, network, name, portId } of addresses) {
    if (mac === null || nics.has(mac)) continue;
    nics.set(mac, { id: mac, ...EMPTY_NIC_IDENTITY, name, mac, portId, network });
  }
  return [...nics.values()];
}
