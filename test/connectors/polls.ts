import { EMPTY_IDENTITY, EMPTY_ROW, type Identity, type Instance } from '../../avro/snapshot.ts';
import type { Poll } from '../../connectors/connector.ts';

/** An instance whose uuid is a number and whose cpu time is another. */
export const instance = (number: number, cpuTime = 1n, identity: Identity | null = named(`vm-${number}`)): Instance => {
  const uuid = Buffer.alloc(16);
  uuid.writeUInt32BE(number, 12);
  return {
    uuid,
    epoch: 'e1',
    startedAt: null,
    deletedAt: null,
    state: 'RUNNING',
    disks: [],
    nics: [],
    rows: [{ ...EMPTY_ROW, observedAt: 5, cpuTime }],
    identity,
  };
};

export const named = (name: string): Identity => ({ ...EMPTY_IDENTITY, name });

/** A poll of hypervisor `kvm1` that took 1 ms. */
export const poll = (startedAt: number, instances: readonly Instance[], over: Partial<Poll> = {}): Poll => ({
  kind: 'simulator',
  hypervisor: 'kvm1',
  sequence: 0,
  scheduledAt: startedAt,
  interval: 10_000_000,
  startedAt,
  endedAt: startedAt + 1000,
  bootedAt: null,
  partial: null,
  calls: 1,
  hosts: [],
  instances,
  ...over,
});
