import { isDeepStrictEqual } from 'node:util';
import { Observable } from 'rxjs';
import { backoffMs } from '../../pipeline/runtime/backoff.ts';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import { DISCOVERY_REJECTIONS, type DiscoveryRejection, type Report } from '../../pipeline/runtime/events.ts';
import { EndpointError } from '../connector.ts';
import { inTime, pause } from '../in-time.ts';
import type { ConnectorEntry, Discovery } from './discovery.ts';
import type { Findings, Rejected, Source } from './source.ts';

/** What wakes a look early, such as a file being written, comes in pieces: the look waits until they are over. */
const SETTLE_MS = 200;
/** Of a change, so many are named in the log. */
const NAMED = 10;

interface Run {
  readonly source: Source;
  readonly clock: Clock;
  readonly report: Report;
  readonly emit: (entries: readonly ConnectorEntry[]) => void;
  readonly stop: AbortSignal;
  readonly turns: Turns;
  /** Those in effect; null before the first answer. */
  current: readonly ConnectorEntry[] | null;
  empties: number;
  told: ReadonlySet<string>;
}

/** Makes a Discovery of a source: looks at once, at every refresh and when nudged, never twice at once. */
export const discover = (source: Source, { clock, report }: Pick<Run, 'clock' | 'report'>): Discovery => ({
  name: source.name,
  kind: source.kind,
  entries: new Observable((subscriber) => {
    const stop = new AbortController();
    const turns = new Turns(source, clock, stop.signal);
    const emit = (entries: readonly ConnectorEntry[]): void => subscriber.next(entries);
    const run: Run = {
      source,
      clock,
      report,
      emit,
      stop: stop.signal,
      turns,
      current: null,
      empties: 0,
      told: new Set(),
    };
    // What is thrown here is a fault of ours, not of the source: it must not be lost.
    keepLooking(run).catch((error: unknown) => subscriber.error(error));
    return () => stop.abort();
  }),
});

async function keepLooking(run: Run): Promise<void> {
  const { source, clock, stop, turns } = run;
  let failures = 0;
  try {
    for (let turn: Turn = 'due'; !stop.aborted; ) {
      const failure = await lookOnce(run, turn);
      if (stop.aborted) return;
      failures = failure === null ? 0 : failures + 1;
      const retryMs = Math.min(source.refreshMs, backoffMs(Math.max(1, failures), clock.random()));
      if (failure !== null) tellFailure(run, failure, retryMs);
      turn = await turns.next(failure === null ? source.refreshMs : retryMs);
    }
  } finally {
    turns.end();
    await source.close();
  }
}

function tellFailure({ source: { name, kind }, report }: Run, error: Error, retryMs: number): void {
  const reason = error instanceof EndpointError ? error.code : 'unexpected';
  report({ event: 'discovery.failed', source: name, kind, reason, error, retryMs });
}

/** Resolves with why it failed, else null. */
async function lookOnce(run: Run, turn: Turn): Promise<Error | null> {
  const { source, clock, stop } = run;
  const limit = { clock, endpoint: source.name, ms: source.timeoutMs, what: 'looking for endpoints', stop };
  let findings: Findings;
  try {
    findings = await inTime(
      limit,
      (signal) => source.look(signal),
      async () => undefined,
    );
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
  if (!stop.aborted) take(run, findings, turn);
  return null;
}

function take(run: Run, { entries, rejected }: Findings, turn: Turn): void {
  const { source, clock, report } = run;
  const { name, kind } = source;
  tellRejected(run, rejected);
  const isHeld = isTooSoonEmpty(run, entries, turn);
  if (!isHeld && !isDeepStrictEqual(entries, run.current)) {
    tellChange(run, entries);
    run.current = entries;
    run.emit(entries);
  }
  const counts = countsOf(rejected);
  report({
    event: 'discovery.looked',
    source: name,
    kind,
    entries: run.current?.length ?? 0,
    rejected: counts,
    at: clock.now(),
  });
}

/** Nothing at all after something is more often a broken source than the end of a fleet. */
function isTooSoonEmpty(run: Run, entries: readonly ConnectorEntry[], turn: Turn): boolean {
  const { source, report, current } = run;
  const { name, kind, emptyAfter } = source;
  if (entries.length > 0) {
    run.empties = 0;
    return false;
  }
  // What a nudge shows again at once is the same answer, not another.
  run.empties = turn === 'due' ? run.empties + 1 : Math.max(run.empties, 1);
  const kept = current?.length ?? 0;
  const isHeld = kept > 0 && run.empties < emptyAfter;
  if (isHeld || current === null)
    report({ event: 'discovery.empty', source: name, kind, kept, times: run.empties, emptyAfter });
  return isHeld;
}

function tellRejected(run: Run, rejected: readonly Rejected[]): void {
  const { name, kind } = run.source;
  const keys = new Set<string>();
  for (const { reason, where, message } of rejected) {
    const key = `${reason} ${where} ${message}`;
    if (!keys.has(key) && !run.told.has(key))
      run.report({ event: 'discovery.rejected', source: name, kind, reason, where, message });
    keys.add(key);
  }
  run.told = keys;
}

const countsOf = (rejected: readonly Rejected[]): Readonly<Record<DiscoveryRejection, number>> => {
  const counts = Object.fromEntries(DISCOVERY_REJECTIONS.map((reason) => [reason, 0]));
  for (const { reason } of rejected) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts as Record<DiscoveryRejection, number>;
};

function tellChange({ source, report, current }: Run, entries: readonly ConnectorEntry[]): void {
  const before = new Map((current ?? []).map((entry) => [entry.name, entry]));
  const after = new Map(entries.map((entry) => [entry.name, entry]));
  const added = [...after.keys()].filter((name) => !before.has(name));
  const removed = [...before.keys()].filter((name) => !after.has(name));
  const changed = [...after].filter(([name, entry]) => before.has(name) && !isDeepStrictEqual(before.get(name), entry));
  if (added.length + removed.length + changed.length === 0) return;
  report({
    event: 'discovery.changed',
    source: source.name,
    kind: source.kind,
    added: added.length,
    removed: removed.length,
    changed: changed.length,
    names: [...removed, ...added, ...changed.map(([name]) => name)].slice(0, NAMED),
  });
}

type Turn = 'due' | 'nudged';

/** When to look next: after a while, or a moment after the last nudge. */
class Turns {
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  readonly #nudges: { unsubscribe(): void } | undefined;
  #nudged = false;
  #wake = (): void => undefined;

  constructor({ nudges }: Source, clock: Clock, stop: AbortSignal) {
    this.#clock = clock;
    this.#stop = stop;
    this.#nudges = nudges?.subscribe(() => {
      this.#nudged = true;
      this.#wake();
    });
  }

  async next(afterMs: number): Promise<Turn> {
    const due = this.#clock.monotonic() + afterMs * 1000;
    await this.#wait(due);
    if (!this.#nudged) return 'due';
    while (this.#nudged && !this.#stop.aborted) {
      this.#nudged = false;
      await this.#wait(Math.min(due, this.#clock.monotonic() + SETTLE_MS * 1000));
      if (this.#clock.monotonic() >= due) return 'due';
    }
    return 'nudged';
  }

  /** Until then, until stopped or until nudged. */
  async #wait(until: number): Promise<void> {
    if (this.#nudged) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const ms = Math.max(0, (until - this.#clock.monotonic()) / 1000);
    await pause(this.#clock, ms, this.#stop, woken);
  }

  end(): void {
    this.#nudges?.unsubscribe();
  }
}
