import { describe, expect, test } from 'vitest';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { openConsumer } from '../../../pipeline/kafka/consumer.ts';
import { available } from '../../services/service.ts';
import { configured, listening, owner, unique } from './fixtures.ts';
import { type LateAnswer, wayWithLateAnswer } from './late-answer.ts';

const { context, events } = listening();
const PORT = 19092;
const PARTITIONS = 4;
/** Far less than the 45 s in which a member that died without leaving is missed. */
const WITHIN_MS = 20_000;
const LATE_MS = 1000;

/** Moments at which a member may be stopped: it waits for an answer of its group. */
const MOMENTS: readonly (readonly [string, Pick<LateAnswer, 'to' | 'nth'>])[] = [
  ['it asks for an id', { to: 'join', nth: 1 }],
  ['it joins by that id', { to: 'join', nth: 2 }],
  ['it is dealt nothing yet', { to: 'sync', nth: 1 }],
  ['it joins again, as others have given something back', { to: 'join', nth: 3 }],
  ['it is dealt that', { to: 'sync', nth: 2 }],
];

describe.skipIf(!(await available('kafka')))('a member that stops while it joins its group [kafka]', () => {
  const member = async (group: string, broker: string) => {
    const librdkafka = { 'session.timeout.ms': 45_000, 'heartbeat.interval.ms': 300 };
    const words = { brokers: [broker], topics: { raw: group }, group, librdkafka };
    const cluster = await openCluster(configured(words), context);
    await ensureTopic(cluster, { name: group, partitions: PARTITIONS, replication: 1 });
    const consumer = await openConsumer(cluster);
    consumer.join(owner().membership);
    return consumer;
  };
  type Member = Awaited<ReturnType<typeof member>>;
  const pullFor = async (members: readonly Member[], ms: number, enough = () => false) => {
    const end = Date.now() + ms;
    while (Date.now() < end && !enough()) await Promise.all(members.map((consumer) => consumer.pull()));
  };

  test.each(MOMENTS)('leaves it while %s', { timeout: 120_000 }, async (_, question) => {
    const group = unique('leaving');
    const one = await member(group, `127.0.0.1:${PORT}`);
    const isAlone = () => one.owned().length === PARTITIONS;
    await pullFor([one], WITHIN_MS, isAlone);
    expect(one.owned()).toHaveLength(PARTITIONS);

    const way = await wayWithLateAnswer(PORT, { ...question, ms: LATE_MS });
    const other = await member(group, way.broker);
    await pullFor([one, other], WITHIN_MS, way.isAsked);
    expect(way.isAsked()).toBe(true);
    let hasLeft = false;
    const closed = other.close().then(() => {
      hasLeft = true;
    });
    await pullFor([one], WITHIN_MS, () => hasLeft);
    await closed;

    // Nobody is waited for who has gone: neither by those who stay nor by those who come.
    await pullFor([one], WITHIN_MS, isAlone);
    expect(one.owned()).toHaveLength(PARTITIONS);
    const next = await member(group, `127.0.0.1:${PORT}`);
    await pullFor([one, next], WITHIN_MS, () => next.owned().length > 0);
    expect(next.owned()).not.toHaveLength(0);
    await Promise.all([next.close(), pullFor([one], 500)]);
    await one.close();
    expect(events).toEqual([]);
  });
});
