import { DeliveryError, type RawProducer } from '../pipeline/kafka/raw-producer.ts';
import type { Clock } from '../pipeline/runtime/clock.ts';
import type { Report } from '../pipeline/runtime/events.ts';
import { backoffMs } from './backoff.ts';
import { gather, type Message, type Parcel } from './gather.ts';
import { pause } from './in-time.ts';

export interface OutboxDeps {
  readonly producer: Pick<RawProducer, 'send'>;
  readonly clock: Clock;
  readonly report: Report;
  /** How long a slice waits for others of its partition to share a message with. */
  readonly lingerMs: number;
  /** Unacknowledged bytes beyond which there is no room; default 64 MiB. */
  readonly maxBytes?: number;
}

/**
 * What was polled and is not acknowledged yet. One send is under way at a time, and what comes meanwhile is gathered
 * for the next, so that a partition gets its slices in the order of the polls, also when a send has to be repeated.
 */
export interface Outbox {
  /** Whether another poll can be put in: ask before polling. */
  hasRoom(): boolean;
  /** Puts the slices of a poll in, also beyond the bound: a poll that was read is not thrown away. */
  put(parcels: readonly Parcel[]): void;
  /** Sends what is there and ends; what the deadline leaves undelivered is reported. Safe to call twice. */
  close(deadlineMs: number): Promise<void>;
  /** Resolves when closed; rejects when the producer can do nothing any more. */
  readonly done: Promise<void>;
}

const MAX_BYTES = 64 * 1024 * 1024;

export function createOutbox(deps: OutboxDeps): Outbox {
  const { clock } = deps;
  const closing = new AbortController();
  const abandoned = new AbortController();
  let waiting: Parcel[] = [];
  let bytes = 0;
  let wake = (): void => undefined;

  const run = async (): Promise<void> => {
    while (!abandoned.signal.aborted) {
      if (waiting.length === 0) {
        if (closing.signal.aborted) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      await pause(clock, deps.lingerMs, closing.signal);
      const parcels = waiting;
      waiting = [];
      await deliver(gather(parcels), deps, abandoned.signal);
      for (const { value } of parcels) bytes -= value.length;
    }
    tellFailed(waiting, new Error('the collector stopped before it could be sent'), deps.report);
  };
  const done = run();

  return {
    done,
    hasRoom: () => bytes < (deps.maxBytes ?? MAX_BYTES),
    put: (parcels) => {
      waiting.push(...parcels);
      for (const { value } of parcels) bytes += value.length;
      wake();
    },
    close: async (deadlineMs) => {
      closing.abort();
      wake();
      const timer = new AbortController();
      const late = pause(clock, deadlineMs, timer.signal).then(() => abandoned.abort());
      // A producer that failed for good rejects `done`; whoever holds it is told there.
      await Promise.race([done.catch(() => undefined), late]);
      timer.abort();
    },
  };
}

/** Sends until all is acknowledged, refused for good, or given up on; rejects only if the producer is dead. */
async function deliver(messages: readonly Message[], deps: OutboxDeps, abandoned: AbortSignal): Promise<void> {
  const { producer, clock, report } = deps;
  let left = messages;
  for (let failures = 0; left.length > 0; ) {
    const timestampMs = Math.floor(clock.now() / 1000);
    const outgoing = new Map(
      left.map((message) => [{ partition: message.partition, value: message.value, timestampMs }, message]),
    );
    try {
      await producer.send([...outgoing.keys()]);
      tellSent(left, report);
      return;
    } catch (error) {
      if (!(error instanceof DeliveryError) || error.fatal) throw error;
      const again = new Set(error.undelivered);
      const refused = new Set(error.refused);
      tellSent(
        [...outgoing].filter(([sent]) => !again.has(sent) && !refused.has(sent)).map(([, message]) => message),
        report,
      );
      left = [...outgoing].filter(([sent]) => again.has(sent)).map(([, message]) => message);
      const failed = [...outgoing].filter(([sent]) => again.has(sent) || refused.has(sent));
      tellFailed(
        failed.flatMap(([, { parcels }]) => parcels),
        error,
        report,
      );
      if (abandoned.aborted) return;
      failures++;
      if (left.length > 0) await pause(clock, backoffMs(failures, clock.random()), abandoned);
    }
  }
}

function tellSent(messages: readonly Message[], report: Report): void {
  if (messages.length === 0) return;
  const slices = messages.reduce((sum, { parcels }) => sum + parcels.length, 0);
  const bytes = messages.reduce((sum, { value }) => sum + value.length, 0);
  report({ event: 'slices.sent', slices, messages: messages.length, bytes });
}

/** Once for each hypervisor whose slices are not there. */
function tellFailed(parcels: readonly Parcel[], error: Error, report: Report): void {
  for (const hypervisor of new Set(parcels.map((parcel) => parcel.hypervisor)))
    report({ event: 'slices.failed', hypervisor, error });
}
