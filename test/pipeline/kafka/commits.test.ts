import { describe, expect, test } from 'vitest';
import { createCommits, isRebalancing, type PartitionOffset } from '../../../pipeline/kafka/commits.ts';
import { KafkaError } from '../../../pipeline/kafka/kafka-error.ts';

const offsets = (...pairs: readonly (readonly [number, number])[]): PartitionOffset[] =>
  pairs.map(([partition, offset]) => ({ partition, offset }));
const answered = (given: readonly PartitionOffset[]) => given.map((one) => ({ topic: 't', ...one }));

describe('commits and their outcomes', () => {
  test('find each other, in whatever order they come', async () => {
    const commits = createCommits(() => undefined, 't', 'g');
    const first = commits.commit(offsets([0, 5], [1, 6]));
    const second = commits.commit(offsets([0, 7]));
    commits.settle(new Error('not now'), answered(offsets([0, 7])));
    commits.settle(null, answered(offsets([1, 6], [0, 5])));
    await expect(first).resolves.toBeUndefined();
    await expect(second).rejects.toThrow('group g could not commit offsets of topic t: not now');
  });

  test('equal ones settle one by one', async () => {
    const commits = createCommits(() => undefined, 't', 'g');
    const both = [commits.commit(offsets([0, 5])), commits.commit(offsets([0, 5]))];
    commits.settle(null, answered(offsets([0, 5])));
    commits.settle(new Error('second'), answered(offsets([0, 5])));
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('one that cannot be sent, and those that are abandoned, reject', async () => {
    const refusing = createCommits(
      () => {
        throw new Error('erroneous state');
      },
      't',
      'g',
    );
    await expect(refusing.commit(offsets([0, 1]))).rejects.toThrow('erroneous state');
    const commits = createCommits(() => undefined, 't', 'g');
    const waiting = commits.commit(offsets([0, 1]));
    commits.abandon(new KafkaError('closed'));
    await expect(waiting).rejects.toThrow('closed');
  });
});

test.each([
  [22, true],
  [27, true],
  [25, false],
  [undefined, false],
])('an error %s of a commit passes with the rebalance: %s', (code, passes) => {
  expect(isRebalancing(new KafkaError('refused', { cause: Object.assign(new Error(), { code }) }))).toBe(passes);
});
