import { redactUrls } from './config/redact.ts';
import type { InternalEvent } from './events.ts';

/**
 * How it stands with an endpoint. `connecting`: a session is being opened; `up`: it is open, and the last poll was
 * answered; `failing`: it is open, but the last poll failed; `backing_off`: there is none, and it is waited before the
 * next attempt.
 */
export const ENDPOINT_STATES = ['connecting', 'up', 'failing', 'backing_off'] as const;
export type EndpointState = (typeof ENDPOINT_STATES)[number];

/** An endpoint as `/status.json` shows it; times in ISO 8601, null: not yet. */
export interface EndpointStatus {
  readonly hypervisor: string;
  readonly kind: string;
  readonly state: EndpointState;
  readonly since: string;
  readonly lastPoll: string | null;
  readonly lastPollSeconds: number | null;
  /** Remote calls of the last poll. */
  readonly calls: number | null;
  /** How far the last poll that was due started behind its schedule. */
  readonly jitterSeconds: number | null;
  readonly instances: number | null;
  /** Polls and attempts to connect that failed since the last poll that was answered. */
  readonly failures: number;
  readonly retryAt: string | null;
  /** The latest, also if it is over; without passwords. */
  readonly lastError: { readonly at: string; readonly reason: string; readonly message: string } | null;
}

/** Keeps what the events of endpoints tell of their states. */
export class EndpointBook {
  readonly #entries = new Map<string, { -readonly [Field in keyof EndpointStatus]: EndpointStatus[Field] }>();

  /** `now`: wall clock, microseconds. */
  hear(event: InternalEvent, now: number): void {
    switch (event.event) {
      case 'endpoint.connecting':
        this.#enter(event, 'connecting', now);
        break;
      case 'endpoint.connected':
        this.#enter(event, 'up', now);
        break;
      case 'endpoint.released':
        this.#entries.delete(keyOf(event));
        break;
      case 'endpoint.lost':
        this.#fail(event, now);
        this.#enter(event, 'backing_off', now);
        this.#of(event, now).retryAt = iso(now + event.retryMs * 1000);
        break;
      case 'poll.failed':
        this.#fail(event, now);
        this.#enter(event, 'failing', now);
        break;
      case 'poll.done':
        this.#enter(event, 'up', now);
        this.#answered(event, now);
        break;
    }
  }

  /** All that are polled here, by name. */
  list(): readonly EndpointStatus[] {
    return [...this.#entries.values()].sort((a, b) => (a.hypervisor < b.hypervisor ? -1 : 1));
  }

  #enter(subject: Subject, state: EndpointState, now: number): void {
    const entry = this.#of(subject, now);
    entry.retryAt = null;
    if (entry.state === state) return;
    entry.state = state;
    entry.since = iso(now);
  }

  #answered(event: Extract<InternalEvent, { readonly event: 'poll.done' }>, now: number): void {
    const { at, durationUs, jitterUs, calls, instances, early } = event;
    const lastPollSeconds = durationUs / 1e6;
    const entry = this.#of(event, now);
    Object.assign(entry, { lastPoll: iso(at), lastPollSeconds, calls, instances, failures: 0 });
    if (!early) entry.jitterSeconds = jitterUs / 1e6;
  }

  #fail(subject: Subject & { readonly error: Error; readonly reason?: string }, now: number): void {
    const entry = this.#of(subject, now);
    const { error } = subject;
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'unexpected';
    const message = redactUrls(error.message);
    // A session that is given up for its failed polls has told of each.
    const isTold = subject.reason === undefined && entry.state === 'failing' && entry.lastError?.message === message;
    if (!isTold) entry.failures++;
    entry.lastError = { at: iso(now), reason: subject.reason ?? code, message };
  }

  #of({ hypervisor, kind }: Subject, now: number) {
    const key = keyOf({ hypervisor, kind });
    const known = this.#entries.get(key);
    if (known) return known;
    const created = {
      hypervisor,
      kind,
      state: 'connecting' as EndpointState,
      since: iso(now),
      lastPoll: null,
      lastPollSeconds: null,
      calls: null,
      jitterSeconds: null,
      instances: null,
      failures: 0,
      retryAt: null,
      lastError: null,
    };
    this.#entries.set(key, created);
    return created;
  }
}

interface Subject {
  readonly hypervisor: string;
  readonly kind: string;
}

const keyOf = ({ hypervisor, kind }: Subject): string => `${kind}/${hypervisor}`;
const iso = (us: number): string => new Date(us / 1000).toISOString();
