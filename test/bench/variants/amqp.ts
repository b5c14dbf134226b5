import { connect } from 'amqplib';
import { METERS } from '../../../pipeline/model/meters.ts';
import type { Resource, Sample } from '../../../pipeline/model/sample.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { amqp } from '../../../pipeline/sinks/amqp/amqp.ts';
import { amqpConfig } from '../../../pipeline/sinks/amqp/config.ts';
import { createWriter } from '../../../pipeline/sinks/oslo/writer.ts';
import { answer, cpuNs, given } from '../measure.ts';

export interface AmqpArgs {
  readonly url: string;
  /** Of a message at most. */
  readonly samples: number;
  /** Batches that are published, after some that warm up; each of `INSTANCES` instances on `HOSTS` hosts. */
  readonly batches: number;
}
export interface AmqpAnswer {
  readonly samplesPerSecond: number;
  readonly cpuNsPerSample: number;
  readonly messagesPerThousand: number;
}

/** 25 instances each: their 500 samples fit into a message of the size that is the default. */
const HOSTS = 12;
const INSTANCES = 300;
const METERS_EACH = 20;
const WARM_UP = 4;
const NAME = `hypermeter-bench-${process.pid}`;

const { url, samples, batches } = given<AmqpArgs>();

/** Exchange and queue of the bench's own; the queue keeps little, so that the broker's memory does not matter. */
async function topology() {
  const model = await connect(url);
  const channel = await model.createChannel();
  await channel.assertExchange(NAME, 'topic', { durable: false });
  await channel.assertQueue(`${NAME}.sample`, { durable: false, arguments: { 'x-max-length-bytes': 1_048_576 } });
  await channel.bindQueue(`${NAME}.sample`, NAME, `${NAME}.sample`);
  return async () => {
    await channel.deleteQueue(`${NAME}.sample`);
    await channel.deleteExchange(NAME);
    await model.close();
  };
}

/** An instance's samples of one batch share a resource, as `derive` gives it; the next batch has a new one. */
const resourceOf = (index: number): Resource => ({
  id: `178b0921-8f85-4257-88b6-${String(index).padStart(12, '0')}`,
  userId: '7f3a0c1d2b4e4f5a8b9c0d1e2f3a4b5c',
  userName: null,
  projectId: 'c0ffee00aa5544d2b1e6a8b2d1f0e9c3',
  projectName: null,
  metadata: {
    display_name: `web-${index}`,
    name: `instance-${index}`,
    instance_host: `kvm${index % HOSTS}`,
    instance_type: 'm1.small',
    flavor: { id: '2', name: 'm1.small', vcpus: 1, ram: 2048, disk: 20, ephemeral: 0, swap: 0 },
    status: 'active',
    state: 'running',
    architecture: 'x86_64',
    vcpus: 1,
    memory_mb: 2048,
    disk_gb: 20,
  },
});

const names = METERS.map(({ name }) => name).slice(0, METERS_EACH);

function batch(round: number): readonly Sample[] {
  const timestamp = (1_795_000_000 + 60 * round) * 1_000_000;
  return Array.from({ length: INSTANCES }, (_, instance) => {
    const resource = resourceOf(instance);
    return names.map(
      (name, meter): Sample => ({
        name,
        type: 'cumulative',
        unit: 'ns',
        volume: BigInt(round * 1_000_000_007 + instance * 1000 + meter),
        resource,
        timestamp,
        messageId: `5a1c9d3e-c7a1-51f0-9c3e-${String(instance * 100 + meter).padStart(12, '0')}`,
        windowStart: timestamp - 60_000_000,
        windowEnd: timestamp,
        coverage: 1,
        quality: 'measured',
        flags: [],
        spread: null,
        revision: 0,
        since: null,
      }),
    );
  }).flat();
}

async function measure(): Promise<AmqpAnswer> {
  const remove = await topology();
  const settings = {
    type: 'amqp',
    url,
    exchange: NAME,
    topic: NAME,
    declare: 'check',
    inFlight: 64,
    batch: { samples },
  };
  const config = amqpConfig.parse(settings);
  const context = { clock: systemClock, report: () => {}, publisherId: 'bench', keep: async () => undefined };
  const sink = amqp.create(config, context);
  const { signal } = new AbortController();
  for (let round = 0; round < WARM_UP; round++) await sink.publish(batch(round), signal);
  const { drafts } = (await createWriter('bench', config, context, { withUniqueId: true })).drafts(batch(0));
  let seconds = 0;
  let spentNs = 0;
  for (let round = 0; round < batches; round++) {
    // Made just before, as in operation; making them is not in the figures.
    const made = batch(WARM_UP + round);
    const startedUs = systemClock.monotonic();
    const startedNs = cpuNs();
    await sink.publish(made, signal);
    seconds += (systemClock.monotonic() - startedUs) / 1_000_000;
    spentNs += cpuNs() - startedNs;
  }
  await sink.close();
  await remove();
  const count = batches * INSTANCES * names.length;
  return {
    samplesPerSecond: count / seconds,
    cpuNsPerSample: spentNs / count,
    messagesPerThousand: ([...drafts].length * 1000) / (INSTANCES * names.length),
  };
}

answer(await measure());
