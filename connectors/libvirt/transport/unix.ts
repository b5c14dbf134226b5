import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { EndpointError } from '../../connector.ts';
import type { Address } from '../address.ts';
import { openSocket, socketTransport } from './socket.ts';
import type { Transport } from './transport.ts';

const MODULAR_DAEMONS: Readonly<Record<string, string>> = {
  qemu: 'virtqemud',
  xen: 'virtxend',
  lxc: 'virtlxcd',
  vz: 'virtvzd',
  bhyve: 'virtbhyved',
  ch: 'virtchd',
};

/**
 * The sockets a daemon may have, best first: those for readers before those that may change things, and where both
 * are, the monolithic daemon's before the modular one's. An unprivileged daemon has no socket for readers.
 */
export function socketCandidates(address: Address, runtimeDirectory: string): string[] {
  const given = address.parameters.get('socket');
  if (given) return [given];
  const daemons = ['libvirt', MODULAR_DAEMONS[address.driver]].flatMap((name) => name ?? []);
  const directory = address.session ? runtimeDirectory : '/run';
  const suffixes = address.session ? ['sock'] : ['sock-ro', 'sock'];
  return suffixes.flatMap((suffix) => daemons.map((daemon) => `${directory}/libvirt/${daemon}-${suffix}`));
}

/** Opens the best socket there is. Rejects with an EndpointError. */
export async function openUnix(endpoint: string, address: Address, signal: AbortSignal): Promise<Transport> {
  const candidates = socketCandidates(address, process.env.XDG_RUNTIME_DIR ?? '/run');
  for (const path of candidates) {
    if (candidates.length > 1 && !(await exists(path))) continue;
    return socketTransport(await openSocket(endpoint, path, { path }, signal), path);
  }
  const looked = candidates.join(', ');
  throw new EndpointError('unreachable', endpoint, `no libvirt socket here (${looked}); is the daemon running?`);
}

const exists = (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
