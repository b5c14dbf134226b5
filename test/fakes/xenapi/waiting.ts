import type { Database } from './database.ts';
import { eventsSince, noEvents } from './event-from.ts';
import type { Sessions } from './sessions.ts';
import type { Outcome } from './wire.ts';

interface Time {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The calls of event.from that wait for something to happen. */
export class Waiting {
  readonly #time: Time;
  readonly #database: Database;
  readonly #sessions: Sessions;
  readonly #wake = new Set<() => void>();
  /** Events before this generation are lost: who asks for them is told to begin again. */
  #lostBefore = 0;

  constructor(time: Time, database: Database, sessions: Sessions) {
    this.#time = time;
    this.#database = database;
    this.#sessions = sessions;
  }

  get count(): number {
    return this.#wake.size;
  }

  /** To be called when anything has changed. */
  wake(): void {
    for (const wake of this.#wake) wake();
  }

  loseEvents(): void {
    this.#database.configurePool((config) => config);
    this.#lostBefore = this.#database.generation;
    this.wake();
  }

  /** As event.from: answers at once where something has changed since, else when it does, or after the timeout. */
  async from(
    session: string,
    {
      classes,
      since,
      timeoutS,
      gone,
    }: { classes: readonly string[]; since: number; timeoutS: number; gone: AbortSignal },
  ): Promise<Outcome> {
    const until = this.#time.now() + timeoutS * 1_000_000;
    const lostBefore = this.#lostBefore;
    for (;;) {
      if (gone.aborted) return { error: ['TASK_CANCELLED'] };
      if (!this.#sessions.use(session)) return { error: ['SESSION_INVALID', session] };
      if ((since > 0 && since < this.#lostBefore) || lostBefore !== this.#lostBefore) return { error: ['EVENTS_LOST'] };
      const events = eventsSince(this.#database, classes, since);
      if (events) return { value: events };
      const now = this.#time.now();
      if (now >= until) return { value: noEvents(this.#database, since) };
      await this.#pause(Math.min(until, this.#database.nextAt ?? until) - now, gone);
    }
  }

  async #pause(us: number, gone: AbortSignal): Promise<void> {
    const slept = new AbortController();
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#wake.delete(wake);
        gone.removeEventListener('abort', wake);
        slept.abort();
        resolve();
      };
      this.#wake.add(wake);
      gone.addEventListener('abort', wake);
      this.#time.sleep(Math.max(1, Math.ceil(us / 1000)), slept.signal).then(wake, () => undefined);
    });
  }
}
