import { afterEach, describe, expect, it } from 'vitest';
import type { Observation } from '../../../connectors/connector.ts';
import type { WmiClass } from '../../../connectors/hyperv/classes.ts';
import { INVENTORY_CLASSES, PERF_CLASSES } from '../../../connectors/hyperv/classes.ts';
import * as faults from '../../fakes/hyperv/fault.ts';
import { expired, forbidden, HOSTILE_XML, overQuota, unavailable, when } from '../../fakes/hyperv/hostile.ts';
import type { FakeOptions } from '../../fakes/hyperv/hyperv.ts';
import type { Reaction } from '../../fakes/hyperv/reaction.ts';
import { type Bench, bench } from './a-host.ts';

let here: Bench;
afterEach(() => here.close());
const start = async (...given: Parameters<typeof bench>): Promise<Bench> => {
  here = await bench(...given);
  return here;
};
const CPU = PERF_CLASSES.cpu.name;
const NIC = PERF_CLASSES.nic.name;

describe('a login', () => {
  it.each<[string, Partial<FakeOptions>, object, RegExp]>([
    [
      'with a wrong password',
      {},
      { password: 'Secret' },
      /refused.*does not take the user: check username and password/,
    ],
    ['of a stranger', {}, { username: 'EXAMPLE\\nobody' }, /check username and password/],
    ['where Negotiate is off', { negotiate: false }, {}, /must allow Negotiate/],
  ])('%s says what to do', async (_, options, words, message) => {
    const { endpoint, fake } = await start(1, options, words);
    const login = endpoint.connect(new AbortController().signal);
    await expect(login.catch((error) => `${error.code} ${error.message}`)).resolves.toMatch(message);
    await expect(login).rejects.not.toThrow('ecret');
    // One try: accounts are locked after some.
    expect(fake.authentication.refusals.length).toBeLessThanOrEqual(1);
  });

  it('as user@domain is one', async () => {
    const { poll } = await start(1, {}, { username: 'meter@example.org' });
    expect((await poll()).instances).toHaveLength(1);
  });

  it('is made again when the connection is another one', async () => {
    const { fake, poll, later } = await start(1);
    await poll();
    fake.restart();
    expect((await later(10)).instances[0]?.rows[0]?.cpuTime).not.toBeNull();
    expect([fake.connected, fake.authentication.handshakes.done]).toEqual([2, 2]);
  });
});

