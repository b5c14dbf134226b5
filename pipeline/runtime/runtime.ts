import type { Registry } from 'prom-client';
import { type Clock, systemClock } from './clock.ts';
import type { ListenAddress } from './config/address.ts';
import { EndpointBook } from './endpoint-book.ts';
import type { InternalEvent, Report } from './events.ts';
import { createLifecycle, type Lifecycle, type Part, type StopOutcome } from './lifecycle.ts';
import { createLog, type Log, type LogOptions } from './log.ts';
import { type Build, createMetrics } from './metrics.ts';
import { observe } from './observe.ts';
import { type OpsServer, type Route, startOps } from './ops.ts';
import { handleSignals, type SignalHandlers, type SignalSource } from './signals.ts';
import { SpoolBook, type StatusSources, statusPage } from './status.ts';

export interface RuntimeOptions {
  readonly build: Build;
  /** Null: no operator's port. */
  readonly listen: ListenAddress | null;
  /** What to do where that address cannot be had; default: of `ops.listen`. */
  readonly listenRemedy?: string;
  readonly log: LogOptions;
  /** For the whole stop, milliseconds. */
  readonly stopWithinMs?: number;
  readonly routes?: Readonly<Record<string, Route>>;
  readonly watcher?: Watcher | undefined;
  readonly clock?: Clock;
}

/** Watches the program for people, such as the status page; its routes are answered at the operator's port. */
export interface Watcher {
  readonly routes: Readonly<Record<string, Route>>;
  /** Called once, before the port is open. */
  begin(sources: StatusSources & { readonly clock: Clock }): void;
  /** Hears every event. `now`: wall clock, microseconds. Never throws, never blocks. */
  hear(event: InternalEvent, now: number): void;
  /** Lets go of everybody who looks. */
  close(): void;
}

/** What a long-running command is given. */
export interface Runtime {
  readonly clock: Clock;
  readonly log: Log;
  readonly report: Report;
  readonly registry: Registry;
  readonly lifecycle: Lifecycle;
  /** Undefined where `ops.listen` is off. */
  readonly ops: OpsServer | undefined;
}

/** Less than the 30 s that Kubernetes gives a pod. */
const STOP_WITHIN_MS = 25_000;

/** Starts log, metrics and operator's port. Whoever calls it closes `ops` at the end. */
async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const clock = options.clock ?? systemClock;
  const log = createLog(options.log);
  const metrics = createMetrics(options.build);
  const lifecycle = createLifecycle(clock, log, options.stopWithinMs ?? STOP_WITHIN_MS);
  const { registry } = metrics;
  const { reasons } = lifecycle;
  const endpoints = new EndpointBook();
  const spool = new SpoolBook();
  const { version } = options.build;
  const sources = { version, reasons, endpoints: () => endpoints.list(), spool: () => spool.status() };
  const { watcher } = options;
  watcher?.begin({ ...sources, clock });
  const routes = { '/status.json': () => statusPage(sources), ...watcher?.routes, ...options.routes };
  const { listen, listenRemedy: remedy } = options;
  const ops =
    listen === null
      ? undefined
      : await startOps({ listen, registry, reasons, routes, ...(remedy === undefined ? {} : { remedy }) });
  if (ops !== undefined) {
    const { port } = ops;
    const page = watcher === undefined ? {} : { page: `http://${shownHost(options.listen?.host)}:${port}/` };
    log.info({ port, ...page }, 'listening to operators');
  }
  const tell = observe(metrics, log, clock);
  const report: Report = (event) => {
    tell(event);
    const now = clock.now();
    endpoints.hear(event, now);
    spool.hear(event);
    watcher?.hear(event, now);
  };
  return { clock, log, report, registry, lifecycle, ops };
}

/** Where to look from this machine: a program that listens on all addresses is found on loopback too. */
const shownHost = (host = ''): string => {
  if (['', '0.0.0.0', '::'].includes(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
};

/** What `body` returns: the parts to run, from the sink towards the source, and what ends the program by itself. */
export interface Program {
  readonly parts: readonly Part[];
  /** Settles when there is nothing more to do, or rejects when the program cannot go on. */
  readonly done?: Promise<void>;
}

/**
 * Runs a program until a signal comes or it is done, then stops it by the rules of the lifecycle. Resolves with how the
 * stop went; rejects with what broke the program. `exitNow` and `crash` are for the one who may exit the process.
 */
export async function withRuntime(
  options: RuntimeOptions,
  signals: SignalSource,
  exits: { exitNow(signal: string): void; crash(error: unknown): void },
  body: (runtime: Runtime) => Program | Promise<Program>,
): Promise<StopOutcome> {
  const runtime = await createRuntime(options);
  const { lifecycle, log, clock } = runtime;
  const handlers: SignalHandlers = {
    stop: (signal) => {
      log.info({ signal }, 'stopping; a second signal exits at once');
      void lifecycle.stop();
    },
    exitNow: exits.exitNow,
    crash: (error) => {
      log.fatal({ err: error }, 'internal error');
      exits.crash(error);
    },
  };
  const release = handleSignals(signals, handlers, clock);
  try {
    const { parts, done } = await body(runtime);
    await startUnlessStopped(lifecycle, parts);
    if (!lifecycle.stopping.aborted) log.info('ready');
    await Promise.race([aborted(lifecycle.stopping), ...(done === undefined ? [] : [done])]);
    return await lifecycle.stop();
  } finally {
    await lifecycle.stop();
    options.watcher?.close();
    await runtime.ops?.close();
    release();
  }
}

async function startUnlessStopped(lifecycle: Lifecycle, parts: readonly Part[]): Promise<void> {
  try {
    await lifecycle.start(parts);
  } catch (error) {
    // Stopped while starting is no failure.
    if (!(lifecycle.stopping.aborted && error === lifecycle.stopping.reason)) throw error;
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
