import { Subject } from 'rxjs';
import { encodeSnapshot } from '../../avro/codec.ts';
import type { Announcing } from '../../connectors/assignment/announced.ts';
import type { Ownership } from '../../connectors/assignment/ownership.ts';
import { cadenceOf, gatesOf } from '../../connectors/cadence.ts';
import { watchClock } from '../../connectors/clock-watch.ts';
import { type Collection, collect } from '../../connectors/collect.ts';
import type { Announcement, ConnectorContext } from '../../connectors/connector.ts';
import type { ConnectorEntry } from '../../connectors/discovery/discovery.ts';
import { createOutbox, type Overflow } from '../../connectors/outbox.ts';
import { pollEndpoint, pollTimeoutMs } from '../../connectors/polling.ts';
import { resuming } from '../../connectors/resuming.ts';
import { createRoster, type Place } from '../../connectors/roster.ts';
import type { SpoolConfig } from '../../connectors/spool/config.ts';
import { Spool } from '../../connectors/spool/spool.ts';
import type { Cluster } from '../kafka/cluster.ts';
import { partitionOf } from '../kafka/murmur2.ts';
import { orLate } from '../runtime/deadline.ts';
import type { Report } from '../runtime/events.ts';
import { announcingOf } from './announced-topic.ts';
import { ownershipOf } from './assignment.ts';
import { openRaw } from './collector-topic.ts';
import type { Settings } from './composition.ts';
import { createdBy, isEndpoint } from './endpoints.ts';
import { fleetEntries } from './fleet-entries.ts';
import type { AnyConnectorKind } from './parts.ts';
import { type RecordedRows, recordedRows } from './recorded-rows.ts';
import { deferred, type Role, type Shared } from './roles.ts';

const SPOOLED_CLOSE_MS = 500;
/** What an endpoint may take to finish its last poll beyond the time of a poll. */
const CLOSE_MS = 1000;

/** Polls the collector's share of the hypervisors and writes what they said to the raw topic. */
export function collectorRole(
  { config, runtime, cluster, env, tracing }: Omit<Shared, 'cluster'> & { readonly cluster: () => Cluster },
  kinds: readonly AnyConnectorKind[],
  stopWithinMs = 10_000,
): Role {
  const failure = deferred();
  let collection: Collection | undefined;
  let ownership: Ownership | undefined;
  let others: Announcing | null = null;
  let release: (() => Promise<void>) | undefined;
  const stopped = new AbortController();
  return {
    name: 'collector',
    failed: failure.promise,
    start: async () => {
      const { clock, report } = runtime;
      const { collector, service } = config;
      const overflow = await overflowOf(collector.spool, report);
      release = async () => overflow.spool?.close();
      const { producer, notebook, topic } = await openRaw({ config, runtime, cluster: cluster() }, overflow.spool);
      const outbox = createOutbox({
        producer,
        clock,
        report,
        lingerMs: collector.linger / 1000,
        ...overflow,
        ...topic,
      });
      release = async () => {
        // What is in the spool needs no brokers any more.
        await producer.close(overflow.spool && overflow.spool.slices > 0 ? SPOOLED_CLOSE_MS : undefined);
        // What was on its way is settled now, one way or the other.
        await outbox.done.catch(() => undefined);
        await overflow.spool?.close();
      };
      const slicing = {
        // The topic's own, as soon as Kafka tells.
        get partitions() {
          return producer.partitions;
        },
        partitionOf,
        collector: service.id,
        generation: clock.now(),
        identityEveryUs: collector.identityEvery,
      };
      const announcements = new Subject<Announcement>();
      const hear = (announcement: Announcement): void => announcements.next(announcement);
      others = announcingOf(config, kinds, runtime, cluster, hear);
      const announce = (announcement: Announcement): void => {
        hear(announcement);
        others?.tell(announcement);
      };
      const context = { clock, report, announcements, announce, tracing };
      const fleet = fleetEntries(config, kinds, env, runtime);
      const { places, retireMs } = placesOf(config, kinds, context, outbox.hasRoom, recordedRows(cluster, runtime));
      const roster = createRoster({ fleet, places, clock, report, retireMs });
      collection = collect(roster.polls, { outbox, slicing, encode: encodeSnapshot, report });
      collection.done.catch(failure.reject);
      watchClock(clock, report, stopped.signal).catch(failure.reject);
      const { isThere } = producer;
      ownership = ownershipOf(config, runtime, { cluster, listing: roster.listing, notebook, isThere });
      await ownership.start(roster);
    },
    stop: async () => {
      stopped.abort();
      const { clock } = runtime;
      const until = clock.monotonic() + stopWithinMs * 1000;
      const letGo = ownership?.stop() ?? Promise.resolve();
      // The polls under way are finished, within half of the time; what they say is still sent. A failure is told below.
      await orLate(clock, stopWithinMs / 2, letGo, () => undefined).catch(() => undefined);
      const leftMs = Math.max(0, (until - clock.monotonic()) / 1000);
      const inTime = (work: Promise<void> | undefined) =>
        orLate(clock, leftMs, work ?? Promise.resolve(), () => undefined);
      // That ends the polls which have not ended: then their endpoints, too, are let go of, and others have them at once.
      const sent = collection?.stop(leftMs);
      const ended = await Promise.allSettled([sent, inTime(letGo), inTime(others?.stop())]);
      await release?.();
      for (const each of ended) if (each.status === 'rejected') throw each.reason;
    },
  };
}

/** The spool, if there is to be one. */
async function overflowOf(
  { directory, maxBytes, after, memory }: SpoolConfig,
  report: Report,
): Promise<{ readonly spool?: Spool; readonly overflow?: Overflow }> {
  if (directory === undefined) return {};
  const spool = await Spool.open({ directory, maxBytes, report });
  return { spool, overflow: { spool, afterMs: after / 1000, memoryBytes: memory } };
}

/** How an entry of `connectors:` becomes what can be polled, and how long a poll and its end may take. */
function placesOf(
  config: Settings,
  kinds: readonly AnyConnectorKind[],
  context: ConnectorContext,
  ready: () => boolean,
  recorded: RecordedRows,
): { readonly places: (entry: ConnectorEntry) => readonly Place[]; readonly retireMs: number } {
  const gates = gatesOf(config.collector);
  const places = (entry: ConnectorEntry): readonly Place[] => {
    const kind = kinds.find((candidate) => candidate.kind === entry.type);
    const cadence = cadenceOf(config.collector, entry, gates, ready);
    const created = kind === undefined ? [] : createdBy(kind, entry, { ...context, pace: cadence });
    return created.map((each): Place => {
      const { id, kind } = each;
      if (!isEndpoint(each)) return { id, kind, connector: () => each };
      const connector: Place['connector'] = (servedUntil) => {
        const look = () => recorded.of(each, servedUntil, cadence.intervalMs * 1000);
        return pollEndpoint(resuming(each, look), { ...cadence, servedUntil }, context);
      };
      return { id, kind, hasHistory: each.history !== undefined, connector };
    });
  };
  return { places, retireMs: pollTimeoutMs(cadenceOf(config.collector, {}, gates, ready)) + CLOSE_MS };
}
