import type { KafkaContext } from '../../pipeline/kafka/client.ts';
import { systemClock } from '../../pipeline/runtime/clock.ts';

/** A topic that holds one stretch. */
export interface Topic {
  readonly name: string;
  readonly messages: number;
}

/** Trouble ends a measurement. */
export const silent: KafkaContext = {
  clock: systemClock,
  report: (event) => {
    if (event.event === 'kafka.trouble') process.stderr.write(`${event.error.message}\n`);
  },
};
