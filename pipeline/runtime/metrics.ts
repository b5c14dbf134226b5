import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** From a bulk call to a near host to one that was given up on. */
const POLL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** From the resolution of timers to a second late. */
const JITTER_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
/** From a datagram to a broker that makes one wait. */
const PUBLISH_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Versions of what this program is made of. */
export interface Build {
  readonly version: string;
  readonly node: string;
  readonly librdkafka: string;
}

/** The metrics of one process on a registry of their own. Base units; never an instance as a label. */
export function createMetrics(build: Build) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const made = {
    registry,
    ...pollMetrics(registry),
    ...spoolMetrics(registry),
    ...discoveryMetrics(registry),
    ...shareMetrics(registry),
    ...kafkaMetrics(registry),
    ...pipelineMetrics(registry),
    ...stateMetrics(registry),
    ...inventoryMetrics(registry),
    ...tracingMetrics(registry),
  };
  gauge(registry, 'build_info', 'Always 1; the versions are in the labels.', ['version', 'node', 'librdkafka']).set(
    { ...build },
    1,
  );
  return made;
}

export type Metrics = ReturnType<typeof createMetrics>;

const ENDPOINT = ['hypervisor', 'kind'] as const;

function pollMetrics(registry: Registry) {
  return {
    polls: counter(registry, 'polls_total', 'Polls that ended with an answer.', ENDPOINT),
    pollsPartial: counter(registry, 'polls_partial_total', 'Polls that did not see every instance.', ENDPOINT),
    pollFailures: counter(registry, 'poll_failures_total', 'Polls that failed.', [...ENDPOINT, 'reason']),
    pollsSkipped: counter(registry, 'polls_skipped_total', 'Polls left out, the last still being busy.', ENDPOINT),
    pollsEarly: counter(
      registry,
      'polls_early_total',
      'Polls before their turn, because a VM started, stopped or changed.',
      [...ENDPOINT, 'reason'],
    ),
    pollDuration: histogram(registry, 'poll_duration_seconds', 'Time from asking to answer.', ['kind'], POLL_SECONDS),
    pollJitter: histogram(
      registry,
      'poll_jitter_seconds',
      'Start behind schedule, of polls that were due.',
      ['kind'],
      JITTER_SECONDS,
    ),
    pollSpread: histogram(
      registry,
      'poll_read_skew_seconds',
      'Between the first and the last reading of a poll.',
      ['kind'],
      POLL_SECONDS,
    ),
    attempts: counter(registry, 'endpoint_connects_total', 'Attempts to open a session.', ENDPOINT),
    releases: counter(registry, 'endpoint_releases_total', 'Endpoints that are no longer polled here.', ['kind']),
    exchanges: counter(
      registry,
      'endpoint_exchanges_total',
      'Times that an endpoint answered as other hosts than before.',
      ENDPOINT,
    ),
    clockSteps: counter(registry, 'clock_steps_total', 'Times that the wall clock of the machine was set.', []),
    lastDuration: gauge(registry, 'hypervisor_last_poll_duration_seconds', 'Time of the last poll.', ENDPOINT),
    lastCalls: gauge(registry, 'hypervisor_last_poll_calls', 'Remote calls of the last poll.', ENDPOINT),
    lastSuccess: gauge(
      registry,
      'hypervisor_last_success_timestamp_seconds',
      'When the last poll succeeded.',
      ENDPOINT,
    ),
    up: gauge(registry, 'hypervisor_up', '1 if the last poll succeeded, else 0; /status.json says why.', ENDPOINT),
    instances: gauge(registry, 'hypervisor_instances', 'Instances in the last poll.', ENDPOINT),
    calls: counter(registry, 'endpoint_calls_total', 'Remote calls by name.', [...ENDPOINT, 'call']),
    connections: counter(registry, 'endpoint_connections_total', 'Sessions opened.', ENDPOINT),
    losses: counter(registry, 'endpoint_losses_total', 'Sessions lost.', ENDPOINT),
    partFailures: counter(
      registry,
      'endpoint_part_failures_total',
      'Hosts or instances of an endpoint that could not be read while the others were, by reason.',
      [...ENDPOINT, 'reason'],
    ),
    skew: gauge(
      registry,
      'endpoint_clock_skew_seconds',
      "How far the endpoint's own clock is ahead of the collector's.",
      ENDPOINT,
    ),
    rows: counter(registry, 'interval_rows_total', 'Rows of amounts over intervals that were read.', ENDPOINT),
    rowsBackfilled: counter(
      registry,
      'interval_rows_backfilled_total',
      'Those of them that were read after an outage, from what the hypervisor keeps.',
      ENDPOINT,
    ),
    postponed: counter(
      registry,
      'interval_reads_postponed_total',
      'Instances and hosts whose rows a poll had no time or room to read, so that later ones do.',
      ENDPOINT,
    ),
    notifications: counter(
      registry,
      'notifications_total',
      "Notifications taken from nova's queue, by what became of them: applied, ignored, stale, duplicate, other_cell, or dead as malformed, unknown_version, undelivered.",
      [...ENDPOINT, 'outcome'],
    ),
    valuesMissing: counter(
      registry,
      'interval_values_missing_total',
      'Values of such rows that the hypervisor itself does not have, by reason.',
      [...ENDPOINT, 'reason'],
    ),
    historyLooks: counter(
      registry,
      'history_lookups_total',
      'Times that an endpoint with a history was taken on: read on from what the raw topic has (found), or whole, as there was nothing (nothing) or it could not be read (unread).',
      [...ENDPOINT, 'outcome'],
    ),
  };
}

