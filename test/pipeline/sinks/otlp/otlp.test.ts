import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { otlp, otlpConfig } from '../../../../pipeline/sinks/otlp/otlp.ts';
import { createProtobufWriter, type ProtobufWriter } from '../../../../pipeline/sinks/push/protobuf.ts';
import { aContext } from '../a-context.ts';
import { aSample } from '../a-sample.ts';
import { messages, readMessage, texts } from '../push/a-protobuf-reader.ts';
import { aServer, type Seen, statuses } from '../push/a-server.ts';

const { signal } = new AbortController();
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function sinkTo(respond: (seen: Seen, response: ServerResponse) => void, config: object = {}) {
  const server = await aServer(respond);
  const surroundings = aContext();
  const url = `${server.url}/v1/metrics`;
  const sink = otlp.create(otlpConfig.parse({ type: 'otlp', url, ...config }), surroundings.context);
  open.push(sink, server);
  return { ...surroundings, sink, seen: server.seen };
}

function answering(status: number, write: (writer: ProtobufWriter) => void) {
  const writer = createProtobufWriter();
  write(writer);
  const body = writer.take();
  return (_: Seen, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end(body);
  };
}
const partial = (rejected: number, words: string) =>
  answering(200, (to) =>
    to.message(1, () => {
      to.varint(1, rejected);
      to.text(2, words);
    }),
  );

const metricsOf = ({ body }: Seen) =>
  messages(readMessage(body), 1).flatMap((resource) =>
    messages(resource, 2).flatMap((scope) => messages(scope, 2).flatMap((metric) => texts(metric, 1))),
  );
const failure = (events: readonly object[]) => events.map((event) => ('error' in event ? String(event.error) : event));

describe('otlp sink', () => {
  it('posts Protocol Buffers, packed', async () => {
    const { sink, seen, events } = await sinkTo(answering(200, () => undefined));
    await sink.publish([aSample(), aSample({ name: 'cpu.delta', type: 'delta' })], signal);
    expect(seen).toMatchObject([
      { path: '/v1/metrics', headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' } },
    ]);
    expect(seen.flatMap(metricsOf)).toEqual(['ceilometer.cpu', 'ceilometer.cpu.delta']);
    expect(events).toEqual([]);
  });

  it('counts what a receiver rejects of a request, and does not send it again', async () => {
    const { sink, seen, events, dead } = await sinkTo(partial(1, 'one is bad'));
    await sink.publish([aSample({ name: 'a' }), aSample({ name: 'b' })], signal);
    expect(seen).toHaveLength(1);
    expect(failure(events)).toEqual([
      `SinkError: ${sink.name}: refuses 1 of 2 samples: one is bad`,
      { event: 'sample.dropped', sink: sink.name, reason: 'refused', count: 1 },
    ]);
    expect(dead).toEqual([]);
  });

  it('keeps what a receiver rejects where it is all that was sent', async () => {
    const { sink, dead } = await sinkTo(partial(1, 'bad'));
    await sink.publish([aSample({ name: 'a' })], signal);
    expect(dead).toMatchObject([{ reason: 'refused', samples: [{ name: 'a' }] }]);
  });

  it('passes on a warning', async () => {
    const { sink, dead, events } = await sinkTo(partial(0, 'deprecated'));
    await sink.publish([aSample()], signal);
    expect(failure(events)).toEqual([`SinkError: ${sink.name}: warns: deprecated`]);
    expect(dead).toEqual([]);
  });

  it.each([
    ['of a Status', answering(400, (to) => to.text(2, 'no such unit'))],
    ['in plain text', (_: Seen, response: ServerResponse) => response.writeHead(400).end('no such unit')],
  ])('says why something is refused, in the words %s', async (_what, respond) => {
    const { sink, events } = await sinkTo(respond);
    await sink.publish([aSample()], signal);
    expect(failure(events)[0]).toBe(`SinkError: ${sink.name}: refuses 1 of 1 samples: answer 400: no such unit`);
  });

  it.each([
    ['no message', Buffer.from([0xff, 0xff, 0xff])],
    ['a message cut short', Buffer.from([0x0a, 0x7f])],
    ['another message', Buffer.from([0x08, 0x01])],
    ['a page', Buffer.from('<html>')],
  ])('takes a 200 with %s for what its status says', async (_what, body) => {
    const respond = (_: Seen, response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(body);
    };
    const { sink, events } = await sinkTo(respond);
    await sink.publish([aSample()], signal);
    expect(events).toEqual([]);
  });

  it('leaves out what no point can hold, exactly or not at all', async () => {
    const { sink, seen, dead } = await sinkTo(statuses());
    const volumes = [2n ** 63n - 1n, 2n ** 63n, 2 ** 63, -(2n ** 63n)];
    await sink.publish(
      volumes.map((volume, i) => aSample({ name: `m${i}`, volume })),
      signal,
    );
    expect(seen.flatMap(metricsOf)).toEqual(['ceilometer.m0', 'ceilometer.m3']);
    expect(dead.flatMap(({ reason, samples }) => samples.map(({ name }) => [reason, name]))).toEqual([
      ['volume_out_of_range', 'm1'],
      ['volume_out_of_range', 'm2'],
    ]);
  });

  it('offers everything again while the receiver is not well', async () => {
    const { sink, seen, dead } = await sinkTo(statuses(503));
    await expect(sink.publish([aSample()], signal)).rejects.toMatchObject({ code: 'unavailable' });
    await sink.publish([aSample()], signal);
    expect(seen[0]?.body).toEqual(seen[1]?.body);
    expect(dead).toEqual([]);
  });
});

describe('otlp configuration', () => {
  it.each([{ url: 'grpc://c' }, { prefix: '1' }, { compression: 'zstd' }, { unknown: 1 }])('refuses %j', (fields) => {
    expect(otlpConfig.safeParse({ type: 'otlp', url: 'http://c', ...fields }).success).toBe(false);
  });
});
