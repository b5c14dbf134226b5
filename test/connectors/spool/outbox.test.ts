import { mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { setImmediate as macrotask } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Parcel } from '../../../connectors/gather.ts';
import { createOutbox, type Overflow } from '../../../connectors/outbox.ts';
import { Spool } from '../../../connectors/spool/spool.ts';
import { KafkaError } from '../../../pipeline/kafka/kafka-error.ts';
import { DeliveryError, type Outgoing } from '../../../pipeline/kafka/raw-producer.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { handClock } from '../hand-clock.ts';
import { directory, drain, openSpool } from './directory.ts';

const parcel = (text: string, partition = 0): Parcel => ({ hypervisor: 'kvm1', partition, value: Buffer.from(text) });
const START = 1_700_000_000_000;

/** An outbox with a spool, on brokers that are away until they are not. */
async function wired(at = directory(), more: Partial<Overflow> = {}) {
  const clock = handClock(START * 1000);
  const events: InternalEvent[] = [];
  const sent: Outgoing[] = [];
  const brokers = { up: false, fatal: false, answers: true };
  const report = (event: InternalEvent) => void events.push(event);
  const spool = await Spool.open({ directory: at, maxBytes: 2 ** 23, report });
  const outbox = createOutbox({
    clock,
    lingerMs: 200,
    report,
    overflow: { spool, afterMs: 5000, memoryBytes: 1000, ...more },
    producer: {
      send: async (messages) => {
        while (!brokers.answers) await macrotask();
        if (!brokers.up) throw new DeliveryError(new KafkaError('no broker', { fatal: brokers.fatal }), messages, []);
        sent.push(...messages);
      },
    },
  });
  outbox.done.catch(() => undefined);
  onTestFinished(() => {
    brokers.answers = true;
  });
  /** Files take their own time. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 250) {
      await clock.advance(Math.min(250, left));
      for (let round = 0; round < 3; round++) {
        // Its turn comes after all that was begun.
        await spool.sync();
        await macrotask();
      }
    }
  };
  const texts = () => sent.map(({ value }) => value.toString()).join('');
  const names = () => events.map(({ event }) => event).filter((name) => /spool.(begun|done|failed)/.test(name));
  return { at, clock, events, names, sent, texts, brokers, spool, outbox, pass };
}

describe('an outbox with a spool', () => {
  test('leaves the spool alone while the brokers answer', async () => {
    const { outbox, brokers, spool, pass, texts, names } = await wired();
    brokers.up = true;
    outbox.put([parcel('a')]);
    await pass(10_000);
    expect([texts(), spool.slices, names()]).toEqual(['a', 0, []]);
    await outbox.close(1000);
    await spool.close();
  });

  test('keeps the traces of polls, also over a restart', async () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { outbox, spool, pass, at } = await wired();
    outbox.put([parcel('a'), { ...parcel('b'), trace }]);
    await pass(6000);
    expect(spool.slices).toBe(2);
    const closed = outbox.close(0);
    await pass(1000);
    await closed;
    await spool.close();
    const later = await wired(at);
    later.brokers.up = true;
    await later.pass(10_000);
    expect(later.texts()).toBe('ab');
    expect(later.sent.map(({ headers }) => headers)).toEqual([{ traceparent: trace }]);
    await later.outbox.close(1000);
    await later.spool.close();
  });

  test('keeps there, in order, what they do not take, and frees the memory', async () => {
    const { outbox, brokers, spool, pass, texts, names, sent } = await wired();
    for (const text of ['a', 'b', 'c', 'd', 'e']) {
      outbox.put([parcel(text)]);
      await pass(2000);
    }
    expect(spool.slices).toBe(5);
    outbox.put([parcel('x'.repeat(5000))]);
    await pass(1000);
    expect(outbox.hasRoom()).toBe(true);
    brokers.up = true;
    await pass(60_000);
    expect(texts()).toBe(`abcde${'x'.repeat(5000)}`);
    expect(spool.slices).toBe(0);
    expect(names()).toEqual(['spool.begun', 'spool.done']);
    // The record has the time of the poll.
    expect(sent[0]?.timestampMs).toBe(START);
    outbox.put([parcel('f')]);
    await pass(500);
    expect(texts().at(-1)).toBe('f');
    await outbox.close(1000);
    await spool.close();
  });

  test('spools at once what is too much for the memory', async () => {
    const { outbox, spool, pass } = await wired();
    outbox.put([parcel('a'.repeat(600))]);
    await pass(500);
    expect(spool.slices).toBe(0);
    outbox.put([parcel('b'.repeat(600))]);
    await vi.waitFor(() => expect(spool.slices).toBe(2));
    await spool.close();
  });

  test('has on disk what was on its way when the process is killed', async () => {
    const { at, outbox, brokers, pass, spool } = await wired();
    brokers.answers = false;
    outbox.put([parcel('a'), parcel('b', 1)]);
    await pass(3000);
    outbox.put([parcel('c')]);
    await pass(4000);
    expect(spool.slices).toBe(3);
    // A process that was killed lets go of its lock, and of nothing else.
    const copy = directory();
    for (const name of readdirSync(at).filter((each) => each.endsWith('.spool')))
      await import('node:fs/promises').then((fs) => fs.copyFile(`${at}/${name}`, `${copy}/${name}`));
    const next = await openSpool(copy);
    expect(await drain(next.spool)).toEqual(['a', 'b', 'c']);
    await next.spool.close();
    await spool.close();
  });

  test('waits for what it cannot read for a moment, and sends it then', async () => {
    const { at, outbox, brokers, pass, texts, spool, events } = await wired();
    outbox.put([parcel('a')]);
    await pass(6000);
    outbox.put([parcel('b')]);
    await pass(1000);
    const name = readdirSync(at).find((each) => each.endsWith('.spool'));
    renameSync(`${at}/${name}`, `${at}/away`);
    mkdirSync(`${at}/${name}`);
    brokers.up = true;
    await pass(60_000);
    const failures = events.filter(({ event }) => event === 'spool.failed').length;
    expect([texts(), spool.slices]).toEqual(['a', 1]);
    expect(failures).toBeGreaterThan(2);
    expect(failures).toBeLessThan(14);
    rmdirSync(`${at}/${name}`);
    renameSync(`${at}/away`, `${at}/${name}`);
    await pass(6000);
    expect([texts(), spool.slices]).toEqual(['ab', 0]);
    await outbox.close(1000);
    await spool.close();
  });

  test('sends first what an earlier process has left', async () => {
    const at = directory();
    const before = await openSpool(at);
    await before.spool.append([{ ...parcel('a'), timestampMs: 1 }]);
    await before.spool.close();
    const { outbox, brokers, pass, texts, spool } = await wired(at);
    brokers.up = true;
    outbox.put([parcel('b')]);
    await pass(2000);
    expect(texts()).toBe('ab');
    await outbox.close(1000);
    await spool.close();
  });

  test('leaves to the next start what it cannot send before its end', async () => {
    const { at, outbox, spool, pass, events } = await wired();
    outbox.put([parcel('a')]);
    await pass(1000);
    outbox.put([parcel('b')]);
    const closed = outbox.close(3000);
    await pass(5000);
    await closed;
    await outbox.done;
    await spool.close();
    const { spool: next } = await openSpool(at);
    expect(await drain(next)).toEqual(['a', 'b']);
    await next.close();
    expect(events.filter(({ event }) => event === 'spool.failed' || event === 'slices.lost')).toEqual([]);
  });

  test('leaves it also when the producer can do nothing any more', async () => {
    const { at, outbox, spool, pass, brokers } = await wired();
    brokers.fatal = true;
    outbox.put([parcel('a')]);
    const failed = expect(outbox.done).rejects.toThrow('no broker');
    await pass(1000);
    await failed;
    await spool.close();
    const { spool: next } = await openSpool(at);
    expect(await drain(next)).toEqual(['a']);
    await next.close();
  });

  test('goes on in memory while the disk takes nothing, up to its bound', async () => {
    const at = directory();
    const full = { taken: false };
    const { spool } = await openSpool(at);
    const clock = handClock();
    const overflow: Overflow = {
      afterMs: 1000,
      memoryBytes: 100,
      spool: {
        get slices() {
          return spool.slices;
        },
        get bytes() {
          return spool.bytes;
        },
        get sinceMs() {
          return spool.sinceMs;
        },
        append: (parcels, areTaken) =>
          full.taken
            ? spool.append(parcels, areTaken)
            : Promise.resolve({ written: 0, mark: { id: 0, at: 0, slices: 0 } }),
        read: (most) => spool.read(most),
        acknowledge: (mark) => spool.acknowledge(mark),
        sync: () => spool.sync(),
      },
    };
    const send = async (messages: readonly Outgoing[]) => {
      throw new DeliveryError(new KafkaError('no broker'), messages, []);
    };
    const outbox = createOutbox({
      clock,
      lingerMs: 0,
      report: () => undefined,
      overflow,
      maxBytes: 300,
      producer: { send },
    });
    for (let n = 0; n < 4; n++) {
      expect(outbox.hasRoom()).toBe(n < 3);
      outbox.put([parcel(String(n).repeat(100))]);
      await clock.advance(2000);
    }
    full.taken = true;
    for (let n = 0; n < 20 && spool.slices < 4; n++) {
      await clock.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await drain(spool)).toEqual(['0', '1', '2', '3'].map((digit) => digit.repeat(100)));
    await spool.close();
  });

  test('settles a poll when the brokers have it, not when it is on disk', async () => {
    const told: string[] = [];
    const asked = (text: string): Parcel => ({ ...parcel(text), settled: (sent) => void told.push(`${text} ${sent}`) });
    const { outbox, brokers, spool, pass } = await wired();
    outbox.put([asked('a')]);
    await pass(6000);
    outbox.put([asked('b')]);
    await pass(1000);
    expect([spool.slices, told]).toEqual([2, []]);
    brokers.up = true;
    await pass(60_000);
    expect(told).toEqual(['a true', 'b true']);
    await outbox.close(1000);
    await spool.close();
  });
});
