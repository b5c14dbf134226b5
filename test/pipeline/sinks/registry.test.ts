import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { jsonLine } from '../../../pipeline/sinks/json-line.ts';
import { createDelivery, createSink, SINK_KINDS, sinkConfig } from '../../../pipeline/sinks/registry.ts';
import { listenUdp } from '../../../pipeline/sinks/udp/listener.ts';
import { parcelOf } from './a-parcel.ts';
import { aSample } from './a-sample.ts';
import { steppingClock } from './stepping-clock.ts';

const least: Readonly<Record<string, object>> = {
  amqp: { url: 'amqp://u:p@c' },
  udp: { host: 'c' },
  tcp: { host: 'c' },
  kafka: { brokers: ['k:9092'] },
  file: { path: 'm.jsonl' },
  stdout: {},
  http: { url: 'http://c/v1' },
  prometheus: { url: 'http://c/api/v1/write' },
  otlp: { url: 'http://c/v1/metrics' },
};
const names: Readonly<Record<string, string>> = {
  amqp: 'amqp://c:5672/#ceilometer/notifications.sample',
  udp: 'udp://c:4952',
  tcp: 'tcp://c:4952',
  kafka: 'kafka:notifications.sample',
  file: 'file:m.jsonl',
  stdout: 'stdout',
  http: 'http:http://c/v1',
  prometheus: 'prometheus:http://c/api/v1/write',
  otlp: 'otlp:http://c/v1/metrics',
};

it.each(SINK_KINDS)('makes a %s sink of its least configuration, without I/O', (type) => {
  const context = { clock: steppingClock(), publisherId: 'dev', keep: async () => undefined, report: () => {} };
  const config = sinkConfig.parse({ type, ...least[type] });
  expect(createSink(config, context).name).toBe(names[type]);
  expect(createSink({ ...config, name: 'mine' }, context).name).toBe('mine');
});

it.each([{ type: 'pigeon' }, {}, { type: 'stdout', colour: 1 }, { type: 'file' }])('refuses %j', (config) => {
  expect(sinkConfig.safeParse(config).success).toBe(false);
});

it('marks secrets for whoever prints a configuration', () => {
  const schema = JSON.stringify(z.toJSONSchema(sinkConfig, { io: 'input' }));
  expect(schema).toContain('"secret":true');
});

it('refuses two sinks of one name', () => {
  const context = { clock: steppingClock(), publisherId: 'dev', keep: async () => undefined, report: () => {} };
  const configs = [{ type: 'stdout' }, { type: 'stdout', format: 'table' }].map((config) => sinkConfig.parse(config));
  expect(() => createDelivery(configs, context)).toThrow('stdout: two sinks have this name');
});

it('delivers to all that are configured, and reports each', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hypermeter-registry-'));
  const path = join(directory, 'm.jsonl');
  const heard: unknown[] = [];
  const listener = await listenUdp(
    { host: '127.0.0.1', port: 0 },
    ({ message }) => heard.push(message.message_id),
    ({ error }) => heard.push(error),
  );
  const events: InternalEvent[] = [];
  const context = {
    clock: steppingClock(),
    publisherId: 'dev',
    keep: async () => undefined,
    report: (event: InternalEvent) => events.push(event),
  };
  const configs = [
    { type: 'udp', host: '127.0.0.1', port: listener.port },
    { type: 'file', path },
  ].map((config) => sinkConfig.parse(config));
  const delivery = createDelivery(configs, context);
  const { delivered } = await delivery.offer(parcelOf([aSample()]), new AbortController().signal);
  await delivered;
  expect(await readFile(path, 'utf8')).toBe(`${jsonLine(aSample())}\n`);
  await expect.poll(() => heard).toEqual([aSample().messageId]);
  const named = events.filter(({ event }) => event === 'published');
  expect(named.map((event) => 'sink' in event && `${event.event} ${event.sink}`).sort()).toEqual([
    `published file:${path}`,
    `published udp://127.0.0.1:${listener.port}`,
  ]);
  await delivery.close();
  await listener.close();
  await rm(directory, { recursive: true });
});
