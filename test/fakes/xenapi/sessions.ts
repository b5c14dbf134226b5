import { uuidOf } from './records.ts';

/** What xapi allows an originator (`xapi_globs.ml`); the session used least recently is ended for a new one. */
const SESSIONS_EACH = 500;
const EXPIRY_US = 24 * 3600 * 1_000_000;

interface Session {
  readonly originator: string;
  usedAt: number;
}

/** The sessions of a pool: open ones, and how many there have been. */
export class Sessions {
  opened = 0;
  readonly #open = new Map<string, Session>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get open(): number {
    return this.#open.size;
  }

  login(originator: string): string {
    const own = [...this.#open].filter(([, session]) => session.originator === originator);
    const oldest = own.toSorted(([, a], [, b]) => a.usedAt - b.usedAt)[0];
    if (own.length >= SESSIONS_EACH && oldest) this.#open.delete(oldest[0]);
    const ref = `OpaqueRef:${uuidOf('session', ++this.opened)}`;
    this.#open.set(ref, { originator, usedAt: this.#now() });
    return ref;
  }

  logout = (ref: string): boolean => this.#open.delete(ref);

  /** Ends all of them. */
  expire = (): void => this.#open.clear();

  /** True if it is open, which it then stays for another 24 hours. */
  use(ref: unknown): boolean {
    const session = typeof ref === 'string' ? this.#open.get(ref) : undefined;
    if (!session) return false;
    if (this.#now() - session.usedAt > EXPIRY_US) {
      this.#open.delete(ref as string);
      return false;
    }
    session.usedAt = this.#now();
    return true;
  }
}
