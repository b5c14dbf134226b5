import { DeliveryError, type Outgoing, type RawProducer } from '../pipeline/kafka/raw-producer.ts';
import { traceHeaders } from '../pipeline/kafka/trace-headers.ts';
import { backoffMs } from '../pipeline/runtime/backoff.ts';
import type { Clock } from '../pipeline/runtime/clock.ts';
import type { Report, SliceLoss } from '../pipeline/runtime/events.ts';
import type { Held, Message, Parcel } from './gather.ts';
import { pause } from './in-time.ts';

export interface DeliverDeps {
  readonly producer: Pick<RawProducer, 'send'>;
  readonly clock: Clock;
  readonly report: Report;
}

/**
 * Sends until all is acknowledged, refused for good, or given up on; rejects only if the producer is dead. Resolves with
 * what was given up on.
 */
export async function deliver(
  messages: readonly Message[],
  { producer, clock, report }: DeliverDeps,
  abandoned: AbortSignal,
): Promise<readonly Held[]> {
  let left = messages;
  for (let failures = 0; left.length > 0; ) {
    const outgoing = new Map(left.map((message) => [{ ...recordOf(message) }, message]));
    try {
      await producer.send([...outgoing.keys()]);
      tellSent(left, report);
      return [];
    } catch (error) {
      if (!(error instanceof DeliveryError) || error.fatal) throw error;
      const again = new Set(error.undelivered);
      const refused = new Set(error.refused);
      tellSent(
        [...outgoing].filter(([sent]) => !again.has(sent) && !refused.has(sent)).map(([, message]) => message),
        report,
      );
      left = [...outgoing].filter(([sent]) => again.has(sent)).map(([, message]) => message);
      const parcelsOf = (which: ReadonlySet<unknown>) =>
        [...outgoing].filter(([sent]) => which.has(sent)).flatMap(([, { parcels }]) => parcels);
      tellFailed(parcelsOf(again), error, report);
      tellLost(parcelsOf(refused), 'refused', error, report);
      settle(parcelsOf(refused), false);
      if (abandoned.aborted) {
        settle(parcelsOf(again), false);
        return parcelsOf(again);
      }
      failures++;
      if (left.length > 0) await pause(clock, backoffMs(failures, clock.random()), abandoned);
    }
  }
  return [];
}

function recordOf({ partition, value, parcels }: Message): Outgoing {
  const headers = traceHeaders(parcels.map(({ trace }) => trace));
  const record = { partition, value, timestampMs: parcels.at(-1)?.timestampMs ?? 0 };
  return headers === undefined ? record : { ...record, headers };
}

function tellSent(messages: readonly Message[], report: Report): void {
  if (messages.length === 0) return;
  const slices = messages.reduce((sum, { parcels }) => sum + parcels.length, 0);
  const bytes = messages.reduce((sum, { value }) => sum + value.length, 0);
  report({ event: 'slices.sent', slices, messages: messages.length, bytes });
  for (const { parcels } of messages) settle(parcels, true);
}

/** They are not sent any more. */
export function giveUp(parcels: readonly Parcel[], error: Error, report: Report): void {
  tellLost(parcels, 'stopped', error, report);
  settle(parcels, false);
}

/** Once for each hypervisor whose slices never reach Kafka. */
export function tellLost(parcels: readonly Parcel[], reason: SliceLoss, error: Error, report: Report): void {
  const counts = new Map<string, number>();
  for (const { hypervisor } of parcels) counts.set(hypervisor, (counts.get(hypervisor) ?? 0) + 1);
  for (const [hypervisor, slices] of counts) report({ event: 'slices.lost', hypervisor, reason, slices, error });
}

function settle(parcels: readonly Parcel[], delivered: boolean): void {
  for (const { settled } of parcels) settled?.(delivered);
}

/** Once for each hypervisor whose slices are not there yet. */
function tellFailed(parcels: readonly Parcel[], error: Error, report: Report): void {
  for (const hypervisor of new Set(parcels.map((parcel) => parcel.hypervisor)))
    report({ event: 'slices.failed', hypervisor, error });
}
