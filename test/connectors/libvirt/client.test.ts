import { PassThrough, Writable } from 'node:stream';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseAddress } from '../../../connectors/libvirt/address.ts';
import { Client } from '../../../connectors/libvirt/client.ts';
import { encodeInt } from '../../../connectors/libvirt/procedures.ts';
import { encodePacket, REMOTE_PROGRAM } from '../../../connectors/libvirt/protocol.ts';
import { decodeInt, decodeString } from '../../../connectors/libvirt/replies.ts';
import { openTcp } from '../../../connectors/libvirt/transport/tcp.ts';
import { type Clock, systemClock } from '../../../pipeline/runtime/clock.ts';
import { ManualClock } from '../../fakes/libvirt-bench.ts';
import { FakeLibvirtd, type FakeOptions, type Reaction } from '../../fakes/libvirtd.ts';
import { fakeDomain } from '../../fakes/libvirtd-answers.ts';

const NOTHING = Buffer.alloc(0);
let signal: AbortSignal;

beforeEach(() => {
  signal = AbortSignal.timeout(20_000);
});

async function connect(options: FakeOptions = {}, clock: Clock = systemClock) {
  const fake = await FakeLibvirtd.start(options);
  const address = parseAddress(`qemu+tcp://127.0.0.1:${fake.port}/system`);
  const events: number[] = [];
  const client = new Client(await openTcp('kvm1', address, signal), {
    endpoint: 'kvm1',
    clock,
    onCall: () => undefined,
    onEvent: (procedure) => events.push(procedure),
  });
  onTestFinished(async () => {
    await client.close();
    await fake.close();
  });
  const hostname = (): Promise<string> => client.call('CONNECT_GET_HOSTNAME', NOTHING, signal).then(decodeString);
  const feature = (number: number): Promise<number> =>
    client.call('CONNECT_SUPPORTS_FEATURE', encodeInt(number), signal).then(decodeInt);
  return { fake, client, events, hostname, feature };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const hangHostname: FakeOptions = {
  react: ({ procedure }) => (procedure === 'CONNECT_GET_HOSTNAME' ? 'hang' : undefined),
};

describe('calls', () => {
  it('replies may come in any order', async () => {
    const { fake, hostname, feature } = await connect(hangHostname);
    const first = hostname();
    expect(await feature(10)).toBe(1);
    expect(await feature(11)).toBe(0);
    fake.release();
    expect(await first).toBe('fake-host');
  });

  it('what the daemon refuses is a RemoteError, and the connection goes on', async () => {
    const react = ({ procedure }: { procedure: string }): Reaction | undefined =>
      procedure === 'CONNECT_GET_HOSTNAME' ? { error: [88, 'access denied'] } : undefined;
    const { hostname, feature } = await connect({ react });
    await expect(hostname()).rejects.toMatchObject({ name: 'RemoteError', code: 88, message: 'access denied' });
    expect(await feature(10)).toBe(1);
  });

  it('one that takes too long rejects; its late reply is dropped and told of', async () => {
    const { fake, client, feature } = await connect(hangHostname);
    const late = vi.fn();
    const given = new AbortController();
    const call = client.call('CONNECT_GET_HOSTNAME', NOTHING, given.signal, late);
    given.abort();
    await expect(call).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('GET_HOSTNAME') });
    await vi.waitFor(() => expect(fake.count('CONNECT_GET_HOSTNAME')).toBe(1));
    expect(late).not.toHaveBeenCalled();
    fake.release();
    expect(await feature(10)).toBe(1);
    expect(late).toHaveBeenCalledOnce();
  });

  it('an aborted signal sends nothing', async () => {
    const { fake, client, feature } = await connect();
    await expect(client.call('CONNECT_GET_HOSTNAME', NOTHING, AbortSignal.abort())).rejects.toMatchObject({
      code: 'timeout',
    });
    await feature(10);
    expect(fake.calls).toEqual(['CONNECT_SUPPORTS_FEATURE']);
  });
});

describe('events', () => {
  it('are told by their type, though their serial is a call’s', async () => {
    const { fake, client, events, hostname } = await connect(hangHostname);
    // libvirtd numbers its events 1, a client of its own its first call.
    const first = hostname();
    await vi.waitFor(() => expect(fake.calls).toHaveLength(1));
    fake.emit(318, fakeDomain(1));
    await vi.waitFor(() => expect(events).toEqual([318]));
    fake.release();
    expect(await first).toBe('fake-host');
    expect(client.closed).toBeInstanceOf(Promise);
  });
});

