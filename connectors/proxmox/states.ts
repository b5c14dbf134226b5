import type { State } from '../../avro/snapshot.ts';

/**
 * QEMU's run states (qapi/run-state.json), `stopped` and `unknown` of Proxmox VE. As long as there is a process there are
 * counters, also of a guest that has panicked: CRASHED and SUSPENDED, which have none, are not used.
 */
const STATES: ReadonlyMap<string, State> = new Map([
  ['running', 'RUNNING'],
  ['stopped', 'SHUTOFF'],
  ['shutdown', 'SHUTDOWN'],
  ['paused', 'PAUSED'],
  ['suspended', 'PAUSED'],
  ['prelaunch', 'PAUSED'],
  ['inmigrate', 'PAUSED'],
  ['postmigrate', 'PAUSED'],
  ['finish-migrate', 'PAUSED'],
  ['save-vm', 'PAUSED'],
  ['restore-vm', 'PAUSED'],
  ['debug', 'PAUSED'],
  ['colo', 'PAUSED'],
  ['watchdog', 'PAUSED'],
  ['io-error', 'PAUSED'],
  ['internal-error', 'PAUSED'],
  ['guest-panicked', 'PAUSED'],
]);

/** NOSTATE for what is not known. */
export const stateOf = (status: string): State => STATES.get(status) ?? 'NOSTATE';
