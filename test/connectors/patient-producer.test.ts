import { expect, test } from 'vitest';
import { openPatiently } from '../../connectors/patient-producer.ts';
import { KafkaError } from '../../pipeline/kafka/kafka-error.ts';
import type { RawProducer } from '../../pipeline/kafka/raw-producer.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from './hand-clock.ts';

const AWAY = new KafkaError('cannot reach Kafka', { away: true });
const REFUSED = new KafkaError('check kafka.sasl');

/** Brokers that answer each attempt as the test says; the last answer is that of all that follow. */
function wired(answers: readonly (KafkaError | number)[], presumed: number | null = 12) {
  const clock = handClock();
  const events: InternalEvent[] = [];
  const sent: string[] = [];
  let attempts = 0;
  const open = async (): Promise<RawProducer> => {
    const answer = answers[Math.min(attempts++, answers.length - 1)];
    if (typeof answer !== 'number') throw answer;
    return {
      topic: 'raw',
      partitions: answer,
      send: async (messages) => void sent.push(...messages.map(({ value }) => value.toString())),
      flush: async () => undefined,
      close: async () => undefined,
    };
  };
  const report = (event: InternalEvent): void => void events.push(event);
  const opening = openPatiently({ open, topic: 'raw', presumed, clock, report });
  return { clock, events, sent, opening, attempts: () => attempts };
}
const message = (text: string) => ({ partition: 0, value: Buffer.from(text) });

test('a producer whose brokers are there knows its topic', async () => {
  const { opening, sent } = wired([6]);
  const producer = await opening;
  expect([producer.isThere(), producer.partitions, await producer.told]).toEqual([true, 6, 6]);
  await producer.send([message('a')]);
  expect(sent).toEqual(['a']);
});

test('one whose brokers come later presumes, and sends then', async () => {
  const { clock, opening, sent, events } = wired([AWAY, AWAY, 6]);
  const producer = await opening;
  expect([producer.isThere(), producer.partitions]).toEqual([false, 12]);
  const sending = producer.send([message('a')]);
  await clock.advance(10_000);
  await sending;
  expect([producer.isThere(), producer.partitions, await producer.told]).toEqual([true, 6, 6]);
  expect(sent).toEqual(['a']);
  expect(events).toEqual([AWAY, AWAY].map((error) => ({ event: 'kafka.trouble', client: 'producer of raw', error })));
});

test('brokers that refuse are not waited for, neither at once nor later', async () => {
  await expect(wired([REFUSED]).opening).rejects.toBe(REFUSED);
  const { clock, opening } = wired([AWAY, REFUSED]);
  const sending = (await opening).send([message('a')]).catch((error: unknown) => error);
  await clock.advance(10_000);
  expect(await sending).toBe(REFUSED);
});

test('without anything presumed nobody is waited for', async () => {
  await expect(wired([AWAY], null).opening).rejects.toBe(AWAY);
});

test('one that is closed before tells what was not sent, and asks no more', async () => {
  const { clock, opening, attempts } = wired([AWAY]);
  const producer = await opening;
  const sending = producer.send([message('a')]).catch((error: unknown) => error);
  await producer.close();
  expect(await sending).toMatchObject({ undelivered: [message('a')], refused: [] });
  const before = attempts();
  await clock.advance(120_000);
  expect(attempts()).toBe(before);
});
