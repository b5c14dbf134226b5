import { EMPTY_IDENTITY, EMPTY_NIC_IDENTITY, type Identity, type State } from '../../avro/snapshot.ts';
import type { Nic } from './devices.ts';
import { readNovaAnnotation } from './nova-annotation.ts';
import type { EsxHost, Vm } from './properties.ts';

const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const NIL = /^[0-]+$/;

/** A uuid as text, as its 16 bytes; null if it is none, or nothing but zeros. */
export function parseUuid(text: string | null): Buffer | null {
  if (text === null || !UUID.test(text) || NIL.test(text)) return null;
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}

/** nova's own uuid if the VM has one (its cached templates have an empty one), else the one that vCenter keeps unique. */
export const uuidOfVm = ({ novaUuid, instanceUuid }: Vm): Buffer | null =>
  parseUuid(novaUuid) ?? parseUuid(instanceUuid);

const STATES: Readonly<Record<string, State>> = { poweredOn: 'RUNNING', poweredOff: 'SHUTOFF', suspended: 'SUSPENDED' };
const HOST_STATES: Readonly<Record<string, State>> = { ...STATES, standBy: 'SUSPENDED' };

/** Of a VM whose host does not answer, or whose files cannot be read, the last known power state says nothing. */
export const stateOfVm = ({ powerState, connectionState }: Vm): State =>
  connectionState === null || connectionState === 'connected' ? (STATES[powerState ?? ''] ?? 'NOSTATE') : 'NOSTATE';

export const stateOfHost = ({ powerState, connectionState }: EsxHost): State =>
  connectionState === null || connectionState === 'connected'
    ? (HOST_STATES[powerState ?? ''] ?? 'NOSTATE')
    : 'NOSTATE';

/** A nic's id is its MAC; where several have the same one, the later ones get their number behind it. In the order of the nics. */
export function nicIds(nics: readonly Nic[]): readonly string[] {
  const seen = new Map<string, number>();
  return nics.map(({ mac, instance }) => {
    const key = mac ?? instance;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key}/${count}`;
  });
}

/** Who a VM is. What nova wrote into its note counts only if nova made it. */
export function identityOfVm(vm: Vm, host: string | null): Identity {
  const { disks, nics } = vm.devices;
  const ids = nicIds(nics);
  const owner = parseUuid(vm.novaUuid) === null ? null : readNovaAnnotation(vm.annotation);
  return {
    ...EMPTY_IDENTITY,
    ...owner,
    name: owner?.name ?? vm.name,
    instanceName: vm.name,
    host,
    osType: vm.guest,
    disks: disks.map(({ instance, fileName, uuid, bus }) => ({ id: instance, path: fileName, serial: uuid, bus })),
    nics: nics.map(({ label, mac, network, portId }, n) => ({
      id: ids[n] as string,
      ...EMPTY_NIC_IDENTITY,
      name: label,
      mac,
      portId,
      network,
    })),
  };
}

export const identityOfHost = ({ name, model }: EsxHost): Identity => ({
  ...EMPTY_IDENTITY,
  name,
  instanceName: name,
  host: name,
  osType: 'ESXi',
  metadata: model === null ? {} : { model },
});
