import type { Sample } from '../model/sample.ts';
import { type Chain, createChain, type TransformerSpec } from '../model/transform/chain.ts';
import type { Sink, SinkContext } from './sink.ts';

/**
 * A sink that gets what Ceilometer's transformers make of each batch; windows of each size have a chain of their own, as
 * their counters would mix else. A batch that was not delivered and is offered again does not go through the
 * transformers a second time: what they made of it is offered again. So this goes around whatever tries again.
 */
export function transforming(
  sink: Sink,
  transformers: readonly TransformerSpec[] | undefined,
  { clock, report }: Pick<SinkContext, 'clock' | 'report'>,
): Sink {
  if (transformers === undefined || transformers.length === 0) return sink;
  const chains = new Map<number, Chain>();
  let undelivered: { readonly ids: string; readonly made: readonly Sample[] } | null = null;

  const chainOf = (size: number): Chain => {
    const chain =
      chains.get(size) ??
      createChain(transformers, (transformer, reason, count) =>
        report({ event: 'sample.untransformed', sink: sink.name, transformer, reason, count }),
      );
    chains.set(size, chain);
    return chain;
  };
  const transform = (batch: readonly Sample[]): readonly Sample[] => {
    const nowUs = clock.now();
    return bySize(batch).flatMap(([size, samples]) => chainOf(size)(samples, nowUs));
  };

  return {
    name: sink.name,
    open: async (signal) => sink.open?.(signal),
    async publish(batch, signal) {
      signal.throwIfAborted();
      const ids = batch.map(({ messageId }) => messageId).join();
      const made: readonly Sample[] = undelivered?.ids === ids ? undelivered.made : transform(batch);
      undelivered = { ids, made };
      if (made.length > 0) await sink.publish(made, signal);
      undelivered = null;
    },
    close: () => sink.close(),
  };
}

/** The samples by the size of their windows, the order within each kept. */
function bySize(batch: readonly Sample[]): readonly (readonly [number, readonly Sample[]])[] {
  const sizes = new Map<number, Sample[]>();
  for (const sample of batch) {
    const size = sample.windowEnd - sample.windowStart;
    const samples = sizes.get(size);
    if (samples === undefined) sizes.set(size, [sample]);
    else samples.push(sample);
  }
  return [...sizes];
}
