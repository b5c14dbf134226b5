import { execFileSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { cutPoll, type SliceState } from '../../../connectors/slices.ts';
import { type Keeper, startKeeper } from '../../../pipeline/inventory/keeper.ts';
import { openKeeperLog } from '../../../pipeline/inventory/keeper-log.ts';
import type { EntryView } from '../../../pipeline/inventory/view.ts';
import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { type Cluster, openCluster } from '../../../pipeline/kafka/cluster.ts';
import { readCompacted } from '../../../pipeline/kafka/compacted.ts';
import { KafkaError } from '../../../pipeline/kafka/kafka-error.ts';
import { partitionOf } from '../../../pipeline/kafka/murmur2.ts';
import { openProducer } from '../../../pipeline/kafka/producer.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { available, pythonHome } from '../../services/service.ts';
import { configured, listening, unique } from '../kafka/fixtures.ts';
import { SECOND, vm, who } from './listings.ts';

const RULES = { retention: 12 * SECOND, refresh: 3600 * SECOND };
const ALL = Array.from({ length: 24 }, (_, n) => n + 1);

/** A raw topic with a collector, and keepers of its inventory. */
async function rig(brokers: 'embedded' | readonly string[]) {
  const { events, context } = listening();
  const [raw, topic] = [unique('raw'), unique('inventory')];
  const words = {
    brokers,
    group: raw,
    topics: { raw },
    librdkafka: { 'heartbeat.interval.ms': 500, 'session.timeout.ms': 6000 },
  };
  const cluster: Cluster = await openCluster(configured(words), context);
  onTestFinished(() => cluster.close());
  const partitions = await ensureTopic(cluster, { name: raw, partitions: 4, replication: 1 });
  const producer = await openProducer(cluster, raw);
  onTestFinished(() => producer.close());
  const state: SliceState = new Map();
  const slicing = { partitions, partitionOf, collector: 'c1', generation: 1, identityEveryUs: SECOND };
  let sequence = 0;

  /** A poll of a host that lists these instances, every second. */
  const polled = async (hypervisor: string, numbers: readonly number[]) => {
    const at = systemClock.now();
    const instances = numbers.map((n) => vm(n, { identity: who({ name: `vm${n}`, host: hypervisor }) }));
    const when = { sequence: sequence++, scheduledAt: at, startedAt: at, endedAt: at, interval: SECOND };
    const whole = {
      kind: 'libvirt',
      hypervisor,
      bootedAt: null,
      partial: null,
      calls: 1,
      hosts: [],
      instances,
      ...when,
    };
    const slices = cutPoll(state, whole, slicing);
    await producer.send(slices.map((slice, partition) => ({ partition, value: encodeSnapshot(slice) })));
  };
  const keepers: Keeper[] = [];
  const keep = (open = () => openKeeperLog(cluster, { topic, group: `${raw}.inventory`, partitions })): Keeper => {
    const keeper = startKeeper({ open, rules: RULES, since: 60 * SECOND, ...context });
    keepers.push(keeper);
    return keeper;
  };
  onTestFinished(async () => {
    await Promise.all(keepers.map((keeper) => keeper.stop()));
  });

  /** What the topic holds, by the number of the instance, and how many messages there are. */
  const kept = async () => {
    const entries = new Map<number, EntryView>();
    let messages = 0;
    await readCompacted(cluster, topic, [...Array(partitions).keys()], ({ key, value, partition }) => {
      messages++;
      const uuid = Buffer.from(key.replaceAll('-', ''), 'hex');
      expect(partition).toBe(partitionOf(uuid, partitions));
      const number = uuid.readUInt32BE(12);
      if (value === null) entries.delete(number);
      else entries.set(number, JSON.parse(value.toString()));
    });
    return { entries, messages };
  };
  /** Where everything is, once a host was polled again. */
  const placedAfter = async (hypervisor: string, numbers: readonly number[]) => {
    await polled(hypervisor, numbers);
    return placed((await kept()).entries);
  };
  return { events, topic, cluster, polled, placedAfter, keep, kept, partitions };
}

const placed = (entries: ReadonlyMap<number, EntryView>): readonly string[] =>
  [...entries].sort(([a], [b]) => a - b).map(([n, { host, presence }]) => `${n} ${host} ${presence}`);
const on = (host: string, numbers: readonly number[], presence = 'seen') =>
  numbers.map((n) => `${n} ${host} ${presence}`);

const PATIENT = { timeout: 60_000, interval: 300 };
/** Of another's program. */
const LIMITED = { encoding: 'utf8', timeout: 60_000 } as const;

/** What one keeper kept of all, and another goes on with, four being gone by then. */
async function handedOver(brokers: 'embedded' | readonly string[]) {
  const rigged = await rig(brokers);
  const { polled, placedAfter, keep, kept } = rigged;
  const first = keep();
  // Where there is nothing yet it begins at the end, which it has to know first.
  await expect.poll(() => placedAfter('h1', ALL), PATIENT).toEqual(on('h1', ALL));
  const before = (await kept()).messages;
  await polled('h1', ALL);
  await first.stop();
  expect((await kept()).messages, 'being seen again is no change').toBe(before);

  const some = ALL.filter((n) => n > 4);
  keep();
  return { ...rigged, some, before };
}

describe('the inventory topic', () => {
  it('is kept on the embedded broker, by one after the other', async () => {
    const { placedAfter, some } = await handedOver('embedded');
    // It takes the broker a while to believe that the first has left: by then they are to be forgotten.
    await expect.poll(() => placedAfter('h1', some), PATIENT).toEqual(on('h1', some));
  });

  it('is tried again where it cannot be opened, and nobody waits for it', async () => {
    const { events, placedAfter, keep, cluster, topic, partitions } = await rig('embedded');
    let tries = 0;
    keep(() => {
      if (tries++ === 0) return Promise.reject(new KafkaError('no such luck'));
      return openKeeperLog(cluster, { topic, group: 'again', partitions });
    });
    await expect.poll(() => placedAfter('h1', [1]), PATIENT).toEqual(on('h1', [1]));
    const failed = events.filter(({ event }) => event === 'inventory.failed');
    expect(failed).toMatchObject([{ error: { message: 'no such luck' } }]);
  });

  it('is left alone where its partitions are not those of the raw topic', async () => {
    const { events, keep, cluster, topic, partitions } = await rig('embedded');
    const keeper = keep(() => openKeeperLog(cluster, { topic, group: 'other', partitions: partitions + 1 }));
    await expect.poll(() => events.some(({ event }) => event === 'inventory.failed'), PATIENT).toBe(true);
    const [told] = events.filter((event) => event.event === 'inventory.failed');
    expect(told?.error.message).toMatch(/has 4 partitions and .* has 5: delete it/);
    await keeper.stop();
  });
});

const python = await available('python');

describe.skipIf(!(await available('kafka')))('the inventory topic on a Kafka cluster [kafka]', () => {
  const BROKERS = ['127.0.0.1:19092'];

  it('is kept by one after the other', async () => {
    const { placedAfter, kept, some, before } = await handedOver(BROKERS);
    const gone = on('h1', [1, 2, 3, 4], 'gone');
    await expect.poll(() => placedAfter('h1', some), PATIENT).toEqual([...gone, ...on('h1', some)]);
    await expect.poll(() => placedAfter('h1', some), PATIENT).toEqual(on('h1', some));
    expect((await kept()).messages, 'only what changed was written').toBe(before + 8);
  });

  it('is kept by two that share it, through their coming and going', async () => {
    const { events, polled, placedAfter, keep, kept } = await rig(BROKERS);
    const first = keep();
    await expect.poll(() => placedAfter('h1', ALL), PATIENT).toEqual(on('h1', ALL));
    keep();
    for (let n = 0; n < 6; n++) {
      await polled('h1', []);
      await polled('h2', ALL);
      await systemClock.sleep(500);
    }
    await first.stop();
    await expect
      .poll(async () => {
        await polled('h1', []);
        await polled('h2', ALL);
        return placed((await kept()).entries);
      }, PATIENT)
      .toEqual(on('h2', ALL));
    expect(events.filter(({ event }) => event === 'inventory.failed')).toEqual([]);
  });

  it.skipIf(!python)('is compacted, and read by a foreign client [python]', async () => {
    const { placedAfter, keep, topic } = await rig(BROKERS);
    keep();
    await expect.poll(() => placedAfter('h1', [7]), PATIENT).toEqual(on('h1', [7]));
    const script = new URL('../../../docs/examples/print-inventory.py', import.meta.url).pathname;
    const told = execFileSync(`${pythonHome}/bin/python`, [script, BROKERS.join(','), topic], LIMITED);
    expect(told).toMatch(/^00000000-0000-0000-0000-000000000007 vm7 h1 seen\n$/);
    const policy = execFileSync(
      `${pythonHome}/bin/python`,
      [
        '-c',
        'import sys\nfrom confluent_kafka.admin import AdminClient, ConfigResource as R\n' +
          "a, c = AdminClient({'bootstrap.servers': sys.argv[1]}), [R('topic', sys.argv[2])]\n" +
          "print([f.result()['cleanup.policy'].value for f in a.describe_configs(c).values()][0])",
        BROKERS.join(','),
        topic,
      ],
      LIMITED,
    );
    expect(policy).toBe('compact\n');
  });
});
