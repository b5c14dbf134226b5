import { type FieldList, isRecord, textOf } from './field.ts';

/**
 * The API of Proxmox VE as far as it is used: `/api2/json`, every answer `{"data": …}`, an error's status with
 * `{"data": null, "message": "…"}` (older releases tell the message in HTTP's reason only).
 *
 *   Authorization: PVEAPIToken=user@realm!name=secret
 *   Cookie: PVEAuthCookie=ticket            the ticket comes from POST /access/ticket and lives two hours
 *
 * Only POST, PUT and DELETE want a CSRFPreventionToken, of which POST /access/ticket is the exception.
 */
export const BASE = '/api2/json';
export const RESOURCES = '/cluster/resources';
export const CLUSTER_STATUS = '/cluster/status';
export const PERMISSIONS = '/access/permissions';
export const TICKET = '/access/ticket';
/** The guests of one node, as they are now, with the ids of their processes. */
export const rollCallPath = (node: string, type: GuestType): string => `/nodes/${encodeURIComponent(node)}/${type}`;

export const GUEST_TYPES = ['qemu', 'lxc'] as const;
export type GuestType = (typeof GUEST_TYPES)[number];

/** An answer that is not what the API gives. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Numbers of so many digits may pass 2^53, from where on JSON.parse rounds. */
const LONG = /"(netin|netout|diskread|diskwrite)":\s*(\d{16,})(?=\s*[,}])/g;

/**
 * The `data` of an answer; counters of 16 digits and more as text, to the digit. Throws ProtocolError. What stands
 * within a text of the answer is left alone, as a quote there has a backslash before it.
 */
export function decodeReply(text: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(LONG, '"$1":"$2"'));
  } catch (cause) {
    throw new ProtocolError('it is no JSON', { cause });
  }
  if (!isRecord(parsed) || !('data' in parsed)) throw new ProtocolError('it has no data');
  return parsed.data;
}

const MOST_WORDS = 200;

/** What an error's body says; null: nothing that is fit to be told. */
export function decodeMessage(text: string): string | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const message = isRecord(parsed) ? textOf(parsed.message) : null;
    return message?.replace(/\s+/g, ' ').trim().slice(0, MOST_WORDS) || null;
  } catch {
    return null;
  }
}

/** What POST /access/ticket gave: a ticket, or that it wants a second factor first. */
export function decodeTicket(data: unknown): { readonly ticket: string } | 'second factor' {
  if (!isRecord(data)) throw new ProtocolError('the login gave no ticket');
  if (data.NeedTFA) return 'second factor';
  const ticket = textOf(data.ticket);
  if (ticket === null) throw new ProtocolError('the login gave no ticket');
  return { ticket };
}

export interface ClusterStatus {
  /** Of the cluster; of a node that is in none, the node's. */
  readonly name: string;
  /** A node without a majority knows only what it knew before. */
  readonly isQuorate: boolean;
  /** The node tells of no cluster: it is in none, or its corosync is not up. */
  readonly isLone: boolean;
}

/** `GET /cluster/status`: one entry of type cluster if there is one, and one a node. Throws ProtocolError. */
export function decodeClusterStatus(data: unknown): ClusterStatus {
  const entries = listOf(data, CLUSTER_STATUS);
  const cluster = entries.find(({ type }) => type === 'cluster');
  const own = entries.find(({ type, local }) => type === 'node' && Number(local) === 1);
  const name = textOf((cluster ?? own)?.name);
  if (name === null) throw new ProtocolError(`${CLUSTER_STATUS} names neither a cluster nor the node itself`);
  return { name, isQuorate: Number(cluster?.quorate ?? 1) === 1, isLone: cluster === undefined };
}

/** A node that the answer of `GET /cluster/resources` names and that is not `own`; null: none. Throws ProtocolError. */
export function otherNode(data: unknown, own: string): string | null {
  for (const entry of listOf(data, RESOURCES)) {
    const node = textOf(entry.node);
    if (node !== null && node !== own) return node;
  }
  return null;
}

/** `GET /access/permissions`: {path: {privilege: propagates}}. May guests be seen anywhere at all? */
export function maySeeGuests(data: unknown): boolean {
  if (!isRecord(data)) throw new ProtocolError(`${PERMISSIONS} gave no paths`);
  return Object.values(data).some((privileges) => isRecord(privileges) && 'VM.Audit' in privileges);
}

/** The records of a list. Throws ProtocolError. */
export function listOf(data: unknown, path: string): readonly FieldList[] {
  if (!Array.isArray(data)) throw new ProtocolError(`${path} gave no list`);
  return data.filter(isRecord);
}
