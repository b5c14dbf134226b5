import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import type { DeadSamples } from '../../../pipeline/sinks/dead-samples.ts';
import type { SinkContext } from '../../../pipeline/sinks/sink.ts';

/** What a sink is given, with what it reported and what it left out. */
export function aContext(changes: Partial<SinkContext> = {}) {
  const events: InternalEvent[] = [];
  const dead: DeadSamples[] = [];
  const context: SinkContext = {
    clock: systemClock,
    report: (event) => events.push(event),
    publisherId: 'hypermeter',
    keep: async (letters) => {
      dead.push(letters);
    },
    ...changes,
  };
  return { context, events, dead };
}
