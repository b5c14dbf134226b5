import { backoffMs } from '../../pipeline/runtime/backoff.ts';
import { orAborted } from '../../pipeline/runtime/deadline.ts';
import type { ConnectorContext, Poll } from '../connector.ts';
import { pause } from '../in-time.ts';
import { Bell } from './bell.ts';
import type { Delivery, Link } from './client.ts';
import type { Rows } from './config.ts';
import { Intake } from './intake.ts';
import { lost } from './refusals.ts';

export interface Listening {
  readonly id: string;
  readonly kind: string;
  readonly cells: readonly string[] | undefined;
  readonly rows: readonly Rows[];
  readonly prefetch: number;
  readonly context: ConnectorContext;
  /** Rejects with an EndpointError. */
  readonly connect: (signal: AbortSignal) => Promise<Link>;
  readonly emit: (poll: Poll) => void;
  readonly stop: AbortSignal;
}

/** News waits so long for more of it to share a poll with. */
const LINGER_MS = 500;
/** How often it is made sure that the queue is still bound. */
const BIND_EVERY_US = 60_000_000;
/** What is on its way when we stop gets so long to be acknowledged. */
const FAREWELL_MS = 5000;
const INTERVAL_MS = 10_000;

/** Listens until it is stopped, and comes back with back-off when the connection is lost. */
export async function keepListening(run: Listening): Promise<void> {
  const { id: hypervisor, kind, context } = run;
  try {
    await listenAgain(run);
  } finally {
    context.report({ event: 'endpoint.released', hypervisor, kind });
  }
}

async function listenAgain(run: Listening): Promise<void> {
  const { id: hypervisor, kind, context, stop } = run;
  const { clock, report } = context;
  const station = stationOf(run);
  let failures = 0;
  while (!stop.aborted) {
    let error: Error;
    report({ event: 'endpoint.connecting', hypervisor, kind });
    try {
      const link = await run.connect(stop);
      report({ event: 'endpoint.connected', hypervisor, kind });
      const since = clock.monotonic();
      error = await listen(run, link, station);
      // One that is closed at once, time and again, is no success.
      if (clock.monotonic() - since > BIND_EVERY_US) failures = 0;
    } catch (cause) {
      error = cause as Error;
    }
    if (stop.aborted) return;
    failures++;
    const retryMs = backoffMs(failures, clock.random());
    report({ event: 'endpoint.lost', hypervisor, kind, error, retryMs });
    await pause(clock, retryMs, stop);
  }
}

/** What outlives connections: what is known, and how polls are counted. */
interface Station {
  readonly intake: Intake;
  /** Emits a poll with what was gathered, which may be nothing. */
  readonly tell: () => void;
  /** Polls that are not settled yet. */
  readonly unsettled: () => number;
}

function stationOf({ id: hypervisor, kind, cells, rows, context, emit }: Listening): Station {
  const { clock, report, announce = () => undefined, pace } = context;
  const intake = new Intake({ hypervisor, kind, cells, rows, report, announce });
  const interval = (pace?.intervalMs ?? INTERVAL_MS) * 1000;
  let sequence = 0;
  let unsettled = 0;
  const tell = (): void => {
    const { instances, hosts, notifications, settled } = intake.gather();
    const now = clock.now();
    const times = { scheduledAt: now, startedAt: now, endedAt: now };
    const calls = notifications;
    // It lists what is new and is as complete as it is meant to be.
    const done = { durationUs: 0, jitterUs: 0, calls, instances: instances.length, partial: false, at: now };
    // Nothing was read, and nothing was due.
    report({ event: 'poll.done', hypervisor, kind, ...done, spreadUs: null, early: true });
    unsettled++;
    emit({
      kind,
      hypervisor,
      sequence: sequence++,
      interval,
      ...times,
      bootedAt: null,
      partial: 'notifications',
      calls,
      hosts,
      instances,
      settled: (delivered) => {
        unsettled--;
        settled(delivered);
      },
    });
  };
  return { intake, tell, unsettled: () => unsettled };
}

/** One connection from its opening to its end; resolves with the error that ended it. */
async function listen(run: Listening, link: Link, { intake, tell, unsettled }: Station): Promise<Error> {
  const { id, prefetch, context, stop } = run;
  const { clock, pace } = context;
  const ended = new AbortController();
  let loss: Error | undefined;
  void link.closed.then((reason) => {
    loss = reason;
    ended.abort();
  });
  const over = AbortSignal.any([stop, ended.signal]);
  const bell = new Bell(clock);
  const take = (delivery: Delivery): void => {
    intake.take(delivery, clock.now());
    bell.ring();
  };
  // What fails here ends the connection, which says why.
  await orAborted(link.consume(take), over).catch(() => undefined);
  let dueUs = clock.monotonic();
  let boundUs = dueUs;
  while (!over.aborted) {
    const now = clock.monotonic();
    if (now >= dueUs) {
      if (pace?.ready() !== false || intake.waiting > 0) tell();
      dueUs = now + (pace?.intervalMs ?? INTERVAL_MS) * 1000;
    }
    if (now - boundUs >= BIND_EVERY_US) {
      boundUs = now;
      await orAborted(link.bind(), over).catch(() => undefined);
    }
    await bell.until(() => intake.waiting > 0, (dueUs - clock.monotonic()) / 1000, over);
    if (intake.waiting === 0 || over.aborted) continue;
    // Half of what may be out at one time need not wait for more.
    await bell.until(() => intake.waiting >= prefetch / 2, LINGER_MS, over);
    if (!over.aborted) tell();
  }
  if (stop.aborted) await farewell(run, link, unsettled);
  await link.close();
  return lost(id, loss ?? new Error('the connection was closed'));
}

/** Takes no more, and waits for what is on its way. What was gathered and not told comes again at the next start. */
async function farewell({ context: { clock } }: Listening, link: Link, unsettled: () => number): Promise<void> {
  await link.pause().catch(() => undefined);
  const never = new AbortController().signal;
  for (let waitedMs = 0; unsettled() > 0 && waitedMs < FAREWELL_MS; waitedMs += 100) await clock.sleep(100, never);
}
