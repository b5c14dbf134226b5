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

const COUNT: Count = {
  'poll.done': (metrics, event) => {
    const labels = endpoint(event);
    const seconds = event.durationUs / MICROSECONDS;
    metrics.polls.inc(labels);
    if (event.partial) metrics.pollsPartial.inc(labels);
    metrics.pollDuration.observe({ kind: event.kind }, seconds);
    metrics.pollJitter.observe({ kind: event.kind }, event.jitterUs / MICROSECONDS);
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
  'values.missing': (metrics, event) =>
    metrics.valuesMissing.inc({ ...endpoint(event), reason: event.reason }, event.count),
  'slices.sent': (metrics, event) => {
    metrics.slicesSent.inc(event.slices);
    metrics.messagesSent.inc(event.messages);
    metrics.bytesSent.inc(event.bytes);
  },
  'slices.failed': (metrics, event) => metrics.sendFailures.inc({ hypervisor: event.hypervisor }),
  'message.read': (metrics, event) => {
    metrics.messagesRead.inc({ partition: event.partition });
    metrics.slicesRead.inc(event.slices);
    metrics.readings.inc(event.readings);
    metrics.bytesRead.inc(event.bytes);
  },
  'message.dead': (metrics, event) => metrics.deadLetters.inc({ reason: event.reason }),
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
  'state.fenced': (metrics, event) => metrics.fenced.inc({ partition: event.partition }),
  'state.lost': (metrics, event) => metrics.statesLost.inc({ reason: event.reason }),
  'state.hole': (metrics, event) => metrics.stateHoles.inc({ partition: event.partition }),
  'poll.missing': (metrics, event) => metrics.pollsMissing.inc({ partition: event.partition }, event.polls),
  'source.repartitioned': (metrics, event) => metrics.repartitions.inc({ partition: event.partition }),
  'state.window': (metrics, event) => metrics.stateWindows.inc({ change: event.change }),
  residual: (metrics, event) => metrics.residual.set({ partition: event.partition }, Number(event.amount)),
  'kafka.trouble': (metrics, event) => metrics.troubles.inc({ client: event.client }),
};

/** The names of all events. */
export const EVENT_NAMES = Object.keys(COUNT) as readonly EventName[];

/** Adds one event to the metrics. */
export function countEvent(metrics: Metrics, event: InternalEvent): void {
  // Each entry takes the event it is named after.
  (COUNT[event.event] as (metrics: Metrics, event: InternalEvent) => void)(metrics, event);
}
