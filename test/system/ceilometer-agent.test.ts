import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { amqp } from '../../pipeline/sinks/amqp/amqp.ts';
import { amqpConfig } from '../../pipeline/sinks/amqp/config.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { aContext } from '../pipeline/sinks/a-context.ts';
import { aSample } from '../pipeline/sinks/a-sample.ts';
import { available } from '../services/service.ts';
import { type Accepted, startAgent, startVerifier } from './ceilometer-agent.ts';
import { ready, startProgram } from './child.ts';
import { LIBVIRT } from './guest.ts';

const SECRET = 'a secret of the test';
const RABBIT = '127.0.0.1:15673';
const BROKER = '127.0.0.1:19092';
const WINDOWS = 4;
/** What the agent says of messages and samples that it cannot use. */
const FAULTS = /Fail to process|will be dropped|[Ff]ailed to decode|Exception during message|Unknown priority/;

const services = ['ceilometer', 'rabbit', 'kafka', 'libvirt'] as const;
const here = (await Promise.all(services.map(available))).every(Boolean);

/** The exact digits of the volumes, by message id. */
const volumesOf = (samples: readonly Accepted[]) => new Map(samples.map(({ id, volume }) => [id, volume]));

function linesOf(path: string): readonly Accepted[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const { message_id: id, counter_name: name } = JSON.parse(line);
    return { id, name, volume: /"counter_volume":([^,]+),/.exec(line)?.[1] ?? '' };
  });
}

/**
 * The whole way, all of it real: guests of libvirt, Kafka between the roles, RabbitMQ and Kafka to two notification agents
 * of Ceilometer. What a file sink of the same run has is what they must have accepted.
 */
describe.skipIf(!here)('real Ceilometer agents [ceilometer] [rabbit] [kafka] [libvirt]', () => {
  it('accept everything, with the same values and good signatures', { timeout: 240_000 }, async ({ annotate }) => {
    const name = unique('accept');
    const directory = mkdtempSync(join(tmpdir(), 'hypermeter-accept-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const [config, file] = [join(directory, 'hypermeter.yaml'), join(directory, 'meters.jsonl')];
    const [overAmqp, overKafka, signedAmqp, signedKafka] = await Promise.all([
      startAgent(`rabbit://guest:guest@${RABBIT}//`, name),
      startAgent(`kafka://${BROKER}/`, name),
      startVerifier(SECRET, 'amqp', `amqp://guest:guest@${RABBIT}//`, 'ceilometer', `${name}.sample`),
      startVerifier(SECRET, 'kafka', BROKER, `${name}.sample`),
    ]);
    const before = { amqp: signedAmqp.length, kafka: signedKafka.length };
    writeFileSync(
      config,
      JSON.stringify({
        service: { id: 'acceptance' },
        kafka: { brokers: [BROKER], topics: { raw: name, deadLetters: `${name}.dead` }, group: name },
        collector: { interval: '1s', linger: '20ms' },
        connectors: [{ name: 'kvm1', type: 'libvirt', uri: LIBVIRT }],
        pipeline: { windows: [{ size: '3s' }], reorder: '1s' },
        sinks: [
          { type: 'amqp', url: `amqp://guest:guest@${RABBIT}//`, topic: name, secret: SECRET },
          { type: 'kafka', brokers: [BROKER], topic: name, secret: SECRET },
          { type: 'file', path: file },
        ],
        ops: { listen: '127.0.0.1:0' },
      }),
    );
    const child = startProgram(['run', '-c', config]);
    await ready(child);
    const ends = () => new Set(linesOf(file).map(({ id }) => id)).size;
    await expect.poll(ends, { timeout: 60_000, interval: 500 }).toBeGreaterThan(0);
    const first = ends();
    await expect.poll(ends, { timeout: 60_000, interval: 500 }).toBeGreaterThan(WINDOWS * first);
    child.kill('SIGTERM');
    expect(await child.exit, child.stderr()).toEqual({ code: 0, signal: null });

    const published = linesOf(file);
    for (const agent of [overAmqp, overKafka]) {
      await expect.poll(() => agent.accepted().length, { timeout: 60_000 }).toBeGreaterThanOrEqual(published.length);
      expect(volumesOf(agent.accepted())).toEqual(volumesOf(published));
      expect(agent.accepted()).toHaveLength(published.length);
      expect(agent.log()).not.toMatch(FAULTS);
    }
    for (const [seen, probes] of [
      [signedAmqp, before.amqp],
      [signedKafka, before.kafka],
    ] as const) {
      const ours = seen.filter(({ counter_name }) => !counter_name.startsWith('probe'));
      await expect.poll(() => ours.length + probes, { timeout: 30_000 }).toBeGreaterThanOrEqual(published.length);
      expect(ours.filter(({ signed }) => !signed)).toEqual([]);
      const messages = new Set(ours.map(({ message }) => message)).size;
      await annotate(
        `${ours.length} samples in ${messages} messages: ${((1000 * messages) / ours.length).toFixed(0)} per 1000`,
      );
    }
  });

  it('make meters of our audits as of nova’s own', { timeout: 120_000 }, async () => {
    const topic = unique('audits');
    const agent = await startAgent(`rabbit://guest:guest@${RABBIT}//`, topic);
    const { context } = aContext();
    const words = { type: 'amqp', url: `amqp://guest:guest@${RABBIT}//`, topic, format: 'exists', windows: ['1m'] };
    const sink = amqp.create(amqpConfig.parse(words), context);
    onTestFinished(() => sink.close());
    const metadata = { instance_id: 'uuid-1', instance_host: 'kvm1', memory_mb: 2048, vcpus: 3, vnic_name: 'tap1' };
    const resource = { ...aSample().resource, metadata: { ...metadata, root_gb: 20, ephemeral_gb: 0 } };
    const { signal } = new AbortController();
    await sink.publish([aSample({ name: 'network.incoming.bytes.delta', volume: 5, resource })], signal);
    const volumes = () => Object.fromEntries(agent.accepted().map(({ name, volume }) => [name, volume]));
    await expect.poll(volumes, { timeout: 30_000 }).toMatchObject({ memory: '2048', vcpus: '3' });
    expect(agent.log()).not.toMatch(FAULTS);
  });
});