function spoolMetrics(registry: Registry) {
  return {
    spoolings: counter(registry, 'spool_begun_total', 'Times that the spool came into use.', []),
    spoolEmptied: counter(registry, 'spool_emptied_total', 'Times that Kafka had taken all that was in it.', []),
    spooled: counter(registry, 'spool_slices_total', 'Slices written to the spool.', []),
    spoolSlices: gauge(registry, 'spool_slices', 'Slices in the spool.', []),
    spoolBytes: gauge(registry, 'spool_bytes', 'Bytes of the files of the spool.', []),
    spoolAge: gauge(registry, 'spool_oldest_age_seconds', 'Age of the oldest slice in the spool.', []),
    spoolDropped: counter(
      registry,
      'spool_slices_dropped_total',
      'Slices dropped from the spool before Kafka had them: the oldest where its room is used up, and what cannot be read any more.',
      ['reason'],
    ),
    spoolFlaws: counter(registry, 'spool_flaws_total', 'Places in files of the spool that could not be read.', [
      'reason',
    ]),
    spoolFailures: counter(registry, 'spool_failures_total', 'Times that the spool could not be written or read.', []),
  };
}

const SOURCE = ['source', 'kind'] as const;

function discoveryMetrics(registry: Registry) {
  return {
    discovered: gauge(registry, 'discovery_entries', 'Endpoints of a source that are in effect.', SOURCE),
    discoverySuccess: gauge(
      registry,
      'discovery_last_success_timestamp_seconds',
      'When a source of endpoints last answered.',
      SOURCE,
    ),
    discoveryFailures: counter(registry, 'discovery_failures_total', 'Looks at a source that failed.', [
      ...SOURCE,
      'reason',
    ]),
    discoveryRejected: gauge(
      registry,
      'discovery_rejected',
      'What a source names and cannot be used, at the last look.',
      [...SOURCE, 'reason'],
    ),
    discoveryRejections: counter(
      registry,
      'discovery_rejections_total',
      'What a source named and could not be used, each counted once while it lasts.',
      [...SOURCE, 'reason'],
    ),
    discoveryChanges: counter(registry, 'discovery_changes_total', 'Endpoints added, removed or changed by a source.', [
      ...SOURCE,
      'change',
    ]),
    discoveryEmpty: counter(
      registry,
      'discovery_empty_total',
      'Answers of a source that it has no endpoints, not believed yet.',
      SOURCE,
    ),
    discoveryUnverified: counter(
      registry,
      'discovery_unverified_total',
      'Endpoints of a source that are reached without a check of the server, or with a password in clear, each counted once.',
      SOURCE,
    ),
  };
}

