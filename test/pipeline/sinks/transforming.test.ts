import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { createDelivery, sinkConfig } from '../../../pipeline/sinks/registry.ts';
import { type Sink, SinkError } from '../../../pipeline/sinks/sink.ts';
import { transforming } from '../../../pipeline/sinks/transforming.ts';
import { aContext } from './a-context.ts';
import { parcelOf } from './a-parcel.ts';
import { aSample } from './a-sample.ts';

const MINUTE = 60_000_000;
const DELTA = [{ name: 'delta', parameters: {} }] as const;
const at = (minute: number, volume: number, size = MINUTE): Sample => {
  const end = aSample().timestamp + minute * MINUTE;
  return aSample({ volume, timestamp: end, windowEnd: end, windowStart: end - size, messageId: `${size} ${minute}` });
};

/** A sink that fails as often as it is told to. */
function aSink(failures = 0) {
  const batches: (readonly Sample[])[] = [];
  let left = failures;
  const sink: Sink = {
    name: 'mine',
    async publish(batch) {
      if (left-- > 0) throw new SinkError('mine', 'is away');
      batches.push(batch);
    },
    close: async () => {},
  };
  return { sink, volumes: () => batches.map((batch) => batch.map(({ volume }) => volume)) };
}
const { signal } = new AbortController();

describe('transforming', () => {
  it('is the sink itself where there is nothing to do', () => {
    const { sink } = aSink();
    expect(transforming(sink, undefined, aContext().context)).toBe(sink);
    expect(transforming(sink, [], aContext().context)).toBe(sink);
  });

  it('gives the sink what the transformers make, and nothing where they make nothing', async () => {
    const { sink, volumes } = aSink();
    const { context, events } = aContext();
    const transformed = transforming(sink, DELTA, context);
    await transformed.publish([at(0, 5)], signal);
    await transformed.publish([at(1, 7), at(2, 12)], signal);
    expect(volumes()).toEqual([[2, 5]]);
    expect(events).toEqual([
      { event: 'sample.untransformed', sink: 'mine', transformer: 'delta', reason: 'no_predecessor', count: 1 },
    ]);
  });

  it('does not put a batch through twice that is offered again', async () => {
    const { sink, volumes } = aSink(2);
    const transformed = transforming(sink, DELTA, aContext().context);
    await transformed.publish([at(0, 5)], signal);
    const batch = [at(1, 7), at(2, 12)];
    await expect(transformed.publish(batch, signal)).rejects.toThrow('is away');
    await expect(transformed.publish([...batch], signal)).rejects.toThrow('is away');
    await transformed.publish(batch, signal);
    await transformed.publish([at(3, 13)], signal);
    expect(volumes()).toEqual([[2, 5], [1]]);
  });

  it('keeps windows of different sizes apart', async () => {
    const { sink, volumes } = aSink();
    const transformed = transforming(sink, DELTA, aContext().context);
    await transformed.publish([at(0, 5), at(0, 500, 5 * MINUTE), at(1, 7), at(5, 600, 5 * MINUTE), at(2, 8)], signal);
    expect(volumes()).toEqual([[2, 1, 100]]);
  });

  it('goes around what tries again: each batch goes through once', async () => {
    const { context, events } = aContext();
    const path = '/proc/no/such/file';
    const config = sinkConfig.parse({ type: 'file', path, transformers: [{ name: 'delta' }] });
    const stop = new AbortController();
    const clock = { ...context.clock, sleep: async () => undefined };
    const report = (event: (typeof events)[number]): void => {
      events.push(event);
      if (events.filter((each) => each.event === 'publish.failed').length === 3) stop.abort();
    };
    const delivery = createDelivery([config], { ...context, clock, report });
    const { delivered } = await delivery.offer(parcelOf([at(0, 1), at(1, 2)]), stop.signal);
    await expect(delivered).rejects.toThrow();
    expect(events.filter(({ event }) => event === 'sample.untransformed')).toHaveLength(1);
    await delivery.close();
  });
});
