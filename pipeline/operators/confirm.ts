import { concatMap, type Observable } from 'rxjs';
import type { StateStore } from '../state/store.ts';
import type { Checkpointed } from './pull.ts';

/** Notes in the store what is delivered, so that it is not delivered again. */
export const confirm =
  (store: StateStore, signal: AbortSignal) =>
  (delivered: Observable<Checkpointed>): Observable<Checkpointed> =>
    delivered.pipe(
      concatMap(async (kept) => {
        if (kept.confirmed.length > 0) await store.confirm(kept.confirmed, signal);
        return kept;
      }),
    );
