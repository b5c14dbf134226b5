import type { KafkaConsumer, LibrdKafkaError, TopicPartition } from 'node-rdkafka';
import type { Clock } from '../runtime/clock.ts';
import { LATE, orLate } from '../runtime/deadline.ts';
import type { Intake } from './intake.ts';
import { KafkaError, textOf } from './kafka-error.ts';

/**
 * What the owner of a partition does when it comes and goes. Never called twice at once. No message of a partition is
 * handed out before `onAssign` for it resolved, nor after `onRevoke` was called; `pull` waits meanwhile.
 */
export interface Membership {
  /**
   * Where to begin with each partition: null or missing means at the group's committed offset, else at the oldest.
   * If it rejects or takes longer than the budget the consumer fails, as it must not read what it does not own.
   */
  onAssign(partitions: readonly number[]): Promise<ReadonlyMap<number, number | null>>;
  /** Stop, checkpoint and commit. After the budget the partitions go whether or not it is done. */
  onRevoke(partitions: readonly number[]): Promise<void>;
}

export interface RebalanceDeps {
  readonly client: KafkaConsumer;
  readonly topic: string;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly budgetMs: number;
  /** Told of a revocation that went wrong. */
  readonly trouble: (error: KafkaError) => void;
}

export const ERR_ASSIGN_PARTITIONS = -175;
export const ERR_REVOKE_PARTITIONS = -174;

/** Gives the partitions their start offsets and starts them. Rejects with a KafkaError if the owner could not take them. */
export async function takeOn(partitions: readonly number[], owner: Membership, deps: RebalanceDeps): Promise<void> {
  const { client, topic, intake } = deps;
  await intake.settled();
  try {
    const starts = await inBudget(owner.onAssign(partitions), 'taking on', partitions, deps);
    client.incrementalAssign(partitions.map((partition) => at(topic, partition, starts.get(partition) ?? null)));
    intake.own(partitions);
  } catch (cause) {
    // librdkafka waits for an answer for ever: take them, and hand nothing out.
    client.incrementalAssign(partitions.map((partition) => at(topic, partition, null)));
    throw cause;
  }
}

/** Lets the owner finish, then gives the partitions back; never rejects, as others wait for them. */
export async function giveBack(partitions: readonly number[], owner: Membership, deps: RebalanceDeps): Promise<void> {
  const { client, topic, intake } = deps;
  await intake.settled();
  await finish(partitions, owner, deps);
  await intake.settled();
  intake.disown(partitions);
  const given = partitions.map((partition) => ({ topic, partition }));
  // A paused partition stays paused when it is given back, also for whoever takes it on next: us, perhaps.
  client.resume(given);
  client.incrementalUnassign(given);
}

/** The owner's part of giving back. */
export async function finish(partitions: readonly number[], owner: Membership, deps: RebalanceDeps): Promise<void> {
  if (partitions.length === 0) return;
  try {
    await inBudget(owner.onRevoke(partitions), 'giving back', partitions, deps);
  } catch (error) {
    deps.trouble(error instanceof KafkaError ? error : new KafkaError(textOf(error), { cause: error }));
  }
}

/** The answer of a consumer that closes or has failed: librdkafka is satisfied, nobody is asked. */
export function answerBare(
  error: LibrdKafkaError,
  assignment: readonly TopicPartition[],
  { client, trouble }: RebalanceDeps,
): void {
  try {
    if (error.code === ERR_ASSIGN_PARTITIONS) client.incrementalAssign([...assignment]);
    else client.incrementalUnassign([...assignment]);
  } catch (cause) {
    if (client.isConnected()) trouble(new KafkaError(`a rebalance could not be answered: ${textOf(cause)}`, { cause }));
  }
}

const at = (topic: string, partition: number, offset: number | null) =>
  offset === null ? { topic, partition } : { topic, partition, offset };

async function inBudget<T>(
  work: Promise<T>,
  doing: string,
  partitions: readonly number[],
  { clock, budgetMs, topic, trouble }: RebalanceDeps,
): Promise<T> {
  const what = `${doing} partitions ${partitions.join(', ')} of ${topic}`;
  const failed = (cause: unknown) => new KafkaError(`${what} failed: ${textOf(cause)}`, { cause });
  const outcome = await orLate(clock, budgetMs, work, (error) => trouble(failed(error))).catch((cause: unknown) => {
    throw failed(cause);
  });
  if (outcome === LATE) throw new KafkaError(`${what} took longer than ${budgetMs} ms`);
  return outcome as T;
}
