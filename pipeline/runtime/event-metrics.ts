import type { InternalEvent } from './events.ts';
import type { Metrics } from './metrics.ts';

export type EventName = InternalEvent['event'];
export type EventOf<Name extends EventName> = Extract<InternalEvent, { readonly event: Name }>;

type Count = { readonly [Name in EventName]: (metrics: Metrics, event: EventOf<Name>) => void };

const MICROSECONDS = 1e6;

const endpoint = ({ hypervisor, kind }: { readonly hypervisor: string; readonly kind: string }) => ({
  hypervisor,
  kind,
});

/** What was last seen of a partition is for its next owner to say. */
function forget({ lag, outbox, residual }: Metrics, { partition }: { readonly partition: number }): void {
  for (const gauge of [lag, outbox, residual]) gauge.remove({ partition });
}

const COUNT: Count = {
  'poll.done': (metrics, event) => {
    const labels = endpoint(event);
    const seconds = event.durationUs / MICROSECONDS;
    metrics.polls.inc(labels);
    if (event.partial) metrics.pollsPartial.inc(labels);
    metrics.pollDuration.observe({ kind: event.kind }, seconds);
    if (!event.early) metrics.pollJitter.observe({ kind: event.kind }, event.jitterUs / MICROSECONDS);
    if (event.spreadUs !== null) metrics.pollSpread.observe({ kind: event.kind }, event.spreadUs / MICROSECONDS);
    metrics.lastDuration.set(labels, seconds);
    metrics.lastCalls.set(labels, event.calls);
    metrics.lastSuccess.set(labels, event.at / MICROSECONDS);
    metrics.instances.set(labels, event.instances);
    metrics.up.set(labels, 1);
  },
  'poll.failed': (metrics, event) => {
    metrics.pollFailures.inc({ ...endpoint(event), reason: event.reason });
    metrics.up.set(endpoint(event), 0);
  },
  'poll.skipped': (metrics, event) => metrics.pollsSkipped.inc(endpoint(event)),
  'poll.early': (metrics, event) => metrics.pollsEarly.inc({ ...endpoint(event), reason: event.reason }),
  'endpoint.connecting': (metrics, event) => metrics.attempts.inc(endpoint(event)),
  'endpoint.released': (metrics, event) => {
    metrics.releases.inc({ kind: event.kind });
    const { up, instances, lastDuration, lastCalls, lastSuccess, skew } = metrics;
    for (const gauge of [up, instances, lastDuration, lastCalls, lastSuccess, skew]) gauge.remove(endpoint(event));
  },
  'endpoint.exchanged': (metrics, event) => metrics.exchanges.inc(endpoint(event)),
  'clock.stepped': (metrics) => metrics.clockSteps.inc(),
  'endpoint.connected': (metrics, event) => metrics.connections.inc(endpoint(event)),
  'endpoint.lost': (metrics, event) => {
    metrics.losses.inc(endpoint(event));
    metrics.up.set(endpoint(event), 0);
  },
  'endpoint.call': (metrics, event) => metrics.calls.inc({ ...endpoint(event), call: event.call }),
  'part.failed': (metrics, event) => metrics.partFailures.inc({ ...endpoint(event), reason: event.reason }),
  'endpoint.skew': (metrics, event) => metrics.skew.set(endpoint(event), event.skewUs / MICROSECONDS),
  'rows.read': (metrics, event) => {
    metrics.rows.inc(endpoint(event), event.rows);
    metrics.rowsBackfilled.inc(endpoint(event), event.backfilled);
  },
  'samples.postponed': (metrics, event) => metrics.postponed.inc(endpoint(event), event.count),
  'history.looked': (metrics, event) =>
    metrics.historyLooks.inc({ ...endpoint(event), outcome: event.known > 0 ? 'found' : 'nothing' }),
  'history.unread': (metrics, event) => metrics.historyLooks.inc({ ...endpoint(event), outcome: 'unread' }),
  'values.missing': (metrics, event) =>
    metrics.valuesMissing.inc({ ...endpoint(event), reason: event.reason }, event.count),
  'notification.read': (metrics, event) => metrics.notifications.inc({ ...endpoint(event), outcome: event.outcome }),
  'notification.dead': (metrics, event) => metrics.notifications.inc({ ...endpoint(event), outcome: event.outcome }),
  'discovery.looked': (metrics, { source, kind, entries, rejected, at }) => {
    metrics.discovered.set({ source, kind }, entries);
    metrics.discoverySuccess.set({ source, kind }, at / MICROSECONDS);
    for (const [reason, count] of Object.entries(rejected))
      metrics.discoveryRejected.set({ source, kind, reason }, count);
  },
  'discovery.failed': (metrics, { source, kind, reason }) => metrics.discoveryFailures.inc({ source, kind, reason }),
  'discovery.rejected': (metrics, { source, kind, reason }) =>
    metrics.discoveryRejections.inc({ source, kind, reason }),
  'discovery.changed': (metrics, { source, kind, added, removed, changed }) => {
    for (const [change, count] of Object.entries({ added, removed, changed }))
      metrics.discoveryChanges.inc({ source, kind, change }, count);
  },
  'discovery.empty': (metrics, { source, kind }) => metrics.discoveryEmpty.inc({ source, kind }),
  'discovery.unverified': (metrics, { source, kind, count }) =>
    metrics.discoveryUnverified.inc({ source, kind }, count),
  'slices.sent': (metrics, event) => {
    metrics.slicesSent.inc(event.slices);
    metrics.messagesSent.inc(event.messages);
    metrics.bytesSent.inc(event.bytes);
  },
  'slices.failed': (metrics, event) => metrics.sendFailures.inc({ hypervisor: event.hypervisor }),
  'slices.lost': (metrics, event) => metrics.slicesLost.inc({ reason: event.reason }, event.slices),
  'spool.begun': (metrics) => metrics.spoolings.inc(),
  'spool.done': (metrics) => metrics.spoolEmptied.inc(),
  'spool.kept': (metrics, event) => metrics.spooled.inc(event.slices),
  'spool.looked': (metrics, event) => {
    metrics.spoolSlices.set(event.slices);
    metrics.spoolBytes.set(event.bytes);
    metrics.spoolAge.set(event.ageUs / MICROSECONDS);
  },
  'spool.dropped': (metrics, event) => metrics.spoolDropped.inc({ reason: event.reason }, event.slices),
  'spool.damaged': (metrics, event) => metrics.spoolFlaws.inc({ reason: event.reason }),
  'spool.failed': (metrics) => metrics.spoolFailures.inc(),
  'message.read': (metrics, event) => {
    metrics.messagesRead.inc({ partition: event.partition });
    metrics.slicesRead.inc(event.slices);
    metrics.readings.inc(event.readings);
    metrics.bytesRead.inc(event.bytes);
  },
  'message.dead': (metrics, event) => metrics.deadLetters.inc({ reason: event.reason }),
  'message.cut': (metrics) => metrics.deadLettersCut.inc(),
  'reading.dropped': (metrics, event) => metrics.dropped.inc({ reason: event.reason }, event.count),
  counter: (metrics, event) => metrics.counterEvents.inc({ kind: event.kind }, event.count),
  'windows.emitted': (metrics, event) => {
    const size = `${event.size / MICROSECONDS}s`;
    metrics.windows.inc({ size }, event.windows);
    metrics.samples.inc({ size }, event.samples);
  },
  published: (metrics, event) => {
    metrics.published.inc({ sink: event.sink }, event.samples);
    metrics.publishDuration.observe({ sink: event.sink }, event.durationUs / MICROSECONDS);
  },
  'publish.failed': (metrics, event) => metrics.publishFailures.inc({ sink: event.sink }),
  'sample.dropped': (metrics, event) =>
    metrics.samplesDropped.inc({ sink: event.sink, reason: event.reason }, event.count),
  'sample.untransformed': (metrics, { sink, transformer, reason, count }) =>
    metrics.untransformed.inc({ sink, transformer, reason }, count),
  'sink.waiting': (metrics, event) => metrics.waiting.set({ sink: event.sink }, event.samples),
  'publish.left': (metrics, event) => metrics.left.inc(event.samples),
  lag: (metrics, event) => metrics.lag.set({ partition: event.partition }, event.messages),
  'state.kept': (metrics, event) => {
    metrics.checkpoints.observe(event.durationUs / MICROSECONDS);
    metrics.checkpointBytes.inc(event.bytes);
    metrics.checkpointInstances.inc(event.instances);
    metrics.outbox.set({ partition: event.partition }, event.waiting);
  },
  'state.away': (metrics) => {
    metrics.storeUp.set(0);
    metrics.storeLosses.inc();
  },
  'state.back': (metrics) => metrics.storeUp.set(1),
  'state.doubt': (metrics, event) => metrics.storeDoubts.inc({ doubt: event.doubt }),
  'state.fenced': (metrics, event) => {
    metrics.fenced.inc({ partition: event.partition });
    forget(metrics, event);
  },
  'partition.released': (metrics, event) => {
    metrics.partitionsReleased.inc();
    forget(metrics, event);
  },
  'state.lost': (metrics, event) => metrics.statesLost.inc({ reason: event.reason }),
  'state.hole': (metrics, event) => metrics.stateHoles.inc({ partition: event.partition }),
  'endpoint.doubled': (metrics) => metrics.doubled.inc(),
  'roster.changed': (metrics, { polled, listed }) => {
    metrics.polled.set(polled);
    metrics.listed.set(listed);
  },
  'coordination.held': (metrics, event) => metrics.held.set(event.partitions),
  'coordination.claimed': (metrics, event) =>
    metrics.claims.inc({ former: event.former === null ? 'none' : event.released ? 'released' : 'silent' }),
  'coordination.cut_off': (metrics) => metrics.cutOffs.inc(),
  'coordination.differs': (metrics, event) => metrics.unlisted.inc(event.missing.length),
  'coordination.partitions': (metrics) => metrics.dealtOtherwise.inc(),
  'coordination.failed': (metrics) => metrics.coordinationFailures.inc(),
  'poll.missing': (metrics, event) => metrics.pollsMissing.inc({ partition: event.partition }, event.polls),
  'source.repartitioned': (metrics, event) => metrics.repartitions.inc({ partition: event.partition }),
  'instance.unmetered': (metrics, event) => metrics.unmetered.inc({ partition: event.partition }),
  'instance.undead': (metrics, event) => metrics.undead.inc({ partition: event.partition }),
  'state.window': (metrics, event) => metrics.stateWindows.inc({ change: event.change }),
  residual: (metrics, event) => metrics.residual.set({ partition: event.partition }, Number(event.amount)),
  'inventory.written': (metrics, { changed, refreshed, forgotten }) => {
    for (const [why, count] of Object.entries({ changed, refreshed, forgotten }))
      metrics.inventoryWrites.inc({ why }, count);
  },
  'inventory.looked': (metrics, { partition, entries, findings, refused }) => {
    metrics.inventoryEntries.set({ partition }, entries);
    metrics.inventoryRefused.set({ partition }, refused);
    for (const [finding, count] of Object.entries(findings))
      metrics.inventoryFindings.set({ partition, finding }, count);
  },
  'inventory.failed': (metrics) => metrics.inventoryFailures.inc(),
  'spans.sent': (metrics, event) => metrics.spansSent.inc(event.count),
  'spans.lost': (metrics, event) => metrics.spansLost.inc({ reason: event.reason }, event.count),
  'tracing.failed': (metrics) => metrics.tracingFailures.inc(),
  'kafka.trouble': (metrics, event) => metrics.troubles.inc({ client: event.client }),
};

/** The names of all events. */
export const EVENT_NAMES = Object.keys(COUNT) as readonly EventName[];

/** Adds one event to the metrics. */
export function countEvent(metrics: Metrics, event: InternalEvent): void {
  // Each entry takes the event it is named after.
  (COUNT[event.event] as (metrics: Metrics, event: InternalEvent) => void)(metrics, event);
}
