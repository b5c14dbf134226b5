import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SinkError } from '../../../../pipeline/sinks/sink.ts';
import { available } from '../../../services/service.ts';
import { type Detour, openDetour } from '../../state/redis/detour.ts';
import {
  aSink,
  idsIn,
  never,
  openRabbit,
  RABBIT_PORT,
  RABBIT_TLS_PORT,
  type Rabbit,
  rabbitmqctl,
  received,
  samples,
  servicesDir,
} from './a-rabbit.ts';

/** What the sink says when it is opened; it must be a SinkError and hold no password. */
async function refusal(settings: object): Promise<string> {
  const { sink } = aSink(settings);
  const error = await sink.open?.(never).catch((thrown: unknown) => thrown);
  await sink.close();
  expect(error).toBeInstanceOf(SinkError);
  expect(String(error)).not.toContain('wrong-word');
  return String(error);
}

describe.skipIf(!(await available('rabbit')))('what goes wrong with AMQP [rabbit]', () => {
  let rabbit: Rabbit;
  const detours: Detour[] = [];
  const detour = async () => {
    const way = await openDetour(RABBIT_PORT);
    detours.push(way);
    return { way, url: rabbit.url.replace(String(RABBIT_PORT), String(way.port)) };
  };
  beforeAll(async () => {
    rabbit = await openRabbit();
  });
  afterAll(async () => {
    for (const way of detours) way.close();
    await rabbit.remove();
  });

  it('says what is wrong with where it should go', async () => {
    const at = `127.0.0.1:${RABBIT_PORT}`;
    expect(await refusal({ url: 'amqp://127.0.0.1:1/' })).toMatch(/127\.0\.0\.1:1.*ECONNREFUSED.*start the broker/);
    expect(await refusal({ url: 'amqp://nowhere.invalid/' })).toMatch(/(ENOTFOUND|EAI_AGAIN).*check the host name/);
    expect(await refusal({ url: `amqp://guest:guest@${at}/none-such` })).toMatch(
      /virtual host none-such: .*the virtual host is not there/,
    );
    expect(await refusal({ url: `amqp://guest:wrong-word@${at}/` })).toMatch(
      /ACCESS_REFUSED.*check username and password/,
    );
    expect(await refusal({ url: `amqp://guest@${at}/`, password: 'wrong-word' })).toMatch(
      /check username and password/,
    );
    expect(await refusal({ url: `amqps://${at}/` })).toMatch(/the port speaks no TLS/);
    expect(await refusal({ url: `amqp://127.0.0.1:${RABBIT_TLS_PORT}/` })).toMatch(/a TLS port needs amqps/);
  });

  it('says what is wrong with the certificates', async () => {
    const url = `amqps://guest:guest@127.0.0.1:${RABBIT_TLS_PORT}/${rabbit.vhost}`;
    const caFile = `${servicesDir}/tls/ca.crt`;
    expect(await refusal({ url })).toMatch(/tls\.caFile/);
    expect(await refusal({ url, tls: { caFile: '/none/ca.crt' } })).toMatch(/cannot read tls\.caFile \/none\/ca\.crt/);
    expect(await refusal({ url, tls: { caFile, serverName: 'elsewhere' } })).toMatch(/tls\.serverName/);
    const clientFiles = { certFile: `${servicesDir}/tls/server.crt`, keyFile: `${servicesDir}/tls/client.key` };
    expect(await refusal({ url, tls: { caFile, ...clientFiles } })).toMatch(/tls\.certFile and tls\.keyFile/);
  });

  it('reads its certificates for every connection: they are renewed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hypermeter-amqp-'));
    const caFile = join(directory, 'ca.crt');
    copyFileSync(`${servicesDir}/tls/client.crt`, caFile);
    const url = `amqps://guest:guest@127.0.0.1:${RABBIT_TLS_PORT}/${rabbit.vhost}`;
    const { sink } = aSink({ url, tls: { caFile }, topic: 'renewed' });
    await expect(sink.open?.(never)).rejects.toThrow(/tls\.caFile/);
    copyFileSync(`${servicesDir}/tls/ca.crt`, caFile);
    await sink.publish(samples(1), never);
    expect(idsIn(await rabbit.takeAll('renewed.sample'))).toEqual(['id-0']);
    await sink.close();
    rmSync(directory, { recursive: true });
  });

  it('shows its client certificate and its name', async () => {
    const tls = {
      caFile: `${servicesDir}/tls/ca.crt`,
      certFile: `${servicesDir}/tls/client.crt`,
      keyFile: `${servicesDir}/tls/client.key`,
    };
    const url = `rabbit://guest:guest@127.0.0.1:${RABBIT_TLS_PORT}/${rabbit.vhost}?ssl=1`;
    const { sink } = aSink({ url, tls, topic: 'certain' });
    await sink.publish(samples(2), never);
    const listed = await rabbitmqctl([
      'list_connections',
      'vhost',
      'peer_cert_subject',
      'client_properties',
      'timeout',
    ]);
    const ours = listed.split('\n').filter((line) => line.includes(rabbit.vhost) && line.includes('svc-client'));
    expect(ours).toHaveLength(1);
    expect(ours[0]).toMatch(/connection_name.*hypermeter hypermeter.*60$/);
    expect(idsIn(await rabbit.takeAll('certain.sample'))).toEqual(['id-0', 'id-1']);
    await sink.close();
  });

  it('says what is declared otherwise, or is not there', async () => {
    const { url, channel } = rabbit;
    await channel.assertExchange('lasting', 'topic', { durable: true });
    await channel.assertExchange('straight', 'direct', { durable: false });
    await channel.assertQueue('quorate.sample', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await channel.assertQueue('short.sample', { durable: false, arguments: { 'x-max-length': 1 } });
    await channel.assertQueue('lasting.sample', { durable: true });
    expect(await refusal({ url, exchange: 'lasting' })).toMatch(/exchange 'lasting'.*; set durable: true/);
    expect(await refusal({ url, topic: 'lasting' })).toMatch(/queue 'lasting\.sample'.*; set durable: true/);
    expect(await refusal({ url, exchange: 'straight' })).toMatch(/; it must be of type topic/);
    expect(await refusal({ url, exchange: 'lasting', topic: 'quorate', durable: true })).toMatch(
      /; set queue\.type: quorum/,
    );
    const quorum = { exchange: 'lasting', durable: true, queue: { type: 'quorum' } };
    expect(await refusal({ url, topic: 'lasting', ...quorum })).toMatch(/; set queue\.type: classic/);
    expect(await refusal({ url, topic: 'short' })).toMatch(
      /x-max-length.*; it was declared otherwise: set declare: check/,
    );
    expect(await refusal({ url, exchange: 'missing', declare: 'check' })).toMatch(
      /no exchange 'missing'.*declare: create/,
    );
    await channel.assertExchange('there', 'topic', { durable: false });
    expect(await refusal({ url, exchange: 'there', topic: 'missing', declare: 'check' })).toMatch(
      /no queue 'missing\.sample'/,
    );
  });

  it('says what the user may not do', async () => {
    await rabbitmqctl(['add_user', rabbit.vhost, 'wrong-word']);
    try {
      const url = rabbit.url.replace('guest:guest', `${rabbit.vhost}:wrong-word`);
      expect(await refusal({ url })).toMatch(/or closed to the user \(rabbitmqctl set_permissions\)/);
      await rabbitmqctl(['set_permissions', '-p', rabbit.vhost, rabbit.vhost, '^$', '.*', '.*']);
      expect(await refusal({ url })).toMatch(/access to exchange.*grant the user configure, write and read/);
    } finally {
      await rabbitmqctl(['delete_user', rabbit.vhost]);
    }
  });

  it('takes nothing as delivered that a full queue refuses, and sends only that again', async () => {
    const { sink } = aSink({ url: rabbit.url, topic: 'full', declare: 'check', batch: { samples: 1 }, inFlight: 1 });
    await rabbit.channel.assertExchange('ceilometer', 'topic', { durable: false });
    const limits = { 'x-max-length': 2, 'x-overflow': 'reject-publish' };
    await rabbit.channel.assertQueue('full.sample', { durable: false, arguments: limits });
    await rabbit.channel.bindQueue('full.sample', 'ceilometer', 'full.sample');
    const batch = samples(4);
    await expect(sink.publish(batch, never)).rejects.toThrow(/message nacked; its queue is full/);
    const first = await rabbit.takeAll('full.sample');
    await sink.publish(batch, never);
    const second = await rabbit.takeAll('full.sample');
    expect([idsIn(first), idsIn(second)]).toEqual([
      ['id-0', 'id-1'],
      ['id-2', 'id-3'],
    ]);
    expect(new Set([...first, ...second].map((message) => received(message).uniqueId)).size).toBe(4);
    await sink.close();
  });

  it('takes nothing as delivered that comes back because no queue is bound', async () => {
    const { sink } = aSink({ url: rabbit.url, exchange: 'empty', topic: 'unbound', queue: { declare: false } });
    const batch = samples(3);
    await expect(sink.publish(batch, never)).rejects.toThrow(/came back: NO_ROUTE; no queue is bound/);
    await rabbit.channel.assertQueue('unbound.sample', { durable: false });
    await rabbit.channel.bindQueue('unbound.sample', 'empty', 'unbound.#');
    await sink.publish(batch, never);
    expect(idsIn(await rabbit.takeAll('unbound.sample'))).toEqual(['id-0', 'id-1', 'id-2']);
    await sink.close();
  });

  it('offers again what was under way when the connection broke, with the same samples and new unique ids', async () => {
    const { way, url } = await detour();
    const { sink } = aSink({ url, topic: 'broken' });
    await sink.open?.(never);
    const batch = samples(5);
    const cut = new Promise<void>((resolve) => way.cutAfter(1, 'reply', resolve));
    await expect(sink.publish(batch, never)).rejects.toThrow(SinkError);
    await cut;
    await sink.publish(batch, never);
    const messages = await rabbit.takeAll('broken.sample');
    expect(messages.map((message) => idsIn([message]))).toEqual([
      idsIn(messages.slice(0, 1)),
      idsIn(messages.slice(0, 1)),
    ]);
    expect(new Set(messages.map((message) => received(message).uniqueId)).size).toBe(2);
    await sink.close();
  });

  it('goes on by a new connection when one was lost between batches', async () => {
    const { way, url } = await detour();
    const { sink } = aSink({
      url: `amqp://guest:guest@127.0.0.1:1,127.0.0.1:${way.port}/${rabbit.vhost}`,
      topic: 'between',
    });
    await sink.publish(samples(1), never);
    const cut = new Promise<void>((resolve) => way.cutAfter(1, 'request', resolve));
    await expect(sink.publish(samples(2), never)).rejects.toThrow(SinkError);
    await cut;
    await sink.publish(samples(3), never);
    expect(idsIn(await rabbit.takeAll('between.sample'))).toEqual(['id-0', 'id-0', 'id-1', 'id-2']);
    expect(url).toContain(String(way.port));
    await sink.close();
  });

  it('leaves a broker that confirms nothing, in its time', async () => {
    const { way, url } = await detour();
    const { sink } = aSink({ url, topic: 'silent', confirmTimeout: '200ms' });
    await sink.open?.(never);
    way.fallSilent();
    const batch = samples(1);
    await expect(sink.publish(batch, never)).rejects.toThrow(/no message was confirmed within 0\.2 s: check/);
    await sink.publish(batch, never);
    expect(idsIn(await rabbit.takeAll('silent.sample'))).toEqual(['id-0']);
    await sink.close();
  });

  it('gives up waiting when it is told to', async () => {
    const { way, url } = await detour();
    const { sink } = aSink({ url, topic: 'told' });
    await sink.open?.(never);
    way.fallSilent();
    const stop = new AbortController();
    const publishing = sink.publish(samples(1), stop.signal);
    stop.abort(new Error('told to'));
    await expect(publishing).rejects.toThrow('told to');
    way.close();
    await sink.close();
  });

  it('does not wait for ever on who accepts and says nothing', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    expect(await refusal({ url: `amqp://127.0.0.1:${port}/`, connectTimeout: '100ms' })).toMatch(/check the way there/);
    server.close();
  });

  it('says why the broker ended the connection', async () => {
    const { sink } = aSink({ url: rabbit.url, topic: 'ended', queue: { declare: false } });
    await sink.open?.(never);
    const model = await connect(rabbit.url);
    const channel = await model.createChannel();
    await channel.deleteExchange('ceilometer');
    await model.close();
    await expect(sink.publish(samples(1), never)).rejects.toThrow(/no exchange 'ceilometer'/);
    await sink.close();
  });
});
