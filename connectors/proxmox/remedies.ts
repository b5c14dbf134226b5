import { EndpointError } from '../connector.ts';
import type { Credentials } from './access.ts';
import type { StatusError } from './client.ts';
import { TICKET } from './protocol.ts';

/**
 * What a node's error means and what to do about it. 401 says nothing more than that somebody is not let in; 403 which
 * privilege is lacking where; 595 and its like are of a node that asked another one in vain (`proxyto`).
 */
export function explainStatus(
  error: StatusError,
  path: string,
  origin: string,
  endpoint: string,
  credentials: Credentials,
): EndpointError {
  const words = error.words === null ? '' : ` (${error.words})`;
  const fail = (code: 'refused' | 'unreachable' | 'protocol', remedy: string): EndpointError =>
    new EndpointError(code, endpoint, `${origin} answers ${path} with HTTP ${error.status}${words}: ${remedy}`, error);
  if (error.status === 401) return fail('refused', unknownUser(path, credentials));
  if (error.status === 403) return fail('refused', tooFewRights(credentials));
  if (isNodeAway(error)) return fail('unreachable', 'it cannot reach that node: look whether that is up');
  if (error.status === 404 || error.status === 501)
    return fail('protocol', 'is it a Proxmox VE node, and its port 8006?');
  if (error.status >= 500) return fail('unreachable', 'look at pveproxy, pvedaemon and pve-cluster there');
  return fail('protocol', 'is it a Proxmox VE node, and its port 8006?');
}

/** AnyEvent::HTTP's own codes of what it could not connect to, send or read, and 504. */
const isNodeAway = ({ status }: StatusError): boolean => (status >= 595 && status <= 599) || status === 504;

export const secondFactor = (origin: string, endpoint: string, username: string): EndpointError =>
  new EndpointError(
    'refused',
    endpoint,
    `${origin}: ${username} has a second factor, which nobody is here to give: use an API token`,
  );

function unknownUser(path: string, credentials: Credentials): string {
  if ('tokenId' in credentials)
    return `check that the token ${credentials.tokenId} exists, has this secret and has not expired, and that its user is enabled`;
  const { username } = credentials;
  if (path !== TICKET)
    return `the ticket of ${username} is not taken, though it is new: are the clocks of the nodes right?`;
  return `check the password of ${username}, that its realm is right and that it is enabled`;
}

function tooFewRights(credentials: Credentials): string {
  if (!('tokenId' in credentials)) return `give ${credentials.username} the role PVEAuditor at /, propagated`;
  return `give the token ${credentials.tokenId} the role PVEAuditor at /, propagated: with privilege separation its user's roles are not its own, and it has no more than its user`;
}

/** The token or user is let in and sees nothing. */
export const seesNothing = (origin: string, endpoint: string, credentials: Credentials): EndpointError =>
  new EndpointError(
    'refused',
    endpoint,
    `${origin} shows no guest, for want of VM.Audit: ${tooFewRights(credentials)}`,
  );