describe('a class', () => {
  it.each<[string, Reaction]>([
    ['times out at the host', { fault: faults.operationTimeout }],
    ['is refused for reasons of its own', { fault: faults.badHeader('who knows') }],
    ['hangs', 'hang'],
    ['never ends', 'endless'],
    ['is cut', { rewrite: HOSTILE_XML['no end'] ?? String }],
  ])('that %s costs itself alone', async (_, reaction) => {
    const { poll, reported, fake } = await start(1, {}, {}, 5);
    await poll();
    fake.react = when({ action: 'Enumerate', className: NIC }, reaction);
    const { instances, partial } = await poll();
    expect(partial).toBeNull();
    expect(instances[0]?.rows[0]).toMatchObject({ nics: [{ rxBytes: null }] });
    expect(instances[0]?.rows[0]?.cpuTime).not.toBeNull();
    expect(instances[0]?.rows[0]?.disks[0]?.readBytes).not.toBeNull();
    expect(reported('part.failed').filter(({ reason }) => reason !== 'absent')).toMatchObject([
      { part: 'network adapters', hypervisor: 'hv1' },
    ]);
  });

  it.each<[string, Reaction]>([
    ['slow once', { fault: faults.operationTimeout }],
    ['cut once', 'disconnect'],
    ['half once', 'halve'],
  ])('that was %s is asked a second time', async (_, reaction) => {
    const { poll, fake, reported } = await start(1);
    await poll();
    fake.react = when({ className: NIC }, reaction, 1);
    expect((await poll()).instances[0]?.rows[0]?.nics[0]?.rxBytes).not.toBeNull();
    expect(reported('part.failed').filter(({ reason }) => reason !== 'absent')).toEqual([]);
  });

  it.each(['filter', 'resource', 'hresult'] as const)(
    'that an old host lacks is off, and told once (%s)',
    async (absentClass) => {
      const { poll, later, reported, fake, session } = await start(1, { absentClass, lacks: [NIC] });
      await poll();
      await later(10);
      expect(fake.count(`Enumerate ${NIC}`)).toBe(1);
      const told = () => reported('part.failed').filter(({ part }) => part === 'network adapters');
      expect(told()).toMatchObject([{ reason: 'absent', error: { message: expect.stringContaining(NIC) } }]);
      await (await session()).close();
      const again = await here.endpoint.connect(new AbortController().signal);
      await again.poll(new AbortController().signal);
      await again.close();
      expect(told()).toHaveLength(1);
    },
  );

  it('of which an old host has an older form is read as it is', async () => {
    const memory: WmiClass = PERF_CLASSES.memory;
    const { poll, later, fake } = await start(2, { lacks: [`${memory.name}.GuestAvailableMemory`] });
    const { instances } = await poll();
    expect(instances.map(({ rows }) => rows[0]?.memory)).not.toContain(null);
    expect(instances.map(({ rows }) => rows[0]?.memoryUsage)).toEqual([null, null]);
    await later(10);
    expect(fake.count(`Enumerate ${memory.name}`)).toBe(3);
  });

  it('that the user may not read is off, and told', async () => {
    const { poll, reported } = await start(1, { react: forbidden(NIC) });
    expect((await poll()).instances[0]?.rows).toHaveLength(1);
    expect(reported('part.failed')).toContainEqual(expect.objectContaining({ reason: 'denied' }));
  });

  it.each(['settings', 'ports', 'storage'] as const)(
    'of the inventory that stalls (%s) leaves VMs their names and devices',
    async (part) => {
      const { poll, later, fake, reported } = await start(2, {}, {}, 5);
      const known = ({ instances }: Observation) =>
        instances.map(({ uuid, nics, disks }) => [uuid.toString('hex'), nics.length, disks.length]);
      const before = known(await poll());
      expect(before.flat()).not.toContain(0);
      fake.react = when(
        { action: 'Enumerate', className: INVENTORY_CLASSES[part].name },
        { fault: faults.operationTimeout },
      );
      expect(known(await later(301))).toEqual(before);
      expect(known(await later(10))).toEqual(before);
      expect(reported('part.failed').filter(({ reason }) => reason === 'timeout')).toHaveLength(1);
    },
  );

  it('that has the names which nova gave is waited for: without them there is no poll', async () => {
    const stalls = when(
      { action: 'Enumerate', className: INVENTORY_CLASSES.settings.name },
      { fault: faults.operationTimeout },
    );
    const { endpoint, fake } = await start(1, { react: stalls }, {}, 5);
    await expect(endpoint.connect(new AbortController().signal)).rejects.toThrow();
    fake.react = undefined;
    const session = await endpoint.connect(new AbortController().signal);
    expect((await session.poll(new AbortController().signal)).instances).toHaveLength(1);
    await session.close();
  });

  it('with no numbers where they belong is counted', async () => {
    const { poll, reported } = await start(1, {
      react: when({ className: CPU }, { rewrite: HOSTILE_XML['a property that is no number'] ?? String }),
    });
    expect((await poll()).instances[0]?.rows[0]?.cpuTime).toBeNull();
    expect(reported('reading.dropped')).toMatchObject([{ reason: 'malformed', count: 2 }]);
  });

  it('without the rows of a virtual processor has no sum', async () => {
    const { poll, fake, reported } = await start(1);
    expect((await poll()).instances[0]?.rows[0]?.cpuTime).not.toBeNull();
    const second =
      /<w:XmlFragment[^>]*>(?:(?!<\/w:XmlFragment>).)*:Hv VP 1<(?:(?!<\/w:XmlFragment>).)*<\/w:XmlFragment>/s;
    const less = (xml: string) => xml.replace(second, '');
    fake.react = when({ className: CPU }, { rewrite: less });
    expect((await poll()).instances[0]?.rows[0]).toMatchObject({ cpuTime: null, vcpus: null });
    expect(reported('values.missing')).toMatchObject([{ reason: 'absent', count: 1 }]);
  });

  it('with a null is null', async () => {
    const nil = (xml: string) =>
      xml.replaceAll(
        /<BytesSentPersec>\d+<\/BytesSentPersec>/g,
        '<BytesSentPersec xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>',
      );
    const { poll } = await start(1, { react: when({ className: NIC }, { rewrite: nil }) });
    const [nic] = (await poll()).instances[0]?.rows[0]?.nics ?? [];
    expect([nic?.txBytes, nic?.rxBytes === null]).toEqual([null, false]);
  });
});

