import { describe, expect, test } from 'vitest';
import type { Parcel } from '../../connectors/gather.ts';
import { createOutbox } from '../../connectors/outbox.ts';
import { KafkaError } from '../../pipeline/kafka/kafka-error.ts';
import { DeliveryError, type Outgoing } from '../../pipeline/kafka/raw-producer.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { handClock } from './hand-clock.ts';

const parcel = (partition: number, text: string, hypervisor = 'kvm1'): Parcel => ({
  hypervisor,
  partition,
  value: Buffer.from(text),
});
const texts = (messages: readonly Outgoing[]) => messages.map(({ partition, value }) => `${partition}:${value}`);
const down = new KafkaError('no broker');

/** An outbox on a producer that does what the test says. */
function wired(send: (messages: readonly Outgoing[]) => Promise<void>, maxBytes?: number) {
  const clock = handClock();
  const events: InternalEvent[] = [];
  const sent: string[][] = [];
  const outbox = createOutbox({
    clock,
    lingerMs: 200,
    report: (event) => void events.push(event),
    producer: {
      send: (messages) => {
        sent.push(texts(messages));
        return send(messages);
      },
    },
    ...(maxBytes !== undefined && { maxBytes }),
  });
  return { clock, events, sent, outbox };
}

describe('the outbox', () => {
  test('lets slices of several polls share a message', async () => {
    const { clock, events, sent, outbox } = wired(async () => undefined);
    outbox.put([parcel(0, 'a'), parcel(1, 'b')]);
    await clock.advance(199);
    outbox.put([parcel(0, 'c', 'kvm2'), parcel(1, 'd', 'kvm2')]);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual([['0:ac', '1:bd']]);
    expect(events).toEqual([{ event: 'slices.sent', slices: 4, messages: 2, bytes: 4 }]);
  });

  test('sends one batch at a time: what comes meanwhile is gathered', async () => {
    let acknowledge: () => void = () => undefined;
    const { clock, sent, outbox } = wired(
      () =>
        new Promise((resolve) => {
          acknowledge = resolve;
        }),
    );
    outbox.put([parcel(0, 'a')]);
    await clock.advance(1000);
    outbox.put([parcel(0, 'b')]);
    await clock.advance(1000);
    outbox.put([parcel(0, 'c')]);
    await clock.advance(1000);
    expect(sent).toEqual([['0:a']]);
    acknowledge();
    await clock.advance(200);
    expect(sent).toEqual([['0:a'], ['0:bc']]);
  });

  test('repeats what was not acknowledged, before anything newer, and reports both', async () => {
    let attempts = 0;
    const { clock, events, sent, outbox } = wired(async (messages) => {
      attempts++;
      if (attempts <= 2) throw new DeliveryError(down, messages.slice(1), []);
    });
    outbox.put([parcel(0, 'a', 'kvm1'), parcel(1, 'b', 'kvm2'), parcel(2, 'c', 'kvm2')]);
    await clock.advance(200);
    outbox.put([parcel(2, 'd')]);
    await clock.advance(4000);
    expect(sent).toEqual([['0:a', '1:b', '2:c'], ['1:b', '2:c'], ['2:c'], ['2:d']]);
    expect(
      events.map((event) => (event.event === 'slices.failed' ? `failed ${event.hypervisor}` : event.event)),
    ).toEqual(['slices.sent', 'failed kvm2', 'slices.sent', 'failed kvm2', 'slices.sent', 'slices.sent']);
  });

  test('reports what no broker will ever take, and goes on', async () => {
    const { clock, events, sent, outbox } = wired(async (messages) => {
      if (sent.length === 1) throw new DeliveryError(down, [], messages.slice(0, 1));
    });
    outbox.put([parcel(0, 'huge'), parcel(1, 'b')]);
    await clock.advance(200);
    outbox.put([parcel(0, 'c')]);
    await clock.advance(200);
    expect(sent).toEqual([['0:huge', '1:b'], ['0:c']]);
    expect(events).toMatchObject([
      { event: 'slices.sent', slices: 1 },
      { event: 'slices.lost', hypervisor: 'kvm1', reason: 'refused', slices: 1 },
      { event: 'slices.sent' },
    ]);
  });

  test('has no room while too much is unacknowledged', async () => {
    let acknowledge: () => void = () => undefined;
    const send = () =>
      new Promise<void>((resolve) => {
        acknowledge = resolve;
      });
    const { clock, outbox } = wired(send, 10);
    outbox.put([parcel(0, '123456789')]);
    expect(outbox.hasRoom()).toBe(true);
    outbox.put([parcel(0, '0')]);
    expect(outbox.hasRoom()).toBe(false);
    await clock.advance(200);
    expect(outbox.hasRoom()).toBe(false);
    acknowledge();
    await clock.advance(0);
    expect(outbox.hasRoom()).toBe(true);
  });

  test('sends what is left when it is closed, without lingering', async () => {
    const { clock, sent, outbox } = wired(async () => undefined);
    outbox.put([parcel(0, 'a')]);
    const closed = outbox.close(5000);
    await clock.advance(0);
    await Promise.all([closed, outbox.close(5000), outbox.done]);
    expect(sent).toEqual([['0:a']]);
  });

  test('ends by the deadline and reports what it could not deliver', async () => {
    const { clock, events, outbox } = wired(async (messages) => {
      throw new DeliveryError(down, messages, []);
    });
    outbox.put([parcel(0, 'a', 'kvm1')]);
    await clock.advance(200);
    outbox.put([parcel(0, 'b', 'kvm2')]);
    const closed = outbox.close(3000);
    await clock.advance(3000);
    await Promise.all([closed, outbox.done]);
    expect(events.filter(({ event }) => event === 'slices.lost')).toMatchObject([
      { hypervisor: 'kvm1', reason: 'stopped', slices: 1 },
      { hypervisor: 'kvm2', reason: 'stopped', slices: 1 },
    ]);
  });

  test('tells each slice once whether it was delivered', async () => {
    const told: string[] = [];
    const asked = (partition: number, text: string): Parcel => ({
      ...parcel(partition, text),
      settled: (delivered) => void told.push(`${text} ${delivered}`),
    });
    let attempts = 0;
    const { clock, outbox } = wired(async (messages) => {
      attempts++;
      // At first b is refused for good and c is worth another attempt; d finds no broker at all.
      if (attempts === 1) throw new DeliveryError(down, messages.slice(2), messages.slice(1, 2));
      if (attempts > 2) throw new DeliveryError(down, messages, []);
    });
    outbox.put([asked(0, 'a'), asked(1, 'b'), asked(2, 'c')]);
    await clock.advance(200);
    expect(told).toEqual(['a true', 'b false']);
    await clock.advance(2000);
    expect(told).toEqual(['a true', 'b false', 'c true']);
    outbox.put([asked(0, 'd')]);
    await clock.advance(200);
    outbox.put([asked(1, 'e')]);
    const closed = outbox.close(3000);
    await clock.advance(3000);
    await Promise.all([closed, outbox.done]);
    expect(told.slice(3)).toEqual(['d false', 'e false']);
  });

  test('fails when the producer can do nothing any more', async () => {
    const fatal = new KafkaError('fenced', { fatal: true });
    const { clock, events, outbox } = wired(async (messages) => {
      throw new DeliveryError(fatal, messages, []);
    });
    const done = expect(outbox.done).rejects.toThrow('fenced');
    outbox.put([parcel(0, 'a')]);
    await clock.advance(200);
    await done;
    expect(events).toMatchObject([{ event: 'slices.lost', hypervisor: 'kvm1', reason: 'stopped', slices: 1 }]);
  });
});
