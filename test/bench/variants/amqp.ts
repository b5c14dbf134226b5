import { connect } from 'amqplib';
import type { Resource, Sample } from '../../../pipeline/model/sample.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { amqp } from '../../../pipeline/sinks/amqp/amqp.ts';
import { amqpConfig } from '../../../pipeline/sinks/amqp/config.ts';
import { answer, cpuNs, given } from '../measure.ts';

export interface AmqpArgs {
  readonly url: string;
  /** Samples that a message may hold. */
  readonly perMessage: number;
  /** Batches that are measured; as many before are the warm-up. */
  readonly batches: number;
}
export interface AmqpAnswer {
  readonly samplesPerSecond: number;
  /** Of this process, the broker's not. */
  readonly cpuNsPerSample: number;
  readonly messagesPer1000: number;
}

/** As one poll of so many hosts gives them. */
const HOSTS = 16;
const INSTANCES = 20;
const METERS = 20;
const BATCH = HOSTS * INSTANCES * METERS;
const END_US = Date.UTC(2026, 10, 22, 14) * 1000;

const { url, perMessage, batches } = given<AmqpArgs>();
const never = new AbortController().signal;

async function measure(): Promise<AmqpAnswer> {
  // Names of its own: what it declares is taken away again.
  const name = `hypermeter-bench-${process.pid}`;
  const config = amqpConfig.parse({ type: 'amqp', url, exchange: name, topic: name, batch: { samples: perMessage } });
  const sink = amqp.create(config, {
    clock: systemClock,
    publisherId: 'bench',
    report: (event) => {
      throw new Error(`the sink reports ${event.event}`);
    },
    keep: () => Promise.reject(new Error('a sample was left out')),
  });
  const model = await connect(url);
  try {
    const channel = await model.createChannel();
    const queue = `${name}.sample`;
    const batch = samples();
    for (let count = 0; count < batches; count++) await sink.publish(batch, never);
    await channel.purgeQueue(queue);
    const startedUs = systemClock.monotonic();
    const since = cpuNs();
    for (let count = 0; count < batches; count++) await sink.publish(batch, never);
    const cpu = cpuNs() - since;
    const seconds = (systemClock.monotonic() - startedUs) / 1_000_000;
    const { messageCount } = await channel.checkQueue(queue);
    const published = batches * BATCH;
    await channel.deleteQueue(queue);
    await channel.deleteExchange(name);
    return {
      samplesPerSecond: published / seconds,
      cpuNsPerSample: cpu / published,
      messagesPer1000: (messageCount * 1000) / published,
    };
  } finally {
    await sink.close();
    await model.close();
  }
}

function samples(): readonly Sample[] {
  return Array.from({ length: HOSTS * INSTANCES }, (_, instance) => {
    const id = `178b0921-8f85-4257-88b6-${String(instance).padStart(12, '0')}`;
    const metadata = {
      display_name: `web-${instance}`,
      instance_host: `kvm${Math.floor(instance / INSTANCES)}`,
      instance_id: id,
      flavor: { id: '2', name: 'm1.small', vcpus: 1, ram: 2048, disk: 20, ephemeral: 0, swap: 0 },
      status: 'active',
      vcpus: 1,
      memory_mb: 2048,
    };
    const resource = { id, userId: 'u1', userName: null, projectId: 'p1', projectName: null, metadata };
    return Array.from({ length: METERS }, (_, meter) => sampleOf(resource, instance, meter));
  }).flat();
}

const sampleOf = (resource: Resource, instance: number, meter: number): Sample => ({
  name: `disk.device.read.${meter}`,
  type: 'cumulative',
  unit: 'B',
  volume: 301_230_000_000 + meter,
  resource,
  timestamp: END_US,
  messageId: `5a1c9d3e-c7a1-51f0-${String(meter).padStart(4, '0')}-${String(instance).padStart(12, '0')}`,
  windowStart: END_US - 60_000_000,
  windowEnd: END_US,
  coverage: 1,
  quality: 'measured',
  flags: [],
  since: null,
  spread: null,
  revision: 0,
});

answer(await measure());
