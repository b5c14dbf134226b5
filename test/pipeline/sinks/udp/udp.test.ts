import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../../pipeline/runtime/events.ts';
import type { Fault, Received } from '../../../../pipeline/sinks/received.ts';
import type { Sink } from '../../../../pipeline/sinks/sink.ts';
import type { Lookup } from '../../../../pipeline/sinks/udp/address.ts';
import { listenUdp, type UdpListener } from '../../../../pipeline/sinks/udp/listener.ts';
import { createUdpSink, type UdpConfig, udpConfig } from '../../../../pipeline/sinks/udp/udp.ts';
import { aSample, withMetadata } from '../a-sample.ts';
import { steppingClock } from '../stepping-clock.ts';

const { signal } = new AbortController();
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const noLookup: Lookup = async (host) => {
  throw new Error(`${host} must not be looked up`);
};

interface Ear extends UdpListener {
  readonly heard: readonly Received[];
  readonly faults: readonly Fault[];
}

async function listen(host = '127.0.0.1', port = 0, secret = 's3cr3t'): Promise<Ear> {
  const heard: Received[] = [];
  const faults: Fault[] = [];
  const listener = await listenUdp(
    { host, port, secret },
    (received) => heard.push(received),
    (fault) => faults.push(fault),
  );
  open.push(listener);
  return { ...listener, heard, faults };
}

function sinkTo(port: number, config: object = {}, lookup = noLookup, clock = systemClock) {
  const events: InternalEvent[] = [];
  const parsed: UdpConfig = udpConfig.parse({ type: 'udp', host: '127.0.0.1', port, secret: 's3cr3t', ...config });
  const context = {
    clock,
    publisherId: 'dev',
    keep: async () => undefined,
    report: (event: InternalEvent) => events.push(event),
  };
  const sink: Sink = createUdpSink(parsed, context, lookup);
  open.push(sink);
  return { sink, events };
}

const waitFor = { timeout: 5000, interval: 5 };
const hasIpv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'));

/** A port that nobody has any more. */
async function freePort(): Promise<number> {
  const ear = await listen();
  await ear.close();
  return ear.port;
}

