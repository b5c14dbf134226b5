import { Observable, type Subscriber, Subscription } from 'rxjs';
import { backoffMs } from '../pipeline/runtime/backoff.ts';
import { Audience } from './audience.ts';
import {
  type Connector,
  type ConnectorContext,
  type Endpoint,
  EndpointError,
  type Observation,
  type Poll,
  type Session,
} from './connector.ts';
import { EarlyPoll } from './early.ts';
import { Face } from './face.ts';
import type { Gate } from './gate.ts';
import { inTime, pause } from './in-time.ts';
import { phaseOf } from './phase.ts';
import { spreadUs } from './spread.ts';
import { type Turn, Turns } from './turns.ts';

export interface Cadence {
  readonly intervalMs: number;
  /** For one poll, at most the interval; default 10 s. */
  readonly timeoutMs?: number;
  /** For connecting; default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Asked at each turn: false skips the poll, because what was polled before cannot be put anywhere yet. */
  readonly ready?: () => boolean;
  /** Whether to poll before the time when something has happened; default true. */
  readonly early?: boolean;
  /** Shared by all endpoints of a collector; without them as many as there are. */
  readonly gates?: Gates;
  /** See `TurnOptions`: of the first session. */
  readonly servedUntil?: number | null;
}

/** How many polls are under way at once, and how many attempts to connect: hosts that are dead must not keep the others out. */
export interface Gates {
  readonly polls: Gate;
  readonly connects: Gate;
}

const TIMEOUT_MS = 10_000;
/** A session that answers nothing so many times is given up, though its connection may look alive. */
const FAILURES = 3;

/** How long one poll may take. */
export const pollTimeoutMs = ({ timeoutMs, intervalMs }: Pick<Cadence, 'timeoutMs' | 'intervalMs'>): number =>
  Math.min(timeoutMs ?? TIMEOUT_MS, intervalMs);

interface Run {
  readonly endpoint: Endpoint;
  readonly context: ConnectorContext;
  readonly intervalUs: number;
  readonly phaseUs: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly ready: () => boolean;
  readonly heeds: boolean;
  readonly early: EarlyPoll;
  readonly gates: Gates | undefined;
  readonly face: Face;
  readonly audience: Audience;
  readonly nextSequence: () => number;
  readonly emit: (poll: Poll) => void;
  readonly stop: AbortSignal;
  /** Aborts before `stop` does, where the poll under way is to be finished. */
  readonly retire: AbortSignal;
  /** Of the session that comes first only. */
  servedUntil: number | null;
}

/**
 * Makes a Connector of an Endpoint: polls it at its due times, and before them when something has happened there, never
 * twice at once, each within a timeout; reconnects with back-off. Due times that pass while a poll is under way or
 * nothing can be taken are reported as skipped.
 */
export function pollEndpoint(endpoint: Endpoint, cadence: Cadence, context: ConnectorContext): Connector {
  const intervalUs = cadence.intervalMs * 1000;
  let sequence = 0;
  const face = new Face();
  let retire = async (): Promise<void> => undefined;
  const begin = (subscriber: Subscriber<Poll>) => {
    const stop = new AbortController();
    const retiring = new AbortController();
    const run: Run = {
      endpoint,
      context,
      intervalUs,
      phaseUs: phaseOf(endpoint.id, intervalUs),
      timeoutMs: pollTimeoutMs(cadence),
      connectTimeoutMs: cadence.connectTimeoutMs ?? TIMEOUT_MS,
      ready: cadence.ready ?? (() => true),
      heeds: cadence.early ?? true,
      early: new EarlyPoll(context.clock, intervalUs),
      gates: cadence.gates,
      face,
      audience: new Audience(endpoint.id),
      nextSequence: () => sequence++,
      emit: (poll) => subscriber.next(poll),
      stop: stop.signal,
      retire: AbortSignal.any([stop.signal, retiring.signal]),
      servedUntil: cadence.servedUntil ?? null,
    };
    // What is thrown here is a fault of ours, not of the endpoint: it must not be lost.
    const done = keepPolling(run).catch((error: unknown) => subscriber.error(error));
    retire = () => {
      retiring.abort();
      return done;
    };
    return () => stop.abort();
  };
  return { id: endpoint.id, kind: endpoint.kind, snapshots: new Observable(begin), retire: () => retire() };
}

async function keepPolling(run: Run): Promise<void> {
  const { endpoint, context, retire } = run;
  const { id: hypervisor, kind } = endpoint;
  let failures = 0;
  while (!retire.aborted) {
    const error = await connectAndPoll(run, () => {
      failures = 0;
    });
    if (retire.aborted) return;
    failures++;
    const retryMs = backoffMs(failures, context.clock.random());
    context.report({ event: 'endpoint.lost', hypervisor, kind, error, retryMs });
    await pause(context.clock, retryMs, retire);
  }
}

/** One session from connecting to its end; resolves with the error that ended it. */
async function connectAndPoll(run: Run, succeeded: () => void): Promise<Error> {
  const { endpoint, context, retire: stop } = run;
  const { id: hypervisor, kind } = endpoint;
  const limit = { clock: context.clock, endpoint: hypervisor, ms: run.connectTimeoutMs, what: 'connecting', stop };
  let session: Session;
  const leave = await enter(run.gates?.connects, stop);
  if (leave === null) return new EndpointError('lost', hypervisor, 'connecting was stopped');
  context.report({ event: 'endpoint.connecting', hypervisor, kind });
  try {
    session = await inTime(
      limit,
      (signal) => endpoint.connect(signal),
      (late) => late.close(),
    );
  } catch (error) {
    return asError(error);
  } finally {
    leave();
  }
  context.report({ event: 'endpoint.connected', hypervisor, kind });
  const error = await pollWhileOpen(run, session, succeeded);
  return session.close().then(
    () => error,
    (cause: unknown) => new AggregateError([error, cause], error.message),
  );
}

