import { type DeliverDeps, deliver, giveUp, tellLost } from './deliver.ts';
import { gather, type Held, type Parcel } from './gather.ts';
import { pause } from './in-time.ts';
import { joined, type Mark, type Spool } from './spool/spool.ts';

export interface OutboxDeps extends DeliverDeps {
  /** How long a slice waits for others of its partition to share a message with. */
  readonly lingerMs: number;
  /** Bytes in memory beyond which there is no room; default 64 MiB. */
  readonly maxBytes?: number;
  readonly overflow?: Overflow;
  readonly topic?: TopicNews;
}

/** What Kafka has to tell of the topic before anything can be sent. */
export interface TopicNews {
  /** Resolves when it has; rejects when it will not. */
  readonly told: Promise<unknown>;
  /** Parcels as the topic wants them, after that; `areSpooled`: they were in the spool. */
  recut(parcels: readonly Held[], areSpooled: boolean): readonly Held[];
}

/** Where parcels go that the brokers do not take, and when: after so long, or when so many bytes are in memory. */
export interface Overflow {
  readonly spool: Pick<Spool, 'slices' | 'bytes' | 'sinceMs' | 'append' | 'read' | 'acknowledge' | 'sync'>;
  readonly afterMs: number;
  readonly memoryBytes: number;
}

/**
 * What was polled and is not acknowledged yet. One send is under way at a time, and what comes meanwhile is gathered
 * for the next, so that a partition gets its slices in the order of the polls, also when a send has to be repeated. While
 * there is anything in the spool, everything new goes there too, behind it.
 */
export interface Outbox {
  /** Whether another poll can be put in: ask before polling. */
  hasRoom(): boolean;
  /** Puts the slices of a poll in, also beyond the bound: a poll that was read is not thrown away. */
  put(parcels: readonly Parcel[]): void;
  /**
   * Sends what is there and ends. What the deadline leaves undelivered goes to the spool, for the next start; if there is
   * none, it is reported. Where the spool is in use, nothing is waited for. Safe to call twice.
   */
  close(deadlineMs: number): Promise<void>;
  /** Resolves when closed; rejects when the producer can do nothing any more. */
  readonly done: Promise<void>;
}

const MAX_BYTES = 64 * 1024 * 1024;
/** What is read from the spool at once. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** How often it is looked whether something waits for too long, and what was written is made to outlive the machine. */
const LOOK_MS = 1000;

/** How long what the spool cannot read for now is left alone. */
const READ_AGAIN_MS = 5000;

/** What is on its way to the brokers. */
interface Flight {
  readonly parcels: readonly Held[];
  /** How many of them are in the spool too, and where they end there. */
  spooled: number;
  mark: Mark | null;
  /** What they take of the bound. */
  readonly bytes: number;
}

export function createOutbox(deps: OutboxDeps): Outbox {
  const box = new Box(deps);
  const done = box.run();
  return {
    done,
    hasRoom: () => box.bytes < (deps.maxBytes ?? MAX_BYTES),
    put: (parcels) => box.put(parcels),
    close: (deadlineMs) => box.close(done, deadlineMs),
  };
}

const stoppedBefore = (): Error => new Error('the collector stopped before it could be sent');

const bytesOf = (parcels: readonly Parcel[]): number => parcels.reduce((sum, { value }) => sum + value.length, 0);

