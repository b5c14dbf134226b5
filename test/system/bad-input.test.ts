import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import rdkafka from 'node-rdkafka';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { type Child, metricsOf, ready, startProgram } from './child.ts';

const BROKER = '127.0.0.1:19092';
/** A port that nobody listens on: it is below those that are given out. */
const NOBODY = '127.0.0.1:9';
const SIMULATOR = { name: 'sim', type: 'simulator', hosts: 2, instances: 6, faults: 'none' };

/** A configuration file of the test's own. */
function written(words: object | string): string {
  const path = join(tmpdir(), `${unique('config')}.yaml`);
  writeFileSync(path, typeof words === 'string' ? words : JSON.stringify(words, null, 2));
  onTestFinished(() => rmSync(path));
  return path;
}

const settings = (words: object = {}): object => ({
  service: { id: 'bad-input' },
  kafka: { brokers: 'embedded' },
  collector: { interval: '1s', linger: '20ms' },
  connectors: [SIMULATOR],
  pipeline: { windows: [{ size: '2s' }], reorder: '1s' },
  meters: ['cpu.delta'],
  sinks: [{ type: 'stdout' }],
  ops: { listen: '127.0.0.1:0' },
  ...words,
});

const run = (words: object | string, role = 'run'): Child => startProgram([role, '-c', written(words)]);
/** Neither a stack nor a message of the runtime's. */
const expectPlain = (text: string) => expect(text).not.toMatch(/\n\s+at |unhandled|UnhandledPromise/i);

describe.skipIf(!(await available('kafka')))('malformed messages on the raw topic [kafka]', () => {
  it('go to the dead letters with offset and reason, and the rest is metered', { timeout: 90_000 }, async () => {
    const raw = unique('bad');
    const dead = `${raw}.dead`;
    const kafka = { brokers: [BROKER], topics: { raw, deadLetters: dead }, group: raw, partitions: 3 };
    const child = run(settings({ kafka }));
    await ready(child);
    await expect.poll(() => child.stdout(), { timeout: 30_000 }).toContain('"cpu.delta"');
    const bad = [Buffer.from('not avro'), Buffer.alloc(0), Buffer.from('c3010123456789abcdef00', 'hex')];
    await produce(raw, bad);
    const letters = await lettersOf(dead, bad.length);
    expect(letters.map(({ value }) => value.toString('hex')).sort()).toEqual(
      bad.map((value) => value.toString('hex')).sort(),
    );
    for (const { headers } of letters) {
      expect(headers).toMatchObject({ 'source.topic': raw, 'source.partition': '1' });
      expect(headers['source.offset']).toMatch(/^\d+$/);
      expect(headers.reason?.length).toBeGreaterThan(5);
    }
    expect(new Set(letters.map(({ headers }) => headers['source.offset'])).size).toBe(bad.length);

    const before = child.stdout().length;
    await expect.poll(() => child.stdout().length, { timeout: 30_000 }).toBeGreaterThan(before + 1000);
    const counted = [...(await metricsOf(child))].filter(([name]) => name.startsWith('hypermeter_dead_letters_total{'));
    expect(counted.reduce((sum, [, count]) => sum + count, 0)).toBe(bad.length);
    expect(child.stderr()).toContain('message.dead');
    child.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });
});

/** Puts values into partition 1, as somebody else's program would. */
async function produce(topic: string, values: readonly Buffer[]): Promise<void> {
  const producer = new rdkafka.HighLevelProducer({ 'metadata.broker.list': BROKER }, {});
  await new Promise<void>((resolve, reject) =>
    producer.connect({ topic }, (error) => (error ? reject(error) : resolve())),
  );
  for (const value of values)
    await new Promise<void>((resolve, reject) =>
      producer.produce(topic, 1, value, null, Date.now(), (error: unknown) => (error ? reject(error) : resolve())),
    );
  await new Promise((resolve) => producer.disconnect(resolve));
}