describe('udp sink', () => {
  it('sends every sample as a signed message of its own, in order', async () => {
    const ear = await listen();
    const { sink, events } = sinkTo(ear.port);
    const batch = Array.from({ length: 500 }, (_, index) => aSample({ volume: 2n ** 63n + BigInt(index) }));
    await sink.publish(batch, signal);
    await expect.poll(() => ear.heard.length, waitFor).toBe(500);
    expect(ear.heard.map(({ message }) => message.counter_volume)).toEqual(batch.map(({ volume }) => volume));
    expect(ear.heard.every(({ signature }) => signature === 'valid')).toBe(true);
    expect(ear.heard[0]?.message).toMatchObject({ publisher_id: 'dev', timestamp: '2026-11-22T14:00:00+00:00' });
    expect(events).toEqual([]);
  });

  it("sends Ceilometer's keys and times if asked", async () => {
    const ear = await listen();
    const { sink } = sinkTo(ear.port, {
      publisherId: false,
      timestamps: 'naive',
      source: 'lab',
    });
    await sink.publish([aSample()], signal);
    await expect.poll(() => ear.heard.length, waitFor).toBe(1);
    expect(ear.heard[0]?.message).toMatchObject({ source: 'lab', timestamp: '2026-11-22T14:00:00' });
    expect(Object.keys(ear.heard[0]?.message ?? {})).toHaveLength(15);
  });

  it('leaves out what is malformed or too long, says so, and sends the rest', async () => {
    const ear = await listen();
    const { sink, events } = sinkTo(ear.port);
    const long = withMetadata({ text: 'x'.repeat(66_000) });
    await sink.publish([aSample({ name: 'a' }), long, aSample({ volume: Number.NaN }), aSample({ name: 'b' })], signal);
    await expect.poll(() => ear.heard.map(({ message }) => message.counter_name), waitFor).toEqual(['a', 'b']);
    const dropped = { event: 'sample.dropped', sink: sink.name, count: 1 };
    expect(events).toEqual([
      { ...dropped, reason: 'volume_not_finite' },
      { ...dropped, reason: 'oversize' },
    ]);
  });

  it('sends the longest datagram there is', async () => {
    const ear = await listen();
    const { sink, events } = sinkTo(ear.port, { publisherId: false });
    const filled = (length: number) => withMetadata({ text: 'x'.repeat(length) });
    await sink.publish([filled(60_000)], signal);
    await expect.poll(() => ear.heard.length, waitFor).toBe(1);
    const rest = 65_507 - (ear.heard[0]?.bytes ?? 0);
    await sink.publish([filled(60_000 + rest), filled(60_001 + rest)], signal);
    await expect.poll(() => ear.heard[1]?.bytes, waitFor).toBe(65_507);
    expect(events).toEqual([{ event: 'sample.dropped', sink: sink.name, reason: 'oversize', count: 1 }]);
  });

  it('goes on where nobody listens, tells it once in a while, and is heard again at once', async () => {
    const port = await freePort();
    const clock = steppingClock();
    const { sink, events } = sinkTo(port, {}, noLookup, clock);
    await expect
      .poll(async () => {
        await sink.publish([aSample()], signal);
        return events.length;
      }, waitFor)
      .toBe(1);
    for (let round = 0; round < 5; round++) await sink.publish([aSample()], signal);
    expect(events).toMatchObject([{ event: 'publish.failed', sink: sink.name, retryMs: 0 }]);
    expect(events[0]).toHaveProperty('error.message', expect.stringContaining('nobody listens there'));
    const ear = await listen('127.0.0.1', port);
    await sink.publish([aSample({ name: 'after' })], signal);
    await expect.poll(() => ear.heard.map(({ message }) => message.counter_name), waitFor).toEqual(['after']);
  });

  it.skipIf(!hasIpv6)('tries IPv6 first, then IPv4', async () => {
    const ear = await listen('127.0.0.1');
    const clock = steppingClock();
    const both: Lookup = async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ];
    const { sink, events } = sinkTo(ear.port, { host: 'receiver.test' }, both, clock);
    await expect
      .poll(async () => {
        clock.step(1000);
        await sink.publish([aSample()], signal);
        return ear.heard.length;
      }, waitFor)
      .toBeGreaterThan(0);
    expect(events[0]).toMatchObject({ event: 'publish.failed' });
  });

  it('looks its receiver up once a minute, follows it, and keeps the old address while the DNS is down', async () => {
    const first = await listen('127.0.0.1');
    const moved = await listen('127.0.0.2', first.port);
    const clock = steppingClock();
    const answers: (string | Error)[] = ['127.0.0.1', new Error('SERVFAIL'), '127.0.0.2'];
    let asked = 0;
    const lookup: Lookup = async () => {
      const answer = answers[asked++];
      if (typeof answer !== 'string') throw answer;
      return [{ address: answer, family: 4 }];
    };
    const { sink, events } = sinkTo(first.port, { host: 'receiver.test' }, lookup, clock);
    await sink.publish([aSample({ name: 'a' })], signal);
    await sink.publish([aSample({ name: 'b' })], signal);
    expect(asked).toBe(1);
    clock.step(61_000);
    await sink.publish([aSample({ name: 'c' })], signal);
    expect(events).toMatchObject([{ event: 'publish.failed', retryMs: 0 }]);
    clock.step(61_000);
    await sink.publish([aSample({ name: 'd' })], signal);
    expect(asked).toBe(3);
    await expect.poll(() => first.heard.map(({ message }) => message.counter_name), waitFor).toEqual(['a', 'b', 'c']);
    await expect.poll(() => moved.heard.map(({ message }) => message.counter_name), waitFor).toEqual(['d']);
  });

  it("goes to the name's next address where the first has no route, and names all of them where none has", async () => {
    const ear = await listen();
    const addresses = (...all: readonly string[]): Lookup => {
      return async () => all.map((address) => ({ address, family: 4 }));
    };
    // To the broadcast address no socket connects that did not ask for it.
    const lookup = addresses('255.255.255.255', '127.0.0.1');
    await sinkTo(ear.port, { host: 'receiver.test' }, lookup).sink.publish([aSample()], signal);
    await expect.poll(() => ear.heard.length, waitFor).toBe(1);
    const { sink } = sinkTo(ear.port, { host: 'receiver.test' }, addresses('255.255.255.255', '255.255.255.255'));
    await expect(sink.open?.(signal)).rejects.toThrow('no way to 255.255.255.255, 255.255.255.255: check host');
  });

  it('rejects where the name is unknown, with what to do', async () => {
    const { sink } = sinkTo(4952, { host: 'nowhere.invalid' }, async () => {
      throw new Error('ENOTFOUND');
    });
    await expect(sink.open?.(signal)).rejects.toThrow('cannot look up nowhere.invalid: check the name and the DNS');
    await expect(sink.publish([aSample()], signal)).rejects.toMatchObject({ name: 'SinkError', code: 'unavailable' });
  });

  it('counts what is malformed or too long once, however often its batch is refused', async () => {
    const { sink, events } = sinkTo(4952, { host: 'nowhere.invalid' }, async () => {
      throw new Error('ENOTFOUND');
    });
    const batch = [aSample({ volume: Number.NaN }), withMetadata({ text: 'x'.repeat(66_000) }), aSample()];
    for (const _attempt of [1, 2]) await expect(sink.publish(batch, signal)).rejects.toThrow('cannot look up');
    expect(events).toMatchObject([
      { event: 'sample.dropped', reason: 'volume_not_finite', count: 1 },
      { event: 'sample.dropped', reason: 'oversize', count: 1 },
    ]);
  });

  it('does not wait for the DNS when told to stop', async () => {
    const stop = new AbortController();
    const { sink } = sinkTo(4952, { host: 'slow.test' }, () => new Promise(() => {}));
    const opening = sink.open?.(stop.signal);
    stop.abort(new Error('stop'));
    await expect(opening).rejects.toThrow('stop');
    await expect(sink.open?.(stop.signal)).rejects.toThrow('stop');
  });

  it('takes its secret from a file, and tells neither', async () => {
    const ear = await listen('127.0.0.1', 0, 'from a file');
    const directory = await mkdtemp(join(tmpdir(), 'hypermeter-udp-'));
    open.push({ close: () => rm(directory, { recursive: true }) });
    const secretFile = join(directory, 'secret');
    await writeFile(secretFile, 'from a file\n');
    const { sink } = sinkTo(ear.port, { secret: undefined, secretFile });
    await sink.publish([aSample()], signal);
    await expect.poll(() => ear.heard.map(({ signature }) => signature), waitFor).toEqual(['valid']);
    const missing = sinkTo(ear.port, { secret: undefined, secretFile: '/nonexistent' });
    await expect(missing.sink.publish([aSample()], signal)).rejects.toThrow('check its path and permissions');
  });

  it('stops between bursts when told to', async () => {
    const ear = await listen();
    const { sink } = sinkTo(ear.port, { pace: 1 });
    const stop = new AbortController();
    const publishing = sink.publish([aSample(), aSample()], stop.signal);
    await expect.poll(() => ear.heard.length, waitFor).toBe(1);
    stop.abort(new Error('stop'));
    await expect(publishing).rejects.toThrow();
    expect(ear.heard).toHaveLength(1);
  });

  it('closes twice, and opens again for a later batch', async () => {
    const ear = await listen();
    const { sink } = sinkTo(ear.port);
    await sink.publish([aSample()], signal);
    await sink.close();
    await sink.close();
    await sink.publish([aSample()], signal);
    await expect.poll(() => ear.heard.length, waitFor).toBe(2);
  });
});

