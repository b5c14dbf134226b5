import { type Observable, tap } from 'rxjs';
import type { DeriveRules } from './model/derive.ts';
import type { Sample } from './model/sample.ts';
import { type CheckpointDeps, checkpoint } from './operators/checkpoint.ts';
import { type ConfirmDeps, confirm } from './operators/confirm.ts';
import { type Credits, createCredits } from './operators/credits.ts';
import { type DeadLetterDeps, deadLetters } from './operators/dead-letters.ts';
import { createDecoder, decode } from './operators/decode.ts';
import { derive } from './operators/derive.ts';
import { publish } from './operators/publish.ts';
import type { Published, Pulled } from './operators/pull.ts';
import { type WindowDeps, window } from './operators/window.ts';
import type { Delivery } from './sinks/fanout.ts';

export interface TopologyDeps extends CheckpointDeps, ConfirmDeps, Omit<WindowDeps, 'giveBack' | 'room'> {
  readonly deriveRules: DeriveRules;
  readonly credits: Credits;
  readonly keep: DeadLetterDeps['keep'];
  readonly delivery: Delivery;
  /** Looks at the samples that windows gave; changes nothing. */
  readonly watch?: ((samples: readonly Sample[]) => void) | undefined;
}

/** Parts of one pull that are on their way at once. */
const PARTS = 2;

/**
 * The whole pipeline. What flows is a pull, the messages that one request to Kafka gave; its credit was taken when
 * they came and comes back when what they gave waits in the outbox of every sink.
 *
 *   pulls ─ decode ─ dead letters ─ window ─ derive ─ checkpoint ─ publish ─ confirm
 */
export function topology(pulls: Observable<Pulled>, deps: TopologyDeps): Observable<Published> {
  const { deriveRules, credits, delivery, watch, report, signal } = deps;
  const decoder = createDecoder();
  const room = createCredits(PARTS);
  return pulls.pipe(
    decode(decoder),
    deadLetters(deps),
    window({ ...deps, giveBack: decoder.giveBack, room }),
    derive(deriveRules, report, watch),
    checkpoint(deps),
    publish(delivery, signal),
    tap(({ pulls: count, others }) => {
      credits.give(count);
      room.give(others);
    }),
    confirm(deps),
  );
}
