import { concatMap, type Observable } from 'rxjs';
import type { Report } from '../runtime/events.ts';
import { isLive, type Ownership } from './ownership.ts';
import type { Decoded, Unreadable } from './pull.ts';

export interface DeadLetterDeps {
  readonly ownership: Ownership;
  readonly report: Report;
  /** Resolves when the dead letter is kept. */
  keep(letter: Unreadable): Promise<void>;
}

/** Keeps what could not be read before anything of its pull goes on, so that no committed offset passes it unkept. */
export const deadLetters =
  ({ ownership, report, keep }: DeadLetterDeps) =>
  (pulls: Observable<Decoded>): Observable<Decoded> =>
    pulls.pipe(
      concatMap(async (pull) => {
        for (const letter of pull.unreadable) {
          if (!isLive(ownership.of(letter.partition, pull.term), letter.offset)) continue;
          await keep(letter);
          report({ event: 'message.dead', partition: letter.partition, offset: letter.offset, reason: letter.reason });
        }
        return pull;
      }),
    );
