import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../pipeline/runtime/clock.ts';
import type { Link } from '../../../../pipeline/sinks/amqp/client.ts';
import { type Message, type Outgoing, sendAll } from '../../../../pipeline/sinks/amqp/confirming.ts';
import type { Draft } from '../../../../pipeline/sinks/oslo/writer.ts';

/** Messages of so many bytes that are packed when they are asked for; `packed` tells which were. */
function batchOf(ids: readonly string[], bytes: number) {
  const packed: string[] = [];
  function* drafts(): Generator<Draft> {
    for (const messageId of ids) {
      packed.push(messageId);
      yield { messageId, bytes: Buffer.alloc(bytes), from: 0, to: bytes, samples: 1 };
    }
  }
  const outgoing: Outgoing = { unconfirmed: new Set<Message>(), drafts: drafts(), oversize: [] };
  return { outgoing, packed };
}

/** A link on which the test confirms and refuses. */
function aLink() {
  const waiting = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const sent: string[] = [];
  const link: Link = {
    lost: false,
    blocked: null,
    publish: (id) =>
      new Promise((resolve, reject) => {
        sent.push(id);
        waiting.set(id, { resolve, reject });
      }),
    abandon: () => undefined,
    close: async () => undefined,
  };
  return { link, sent, settle: (id: string) => waiting.get(id) };
}

const confirming = (inFlight: number) => ({
  sink: 'amqp',
  clock: systemClock,
  writer: {
    drafts: () => ({ drafts: [].values(), oversize: [] }),
    body: ({ bytes, messageId }: Draft) => ({ body: bytes, uniqueId: messageId }),
  },
  inFlight,
  confirmTimeoutMs: 60_000,
});
const { signal } = new AbortController();
const IDS = ['a', 'b', 'c', 'd'];

describe('sending with confirmations', () => {
  it('packs no more than may be in flight', async () => {
    const { outgoing, packed } = batchOf(IDS, 1000);
    const { link, settle } = aLink();
    const all = sendAll(outgoing, link, confirming(2), signal);
    await turn();
    expect(packed).toEqual(['a', 'b']);
    settle('b')?.resolve();
    await turn();
    expect(packed).toEqual(['a', 'b', 'c']);
    for (const id of ['a', 'c']) settle(id)?.resolve();
    await turn();
    settle('d')?.resolve();
    await all;
    expect(outgoing.unconfirmed.size).toBe(0);
  });

  it('lets long messages go out before it packs the next', async () => {
    const { outgoing, packed } = batchOf(IDS, 200_000);
    const { link, settle } = aLink();
    const all = sendAll(outgoing, link, confirming(64), signal);
    const seen: number[] = [];
    while (packed.length < IDS.length) {
      seen.push(packed.length);
      await turn();
    }
    expect(new Set(seen)).toEqual(new Set([1, 2, 3]));
    for (const id of IDS) settle(id)?.resolve();
    await all;
  });

  it('sends what was not confirmed again, then what was not packed yet', async () => {
    const { outgoing, packed } = batchOf(IDS, 1000);
    const first = aLink();
    const failing = sendAll(outgoing, first.link, confirming(3), signal);
    first.settle('a')?.reject(new Error('nacked'));
    first.settle('b')?.resolve();
    first.settle('c')?.reject(new Error('nacked'));
    await expect(failing).rejects.toThrow(/a message was not confirmed: nacked/);
    expect(packed).toEqual(['a', 'b', 'c']);
    const second = aLink();
    const all = sendAll(outgoing, second.link, confirming(64), signal);
    expect(second.sent).toEqual(['a', 'c', 'd']);
    for (const id of second.sent) second.settle(id)?.resolve();
    await all;
    expect(packed).toEqual(IDS);
  });

  it('rejects with what stopped the packing, once the others under way have settled', async () => {
    const { link, settle } = aLink();
    const fault = new TypeError('a function has no JSON form');
    const { outgoing } = batchOf(['a'], 1000);
    function* failing(): Generator<Draft> {
      yield* outgoing.drafts as Generator<Draft>;
      throw fault;
    }
    let isOver = false;
    const all = sendAll({ ...outgoing, drafts: failing() }, link, confirming(64), signal).finally(() => {
      isOver = true;
    });
    const outcome = expect(all).rejects.toBe(fault);
    await turn();
    expect(isOver).toBe(false);
    settle('a')?.resolve();
    await outcome;
  });
});
