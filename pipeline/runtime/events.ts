/**
 * Everything worth telling that happens inside: core code reports an event, `observe.ts` maps each to metrics and
 * perhaps one log line. Names and fields are the closed list below; docs/metrics.md is printed from it.
 */
export type InternalEvent =
  | {
      readonly event: 'poll.done';
      readonly hypervisor: string;
      readonly kind: string;
      readonly durationUs: number;
      readonly jitterUs: number;
      readonly calls: number;
      readonly instances: number;
      readonly partial: boolean;
      readonly at: number;
      /** Between the first and the last reading of the poll; null where it has less than two. */
      readonly spreadUs: number | null;
      /** It was not due: it did not start behind any schedule. */
      readonly early: boolean;
    }
  | {
      readonly event: 'poll.failed';
      readonly hypervisor: string;
      readonly kind: string;
      readonly reason: string;
      readonly error: Error;
    }
  | {
      readonly event: 'poll.skipped';
      readonly hypervisor: string;
      readonly kind: string;
    }
  | {
      /** An endpoint is polled before its turn, because of what happened there. */
      readonly event: 'poll.early';
      readonly hypervisor: string;
      readonly kind: string;
      readonly reason: string;
    }
  | {
      readonly event: 'endpoint.connecting';
      readonly hypervisor: string;
      readonly kind: string;
    }
  | {
      /** Nobody polls it here any more. */
      readonly event: 'endpoint.released';
      readonly hypervisor: string;
      readonly kind: string;
    }
  | {
      /** It answers as another one than before: of the hosts that it spoke for, none is left. */
      readonly event: 'endpoint.exchanged';
      readonly hypervisor: string;
      readonly kind: string;
      readonly before: string;
      readonly now: string;
    }
  | {
      /** The wall clock of this machine was set, or the machine stood still. Positive: forward. */
      readonly event: 'clock.stepped';
      readonly stepUs: number;
    }
  | {
      readonly event: 'endpoint.connected';
      readonly hypervisor: string;
      readonly kind: string;
    }
  | {
      readonly event: 'endpoint.lost';
      readonly hypervisor: string;
      readonly kind: string;
      readonly error: Error;
      readonly retryMs: number;
    }
  | {
      readonly event: 'endpoint.call';
      readonly hypervisor: string;
      readonly kind: string;
      readonly call: string;
    }
  | {
      /** A part of an endpoint that could not be read, a host or an instance: the others were. */
      readonly event: 'part.failed';
      readonly hypervisor: string;
      readonly kind: string;
      readonly part: string;
      readonly reason: string;
      readonly error: Error;
    }
  | {
      /** How far an endpoint's own clock is ahead of the collector's. */
      readonly event: 'endpoint.skew';
      readonly hypervisor: string;
      readonly kind: string;
      readonly skewUs: number;
    }
  | {
      /** Rows of amounts over intervals that were read, and how many of them are of polls that did not take place. */
      readonly event: 'rows.read';
      readonly hypervisor: string;
      readonly kind: string;
      readonly rows: number;
      readonly backfilled: number;
    }
  | {
      /** Instances and hosts whose samples a poll had no time, or no room, to read: later ones read them. */
      readonly event: 'samples.postponed';
      readonly hypervisor: string;
      readonly kind: string;
      readonly count: number;
    }
  | {
      /** It was looked up in the raw topic up to where rows of an endpoint are recorded: of so many instances and hosts it is known. */
      readonly event: 'history.looked';
      readonly hypervisor: string;
      readonly kind: string;
      readonly known: number;
    }
  | {
      /** That could not be looked up. */
      readonly event: 'history.unread';
      readonly hypervisor: string;
      readonly kind: string;
      readonly error: Error;
    }
  | {
      /** Values of such rows that the hypervisor itself does not have. */
      readonly event: 'values.missing';
      readonly hypervisor: string;
      readonly kind: string;
      readonly reason: string;
      readonly count: number;
    }
  | {
      /** A notification that was taken from a queue and read. */
      readonly event: 'notification.read';
      readonly hypervisor: string;
      readonly kind: string;
      readonly outcome: ReadOutcome;
    }
  | {
      /** One that is of no use: it is in the queue of dead letters. */
      readonly event: 'notification.dead';
      readonly hypervisor: string;
      readonly kind: string;
      readonly outcome: DeadOutcome;
      readonly error: Error;
    }
  | {
      /** A source of endpoints has answered; `entries` are those in effect, `rejected` what cannot be used, by why. */
      readonly event: 'discovery.looked';
      readonly source: string;
      readonly kind: string;
      readonly entries: number;
      readonly rejected: Readonly<Record<DiscoveryRejection, number>>;
      readonly at: number;
    }
  | {
      /** A source of endpoints did not answer: what it said before stays in effect. */
      readonly event: 'discovery.failed';
      readonly source: string;
      readonly kind: string;
      readonly reason: string;
      readonly error: Error;
      readonly retryMs: number;
    }
  | {
      /** Something that a source names cannot be polled, told once: the others are. */
      readonly event: 'discovery.rejected';
      readonly source: string;
      readonly kind: string;
      readonly reason: DiscoveryRejection;
      readonly where: string;
      readonly message: string;
    }
  | {
      readonly event: 'discovery.changed';
      readonly source: string;
      readonly kind: string;
      readonly added: number;
      readonly removed: number;
      readonly changed: number;
      /** The first of them. */
      readonly names: readonly string[];
    }
  | {
      /** A source says that there is nothing; the `kept` entries stay until it has said so often enough. */
      readonly event: 'discovery.empty';
      readonly source: string;
      readonly kind: string;
      readonly kept: number;
      readonly times: number;
      readonly emptyAfter: number;
    }
  | {
      /** Endpoints that a source names are reached without a check of who answers, or with a password in clear: told once of each. */
      readonly event: 'discovery.unverified';
      readonly source: string;
      readonly kind: string;
      /** The word of the entries that says so: `tls.verify`. */
      readonly setting: string;
      readonly message: string;
      readonly count: number;
      /** The first of them. */
      readonly names: readonly string[];
    }
  | {
      readonly event: 'slices.sent';
      readonly slices: number;
      readonly messages: number;
      readonly bytes: number;
    }
  | {
      /** Slices that Kafka has not taken yet; they are sent again. */
      readonly event: 'slices.failed';
      readonly hypervisor: string;
      readonly error: Error;
    }
  | {
      /** Slices that never reach Kafka, and are in no spool. */
      readonly event: 'slices.lost';
      readonly hypervisor: string;
      readonly reason: SliceLoss;
      readonly slices: number;
      readonly error: Error;
    }
  | {
      /** Kafka takes nothing: what is polled goes to the spool. */
      readonly event: 'spool.begun';
    }
  | {
      /** Kafka has everything that was in the spool. */
      readonly event: 'spool.done';
    }
  | {
      readonly event: 'spool.kept';
      readonly slices: number;
      readonly bytes: number;
    }
  | {
      /** What is in the spool, and the age of the oldest slice. */
      readonly event: 'spool.looked';
      readonly slices: number;
      readonly bytes: number;
      readonly ageUs: number;
    }
  | {
      /** Slices that never reached Kafka, and of which the spool lets go. */
      readonly event: 'spool.dropped';
      readonly reason: SpoolDrop;
      readonly slices: number;
      readonly bytes: number;
    }
  | {
      /** A file of the spool does not hold what was written. */
      readonly event: 'spool.damaged';
      readonly reason: SpoolFlaw;
      readonly path: string;
      readonly bytes: number;
    }
  | {
      /** The spool could not be written or read; polling goes on, with what memory there is. */
      readonly event: 'spool.failed';
      readonly error: Error;
    }
  | {
      readonly event: 'message.read';
      readonly partition: number;
      readonly slices: number;
      readonly readings: number;
      readonly bytes: number;
    }
  | {
      readonly event: 'message.dead';
      readonly partition: number;
      readonly offset: number;
      readonly reason: string;
    }
  | {
      /** The dead letter topic does not take a message whole: so many of its bytes are kept; null: none. */
      readonly event: 'message.cut';
      readonly partition: number;
      readonly offset: number;
      readonly bytes: number;
      readonly kept: number | null;
      readonly error: Error;
    }
  | {
      readonly event: 'reading.dropped';
      readonly reason: string;
      readonly count: number;
    }
  | { readonly event: 'counter'; readonly kind: string; readonly count: number }
  | {
      readonly event: 'windows.emitted';
      readonly size: number;
      readonly windows: number;
      readonly samples: number;
    }
  | {
      readonly event: 'published';
      readonly sink: string;
      readonly samples: number;
      readonly durationUs: number;
    }
  | {
      readonly event: 'publish.failed';
      readonly sink: string;
      readonly error: Error;
      readonly retryMs: number;
    }
  | {
      readonly event: 'sample.dropped';
      readonly sink: string;
      readonly reason: string;
      readonly count: number;
    }
  | {
      /** Samples that ended in one of the sink's transformers. */
      readonly event: 'sample.untransformed';
      readonly sink: string;
      readonly transformer: string;
      readonly reason: string;
      readonly count: number;
    }
  | {
      /** Samples that wait for a sink, or are on their way to it. */
      readonly event: 'sink.waiting';
      readonly sink: string;
      readonly samples: number;
    }
  | {
      /** The program stops before all destinations have everything: what is left is delivered at the next start. */
      readonly event: 'publish.left';
      readonly samples: number;
    }
  | {
      readonly event: 'lag';
      readonly partition: number;
      readonly messages: number;
    }
  | {
      /** A checkpoint is in the store: its bytes, the instances in it, and the checkpoints whose samples are not delivered yet. */
      readonly event: 'state.kept';
      readonly partition: number;
      readonly durationUs: number;
      readonly bytes: number;
      readonly instances: number;
      readonly waiting: number;
    }
  | { readonly event: 'state.away'; readonly error: Error }
  | { readonly event: 'state.back' }
  | {
      /** The store may lose what it is given, or does not say. */
      readonly event: 'state.doubt';
      readonly doubt: 'no_append_only_file' | 'unchecked';
    }
  | {
      /** Another owner has taken the partition: what was to be written is not. */
      readonly event: 'state.fenced';
      readonly partition: number;
    }
  | {
      /** The saved state cannot be used; it is built anew from the log. */
      readonly event: 'state.lost';
      readonly partition: number;
      readonly reason: StateLoss;
      readonly detail: string;
    }
  | {
      /** A message that waited in the reorder buffer when the state was saved is no longer in the log. */
      readonly event: 'state.hole';
      readonly partition: number;
      readonly offset: number;
    }
  | {
      /** Several entries stand for an endpoint of this name: the first of them is polled. */
      readonly event: 'endpoint.doubled';
      readonly hypervisor: string;
      readonly kind: string;
    }
  | {
      /** Other endpoints are polled than before: how many of those that are listed. */
      readonly event: 'roster.changed';
      readonly polled: number;
      readonly listed: number;
    }
  | {
      /** Partitions of the coordination topic whose endpoints this collector polls. */
      readonly event: 'coordination.held';
      readonly partitions: number;
    }
  | {
      /** The endpoints of a partition are this collector's from now on; `released`: the former one had let go of them. */
      readonly event: 'coordination.claimed';
      readonly partition: number;
      readonly generation: number;
      readonly former: string | null;
      readonly released: boolean;
    }
  | {
      /** The group's coordinator does not answer: the endpoints of these partitions are polled on, until the group is there again. */
      readonly event: 'coordination.cut_off';
      readonly partitions: number;
    }
  | {
      /** The former owner of a partition polled endpoints that are not in this collector's list. */
      readonly event: 'coordination.differs';
      readonly partition: number;
      readonly former: string;
      readonly missing: readonly string[];
    }
  | {
      /** The coordination topic has another number of partitions than the configuration says. */
      readonly event: 'coordination.partitions';
      readonly topic: string;
      readonly configured: number;
      readonly found: number;
    }
  | { readonly event: 'coordination.failed'; readonly error: Error; readonly retryMs: number }
  | {
      /** Polls that a source's collector sent are not in the log, or came too late to be counted in their turn. */
      readonly event: 'poll.missing';
      readonly partition: number;
      readonly source: string;
      readonly polls: number;
    }
  | {
      /** A source's polls are cut for another number of partitions than before. */
      readonly event: 'source.repartitioned';
      readonly partition: number;
      readonly source: string;
      readonly before: number;
      readonly now: number;
    }
  | {
      /** Nova says that the instance runs, and no hypervisor that is polled lists it. At most once an hour and instance. */
      readonly event: 'instance.unmetered';
      readonly partition: number;
      readonly instance: string;
      readonly host: string | null;
      readonly project: string | null;
    }
  | {
      /** Nova says that the instance was deleted, and a hypervisor still runs it for its owner. At most once an hour. */
      readonly event: 'instance.undead';
      readonly partition: number;
      readonly instance: string;
      readonly host: string | null;
      readonly project: string | null;
    }
  | {
      /** The configuration's window sizes are not those of the saved state. Size in microseconds, and the bound that it changes at. */
      readonly event: 'state.window';
      readonly partition: number;
      readonly size: number;
      readonly change: 'added' | 'dropped' | 'kept';
      readonly at: string;
    }
  | {
      /** A partition of the raw topic was given away: another pipeline meters it from now on. */
      readonly event: 'partition.released';
      readonly partition: number;
    }
  | {
      /** What the books of a partition are off by: 0 (docs/semantics.md 1.10). */
      readonly event: 'residual';
      readonly partition: number;
      readonly amount: bigint;
    }
  | {
      /** Entries of the inventory topic that were written, by why. */
      readonly event: 'inventory.written';
      readonly changed: number;
      readonly refreshed: number;
      readonly forgotten: number;
    }
  | {
      /** What the inventory knows of a partition; `refused`: listings since its start that found no room. */
      readonly event: 'inventory.looked';
      readonly partition: number;
      readonly entries: number;
      readonly findings: Readonly<Record<string, number>>;
      readonly refused: number;
    }
  | { readonly event: 'inventory.failed'; readonly error: Error; readonly retryMs: number }
  | { readonly event: 'spans.sent'; readonly count: number }
  | {
      readonly event: 'spans.lost';
      readonly reason: SpanLoss;
      readonly count: number;
    }
  | {
      /** Spans could not be sent. Metering knows nothing of it. */
      readonly event: 'tracing.failed';
      readonly error: Error;
      readonly retryMs: number;
    }
  | {
      readonly event: 'kafka.trouble';
      readonly client: string;
      readonly error: Error;
    };

