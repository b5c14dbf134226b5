import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { SliceBatch } from '../../../avro/batch.ts';
import { createDecoder, decode } from '../../../pipeline/operators/decode.ts';
import { pullOf } from '../../../pipeline/operators/pull.ts';
import { message, quiet, unreadable } from './pulls.ts';

const encoded = (offset: number, rxBytes: bigint): Buffer => message(offset, 10, rxBytes).value;
/** What the one nic of a batch has received; its counter follows the statistics of the instance itself. */
const received = (batch: SliceBatch | undefined) => batch?.lo[batch.valueStart[1] as number];

describe('a decoder', () => {
  test('does not overwrite a batch that is held', () => {
    const decoder = createDecoder();
    const held = decoder.read(encoded(0, 1n));
    const next = decoder.read(encoded(1, 2n));
    expect(next).not.toBe(held);
    expect([received(held), received(next)]).toEqual([1, 2]);
  });

  test('uses the columns of a batch again that was given back, once', () => {
    const decoder = createDecoder();
    const first = decoder.read(encoded(0, 1n));
    decoder.giveBack(first);
    decoder.giveBack(first);
    const second = decoder.read(encoded(1, 2n));
    expect(second).toBe(first);
    expect(decoder.read(encoded(2, 3n))).not.toBe(second);
    expect(received(second)).toBe(2);
  });

  test('does not keep a batch that nobody has any more, as when its partition was taken away', async () => {
    const decoder = createDecoder();
    const lost = new WeakRef(decoder.read(encoded(0, 1n)));
    await quiet();
    setFlagsFromString('--expose_gc');
    runInNewContext('gc')();
    expect(lost.deref()).toBeUndefined();
    expect(received(decoder.read(encoded(1, 2n)))).toBe(2);
  });

  test('keeps its columns when a value cannot be read', () => {
    const decoder = createDecoder();
    const first = decoder.read(encoded(0, 1n));
    decoder.giveBack(first);
    expect(() => decoder.read(unreadable(1).value)).toThrow('byte 0');
    expect(decoder.read(encoded(2, 3n))).toBe(first);
  });
});

describe('decoding', () => {
  test('lets an unreadable message go on beside the readable ones', async () => {
    const pull = pullOf([message(4, 10, 1n), unreadable(5), message(6, 20, 2n), unreadable(9, 3)]);
    const [decoded, ...others] = await lastValueFrom(from([pull]).pipe(decode(createDecoder()), toArray()));
    expect(others).toEqual([]);
    expect(decoded?.messages.map(({ offset, batch }) => [offset, received(batch)])).toEqual([
      [4, 1],
      [6, 2],
    ]);
    expect(decoded?.unreadable).toMatchObject([
      { partition: 0, offset: 5, value: unreadable(5).value, reason: expect.stringMatching(/^byte 0: /) },
      { partition: 3, offset: 9 },
    ]);
  });

  test('does not take a fault of ours for an unreadable message', async () => {
    const broken = {
      read: () => {
        throw new TypeError('ours');
      },
      giveBack: () => undefined,
    };
    await expect(lastValueFrom(from([pullOf([message(0, 10)])]).pipe(decode(broken)))).rejects.toThrow('ours');
  });
});
