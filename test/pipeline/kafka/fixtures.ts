import { type KafkaConfig, kafkaConfig } from '../../../pipeline/kafka/config.ts';
import type { RawMessage } from '../../../pipeline/kafka/intake.ts';
import type { RawConsumer } from '../../../pipeline/kafka/raw-consumer.ts';
import type { Membership } from '../../../pipeline/kafka/rebalance.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';

/** A context that remembers what was reported. */
export function listening() {
  const events: InternalEvent[] = [];
  return { events, context: { clock: systemClock, report: (event: InternalEvent) => void events.push(event) } };
}

/** A configuration from words, as the schema reads it. */
export const configured = (words: object): KafkaConfig => kafkaConfig.parse(words);

/** A name that no other run has used. */
export const unique = (name: string): string => `test.${name}.${process.pid}.${Date.now().toString(36)}`;

/** Pulls until the condition holds; the test's own timeout is the limit. */
export async function pullUntil(consumer: RawConsumer, enough: (all: readonly RawMessage[]) => boolean) {
  const all: RawMessage[] = [];
  while (!enough(all)) all.push(...(await consumer.pull()));
  return all;
}

/** An owner that begins where the group stopped, commits nothing, and remembers what came and went. */
export function owner(starts: ReadonlyMap<number, number> = new Map()) {
  const came: number[][] = [];
  const went: number[][] = [];
  const membership: Membership = {
    onAssign: async (partitions) => {
      came.push([...partitions]);
      return starts;
    },
    onRevoke: async (partitions) => {
      went.push([...partitions]);
    },
  };
  return { came, went, membership };
}