function shareMetrics(registry: Registry) {
  return {
    polled: gauge(registry, 'endpoints_polled', 'Endpoints that this collector polls.', []),
    listed: gauge(registry, 'endpoints_listed', 'Endpoints of its list, whoever polls them.', []),
    doubled: counter(registry, 'endpoints_doubled_total', 'Endpoints left out, another having their name.', []),
    held: gauge(
      registry,
      'coordination_partitions',
      'Partitions of the coordination topic whose endpoints this collector polls.',
      [],
    ),
    claims: counter(
      registry,
      'coordination_claims_total',
      'Partitions that it took on: nobody had them before (none), or one that had let go (released) or had not (silent).',
      ['former'],
    ),
    cutOffs: counter(
      registry,
      'coordination_cut_offs_total',
      'Times that it polled on what the group took away, as the group’s coordinator did not answer.',
      [],
    ),
    unlisted: counter(
      registry,
      'coordination_unlisted_total',
      'Endpoints that the collector before polled and that are not in the list of this one.',
      [],
    ),
    dealtOtherwise: counter(
      registry,
      'coordination_partition_mismatches_total',
      'Starts that found another number of partitions than configured.',
      [],
    ),
    coordinationFailures: counter(
      registry,
      'coordination_failures_total',
      'Times that the group of collectors could not be asked, or had to be joined anew.',
      [],
    ),
  };
}

function kafkaMetrics(registry: Registry) {
  return {
    slicesSent: counter(registry, 'slices_sent_total', 'Slices that Kafka acknowledged.', []),
    messagesSent: counter(registry, 'messages_sent_total', 'Raw messages that Kafka acknowledged.', []),
    bytesSent: counter(registry, 'sent_bytes_total', 'Bytes of raw messages that Kafka acknowledged.', []),
    sendFailures: counter(registry, 'slice_send_failures_total', 'Failed attempts to send slices.', ['hypervisor']),
    slicesLost: counter(registry, 'slices_lost_total', 'Slices that never reach Kafka, nor a spool.', ['reason']),
    messagesRead: counter(registry, 'messages_read_total', 'Raw messages read.', ['partition']),
    slicesRead: counter(registry, 'slices_read_total', 'Slices read.', []),
    readings: counter(registry, 'readings_total', 'Readings in the slices read.', []),
    bytesRead: counter(registry, 'read_bytes_total', 'Bytes of raw messages read.', []),
    deadLetters: counter(registry, 'dead_letters_total', 'Raw messages that could not be read.', ['reason']),
    deadLettersCut: counter(
      registry,
      'dead_letters_cut_total',
      'Raw messages that could not be read and that the dead letter topic does not take whole.',
      [],
    ),
    partitionsReleased: counter(
      registry,
      'partitions_released_total',
      'Times that a partition of the raw topic was given away.',
      [],
    ),
    lag: gauge(registry, 'kafka_consumer_lag_messages', 'Raw messages not yet read.', ['partition']),
    troubles: counter(registry, 'kafka_errors_total', 'Troubles that a Kafka client told of.', ['client']),
  };
}

function pipelineMetrics(registry: Registry) {
  return {
    dropped: counter(registry, 'readings_dropped_total', 'Readings that did not go into a window.', ['reason']),
    counterEvents: counter(registry, 'counter_events_total', 'Resets, wraps and the like that counters met.', ['kind']),
    windows: counter(registry, 'windows_emitted_total', 'Windows emitted, by their size.', ['size']),
    residual: gauge(
      registry,
      'conservation_residual',
      'What the published amounts and the movement of the counters differ by: must be 0.',
      ['partition'],
    ),
    samples: counter(registry, 'samples_emitted_total', 'Samples in the windows emitted.', ['size']),
    published: counter(registry, 'samples_published_total', 'Samples that the destination has.', ['sink']),
    publishDuration: histogram(
      registry,
      'publish_duration_seconds',
      'Time for a batch until the destination has it.',
      ['sink'],
      PUBLISH_SECONDS,
    ),
    publishFailures: counter(registry, 'publish_failures_total', 'Batches that failed and are tried again.', ['sink']),
    samplesDropped: counter(registry, 'samples_dropped_total', 'Samples that a sink left out.', ['sink', 'reason']),
    untransformed: counter(registry, 'samples_untransformed_total', 'Samples that ended in a transformer of a sink.', [
      'sink',
      'transformer',
      'reason',
    ]),
    waiting: gauge(registry, 'sink_waiting_samples', 'Samples that wait for the sink or are on their way to it.', [
      'sink',
    ]),
    left: counter(registry, 'samples_left_total', 'Samples left for the next start when the program stopped.', []),
  };
}

