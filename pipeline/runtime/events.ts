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
      /** Values of such rows that the hypervisor itself does not have. */
      readonly event: 'values.missing';
      readonly hypervisor: string;
      readonly kind: string;
      readonly reason: string;
      readonly count: number;
    }
  | {
      readonly event: 'slices.sent';
      readonly slices: number;
      readonly messages: number;
      readonly bytes: number;
    }
  | {
      readonly event: 'slices.failed';
      readonly hypervisor: string;
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
      /** The configuration's window sizes are not those of the saved state. Size in microseconds. */
      readonly event: 'state.window';
      readonly partition: number;
      readonly size: number;
      readonly change: 'added' | 'dropped';
    }
  | {
      /** What the books of a partition are off by: 0 (docs/semantics.md 1.10). */
      readonly event: 'residual';
      readonly partition: number;
      readonly amount: bigint;
    }
  | {
      readonly event: 'kafka.trouble';
      readonly client: string;
      readonly error: Error;
    };

/**
 * Why a saved state cannot be used: there is none although the group has delivered before (`missing`), it is older than
 * what was delivered (`stale`), it does not decode (`undecodable`), the log is another one (`foreign`), or the log no longer
 * holds what comes after it (`truncated`).
 */
export const STATE_LOSSES = ['missing', 'stale', 'undecodable', 'foreign', 'truncated'] as const;
export type StateLoss = (typeof STATE_LOSSES)[number];

/** Tells the runtime that something happened. Never throws, never blocks. */
export type Report = (event: InternalEvent) => void;
