import { numberOf } from './field.ts';
import { listOf } from './protocol.ts';

/** A guest's process as its node sees it at this moment. */
export interface Present {
  readonly vmid: number;
  readonly pid: number;
  /** Whole seconds since the process began. */
  readonly uptime: number;
}

/** `GET /nodes/<node>/qemu` or `/lxc`: who runs there. Throws ProtocolError if it is no list. */
export function decodeRollCall(data: unknown, path: string): ReadonlyMap<number, Present> {
  const present = new Map<number, Present>();
  for (const entry of listOf(data, path)) {
    const [vmid, pid, uptime] = [entry.vmid, entry.pid, entry.uptime].map(numberOf);
    if (vmid && pid && typeof uptime === 'number') present.set(vmid, { vmid, pid, uptime });
  }
  return present;
}