describe('an enumeration', () => {
  it('that was forgotten begins anew, once', async () => {
    const { poll, fake } = await start(40, { maxEnvelope: 8192 });
    await poll();
    fake.react = when({ action: 'Pull' }, { fault: faults.invalidContext }, 1);
    const { instances } = await poll();
    expect(instances.filter(({ rows }) => rows[0]?.cpuTime === null)).toEqual([]);
    fake.react = expired;
    await expect(poll()).rejects.toThrow(/InvalidEnumerationContext|no time/);
  });

  it('that is given up is released', async () => {
    const { poll, fake } = await start(40, { maxEnvelope: 8192 });
    await poll();
    fake.react = when({ action: 'Pull' }, { fault: faults.badHeader('no') });
    await poll().catch(() => undefined);
    expect(fake.count('Release')).toBeGreaterThan(0);
    expect(fake.open.enumerations).toBe(0);
  });

  it('that does not fit is asked for in smaller parts', async () => {
    const { poll, fake } = await start(10);
    fake.react = (call) =>
      call.className === CPU && Number(/MaxElements>(\d+)</.exec(call.text)?.[1]) > 70
        ? { fault: faults.tooLarge }
        : undefined;
    expect((await poll()).instances.filter(({ rows }) => rows[0]?.cpuTime === null)).toEqual([]);
    const before = fake.calls.length;
    await poll();
    expect(fake.calls.slice(before).filter((call) => call === `Enumerate ${CPU}`)).toHaveLength(1);
  });
});

describe('a host', () => {
  it('that is asked too much is left alone for a while', async () => {
    const { poll, later, fake } = await start(1);
    await poll();
    fake.react = overQuota();
    await expect(poll()).rejects.toThrow(/asked too much: QuotaLimit.*winrm get winrm\/config/);
    const before = fake.calls.length;
    await expect(poll()).rejects.toThrow('left alone for a while');
    expect(fake.calls.length).toBe(before);
    fake.react = undefined;
    expect((await later(10)).instances).toHaveLength(1);
  });

  it.each<[string, Partial<FakeOptions>, RegExp]>([
    ['that is no Hyper-V', { lacks: ['Msvm_ComputerSystem'] }, /unsupported.*is Hyper-V installed/],
    ['that does not let the user read', { react: forbidden('Msvm_ComputerSystem') }, /refused.*may not read WMI/],
    ['behind a proxy that is alone', { react: () => unavailable }, /lost.*HTTP status 503/],
    [
      'with another service',
      { react: () => ({ status: 404, body: '' }) },
      /unsupported.*HTTP status 404.*check the url/,
    ],
  ])('%s says so', async (_, options, message) => {
    const { endpoint } = await start(1, options);
    const connecting = endpoint.connect(new AbortController().signal);
    await expect(connecting.catch((error) => `${error.code} ${error.message}`)).resolves.toMatch(message);
  });

  it.each(Object.entries(HOSTILE_XML).filter(([name]) => !['a property that is no number', 'a sign'].includes(name)))(
    'that sends %s is not believed',
    async (_, rewrite) => {
      const { endpoint } = await start(1, { react: () => ({ rewrite }) });
      await expect(endpoint.connect(new AbortController().signal)).rejects.toMatchObject({
        code: 'protocol',
        message: expect.stringContaining('not understood'),
      });
    },
  );

  it('that answers without end is given up', async () => {
    const { endpoint } = await start(1, { react: () => 'endless' });
    await expect(endpoint.connect(new AbortController().signal)).rejects.toMatchObject({ code: 'protocol' });
  });

  it('whose sealed answer was changed under way is not believed', async () => {
    const tamper = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte, n) => (n === 600 ? byte ^ 1 : byte)));
    const { endpoint } = await start(1, { react: () => ({ tamper }) });
    await expect(endpoint.connect(new AbortController().signal)).rejects.toThrow('wrong signature');
  });

  it('whose answer to a sealed message is plain is not believed', async () => {
    const react: FakeOptions['react'] = () => ({
      status: 200,
      body: '<x/>',
      headers: { 'content-type': 'application/soap+xml' },
    });
    const { endpoint } = await start(1, { react });
    await expect(endpoint.connect(new AbortController().signal)).rejects.toThrow('one that is not');
  });

  it('is let go of in the middle of a poll', async () => {
    const { session, poll, fake } = await start(1);
    await poll();
    fake.react = () => 'hang';
    const stop = new AbortController();
    const polling = (await session()).poll(stop.signal);
    stop.abort(new Error('enough'));
    await expect(polling).rejects.toThrow(/stopped|enough/);
    fake.react = undefined;
    expect((await poll()).instances).toHaveLength(1);
  });
});
