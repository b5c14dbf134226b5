import type { RawConsumer } from '../kafka/raw-consumer.ts';
import { createDecoder, decodeMessage } from '../operators/decode.ts';
import { createJudge, type Judge, type Law } from './judge.ts';
import type { Published } from './published.ts';
import { type Audit, copiesIn, sumUp } from './report.ts';

export interface AuditDeps {
  /** Of the raw topic, in the group whose pipelines are audited; nothing is committed. */
  readonly consumer: RawConsumer;
  readonly partitions: number;
  readonly law: Law;
  /** Wall clock, microseconds. */
  readonly now: () => number;
  /** Everything that silence has closed must be published too: the pipelines had time for it. */
  readonly final: boolean;
  /** Told now and then: messages read, and how many there are. */
  readonly progress: (read: number, of: number) => void;
  readonly signal: AbortSignal;
}

/** What a message may lag behind its time in the log: see the pipeline's look at the ends. */
const SKEW_US = 2e6;

/**
 * Reads the whole raw topic as it is now, meters it again and holds what was published against that, and against plain
 * arithmetic. What the group has committed must have been published; what came after may be.
 */
export async function audit(deps: AuditDeps, published: Published): Promise<Audit> {
  const { consumer, partitions, law, now, final, progress, signal } = deps;
  const copies = copiesIn(published);
  const indices = Array.from({ length: partitions }, (_, index) => index);
  const committed = await consumer.committed(indices);
  const extents = await Promise.all(indices.map((index) => consumer.watermarkOffsets(index)));
  const judges = indices.map(() => createJudge(law, published));
  const at = now() - SKEW_US;
  const total = extents.reduce((sum, { low, high }) => sum + high - low, 0);
  consumer.assign(extents.map(({ low }, partition) => ({ partition, offset: low })));
  const decoder = createDecoder();
  const next = extents.map(({ low }) => low);
  const left = (): number =>
    extents.reduce((sum, { high }, index) => sum + Math.max(0, high - (next[index] as number)), 0);
  while (left() > 0) {
    signal.throwIfAborted();
    for (const message of await consumer.pull()) {
      const { partition, offset, timestampUs, value } = message;
      if (offset >= (extents[partition]?.high ?? 0)) continue;
      next[partition] = offset + 1;
      const decoded = decodeMessage(decoder, message);
      // What cannot be read is a dead letter of the pipeline, which counts nothing of it.
      if (!('batch' in decoded)) continue;
      const isDue = final || offset < (committed.get(partition) ?? 0);
      const record = { offset, time: timestampUs, length: value.length };
      (judges[partition] as Judge).take(decoded.batch, record, isDue).forEach(decoder.giveBack);
    }
    progress(total - left(), total);
  }
  const verdicts = judges.map((judge) => judge.close(at, final));
  return sumUp(verdicts, published, copies);
}