describe('udp sink with packed datagrams', () => {
  const packing = { packing: 'packed' };
  const named = (count: number) => Array.from({ length: count }, (_, index) => aSample({ name: `meter.${index}` }));

  it('sends every sample, many in a datagram, and none is lost or unsigned', async () => {
    const ear = await listen();
    const { sink, events } = sinkTo(ear.port, packing);
    await sink.publish(named(3000), signal);
    await expect.poll(() => ear.heard.length, waitFor).toBe(3000);
    expect(ear.heard.map(({ message }) => message.counter_name)).toEqual(named(3000).map(({ name }) => name));
    expect(ear.heard.every(({ signature, bytes }) => signature === 'valid' && bytes <= 1432)).toBe(true);
    const { senders, lost, duplicates, datagrams } = ear.tally();
    expect({ senders, lost, duplicates }).toEqual({ senders: 1, lost: 0, duplicates: 0 });
    expect(datagrams).toBeLessThan(400);
    expect(events).toEqual([]);
  });

  it('numbers on over batches, and begins anew with every sink', async () => {
    const ear = await listen();
    const first = sinkTo(ear.port, packing).sink;
    for (let batch = 0; batch < 3; batch++) await first.publish(named(20), signal);
    await sinkTo(ear.port, packing).sink.publish(named(1), signal);
    await expect.poll(() => ear.heard.length, waitFor).toBe(61);
    expect(ear.tally()).toMatchObject({ senders: 2, lost: 0, duplicates: 0 });
  });

  it('sends what is larger alone, and leaves out what no datagram holds', async () => {
    const ear = await listen();
    const { sink, events } = sinkTo(ear.port, packing);
    const large = withMetadata({ text: 'x'.repeat(60_000) }, { name: 'large' });
    const huge = withMetadata({ text: 'x'.repeat(66_000) }, { name: 'huge' });
    await sink.publish([aSample({ name: 'a' }), large, huge, aSample({ name: 'b' })], signal);
    await expect.poll(() => ear.heard.map(({ message }) => message.counter_name), waitFor).toEqual(['a', 'large', 'b']);
    expect(ear.heard[1]?.bytes).toBeGreaterThan(60_000);
    expect(events).toEqual([{ event: 'sample.dropped', sink: sink.name, reason: 'oversize', count: 1 }]);
  });

  it('says once that nobody listens, and is heard again at once', async () => {
    const port = await freePort();
    const { sink, events } = sinkTo(port, packing, noLookup, steppingClock());
    await expect
      .poll(async () => {
        await sink.publish(named(30), signal);
        return events.length;
      }, waitFor)
      .toBe(1);
    expect(events[0]).toHaveProperty('error.message', expect.stringContaining('nobody listens there'));
    const ear = await listen('127.0.0.1', port);
    await sink.publish([aSample({ name: 'after' })], signal);
    await expect.poll(() => ear.heard.map(({ message }) => message.counter_name), waitFor).toEqual(['after']);
  });

  it.each([
    [8192, 8192],
    ['8KiB', 8192],
    [undefined, 1432],
  ])('takes the size %s', (maxBytes, bytes) => {
    expect(udpConfig.parse({ type: 'udp', host: 'c', maxBytes }).maxBytes).toBe(bytes);
  });

  it.each([100, 65_508, '64KiB', '1 kB', true])('refuses the size %j', (maxBytes) => {
    expect(udpConfig.safeParse({ type: 'udp', host: 'c', ...packing, maxBytes }).success).toBe(false);
  });
});

describe('udp configuration', () => {
  it('has the defaults of Ceilometer', () => {
    expect(udpConfig.parse({ type: 'udp', host: 'c' })).toMatchObject({
      port: 4952,
      source: 'openstack',
      packing: 'none',
      maxBytes: 1432,
    });
  });

  it.each([
    { secret: 'a', secretFile: 'b' },
    { port: 0 },
    { pace: 0 },
    { unknown: 1 },
    { secret: '' },
    { timestamps: 'utc' },
  ])('refuses %j', (fields) => {
    expect(udpConfig.safeParse({ type: 'udp', host: 'c', ...fields }).success).toBe(false);
  });
});
