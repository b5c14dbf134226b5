/** One server-sent event. */
export interface ServerEvent {
  readonly name: string;
  readonly text: string;
}

/** More than a look at the largest fleet. */
const MOST_CHARACTERS = 64 * 2 ** 20;

/**
 * Cuts a stream of bytes into server-sent events (HTML, section 9.2.6):
 *
 *     event: NAME
 *     data: TEXT
 *
 * with an empty line behind it. Comments and other fields are passed over. What is not ended yet is kept, up to `most`
 * characters; more throws.
 */
export class EventCutter {
  readonly #decoder = new TextDecoder();
  readonly #most: number;
  #line = '';
  #name = '';
  #lines: string[] = [];
  #held = 0;

  constructor(most = MOST_CHARACTERS) {
    this.#most = most;
  }

  /** The events that are whole now. */
  take(bytes: Uint8Array): readonly ServerEvent[] {
    const events: ServerEvent[] = [];
    const pieces = this.#decoder.decode(bytes, { stream: true }).split('\n');
    pieces.forEach((piece, i) => {
      this.#held += piece.length;
      if (this.#held > this.#most) throw new Error(`an event is longer than ${this.#most} characters`);
      this.#line += piece;
      if (i === pieces.length - 1) return;
      const event = this.#end(this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line);
      this.#line = '';
      if (event !== null) events.push(event);
    });
    return events;
  }

  /** Takes a line that is whole; the event that it ends. */
  #end(line: string): ServerEvent | null {
    if (line === '') {
      const event = { name: this.#name, text: this.#lines.join('\n') };
      const isOne = this.#lines.length > 0;
      this.#name = '';
      this.#lines = [];
      this.#held = 0;
      return isOne ? event : null;
    }
    const [, field, value = ''] = /^(event|data)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') this.#name = value;
    if (field === 'data') this.#lines.push(value);
    return null;
  }
}
