import { createResidualScan } from '../model/residual.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import type { Owned, Ownership } from './ownership.ts';

export interface ResidualDeps {
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly report: Report;
}

const EVERY_MS = 60_000;
/** Instances looked at without a pause: some milliseconds. */
const STEP = 2000;
const PAUSE_MS = 1;

/**
 * Once a minute, until the signal aborts, tells of every owned partition by how much its state breaks the conservation
 * law (docs/semantics.md 1.10). It looks at some instances at a time, between messages, and never holds them up.
 */
export async function watchResidual(deps: ResidualDeps, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await deps.clock.sleep(EVERY_MS, signal);
      for (const owned of [...deps.ownership.all()]) await scan(deps, owned, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Nothing is told of a partition that is given away meanwhile. */
async function scan({ ownership, clock, report }: ResidualDeps, owned: Owned, signal: AbortSignal): Promise<void> {
  const { index, partition } = owned;
  const look = createResidualScan(partition);
  while (ownership.of(index) === owned) {
    if (look.step(STEP)) {
      report({ event: 'conservation', partition: index, residual: Number(look.residual) });
      return;
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}
