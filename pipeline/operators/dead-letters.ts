import { concatMap, type Observable } from 'rxjs';
import type { Report } from '../runtime/events.ts';
import { isLive, type Ownership } from './ownership.ts';
import type { Decoded, Unreadable } from './pull.ts';

export interface DeadLetterDeps {
  readonly ownership: Ownership;
  readonly report: Report;
  /** Resolves when of the dead letter is kept what can be; `bytes` null: nothing. `refusal`: why it is not all. */
  keep(letter: Unreadable): Promise<{ readonly bytes: number | null; readonly refusal: Error | null }>;
}

/**
 * Keeps what could not be read before anything of its pull goes on, so that no committed offset passes it unkept. Of what
 * is refused for good the raw topic has the rest, and it is told where: waiting for it would hold everything up for ever.
 */
export const deadLetters =
  ({ ownership, report, keep }: DeadLetterDeps) =>
  (pulls: Observable<Decoded>): Observable<Decoded> =>
    pulls.pipe(
      concatMap(async (pull) => {
        for (const letter of pull.unreadable) {
          if (!isLive(ownership.of(letter.partition, pull.term), letter.offset)) continue;
          const { partition, offset, reason, value } = letter;
          const { bytes, refusal } = await keep(letter);
          report({ event: 'message.dead', partition, offset, reason });
          if (refusal !== null)
            report({ event: 'message.cut', partition, offset, bytes: value.length, kept: bytes, error: refusal });
        }
        return pull;
      }),
    );