/** Waits for a place; resolves with what gives it back, or null when stopped before. */
const enter = (gate: Gate | undefined, stop: AbortSignal): Promise<(() => void) | null> =>
  gate === undefined ? Promise.resolve(() => undefined) : gate.enter(stop);

async function pollWhileOpen(run: Run, session: Session, succeeded: () => void): Promise<Error> {
  const { endpoint, context, intervalUs, phaseUs, early, stop, retire, servedUntil } = run;
  const { id: hypervisor, kind } = endpoint;
  const ended = new AbortController();
  let loss: Error | undefined;
  void session.closed.then((reason) => {
    loss = reason;
    ended.abort();
  });
  const over = AbortSignal.any([stop, ended.signal]);
  const last = AbortSignal.any([retire, ended.signal]);
  const onSkipped = (): void => context.report({ event: 'poll.skipped', hypervisor, kind });
  const turns = new Turns({ clock: context.clock, intervalUs, phaseUs, early, onSkipped, servedUntil });
  run.servedUntil = null;
  const hearing = listen(run, session);
  let inRow = 0;
  try {
    for (let turn = await turns.next(last); turn !== null; turn = await turns.next(last)) {
      const failure = await pollOnce(run, session, turn, { over, last });
      if (failure === null) {
        inRow = 0;
        succeeded();
      } else if (turn.early === null && ++inRow >= FAILURES) return failure;
    }
  } finally {
    hearing.unsubscribe();
  }
  return loss ?? new EndpointError('lost', endpoint.id, 'the session was closed');
}

/** From now on what happens there makes an early poll. */
function listen({ context, heeds, early, audience }: Run, session: Session): Subscription {
  const heard = new Subscription();
  if (!heeds) return heard;
  heard.add(session.changes?.subscribe(({ what }) => early.want(what, what === 'stopping')));
  heard.add(
    context.announcements?.subscribe((announcement) => {
      if (audience.concerns(announcement)) early.want('announced', announcement.what === 'stopping');
    }),
  );
  return heard;
}

/** What ends a poll, and what ends that more of them begin. */
interface Ends {
  readonly over: AbortSignal;
  readonly last: AbortSignal;
}

/** Polls in its turn among all endpoints; resolves with the error of a failed poll, which it has reported, else null. */
async function pollOnce(run: Run, session: Session, turn: Turn, { over, last }: Ends): Promise<Error | null> {
  const leave = await enter(run.gates?.polls, last);
  if (leave === null) return null;
  try {
    return await pollNow(run, session, turn, over);
  } finally {
    leave();
  }
}

async function pollNow(run: Run, session: Session, turn: Turn, over: AbortSignal): Promise<Error | null> {
  const { endpoint, context, early, stop } = run;
  const { clock, report } = context;
  const { id: hypervisor, kind } = endpoint;
  early.begin();
  if (!run.ready()) {
    report({ event: 'poll.skipped', hypervisor, kind });
    return null;
  }
  if (turn.early !== null) report({ event: 'poll.early', hypervisor, kind, reason: turn.early });
  const jitterUs = clock.now() - turn.at;
  const since = clock.monotonic();
  const span = context.tracing?.begin({
    name: 'poll',
    role: 'client',
    attributes: { hypervisor, kind, early: turn.early ?? undefined },
  });
  const limit = { clock, endpoint: hypervisor, ms: run.timeoutMs, what: 'a poll', stop: over };
  try {
    const seen = await inTime(
      limit,
      (signal) => session.poll(signal, turn.early === null ? 'due' : 'early'),
      async () => undefined,
    );
    done(run, seen, clock.monotonic() - since, jitterUs, turn);
    span?.end({ calls: seen.calls, instances: seen.instances.length, partial: seen.partial ?? undefined });
    if (run.heeds && context.announcements) run.audience.take(seen);
    const { intervalUs: interval } = run;
    const trace = span?.traceparent;
    run.emit({ ...seen, kind, hypervisor, sequence: run.nextSequence(), scheduledAt: turn.at, interval, trace });
    return null;
  } catch (cause) {
    const error = asError(cause);
    span?.end({}, error);
    const reason = error instanceof EndpointError ? error.code : 'unexpected';
    if (!stop.aborted) report({ event: 'poll.failed', hypervisor, kind, reason, error });
    return error;
  }
}

function done(run: Run, seen: Observation, durationUs: number, jitterUs: number, turn: Turn): void {
  const { context, face } = run;
  const { id: hypervisor, kind } = run.endpoint;
  const exchange = face.take(seen);
  if (exchange !== null) context.report({ event: 'endpoint.exchanged', hypervisor, kind, ...exchange });
  context.report({
    event: 'poll.done',
    hypervisor,
    kind,
    spreadUs: spreadUs(seen),
    early: turn.early !== null,
    durationUs,
    jitterUs,
    calls: seen.calls,
    instances: seen.instances.length,
    partial: seen.partial !== null,
    at: seen.endedAt,
  });
}

const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));
