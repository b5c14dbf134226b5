import type { EndpointStatus } from './endpoint-book.ts';
import type { InternalEvent } from './events.ts';
import type { Answer } from './ops.ts';

/** What waits on the collector's disk. */
export interface SpoolStatus {
  slices: number;
  bytes: number;
  oldestAgeSeconds: number;
  dropped: number;
  lastError: string | null;
}

/** Keeps what the events of the spool tell; null as long as there were none. */
export class SpoolBook {
  #status: SpoolStatus | null = null;

  hear(event: InternalEvent): void {
    if (!event.event.startsWith('spool.')) return;
    this.#status ??= { slices: 0, bytes: 0, oldestAgeSeconds: 0, dropped: 0, lastError: null };
    if (event.event === 'spool.looked')
      Object.assign(this.#status, {
        slices: event.slices,
        bytes: event.bytes,
        oldestAgeSeconds: Math.round(event.ageUs / 1e6),
      });
    else if (event.event === 'spool.dropped') this.#status.dropped += event.slices;
    else if (event.event === 'spool.failed') this.#status.lastError = event.error.message;
    else if (event.event === 'spool.kept') this.#status.lastError = null;
  }

  status(): Readonly<SpoolStatus> | null {
    return this.#status;
  }
}

export interface StatusSources {
  readonly version: string;
  readonly reasons: () => readonly string[];
  readonly endpoints: () => readonly EndpointStatus[];
  readonly spool: () => Readonly<SpoolStatus> | null;
}

/** `/status.json`: what the program is doing, for people and scripts. */
export function statusPage({ version, reasons, endpoints, spool }: StatusSources): Answer {
  const listed = endpoints();
  const states: Record<string, number> = {};
  for (const { state } of listed) states[state] = (states[state] ?? 0) + 1;
  const why = reasons();
  const page = { version, ready: why.length === 0, reasons: why, states, spool: spool(), endpoints: listed };
  return { type: 'application/json', body: `${JSON.stringify(page, null, 2)}\n` };
}
