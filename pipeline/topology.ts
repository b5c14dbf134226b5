import { type Observable, tap } from 'rxjs';
import type { DeriveRules } from './model/derive.ts';
import type { Rules } from './model/rules.ts';
import { commit, type Delivered } from './operators/commit.ts';
import type { Credits } from './operators/credits.ts';
import { type DeadLetterDeps, deadLetters } from './operators/dead-letters.ts';
import { createDecoder, decode } from './operators/decode.ts';
import { derive } from './operators/derive.ts';
import type { Ownership } from './operators/ownership.ts';
import { publish } from './operators/publish.ts';
import type { Derived, Pulled } from './operators/pull.ts';
import { window } from './operators/window.ts';
import type { Report } from './runtime/events.ts';
import type { Sink } from './sinks/sink.ts';

export interface TopologyDeps {
  readonly rules: Rules;
  readonly deriveRules: DeriveRules;
  readonly ownership: Ownership;
  readonly credits: Credits;
  readonly keep: DeadLetterDeps['keep'];
  readonly sink: Sink;
  readonly delivered: Delivered;
  /** May offsets without samples be committed again? */
  readonly isDue: () => boolean;
  readonly report: Report;
  /** Aborts when waiting for destinations is to be given up. */
  readonly signal: AbortSignal;
}

/**
 * The whole pipeline. What flows is a pull, the messages that one request to Kafka gave; its credit was taken
 * when they came and comes back when it is delivered and checkpointed.
 *
 *   pulls ─ decode ─ dead letters ─ window ─ derive ─ publish ─ commit
 */
export function topology(pulls: Observable<Pulled>, deps: TopologyDeps): Observable<Derived> {
  const { rules, deriveRules, ownership, credits, keep, sink, delivered, isDue, report, signal } = deps;
  const decoder = createDecoder();
  return pulls.pipe(
    decode(decoder),
    deadLetters({ ownership, report, keep }),
    window({ rules, ownership, report, giveBack: decoder.giveBack }),
    derive(deriveRules, report),
    publish(sink, signal),
    commit(delivered, isDue),
    tap(() => credits.give()),
  );
}