describe('keepalive', () => {
  it('answers pings, also while a call is outstanding', async () => {
    const { fake, hostname } = await connect(hangHostname);
    const outstanding = hostname();
    fake.ping();
    await vi.waitFor(() => expect(fake.pongs).toBe(1));
    fake.release();
    await outstanding;
  });

  it('pings when nothing comes, and goes on while there are answers', async () => {
    const clock = new ManualClock();
    const { fake, client, hostname } = await connect({}, clock);
    void client.keepAlive(1000, 1);
    for (let pings = 1; pings <= 5; pings++) {
      clock.advance(1000);
      await vi.waitFor(() => expect(fake.pings).toBe(pings));
      await hostname(); // behind the pong
      clock.advance(1000);
      await tick();
    }
    expect(fake.pings).toBe(5);
  });

  it('gives a silent daemon up after count + 1 intervals', async () => {
    const clock = new ManualClock();
    const { fake, client, hostname } = await connect({ ...hangHostname, mute: true }, clock);
    const outstanding = expect(hostname()).rejects.toMatchObject({ code: 'lost' });
    void client.keepAlive(1000, 2);
    for (const pings of [1, 2]) {
      clock.advance(1000);
      await vi.waitFor(() => expect(fake.pings).toBe(pings));
    }
    clock.advance(999);
    await tick();
    expect(fake.connections).toBe(1);
    clock.advance(1);
    await outstanding;
    expect(await client.closed).toMatchObject({ code: 'lost', message: expect.stringContaining('no pings') });
    expect(fake.pings).toBe(2);
  });
});

describe('the end of a connection', () => {
  it('fails every outstanding call, and those after it', async () => {
    const { fake, client, hostname } = await connect(hangHostname);
    const calls = [hostname(), hostname(), hostname()];
    await vi.waitFor(() => expect(fake.calls).toHaveLength(3));
    fake.disconnect();
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'lost', endpoint: 'kvm1' });
    await expect(hostname()).rejects.toMatchObject({ code: 'lost' });
    expect(await client.closed).toMatchObject({ code: 'lost', message: expect.stringContaining('127.0.0.1') });
  });

  it('close says goodbye, fails what is outstanding and may be called twice', async () => {
    const { fake, client, hostname } = await connect(hangHostname);
    const outstanding = expect(hostname()).rejects.toMatchObject({ code: 'lost' });
    await client.close();
    await client.close();
    await outstanding;
    expect(await client.closed).toBeUndefined();
    await vi.waitFor(() => expect(fake.connections).toBe(0));
    expect(fake.calls.at(-1)).toBe('CONNECT_CLOSE');
  });
});

it('a host that takes nothing any more is let go all the same', async () => {
  const destroyed = vi.fn();
  const transport = {
    label: 'nowhere',
    input: new PassThrough(),
    output: new Writable({ write: () => undefined }),
    ended: new Promise<undefined>(() => undefined),
    close: () => undefined,
    destroy: destroyed,
  };
  const clock = new ManualClock();
  const client = new Client(transport, { endpoint: 'kvm1', clock, onCall: vi.fn(), onEvent: vi.fn() });
  await client.close();
  clock.advance(1000);
  await vi.waitFor(() => expect(destroyed).toHaveBeenCalledOnce());
});

describe('what is not the protocol ends the connection', () => {
  const packet = (serial: number, change: (bytes: Buffer) => void = () => undefined): Buffer => {
    const bytes = encodePacket({ program: REMOTE_PROGRAM, procedure: 59, type: 'reply', serial, payload: NOTHING });
    change(bytes);
    return bytes;
  };
  it.each<[string, (serial: number) => Buffer]>([
    ['a length below a header', (serial) => packet(serial, (bytes) => bytes.writeUInt32BE(27, 0))],
    ['a length of 4 GiB', (serial) => packet(serial, (bytes) => bytes.writeUInt32BE(0xffffffff, 0))],
    ['another program', (serial) => packet(serial, (bytes) => bytes.writeUInt32BE(0x20008088, 4))],
    ['another version', (serial) => packet(serial, (bytes) => bytes.writeUInt32BE(2, 8))],
    ['a call from the daemon', (serial) => packet(serial, (bytes) => bytes.writeUInt32BE(0, 16))],
    ['a stream', (serial) => packet(serial, (bytes) => bytes.writeUInt32BE(3, 16))],
    ['a reply to a call that was not made', (serial) => packet(serial + 1)],
    ['a failure without an error', (serial) => packet(serial, (bytes) => bytes.writeUInt32BE(1, 24))],
    ['HTTP', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('%s', async (_, raw) => {
    const { client, hostname } = await connect({ react: () => ({ raw }) });
    await expect(hostname()).rejects.toMatchObject({ code: 'protocol' });
    expect(await client.closed).toMatchObject({ code: 'protocol' });
  });

  it('a packet cut short by the end of the connection loses it', async () => {
    const { hostname } = await connect({
      react: (_, fake) => ({
        raw: (serial) => {
          setImmediate(() => fake.disconnect());
          return packet(serial).subarray(0, 20);
        },
      }),
    });
    await expect(hostname()).rejects.toMatchObject({ code: 'lost' });
  });
});