function stateMetrics(registry: Registry) {
  return {
    checkpoints: histogram(registry, 'checkpoint_seconds', 'Time of a checkpoint of a partition.', [], PUBLISH_SECONDS),
    checkpointBytes: counter(registry, 'checkpoint_bytes_total', 'Bytes of checkpoints.', []),
    checkpointInstances: counter(registry, 'checkpoint_instances_total', 'States of instances in checkpoints.', []),
    outbox: gauge(registry, 'outbox_checkpoints', 'Checkpoints whose samples are not delivered yet.', ['partition']),
    storeUp: missing(gauge(registry, 'state_store_up', '1 while the state store answers, 0 while it is away.', [])),
    storeLosses: counter(registry, 'state_store_away_total', 'Times that the state store went away.', []),
    storeDoubts: counter(registry, 'state_store_doubts_total', 'Reasons to fear that the store loses state.', [
      'doubt',
    ]),
    fenced: counter(registry, 'state_fenced_total', 'Checkpoints refused, the partition having another owner.', [
      'partition',
    ]),
    statesLost: counter(registry, 'state_lost_total', 'Saved states that could not be used.', ['reason']),
    stateHoles: counter(registry, 'state_holes_total', 'Waiting raw messages that the topic no longer holds.', [
      'partition',
    ]),
    pollsMissing: counter(
      registry,
      'polls_missing_total',
      'Polls that a collector sent and that did not come, or not in time, by partition.',
      ['partition'],
    ),
    repartitions: counter(
      registry,
      'source_repartitions_total',
      'Sources that were read into another number of partitions than before.',
      ['partition'],
    ),
    unmetered: counter(
      registry,
      'instances_unmetered_total',
      'Times that an instance that nova says runs was found with no hypervisor that lists it: once an hour and instance.',
      ['partition'],
    ),
    undead: counter(
      registry,
      'instances_undead_total',
      'Times that an instance that nova says was deleted was found still running: once an hour and instance.',
      ['partition'],
    ),
    stateWindows: counter(
      registry,
      'state_window_changes_total',
      'Window sizes unlike the saved ones, by what becomes of them; the log states the bound.',
      ['change'],
    ),
  };
}

function tracingMetrics(registry: Registry) {
  return {
    spansSent: counter(registry, 'spans_sent_total', 'Spans that a receiver took.', []),
    spansLost: counter(registry, 'spans_lost_total', 'Spans that no receiver has.', ['reason']),
    tracingFailures: counter(registry, 'tracing_failures_total', 'Attempts to send spans that failed.', []),
  };
}

function inventoryMetrics(registry: Registry) {
  return {
    inventoryEntries: gauge(registry, 'inventory_entries', 'Instances and hosts in the inventory.', ['partition']),
    inventoryFindings: gauge(
      registry,
      'inventory_findings',
      'Of them those seen twice, by nobody, though deleted, or on a silent endpoint only.',
      ['partition', 'finding'],
    ),
    inventoryRefused: gauge(
      registry,
      'inventory_refused',
      'Listings of instances that the inventory had no room for.',
      ['partition'],
    ),
    inventoryWrites: counter(registry, 'inventory_writes_total', 'Entries written to the inventory topic.', ['why']),
    inventoryFailures: counter(
      registry,
      'inventory_failures_total',
      'Times that keeping the inventory topic failed and was begun anew.',
      [],
    ),
  };
}

const PREFIX = 'hypermeter_';

const counter = <Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[],
): Counter<Label> => new Counter({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [registry] });

const gauge = <Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[],
): Gauge<Label> => new Gauge({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [registry] });

const histogram = <Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[],
  buckets: readonly number[],
): Histogram<Label> =>
  new Histogram({
    name: PREFIX + name,
    help,
    labelNames: [...labelNames],
    buckets: [...buckets],
    registers: [registry],
  });

/** Without a value until somebody sets one: what there is not is not 0. */
function missing<Label extends string>(made: Gauge<Label>): Gauge<Label> {
  made.remove();
  return made;
}
