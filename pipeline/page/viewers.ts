import type { ServerResponse } from 'node:http';

/** So many may look at once; a browser has one stream for each tab. */
const MOST_VIEWERS = 16;
/** What may wait for a viewer that does not read; more than one look at the largest fleet. */
const MOST_WAITING_BYTES = 8 * 2 ** 20;

/** Those who look at the page: each has a stream of server-sent events (HTML, section 9.2). */
export class Viewers {
  readonly #viewers = new Set<ServerResponse>();
  readonly #most: number;
  readonly #mostWaiting: number;
  /** Viewers that were let go of since they did not read. */
  dropped = 0;

  constructor(most = MOST_VIEWERS, mostWaiting = MOST_WAITING_BYTES) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  get size(): number {
    return this.#viewers.size;
  }

  isFull(): boolean {
    return this.#viewers.size >= this.#most;
  }

  /** Takes a viewer whose head is written and tells it these events. */
  add(response: ServerResponse, events: readonly string[]): void {
    this.#viewers.add(response);
    response.once('close', () => this.#viewers.delete(response));
    // Whoever goes away while it is written to is no fault of ours; 'close' follows.
    response.on('error', () => undefined);
    for (const text of events) this.#tell(response, text);
  }

  /** Tells everybody; who has not read what was told before is let go of. A browser comes back by itself. */
  tell(event: string): void {
    for (const viewer of this.#viewers) this.#tell(viewer, event);
  }

  close(): void {
    for (const viewer of this.#viewers) viewer.end();
  }

  #tell(viewer: ServerResponse, event: string): void {
    if (viewer.writableLength > this.#mostWaiting) {
      this.dropped++;
      this.#viewers.delete(viewer);
      viewer.destroy();
      return;
    }
    viewer.write(event);
  }
}

/** An event as it stands in the stream. JSON has no line ends of its own. */
export const eventText = (name: string, content: unknown): string =>
  `event: ${name}\ndata: ${JSON.stringify(content)}\n\n`;
