import type { Change } from '../connector.ts';
import type { DomainRef } from './procedures.ts';
import { readDomain } from './replies.ts';
import { XdrReader } from './xdr.ts';

/** Events by the number that they are asked for with (virDomainEventID), and the procedure that they come as. */
const EVENTS = {
  lifecycle: { id: 0, procedure: 318 },
  reboot: { id: 1, procedure: 319 },
  deviceRemoved: { id: 15, procedure: 333 },
  deviceAdded: { id: 19, procedure: 354 },
  metadataChanged: { id: 23, procedure: 379 },
} as const;
type EventName = keyof typeof EVENTS;

/** What may change a domain's XML, or be its start or end. */
export const EVENT_IDS: readonly number[] = Object.values(EVENTS).map(({ id }) => id);

/** virDomainEventType */
const LIFECYCLE = [
  'defined',
  'undefined',
  'started',
  'suspended',
  'resumed',
  'stopped',
  'shutdown',
  'pmsuspended',
  'crashed',
] as const;
/** Details (virDomainEventStartedDetailType and so on) that stand for a migration, by pre-copy and by post-copy. */
const MIGRATION: Readonly<Record<string, readonly number[]>> = { started: [1], suspended: [1, 7], resumed: [1, 3] };

export interface DomainEvent {
  readonly domain: DomainRef;
  /** Null: of no haste; its identity may be another. */
  readonly what: Change['what'] | null;
}

/**
 * Reads an event message: `callback i32, domain`, and of a lifecycle event `event i32, detail i32`; what others have
 * behind the domain is not read. Null: not one that was asked for. Throws ProtocolError.
 */
export function decodeEvent(procedure: number, payload: Buffer): DomainEvent | null {
  const name = nameOf(procedure);
  if (name === null) return null;
  const from = new XdrReader(payload);
  from.int();
  const domain = readDomain(from);
  if (name === 'lifecycle') return { domain, what: turnOf(from.int(), from.int()) };
  return { domain, what: name === 'metadataChanged' ? null : 'changed' };
}

const nameOf = (procedure: number): EventName | null =>
  (Object.keys(EVENTS) as EventName[]).find((name) => EVENTS[name].procedure === procedure) ?? null;

/**
 * A guest that has shut itself down, or has been handed over to another host, stands still: its QEMU process is there
 * for a moment yet, with its last counters. On the destination it waits, and is metered from when it goes on. A number
 * that is not known may mean anything.
 */
function turnOf(event: number, detail: number): Change['what'] | null {
  const name = LIFECYCLE[event] ?? '';
  const isMigration = MIGRATION[name]?.includes(detail) ?? false;
  switch (name) {
    case 'started':
      return isMigration ? null : 'started';
    case 'resumed':
      return isMigration ? 'started' : 'changed';
    case 'suspended':
      return isMigration ? 'stopping' : 'changed';
    case 'shutdown':
      return 'stopping';
    case 'stopped':
    case 'crashed':
      return 'stopped';
    default:
      return 'changed';
  }
}
