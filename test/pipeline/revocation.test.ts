import { expect, test } from 'vitest';
import { encodeSnapshot } from '../../avro/codec.ts';
import type { RawMessage } from '../../pipeline/kafka/intake.ts';
import type { RawConsumer } from '../../pipeline/kafka/raw-consumer.ts';
import type { Membership } from '../../pipeline/kafka/rebalance.ts';
import { select } from '../../pipeline/model/meters.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { startPipeline } from '../../pipeline/pipeline.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { createMemoryStore } from '../../pipeline/state/memory.ts';
import type { StateStore } from '../../pipeline/state/store.ts';
import { pollOf, received, rulesOf, SECOND } from './model/polls.ts';
import { handClock } from './runtime/hand-clock.ts';
import { deliveryTo } from './sinks/a-parcel.ts';
import { aLog } from './state/a-log.ts';

const START = 1_700_000_040;
const messageAt = (offset: number): RawMessage => {
  const at = START + 30 * offset;
  const value = encodeSnapshot(pollOf(at, [received(at, BigInt(offset))]));
  return { partition: 0, offset, timestampUs: at * SECOND, value };
};

/** A consumer that gives what the test puts into it, and the owner that joined. */
function aConsumer() {
  const { log } = aLog({ high: 0 });
  const queue: (readonly RawMessage[])[] = [];
  let owner: Membership | undefined;
  const consumer: RawConsumer = {
    ...log,
    topic: 'raw',
    join: (joined) => {
      owner = joined;
    },
    assign: () => undefined,
    pull: async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return queue.shift() ?? [];
    },
    seek: async () => undefined,
    owned: () => [0],
    ends: async () => new Map(),
    close: async () => undefined,
  };
  const give = (...offsets: readonly number[]): void => void queue.push(offsets.map(messageAt));
  return { consumer, give, owner: () => owner as Membership };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

test('a partition that could not be given back in time is whole again for whoever takes it on, also if we do', async () => {
  const clock = handClock();
  const events: InternalEvent[] = [];
  const report = (event: InternalEvent): void => void events.push(event);
  const { consumer, give, owner } = aConsumer();
  const memory = createMemoryStore(consumer, clock, 0, report);
  const order: string[] = [];
  let answer = (): void => undefined;
  const silence = new Promise<void>((resolve) => (answer = resolve));
  const store: StateStore = {
    ...memory,
    take: async (partitions, signal) => {
      order.push('take');
      return memory.take(partitions, signal);
    },
    checkpoint: async (each, signal) => {
      await silence;
      return memory.checkpoint(each, signal);
    },
    release: async (partitions, signal) => {
      order.push('release');
      await memory.release(partitions, signal);
    },
  };
  const published: Sample[] = [];
  const sink = {
    name: 'by hand',
    publish: async (batch: readonly Sample[]) => void published.push(...batch),
    close: async () => undefined,
  };
  const pipeline = startPipeline({
    consumer,
    store,
    checkpointEvery: 0,
    deadLetters: {
      keep: async () => undefined,
      send: async () => ({ bytes: 0, refusal: null }),
      close: async () => undefined,
    },
    delivery: deliveryTo([sink]),
    rules: rulesOf(),
    deriveRules: { selection: select(['network.incoming.bytes.delta']), gauges: 'last' },
    rewind: 0,
    clock,
    report,
  });
  await owner().onAssign([0]);
  give(0, 1, 2);
  await soon();
  const given = owner().onRevoke([0]);
  await soon();
  expect(order).toEqual(['take']);
  await clock.advance(30_000);
  await given;
  expect(order).toEqual(['take', 'release']);
  expect([...pipeline.owned()]).toEqual([]);
  await owner().onAssign([0]);
  answer();
  give(0, 1, 2, 3, 4, 5);
  await soon();
  expect(order).toEqual(['take', 'release', 'take']);
  expect(published.map(({ volume }) => volume)).toEqual([2, 2]);
  expect(events.filter(({ event }) => event === 'state.fenced')).toEqual([]);
  expect([...pipeline.owned()]).toHaveLength(1);
  const stopping = new AbortController();
  stopping.abort();
  await pipeline.stop(stopping.signal);
});