/**
 * What became of a notification: it is news (`applied`), of a kind that is of no interest or not asked for (`ignored`),
 * older than what is known of its instance (`stale`), one that came before (`duplicate`), or of a cell that is not asked
 * for (`other_cell`).
 */
const READ_OUTCOMES = ['applied', 'ignored', 'stale', 'duplicate', 'other_cell'] as const;
export type ReadOutcome = (typeof READ_OUTCOMES)[number];

/** Why it is dead: it cannot be read, its payload is of a version that is not known, or Kafka never took what it told. */
const DEAD_OUTCOMES = ['malformed', 'unknown_version', 'undelivered'] as const;
export type DeadOutcome = (typeof DEAD_OUTCOMES)[number];

/**
 * Why slices never reach Kafka: no broker will ever take them, the collector stopped before one did, or they cannot be
 * encoded.
 */
const SLICE_LOSSES = ['refused', 'stopped', 'unencodable'] as const;
export type SliceLoss = (typeof SLICE_LOSSES)[number];

/**
 * Why slices were dropped from the collector's spool: its budget is used up, the file does not hold what was written, or
 * the disk does not give the file any more.
 */
const SPOOL_DROPS = ['full', 'damaged', 'unreadable'] as const;
export type SpoolDrop = (typeof SPOOL_DROPS)[number];

