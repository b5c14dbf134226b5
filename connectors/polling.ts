import { Observable, type Subscriber } from 'rxjs';
import { backoffMs } from './backoff.ts';
import {
  type Connector,
  type ConnectorContext,
  type Endpoint,
  EndpointError,
  type Observation,
  type Poll,
  type Session,
} from './connector.ts';
import { inTime, pause } from './in-time.ts';
import { nextDue, phaseOf } from './phase.ts';

export interface Cadence {
  readonly intervalMs: number;
  /** For one poll, at most the interval; default 10 s. */
  readonly timeoutMs?: number;
  /** For connecting; default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Asked at each due time: false skips the poll, because what was polled before cannot be put anywhere yet. */
  readonly ready?: () => boolean;
}

const TIMEOUT_MS = 10_000;
/** A session that answers nothing so many times is given up, though its connection may look alive. */
const FAILURES = 3;

interface Run {
  readonly endpoint: Endpoint;
  readonly context: ConnectorContext;
  readonly intervalUs: number;
  readonly phaseUs: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly ready: () => boolean;
  readonly nextSequence: () => number;
  readonly emit: (poll: Poll) => void;
  readonly stop: AbortSignal;
}

/**
 * Makes a Connector of an Endpoint: polls it at its due times, never twice at once, each within a timeout; reconnects
 * with back-off. Due times that pass while a poll is under way or nothing can be taken are reported as skipped.
 */
export function pollEndpoint(endpoint: Endpoint, cadence: Cadence, context: ConnectorContext): Connector {
  const intervalUs = cadence.intervalMs * 1000;
  let sequence = 0;
  const begin = (subscriber: Subscriber<Poll>) => {
    const stop = new AbortController();
    const run: Run = {
      endpoint,
      context,
      intervalUs,
      phaseUs: phaseOf(endpoint.id, intervalUs),
      timeoutMs: Math.min(cadence.timeoutMs ?? TIMEOUT_MS, cadence.intervalMs),
      connectTimeoutMs: cadence.connectTimeoutMs ?? TIMEOUT_MS,
      ready: cadence.ready ?? (() => true),
      nextSequence: () => sequence++,
      emit: (poll) => subscriber.next(poll),
      stop: stop.signal,
    };
    // What is thrown here is a fault of ours, not of the endpoint: it must not be lost.
    keepPolling(run).catch((error: unknown) => subscriber.error(error));
    return () => stop.abort();
  };
  return { id: endpoint.id, kind: endpoint.kind, snapshots: new Observable(begin) };
}

async function keepPolling(run: Run): Promise<void> {
  const { endpoint, context, stop } = run;
  const { id: hypervisor, kind } = endpoint;
  let failures = 0;
  while (!stop.aborted) {
    const error = await connectAndPoll(run, () => {
      failures = 0;
    });
    if (stop.aborted) return;
    failures++;
    const retryMs = backoffMs(failures, context.clock.random());
    context.report({ event: 'endpoint.lost', hypervisor, kind, error, retryMs });
    await pause(context.clock, retryMs, stop);
  }
}

/** One session from connecting to its end; resolves with the error that ended it. */
async function connectAndPoll(run: Run, succeeded: () => void): Promise<Error> {
  const { endpoint, context, stop } = run;
  const { id: hypervisor, kind } = endpoint;
  const limit = { clock: context.clock, endpoint: hypervisor, ms: run.connectTimeoutMs, what: 'connecting', stop };
  let session: Session;
  try {
    session = await inTime(
      limit,
      (signal) => endpoint.connect(signal),
      (late) => late.close(),
    );
  } catch (error) {
    return asError(error);
  }
  context.report({ event: 'endpoint.connected', hypervisor, kind });
  const error = await pollWhileOpen(run, session, succeeded);
  return session.close().then(
    () => error,
    (cause: unknown) => new AggregateError([error, cause], error.message),
  );
}

async function pollWhileOpen(run: Run, session: Session, succeeded: () => void): Promise<Error> {
  const { endpoint, context, intervalUs, phaseUs, stop } = run;
  const ended = new AbortController();
  let loss: Error | undefined;
  void session.closed.then((reason) => {
    loss = reason;
    ended.abort();
  });
  const over = AbortSignal.any([stop, ended.signal]);
  let inRow = 0;
  let due = await untilDue(run, nextDue(context.clock.now(), intervalUs, phaseUs), over);
  while (due !== null) {
    const failure = await pollOnce(run, session, due, over);
    inRow = failure === null ? 0 : inRow + 1;
    if (failure === null) succeeded();
    else if (inRow >= FAILURES) return failure;
    due = await untilDue(run, nextAfter(run, due), over);
  }
  return loss ?? new EndpointError('lost', endpoint.id, 'the session was closed');
}

/** Polls and emits; resolves with the error of a failed poll, which it has reported, else null. */
async function pollOnce(run: Run, session: Session, due: number, over: AbortSignal): Promise<Error | null> {
  const { endpoint, context, stop } = run;
  const { clock, report } = context;
  const { id: hypervisor, kind } = endpoint;
  if (!run.ready()) {
    report({ event: 'poll.skipped', hypervisor, kind });
    return null;
  }
  const jitterUs = clock.now() - due;
  const since = clock.monotonic();
  const limit = { clock, endpoint: hypervisor, ms: run.timeoutMs, what: 'a poll', stop: over };
  try {
    const seen = await inTime(
      limit,
      (signal) => session.poll(signal),
      async () => undefined,
    );
    done(run, seen, clock.monotonic() - since, jitterUs);
    run.emit({ ...seen, kind, hypervisor, sequence: run.nextSequence(), scheduledAt: due, interval: run.intervalUs });
    return null;
  } catch (cause) {
    const error = asError(cause);
    const reason = error instanceof EndpointError ? error.code : 'unexpected';
    if (!stop.aborted) report({ event: 'poll.failed', hypervisor, kind, reason, error });
    return error;
  }
}

function done({ endpoint, context }: Run, seen: Observation, durationUs: number, jitterUs: number): void {
  context.report({
    event: 'poll.done',
    hypervisor: endpoint.id,
    kind: endpoint.kind,
    durationUs,
    jitterUs,
    calls: seen.calls,
    instances: seen.instances.length,
    partial: seen.partial !== null,
    at: seen.endedAt,
  });
}

/** The next due time; those that passed meanwhile are reported as skipped. */
function nextAfter({ endpoint, context, intervalUs, phaseUs }: Run, due: number): number {
  const next = nextDue(Math.max(context.clock.now(), due), intervalUs, phaseUs);
  const { id: hypervisor, kind } = endpoint;
  // A clock that jumped by hours skipped no polls worth a report each.
  const skipped = Math.min(Math.round((next - due) / intervalUs) - 1, 10);
  for (let count = 0; count < skipped; count++) context.report({ event: 'poll.skipped', hypervisor, kind });
  return next;
}

/** Waits for the wall clock to reach a due time and returns it; null if it is over before. */
async function untilDue(
  { context, intervalUs, phaseUs }: Run,
  first: number,
  over: AbortSignal,
): Promise<number | null> {
  const { clock } = context;
  let due = first;
  while (!over.aborted) {
    const left = due - clock.now();
    if (left <= 0) return due;
    // The clock was set back: the old due time would leave a hole.
    if (left > 2 * intervalUs) due = nextDue(clock.now(), intervalUs, phaseUs);
    else await pause(clock, Math.ceil(left / 1000), over);
  }
  return null;
}

const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));
