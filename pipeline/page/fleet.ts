import type { EndpointStatus } from '../runtime/endpoint-book.ts';
import type { FleetRow } from './model.ts';

/** An endpoint that is polled here as a row. */
export const endpointRow = (status: EndpointStatus): FleetRow => ({
  id: `${status.kind}/${status.hypervisor}`,
  name: status.hypervisor,
  kind: status.kind,
  state: status.state,
  sinceAt: Date.parse(status.since),
  readAt: timeOf(status.lastPoll),
  instances: status.instances,
  calls: status.calls,
  durationMs: inMs(status.lastPollSeconds),
  jitterMs: inMs(status.jitterSeconds),
  failures: status.failures,
  retryAt: timeOf(status.retryAt),
  error: withoutName(status.lastError?.message ?? null, status.hypervisor),
  errorAt: timeOf(status.lastError?.at ?? null),
  process: null,
});

/** What changed of the fleet since somebody was told of it last. */
export interface FleetChange {
  readonly changed: readonly FleetRow[];
  /** Ids of rows that are no more. */
  readonly gone: readonly string[];
}

/** Remembers each row as it was told last and tells what is other by now. */
export class FleetDiff {
  readonly #told = new Map<string, string>();

  change(rows: readonly FleetRow[]): FleetChange {
    const changed: FleetRow[] = [];
    const left = new Set(this.#told.keys());
    for (const row of rows) {
      left.delete(row.id);
      const text = JSON.stringify(row);
      if (this.#told.get(row.id) === text) continue;
      this.#told.set(row.id, text);
      changed.push(row);
    }
    for (const id of left) this.#told.delete(id);
    return { changed, gone: [...left] };
  }
}

/** An error begins with the endpoint that it is of; in its row that is said already. */
const withoutName = (message: string | null, name: string): string | null =>
  message?.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;

const timeOf = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso));
const inMs = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);
