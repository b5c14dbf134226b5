import { redactUrls } from '../runtime/config/redact.ts';
import type { InternalEvent } from '../runtime/events.ts';
import type { SinkStatus } from './model.ts';
import { counts } from './pipeline-book.ts';

interface Entry {
  published: number;
  inFlight: number;
  retries: number;
  readonly dropped: Map<string, number>;
  publishedAt: number | null;
  batchMs: number | null;
  error: string | null;
  errorAt: number | null;
}

/** Keeps what events tell of the sinks. */
export class SinkBook {
  readonly #entries = new Map<string, Entry>();

  /** Sinks there are, shown before they have had anything. */
  expect(names: readonly string[]): void {
    for (const name of names) this.#of(name);
  }

  /** `now`: wall clock, microseconds. */
  hear(event: InternalEvent, now: number): void {
    switch (event.event) {
      case 'published': {
        const entry = this.#of(event.sink);
        entry.published += event.samples;
        entry.publishedAt = now / 1000;
        entry.batchMs = event.durationUs / 1000;
        break;
      }
      case 'publish.failed': {
        const entry = this.#of(event.sink);
        entry.retries++;
        entry.error = redactUrls(event.error.message);
        entry.errorAt = now / 1000;
        break;
      }
      case 'sample.dropped': {
        const { dropped } = this.#of(event.sink);
        dropped.set(event.reason, (dropped.get(event.reason) ?? 0) + event.count);
        break;
      }
      case 'sink.waiting':
        this.#of(event.sink).inFlight = event.samples;
        break;
    }
  }

  list(): readonly SinkStatus[] {
    return [...this.#entries].map(([name, entry]) => ({
      ...entry,
      name,
      state: stateOf(entry),
      dropped: counts(entry.dropped),
    }));
  }

  #of(name: string): Entry {
    const known = this.#entries.get(name);
    if (known) return known;
    const created: Entry = {
      published: 0,
      inFlight: 0,
      retries: 0,
      dropped: new Map(),
      publishedAt: null,
      batchMs: null,
      error: null,
      errorAt: null,
    };
    this.#entries.set(name, created);
    return created;
  }
}

/** It fails while its latest error is newer than the latest that it took. */
function stateOf({ publishedAt, errorAt }: Entry): SinkStatus['state'] {
  if (errorAt !== null && errorAt > (publishedAt ?? Number.NEGATIVE_INFINITY)) return 'failing';
  return publishedAt === null ? 'idle' : 'ok';
}
