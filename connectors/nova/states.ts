import type { State } from '../../avro/snapshot.ts';
import { type Fields, textIn } from './fields.ts';

/** Nova's power_state as versioned notifications name it (nova/objects/fields.py, InstancePowerState). */
const POWER: Readonly<Record<string, State>> = {
  running: 'RUNNING',
  paused: 'PAUSED',
  shutdown: 'SHUTOFF',
  crashed: 'CRASHED',
  suspended: 'SUSPENDED',
};

/** The vm_state where it is settled: nova may not have asked the hypervisor since. */
const VM: Readonly<Record<string, State>> = {
  rescued: 'RUNNING',
  paused: 'PAUSED',
  suspended: 'SUSPENDED',
  stopped: 'SHUTOFF',
  'soft-delete': 'SHUTOFF',
  shelved: 'SHUTOFF',
  shelved_offloaded: 'SHUTOFF',
  deleted: 'NOSTATE',
};

/**
 * NOSTATE: it cannot be told. Whether an active instance runs is the power state's to tell, which legacy payloads do not
 * have; a building, resized or failed one may or may not.
 */
export function stateOf(payload: Fields): State {
  const vm = textIn(payload, 'state') ?? '';
  const power = textIn(payload, 'power_state') ?? '';
  return VM[vm] ?? POWER[power] ?? (vm === 'active' ? 'RUNNING' : 'NOSTATE');
}
