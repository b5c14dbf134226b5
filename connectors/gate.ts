/** Lets so many in at once; the others wait in the order in which they came. */
export class Gate {
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves with what lets the next one in, to be called once; null if the wait was ended before. */
  async enter(stop: AbortSignal): Promise<(() => void) | null> {
    if (stop.aborted) return null;
    if (this.#inside < this.#limit) this.#inside++;
    else if (!(await this.#turn(stop))) return null;
    return () => {
      const [next] = this.#waiting;
      // The place is handed on: nobody comes in between.
      if (next) next();
      else this.#inside--;
    };
  }

  #turn(stop: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isIn: boolean): void => {
        this.#waiting.delete(enter);
        stop.removeEventListener('abort', end);
        resolve(isIn);
      };
      const enter = (): void => settle(true);
      const end = (): void => settle(false);
      this.#waiting.add(enter);
      stop.addEventListener('abort', end);
    });
  }
}
