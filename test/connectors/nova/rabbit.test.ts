import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EndpointError } from '../../../connectors/connector.ts';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import {
  openRabbit,
  RABBIT_PORT,
  RABBIT_TLS_PORT,
  type Rabbit,
  rabbitmqctl,
  servicesDir,
} from '../../pipeline/sinks/amqp/a-rabbit.ts';
import { type Detour, openDetour } from '../../pipeline/state/redis/detour.ts';
import { available } from '../../services/service.ts';
import { aNova, listening, notify, novaExchange } from './a-nova.ts';
import { legacySamples, sample, stamped, versionedSamples } from './samples.ts';

const QUEUE = 'hypermeter.nova.cloud';
const within = { timeout: 15_000, interval: 20 };
const never = new AbortController().signal;

describe.skipIf(!(await available('rabbit')))('nova behind RabbitMQ [rabbit]', () => {
  let rabbit: Rabbit;
  const ends: (() => unknown)[] = [];
  const listen = (...args: Parameters<typeof listening>) => {
    const made = listening(...args);
    ends.push(made.stop);
    return made;
  };
  const detour = async (): Promise<{ way: Detour; url: string }> => {
    const way = await openDetour(RABBIT_PORT);
    ends.push(() => way.close());
    return { way, url: rabbit.url.replace(String(RABBIT_PORT), String(way.port)) };
  };
  const depth = async (queue: string) => (await rabbit.channel.checkQueue(queue)).messageCount;
  const consuming = async (queue = QUEUE) => {
    await vi.waitFor(async () => {
      const channel = await rabbit.openChannel();
      expect((await channel.checkQueue(queue)).consumerCount).toBe(1);
      await channel.close();
    }, within);
  };

  beforeEach(async () => {
    rabbit = await openRabbit();
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await rabbit.remove();
  });

  it('gets a copy of everything, and takes nothing from the others', async () => {
    await novaExchange(rabbit);
    const { polls, outcomes, announced } = listen({ url: rabbit.url });
    await consuming();
    const versioned = versionedSamples();
    const legacy = legacySamples();
    for (const { name, notification } of versioned)
      notify(
        rabbit,
        stamped(notification, { message_id: name }),
        `versioned_notifications.${name.endsWith('-error') ? 'error' : 'info'}`,
      );
    for (const { name, notification } of legacy)
      notify(rabbit, stamped(notification, { message_id: `legacy ${name}` }), 'notifications.info');
    await vi.waitFor(() => expect(outcomes()).toHaveLength(versioned.length + legacy.length), within);
    expect(outcomes()).not.toContain('malformed');
    expect(outcomes()).not.toContain('duplicate');
    // What others read is all there still.
    expect(await rabbit.takeAll('notifications.info')).toHaveLength(legacy.length);
    const errors = versioned.filter(({ name }) => name.endsWith('-error')).length;
    expect(await rabbit.takeAll('versioned_notifications.info')).toHaveLength(versioned.length - errors);
    await vi.waitFor(async () => expect(await depth(QUEUE)).toBe(0), within);
    const told = () => polls.filter(({ instances }) => instances.length > 0);
    await vi.waitFor(() => expect(told().length).toBeGreaterThan(0), within);
    const [first] = told();
    expect(first).toMatchObject({ kind: 'nova', hypervisor: 'cloud', partial: 'notifications', interval: 60_000_000 });
    expect(first?.startedAt).toBe(first?.scheduledAt);
    expect(announced.length).toBe(0);
  });

  it('tells soon, each instance once in a poll, and of nothing at every interval', async () => {
    await novaExchange(rabbit);
    const { polls } = listen({ url: rabbit.url });
    await consuming();
    // The first says that it is there.
    await vi.waitFor(() => expect(polls).toHaveLength(1), within);
    const since = systemClock.monotonic();
    for (const name of ['instance-create-start', 'instance-create-end', 'instance-update'])
      notify(rabbit, stamped(sample(`versioned/${name}`)));
    await vi.waitFor(() => expect(polls).toHaveLength(2), within);
    expect((systemClock.monotonic() - since) / 1000).toBeLessThan(1500);
    expect(polls.map(({ sequence, calls, instances }) => [sequence, calls, instances.length])).toEqual([
      [0, 0, 0],
      [1, 3, 1],
    ]);
    const idle = aNova({ url: rabbit.url, name: 'idle' }, 200);
    let empty = 0;
    const subscription = idle.connector.snapshots.subscribe(() => void empty++);
    await vi.waitFor(() => expect(empty).toBeGreaterThan(3), within);
    subscription.unsubscribe();
  });

  it('acknowledges what is delivered alone; the rest comes again to whoever is next', async () => {
    await novaExchange(rabbit);
    const silent = listen({ url: rabbit.url }, () => undefined);
    await consuming();
    for (let number = 0; number < 5; number++)
      notify(rabbit, stamped(sample('versioned/instance-update'), { message_id: randomUUID() }));
    await vi.waitFor(() => expect(silent.polls.some(({ instances }) => instances.length > 0)).toBe(true), within);
    silent.stop();
    const next = listen({ url: rabbit.url });
    await vi.waitFor(() => expect(next.outcomes()).toHaveLength(5), { ...within, timeout: 25_000 });
    await vi.waitFor(async () => expect(await depth(QUEUE)).toBe(0), within);
  }, 45_000);

  it('never has more under way than it may', async () => {
    await novaExchange(rabbit);
    const { outcomes, polls } = listen({ url: rabbit.url, prefetch: 10 }, () => undefined);
    await consuming();
    for (let number = 0; number < 50; number++)
      notify(rabbit, stamped(sample('versioned/instance-update'), { message_id: randomUUID() }));
    await vi.waitFor(() => expect(outcomes()).toHaveLength(10), within);
    await systemClock.sleep(300);
    expect(outcomes()).toHaveLength(10);
    await vi.waitFor(() => expect(polls.reduce((sum, { calls }) => sum + calls, 0)).toBe(10), within);
    for (const poll of polls) poll.settled?.(true);
    await vi.waitFor(() => expect(outcomes()).toHaveLength(20), within);
  });

  it('gives back what Kafka refuses, once, and buries it then', async () => {
    await novaExchange(rabbit);
    const { outcomes } = listen({ url: rabbit.url }, ({ calls }) => calls === 0);
    await consuming();
    notify(rabbit, stamped(sample('versioned/instance-update')));
    await vi.waitFor(() => expect(outcomes()).toEqual(['applied', 'applied', 'undelivered']), within);
    // The broker buries it in its own time.
    const { properties } = await vi.waitFor(() => rabbit.take(`${QUEUE}.dead`), within);
    expect(properties.headers?.['x-first-death-reason']).toBe('rejected');
  });

  it('keeps what it cannot read as dead letters', async () => {
    await novaExchange(rabbit);
    const { outcomes, events } = listen({ url: rabbit.url });
    await consuming();
    rabbit.channel.publish('nova', 'notifications.info', Buffer.from('{'));
    const { payload, ...rest } = sample('versioned/instance-update');
    notify(rabbit, stamped({ ...rest, payload: { ...payload, 'nova_object.version': '9.0' } }));
    await vi.waitFor(() => expect(outcomes()).toEqual(['malformed', 'unknown_version']), within);
    await vi.waitFor(async () => expect(await depth(`${QUEUE}.dead`)).toBe(2), within);
    expect(events.filter(({ event }) => event === 'notification.dead')).toHaveLength(2);
  });

  it('takes up where it was when the connection is cut, and counts nothing twice', async () => {
    await novaExchange(rabbit);
    const { way, url } = await detour();
    let hold = true;
    const { polls, outcomes, lost, connected } = listen({ url }, ({ calls }) => (hold && calls > 0 ? undefined : true));
    await consuming();
    notify(rabbit, stamped(sample('versioned/instance-create-end')));
    await vi.waitFor(() => expect(polls.filter(({ calls }) => calls > 0)).toHaveLength(1), within);
    // In the middle of the next message.
    way.cutAfter(500, 'reply', () => undefined);
    notify(rabbit, stamped(sample('versioned/instance-power_off-end'), { timestamp: '2026-11-22 15:00:00' }));
    await vi.waitFor(() => expect(connected()).toBe(2), within);
    expect(lost()).toHaveLength(1);
    await vi.waitFor(() => expect([...outcomes()].sort()).toEqual(['applied', 'applied', 'duplicate']), within);
    hold = false;
    await vi.waitFor(() => expect(polls.filter(({ calls }) => calls > 0)).toHaveLength(2), within);
    for (const poll of polls) poll.settled?.(true);
    await vi.waitFor(async () => {
      const listed = await rabbitmqctl(['list_queues', '-p', rabbit.vhost, 'name', 'messages']);
      expect(listed).toContain(`${QUEUE}\t0`);
    }, within);
  });

  it('notices that its queue or its binding is gone, and makes them again', async () => {
    await novaExchange(rabbit);
    const { outcomes, connected, lost } = listen({ url: rabbit.url });
    await consuming();
    await rabbit.channel.deleteQueue(QUEUE);
    await vi.waitFor(() => expect(connected()).toBe(2), within);
    expect(lost()[0]).toMatch(/the queue was removed/);
    await consuming();
    notify(rabbit, stamped(sample('versioned/instance-update')));
    await vi.waitFor(() => expect(outcomes()).toEqual(['applied']), within);
  });

  it('comes back when the broker sends it away', async () => {
    await novaExchange(rabbit);
    const { outcomes, connected, lost } = listen({ url: rabbit.url });
    await consuming();
    const listed = await rabbitmqctl(['list_connections', 'pid', 'vhost', 'client_properties']);
    const ours = listed.split('\n').find((line) => line.includes(rabbit.vhost) && line.includes('hypermeter cloud'));
    await rabbitmqctl(['close_connection', ours?.split('\t')[0] ?? '', 'maintenance']);
    await vi.waitFor(() => expect(connected()).toBe(2), within);
    expect(lost()[0]).toMatch(/maintenance/);
    await consuming();
    notify(rabbit, stamped(sample('versioned/instance-update')));
    await vi.waitFor(() => expect(outcomes()).toEqual(['applied']), within);
  });

  it.each([
    ['declaration', [0, 50, 0, 10]],
    ['binding', [0, 50, 0, 20]],
    ['consumer', [0, 60, 0, 20]],
  ])('lets go of a broker that does not answer a %s, and comes back', async (_, method) => {
    await novaExchange(rabbit);
    const { way, url } = await detour();
    let asked = 0;
    way.onRequest = (bytes) => {
      if (bytes.includes(Buffer.from(method)) && asked++ === 0) way.fallSilent();
    };
    const { connected, lost, polls } = listen({ url, connectTimeout: '1s' });
    await vi.waitFor(() => expect(lost()).toHaveLength(1), within);
    expect(lost()[0]).toMatch(/did not (end|answer .*) within 1 s/);
    await vi.waitFor(() => expect(asked).toBeGreaterThan(1), within);
    await consuming();
    expect(way.open()).toBe(1);
    expect(connected()).toBeGreaterThan(0);
    await vi.waitFor(() => expect(polls.length).toBeGreaterThan(0), within);
  });

  it('waits for the exchange, which is not ours to make', async () => {
    const { lost, connected, outcomes } = listen({ url: rabbit.url });
    await vi.waitFor(() => expect(lost().length).toBeGreaterThan(0), within);
    expect(lost()[0]).toMatch(/no exchange 'nova'.*nova makes it when it first notifies.*messagingv2/);
    await novaExchange(rabbit);
    await vi.waitFor(() => expect(connected()).toBe(1), within);
    await consuming();
    notify(rabbit, stamped(sample('versioned/instance-update')));
    await vi.waitFor(() => expect(outcomes()).toEqual(['applied']), within);
  });

  it.each(['classic', 'quorum'] as const)('declares a bounded %s queue for one reader at a time', async (queueType) => {
    await novaExchange(rabbit);
    listen({ url: rabbit.url, queueType });
    const second = listen({ url: rabbit.url, queueType });
    await vi.waitFor(() => expect(second.connected()).toBe(1), within);
    const columns = ['name', 'type', 'durable', 'arguments'];
    const listed = await rabbitmqctl(['list_queues', '-p', rabbit.vhost, ...columns]);
    const line = listed.split('\n').find((text) => text.startsWith(`${QUEUE}\t`)) ?? '';
    expect(line).toContain(queueType);
    for (const argument of [
      'x-single-active-consumer',
      'x-expires',
      'x-max-length-bytes',
      'drop-head',
      `${QUEUE}.dead`,
    ])
      expect(line).toContain(argument);
    expect(listed).toContain(`${QUEUE}.dead`);
    expect(await rabbitmqctl(['list_exchanges', '-p', rabbit.vhost, 'name', 'durable'])).toMatch(/^nova\tfalse$/m);
  });

  describe('what is wrong', () => {
    const refusal = async (settings: object): Promise<EndpointError> => {
      const error: unknown = await aNova(settings)
        .connector.check?.(never)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(EndpointError);
      expect(String(error)).not.toContain('wrong-word');
      return error as EndpointError;
    };
    const at = `127.0.0.1:${RABBIT_PORT}`;

    it('tells what, and what to do', async () => {
      await novaExchange(rabbit);
      const told = async (settings: object) => {
        const { code, message } = await refusal(settings);
        return `${code} ${message}`;
      };
      expect(await told({ url: `amqp://guest:wrong-word@${at}/${rabbit.vhost}` })).toMatch(
        /^refused .*ACCESS_REFUSED.*check username and password/,
      );
      expect(await told({ url: `amqp://guest:guest@${at}/none-such` })).toMatch(
        /^refused .*virtual host none-such: .*add_vhost/,
      );
      expect(await told({ url: 'amqp://127.0.0.1:1/' })).toMatch(/^unreachable .*ECONNREFUSED.*start the broker/);
      expect(await told({ url: rabbit.url, exchange: 'nova2' })).toMatch(/^unreachable .*no exchange 'nova2'/);
      expect(await told({ url: `amqps://guest:guest@127.0.0.1:${RABBIT_TLS_PORT}/${rabbit.vhost}` })).toMatch(
        /tls\.caFile/,
      );
      expect(await told({ url: [`amqp://127.0.0.1:1/`, `amqp://guest:wrong-word@${at}/`] })).toMatch(
        /:1, .*ECONNREFUSED.*\. 127.*ACCESS_REFUSED/,
      );
    });

    it('a queue with other arguments', async () => {
      await novaExchange(rabbit);
      const { connector } = aNova({ url: rabbit.url });
      expect(await connector.check?.(never)).toBe(`exchange nova, queue ${QUEUE}: 0 waiting, 0 reading`);
      const { code, message } = await refusal({ url: rabbit.url, queueSize: '1MiB' });
      expect(code).toBe('refused');
      expect(message).toMatch(/x-max-length-bytes.*with other arguments.*delete_queue hypermeter\.nova\.cloud/);
    });

    it('permissions that are too few, one by one, and those that do', async () => {
      await novaExchange(rabbit);
      const user = `nova-reader-${randomUUID()}`;
      await rabbitmqctl(['add_user', user, 'a-word']);
      ends.push(() => rabbitmqctl(['delete_user', user]));
      const url = `amqp://${user}:a-word@${at}/${rabbit.vhost}`;
      const own = '^hypermeter\\.nova\\.';
      const allow = (configure: string, write: string, read: string) =>
        rabbitmqctl(['set_permissions', '-p', rabbit.vhost, user, configure, write, read]);
      const all = [own, `${own}|^amq\\.default$`, `^nova$|${own}`] as const;
      expect((await refusal({ url })).message).toMatch(/set_permissions/);
      await allow('^$', all[1], all[2]);
      expect((await refusal({ url })).message).toMatch(/permissions on the queue hypermeter\.nova\.cloud/);
      await allow(all[0], own, all[2]);
      expect((await refusal({ url })).message).toMatch(/write permission on amq\.default/);
      await allow(all[0], all[1], own);
      expect((await refusal({ url })).message).toMatch(/read permission on the exchange nova/);
      await allow(...all);
      const { connector } = aNova({ url });
      expect(await connector.check?.(never)).toContain('exchange nova');
      const { outcomes } = listen({ url });
      await consuming();
      notify(rabbit, stamped(sample('versioned/instance-update')));
      rabbit.channel.publish('nova', 'notifications.info', Buffer.from('{'));
      await vi.waitFor(() => expect(outcomes()).toEqual(['applied', 'malformed']), within);
      await vi.waitFor(async () => expect(await depth(`${QUEUE}.dead`)).toBe(1), within);
    });

    it('nothing, over TLS with a certificate of ours', async () => {
      await novaExchange(rabbit);
      const tls = {
        caFile: `${servicesDir}/tls/ca.crt`,
        certFile: `${servicesDir}/tls/client.crt`,
        keyFile: `${servicesDir}/tls/client.key`,
      };
      const url = `amqps://guest:guest@127.0.0.1:${RABBIT_TLS_PORT}/${rabbit.vhost}`;
      expect(await aNova({ url, tls }).connector.check?.(never)).toContain('0 waiting');
      expect((await refusal({ url, tls: { caFile: '/none/ca.crt' } })).message).toMatch(/cannot read tls\.caFile/);
    });
  });
});