interface Letter {
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

async function lettersOf(topic: string, count: number): Promise<readonly Letter[]> {
  const consumer = new rdkafka.KafkaConsumer(
    { 'metadata.broker.list': BROKER, 'group.id': topic, 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  );
  await new Promise<void>((resolve, reject) => consumer.connect({}, (error) => (error ? reject(error) : resolve())));
  consumer.assign([{ topic, partition: 0, offset: 0 }]);
  const letters: Letter[] = [];
  while (letters.length < count) {
    const messages = await new Promise<readonly rdkafka.Message[]>((resolve, reject) =>
      consumer.consume(10, (error, found) => (error ? reject(error) : resolve(found))),
    );
    for (const { value, headers } of messages)
      letters.push({ value: value ?? Buffer.alloc(0), headers: textOf(headers ?? []) });
  }
  await new Promise((resolve) => consumer.disconnect(resolve));
  return letters;
}

const textOf = (headers: readonly rdkafka.MessageHeader[]): Readonly<Record<string, string>> =>
  Object.fromEntries(headers.flatMap((header) => Object.entries(header).map(([key, value]) => [key, String(value)])));

describe('a wrong configuration', () => {
  it('never starts: every fault with its place, 78', async () => {
    const child = run(
      [
        'kafka: { brokers: nowhere }',
        'connectors:',
        '  - { name: a, type: libvrt, uri: "qemu:///system" }',
        'pipeline:',
        '  windows: [{ size: 5 parsecs }]',
        'sinks: [{ type: udp, hots: 127.0.0.1 }]',
        '',
      ].join('\n'),
    );
    expect(await child.exit).toEqual({ code: 78, signal: null });
    expect(child.stdout()).toBe('');
    for (const line of [1, 3, 5, 6]) expect(child.stderr()).toMatch(new RegExp(`\\.yaml:${line}:\\d+: `));
    expect(child.stderr()).toMatch(/did you mean .?libvirt/i);
    expect(child.stderr()).toMatch(/did you mean .?host/i);
    expect(child.stderr()).toMatch(/\d+ faults in the configuration/);
    expectPlain(child.stderr());
  });

  it('of a file that is not there says so, 78', async () => {
    const child = startProgram(['run', '-c', '/nowhere/hypermeter.yaml']);
    expect(await child.exit).toEqual({ code: 78, signal: null });
    expect(child.stderr()).toContain('/nowhere/hypermeter.yaml');
    expectPlain(child.stderr());
  });
});

describe('what cannot be reached', () => {
  it('is told of a hypervisor now and then, and costs the others nothing', { timeout: 60_000 }, async () => {
    const gone = { name: 'gone', type: 'libvirt', uri: `qemu+tcp://${NOBODY}/system` };
    const child = run(settings({ connectors: [gone, SIMULATOR] }));
    await ready(child);
    const up = async (): Promise<number> =>
      (await metricsOf(child)).get('hypermeter_polls_total{hypervisor="sim-host-1",kind="simulator"}') ?? 0;
    await expect.poll(up, { timeout: 30_000, interval: 200 }).toBeGreaterThanOrEqual(8);
    expect(child.stdout()).toContain('"cpu.delta"');
    const metrics = await metricsOf(child);
    const labels = '{hypervisor="gone",kind="libvirt"}';
    expect(metrics.get(`hypermeter_endpoint_losses_total${labels}`)).toBeGreaterThanOrEqual(2);
    expect(metrics.get(`hypermeter_hypervisor_up${labels}`)).toBe(0);
    for (const host of ['sim-host-1', 'sim-host-2'])
      expect(metrics.get(`hypermeter_hypervisor_up{hypervisor="${host}",kind="simulator"}`)).toBe(1);
    const told = child
      .stderr()
      .split('\n')
      .filter((line) => line.includes('endpoint.lost'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('gone');
    child.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it.each(['run', 'collect', 'pipeline'])(
    'of Kafka keeps `%s` from starting, with what to do, 69',
    async (role) => {
      const child = run(settings({ kafka: { brokers: [NOBODY] } }), role);
      expect(await child.exit).toEqual({ code: 69, signal: null });
      expect(child.stderr()).toContain(`cannot reach Kafka at ${NOBODY}`);
      expect(child.stderr()).toContain('check kafka.brokers');
      expectPlain(child.stderr());
    },
    40_000,
  );

  it('of the operator’s port, because another program has it, is told', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    onTestFinished(() => void taken.close());
    const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const child = run(settings({ ops: { listen } }));
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.stderr()).toContain(listen);
    expect(child.stderr()).toContain('ops.listen');
    expectPlain(child.stderr());
  });
});