class Box {
  readonly #deps: OutboxDeps;
  readonly #closing = new AbortController();
  readonly #abandoned = new AbortController();
  readonly #ended = new AbortController();
  #waiting: Held[] = [];
  #flight: Flight | null = null;
  #spilling: Promise<void> | null = null;
  #isSpooling = false;
  #isTold = false;
  #wake = (): void => undefined;
  bytes = 0;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.#tellSpooling();
  }

  put(parcels: readonly Parcel[]): void {
    const timestampMs = Math.floor(this.#deps.clock.now() / 1000);
    for (const parcel of parcels) this.#waiting.push({ ...parcel, timestampMs });
    this.bytes += bytesOf(parcels);
    if (this.#isSpillDue()) void this.#spill();
    this.#wake();
  }

  async run(): Promise<void> {
    const looking = this.#keepLooking();
    try {
      await this.#keepSending();
    } finally {
      this.#ended.abort();
      await looking;
      if (this.#deps.overflow) await this.#spillAll();
      // What was on its way with a producer that died, and is in no file.
      const flying = this.#flight?.parcels.slice(this.#flight.spooled) ?? [];
      giveUp([...flying, ...this.#waiting], stoppedBefore(), this.#deps.report);
    }
  }

  async close(done: Promise<void>, deadlineMs: number): Promise<void> {
    const { clock, overflow } = this.#deps;
    this.#closing.abort();
    this.#wake();
    const timer = new AbortController();
    const isSpooling = overflow !== undefined && overflow.spool.slices > 0;
    const late = pause(clock, isSpooling ? 0 : deadlineMs, timer.signal).then(async () => {
      if (!timer.signal.aborted && overflow) await this.#spillAll();
      this.#abandoned.abort();
    });
    // A producer that failed for good rejects `done`; whoever holds it is told there.
    await Promise.race([done.catch(() => undefined), late]);
    timer.abort();
  }

  async #keepSending(): Promise<void> {
    while (!this.#abandoned.signal.aborted) {
      const flight = await this.#next();
      if (flight === 'ended') return;
      if (flight === null) continue;
      const undelivered = await deliver(gather(flight.parcels), this.#deps, this.#abandoned.signal);
      await this.#spilled();
      this.#flight = null;
      this.bytes -= flight.bytes;
      const kept = new Set(flight.parcels.slice(0, flight.spooled));
      const lost = undelivered.filter((parcel) => !kept.has(parcel));
      tellLost(lost, 'stopped', stoppedBefore(), this.#deps.report);
      if (undelivered.length === 0 && flight.mark) await this.#deps.overflow?.spool.acknowledge(flight.mark);
      this.#tellSpooling();
    }
  }

  /** What is sent next: what has waited longest. Null: look once more. */
  async #next(): Promise<Flight | null | 'ended'> {
    const { clock, lingerMs, overflow, topic } = this.#deps;
    if (topic && !this.#isTold) {
      if (!(await this.#untilTold(topic))) return 'ended';
      this.#isTold = true;
    }
    await this.#spilled();
    if (overflow && overflow.spool.slices > 0) {
      const batch = await overflow.spool.read(BATCH_BYTES);
      if (batch === null) {
        if (overflow.spool.slices > 0) await pause(clock, READ_AGAIN_MS, this.#abandoned.signal);
        return null;
      }
      const parcels = topic?.recut(batch.parcels, true) ?? batch.parcels;
      this.#flight = { parcels, spooled: parcels.length, mark: batch.mark, bytes: 0 };
      return this.#flight;
    }
    if (this.#waiting.length === 0) {
      if (this.#closing.signal.aborted) return 'ended';
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      return null;
    }
    await pause(clock, lingerMs, this.#closing.signal);
    await this.#spilled();
    if (overflow && overflow.spool.slices > 0) return null;
    const waited = this.#waiting;
    this.#waiting = [];
    const parcels = topic?.recut(waited, false) ?? waited;
    this.#flight = { parcels, spooled: 0, mark: null, bytes: bytesOf(waited) };
    return this.#flight;
  }

  /** False: it is to end before, and whoever comes next sends what there is. */
  async #untilTold({ told }: TopicNews): Promise<boolean> {
    const isTold = told.then(() => true);
    const ends = (signal: AbortSignal): Promise<boolean> =>
      new Promise((resolve) => {
        if (signal.aborted) resolve(false);
        else signal.addEventListener('abort', () => resolve(false), { once: true });
      });
    if (await Promise.race([isTold, ends(this.#closing.signal)])) return true;
    if (this.#waiting.length === 0) return false;
    return await Promise.race([isTold, ends(this.#abandoned.signal)]);
  }

  async #keepLooking(): Promise<void> {
    const { clock, overflow } = this.#deps;
    if (overflow === undefined) return;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await pause(clock, LOOK_MS, signal);
      if (this.#isSpillDue()) await this.#spill();
      await overflow.spool.sync();
      this.#tellSpooling();
    }
  }

  #isSpillDue(): boolean {
    const { clock, overflow } = this.#deps;
    if (overflow === undefined) return false;
    if (overflow.spool.slices > 0) return this.#waiting.length > 0;
    const oldest = this.#flight?.parcels[0] ?? this.#waiting[0];
    if (oldest === undefined) return false;
    return clock.now() / 1000 - oldest.timestampMs >= overflow.afterMs || this.bytes >= overflow.memoryBytes;
  }

  async #spilled(): Promise<void> {
    while (this.#spilling) await this.#spilling;
  }

  async #spillAll(): Promise<void> {
    await this.#spilled();
    await this.#spill();
    await this.#deps.overflow?.spool.sync();
  }

  #spill(): Promise<void> {
    this.#spilling ??= this.#spillOnce().finally(() => {
      this.#spilling = null;
    });
    return this.#spilling;
  }

  /** Writes what is on its way, which is the oldest, and then what waits; what the disk does not take stays in memory. */
  async #spillOnce(): Promise<void> {
    const { overflow } = this.#deps;
    if (overflow === undefined) return;
    const { spool } = overflow;
    const flight = this.#flight;
    if (flight && flight.spooled < flight.parcels.length) {
      const { written, mark } = await spool.append(flight.parcels.slice(flight.spooled), true);
      if (written > 0) flight.mark = flight.mark === null ? mark : joined(flight.mark, mark);
      flight.spooled += written;
      if (flight.spooled < flight.parcels.length) return;
    }
    while (this.#waiting.length > 0) {
      const parcels = this.#waiting;
      this.#waiting = [];
      const { written } = await spool.append(parcels);
      this.bytes -= bytesOf(parcels.slice(0, written));
      this.#waiting = [...parcels.slice(written), ...this.#waiting];
      if (written < parcels.length) return;
    }
    this.#tellSpooling();
  }

  #tellSpooling(): void {
    const { clock, overflow, report } = this.#deps;
    if (overflow === undefined) return;
    const { slices, bytes, sinceMs } = overflow.spool;
    const isSpooling = slices > 0;
    const ageUs = sinceMs === null ? 0 : Math.max(0, clock.now() - sinceMs * 1000);
    if (isSpooling !== this.#isSpooling) report({ event: isSpooling ? 'spool.begun' : 'spool.done' });
    if (isSpooling || this.#isSpooling) report({ event: 'spool.looked', slices, bytes, ageUs });
    this.#isSpooling = isSpooling;
  }
}