/** What is wrong with a file of the spool: it was being written when the process was killed (`torn`), or is not what was written. */
const SPOOL_FLAWS = ['torn', 'damaged'] as const;
export type SpoolFlaw = (typeof SPOOL_FLAWS)[number];

/**
 * Why a saved state cannot be used: there is none although the group has delivered before (`missing`), it is older than
 * what was delivered (`stale`), it does not decode (`undecodable`), the log is another one (`foreign`), or the log no longer
 * holds what comes after it (`truncated`).
 */
const STATE_LOSSES = ['missing', 'stale', 'undecodable', 'foreign', 'truncated'] as const;
export type StateLoss = (typeof STATE_LOSSES)[number];

/** Why spans were lost: too many waited, the receiver does not take them, or the program stopped before they were sent. */
const SPAN_LOSSES = ['queue_full', 'refused', 'stopped'] as const;
export type SpanLoss = (typeof SPAN_LOSSES)[number];

/**
 * Why something that a source of endpoints names is left out: a file of it is not to be read or is no list, it is no
 * entry of `connectors:`, no template is for it, its name or its address is taken.
 */
export const DISCOVERY_REJECTIONS = [
  'unreadable',
  'invalid',
  'unmatched',
  'duplicate_name',
  'duplicate_address',
] as const;
export type DiscoveryRejection = (typeof DISCOVERY_REJECTIONS)[number];

/** Tells the runtime that something happened. Never throws, never blocks. */
export type Report = (event: InternalEvent) => void;
