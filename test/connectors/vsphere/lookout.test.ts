import type { Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Session } from '../../../connectors/connector.ts';
import { changeOf, type Sight, sightAfter, UNSEEN } from '../../../connectors/vsphere/sight.ts';
import { vsphere } from '../../../connectors/vsphere/vsphere.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { type HandClock, handClock } from '../hand-clock.ts';
import { fault, leave, property, text, updateSet, uuidText, vmUpdate } from './answers.ts';
import { type Call, ScriptedVcenter } from './vcenter.ts';

const START = 1_767_225_600_000_000;
const hostIs = (host: string): string =>
  property('runtime.host', `<val type="HostSystem" xsi:type="ManagedObjectReference">${host}</val>`);
const seen = (number: number, power: string, kind = 'enter', host = 'host-1'): string =>
  `<objectSet><kind>${kind}</kind><obj type="VirtualMachine">vm-${number}</obj>${text('runtime.powerState', power)}${hostIs(host)}</objectSet>`;

let vcenter: ScriptedVcenter;
let clock: HandClock;
let events: InternalEvent[];
let session: Session;
let heard: string[];
let listening: Subscription | undefined;
const { signal } = new AbortController();

beforeEach(async () => {
  vcenter = new ScriptedVcenter();
  clock = handClock(START);
  vcenter.now = clock.now;
  events = [];
  heard = [];
  await vcenter.listen();
});
afterEach(async () => {
  listening?.unsubscribe();
  listening = undefined;
  await session.close();
  await vcenter.close();
});

async function connect(words: object = {}): Promise<void> {
  vcenter.updates = [updateSet('1', vmUpdate(1) + vmUpdate(2) + vmUpdate(3, { power: 'poweredOff' }))];
  const base = { name: 'vc1', type: 'vsphere', url: vcenter.url, username: 'metering', password: 'p&p' };
  const config = vsphere.schema.parse({ ...base, ...words });
  const created = vsphere.create(config, { clock, report: (event) => void events.push(event) });
  if (!('connect' in created)) throw new Error('vsphere is polled');
  session = await created.connect(signal);
  vcenter.calls.length = 0;
}

const listen = (): void => {
  listening = session.changes?.subscribe(({ uuid, what }) => heard.push(`${uuid?.toString('hex').slice(-1)} ${what}`));
};
/** What there is, told at first. */
const FIRST = seen(1, 'poweredOn') + seen(2, 'poweredOn') + seen(3, 'poweredOff');
async function settled(): Promise<void> {
  await connect();
  vcenter.tell(updateSet('1', FIRST));
  listen();
  await waits('1');
  expect(heard).toEqual([]);
}
/** A call waits for what happens after this version; time passes as far as it must. */
const waits = (version: string): Promise<void> =>
  vi.waitFor(async () => {
    await clock.advance(100);
    expect(vcenter.waiting).toBe(1);
    expect(waitCalls().at(-1)?.body).toContain(`<version>${version}</version>`);
  });
const waitCalls = (): Call[] =>
  vcenter.calls.filter(({ method, body }) => method === 'WaitForUpdatesEx' && body.includes('<maxWaitSeconds>60<'));
const parts = (): string[] =>
  events.flatMap((event) => (event.event === 'part.failed' && event.reason !== 'absent' ? [event.part] : []));
const lookoutOnly = (xml: string) => (call: Call) =>
  call.body.includes('<maxWaitSeconds>60<') ? { status: 500, xml } : undefined;

describe('the call that waits', () => {
  it('is not made before somebody listens, and has a collector of its own', async () => {
    await connect();
    await session.poll(signal);
    expect(waitCalls()).toEqual([]);
    vcenter.calls.length = 0;
    listen();
    await waits('');
    expect(vcenter.methods()).toEqual([
      'CreateContainerView',
      'CreatePropertyCollector',
      'CreateFilter',
      'WaitForUpdatesEx',
    ]);
    const [, , filter, wait] = vcenter.calls;
    expect(filter?.body).toContain('>own-k1</_this>');
    expect(filter?.body).toContain('runtime.powerState');
    expect(wait?.body).toContain('>own-k1</_this>');
  });

  it('tells what happens to those who run, and nothing else', async () => {
    await settled();
    const news: [string, string[]][] = [
      [seen(1, 'poweredOff', 'modify'), ['1 stopped']],
      [seen(3, 'poweredOn', 'modify'), ['3 started']],
      [seen(2, 'poweredOn', 'modify', 'host-2'), ['2 changed']],
      // vcsim lets those enter again who are known.
      [seen(2, 'poweredOn', 'enter', 'host-2') + seen(3, 'poweredOn'), []],
      [leave(1) + leave(3), ['3 stopped']],
      [seen(9, 'poweredOff'), []],
      [seen(9, 'poweredOn', 'modify'), ['undefined started']],
    ];
    for (const [n, [updates, expected]] of news.entries()) {
      heard.length = 0;
      vcenter.tell(updateSet(String(n + 2), updates));
      await waits(String(n + 2));
      expect(heard).toEqual(expected);
    }
  });

  it('takes nothing from the polls, and is none of their calls', async () => {
    await settled();
    vcenter.calls.length = 0;
    vcenter.updates = [updateSet('2', vmUpdate(1, { kind: 'modify', power: 'poweredOff' }))];
    vcenter.tell(updateSet('2', seen(1, 'poweredOff', 'modify')));
    const { calls, instances } = await session.poll(signal);
    await waits('2');
    expect(calls).toBe(2);
    expect(instances.map(({ state }) => state)).toEqual(['SHUTOFF', 'RUNNING', 'SHUTOFF']);
    expect(instances[0]?.uuid.toString('hex')).toBe(uuidText(1).replaceAll('-', ''));
  });

  it('is made again when nothing happened', async () => {
    await settled();
    const { length: before } = waitCalls();
    vcenter.tell('');
    await vi.waitFor(() => expect(waitCalls()).toHaveLength(before + 1));
    await waits('1');
    expect(heard).toEqual([]);
  });

  it('reads the first set in pieces', async () => {
    await connect();
    vcenter.tell(updateSet('1', seen(1, 'poweredOn'), true));
    vcenter.tell(updateSet('2', seen(2, 'poweredOn'), true));
    vcenter.tell(updateSet('3', seen(3, 'poweredOff')));
    listen();
    await waits('3');
    expect(heard).toEqual([]);
  });

  it('begins anew when its version is forgotten, and tells what it had not heard of', async () => {
    await settled();
    vcenter.calls.length = 0;
    let forgotten = true;
    vcenter.react = (call) => {
      const answers = forgotten ? lookoutOnly(fault('InvalidCollectorVersion'))(call) : undefined;
      if (answers) forgotten = false;
      return answers;
    };
    vcenter.tell('');
    await vi.waitFor(() => expect(vcenter.methods()).toContain('DestroyView'));
    vcenter.tell(updateSet('7', seen(1, 'poweredOff') + seen(2, 'poweredOn') + seen(3, 'poweredOff')));
    await waits('7');
    expect(heard).toEqual(['1 stopped']);
    expect(parts()).toEqual([]);
    expect(vcenter.methods().filter((method) => method === 'DestroyPropertyCollector')).toHaveLength(1);
  });

  it('shares the login that follows the end of the session', async () => {
    await settled();
    vcenter.sessions.clear();
    vcenter.tell('');
    vcenter.tell(updateSet('1', seen(2, 'poweredOn') + seen(3, 'poweredOff')));
    vcenter.updates = [updateSet('1', vmUpdate(1, { power: 'poweredOff' }) + vmUpdate(2))];
    await session.poll(signal);
    await waits('1');
    expect(vcenter.loggedIn).toBe(2);
    expect(heard).toEqual(['1 stopped']);
  });

  it('that fails is reported and made again, less and less often; polls go on', async () => {
    await settled();
    vcenter.react = lookoutOnly('<h1>busy');
    vcenter.tell('');
    await vi.waitFor(() => expect(parts()).toEqual(['waiting for changes']));
    for (const ms of [1000, 2000, 4000]) {
      const { length } = waitCalls();
      await clock.advance(ms - 100);
      expect(waitCalls()).toHaveLength(length);
      await clock.advance(100);
      await vi.waitFor(() => expect(waitCalls()).toHaveLength(length + 1));
      await vi.waitFor(() => expect(parts()).toHaveLength(waitCalls().length - 2));
    }
    expect((await session.poll(signal)).partial).toBeNull();
    vcenter.react = () => undefined;
    vcenter.tell(updateSet('2', seen(1, 'poweredOff', 'modify')));
    await clock.advance(8000);
    await waits('2');
    expect(heard).toEqual(['1 stopped']);
  });

  it('is given up where the server has no such thing', async () => {
    await connect();
    vcenter.react = ({ method }) =>
      method === 'CreatePropertyCollector' ? { status: 500, xml: fault('MethodNotFound') } : undefined;
    listen();
    await vi.waitFor(() => expect(parts()).toEqual(['waiting for changes']));
    await clock.advance(600_000);
    expect(parts()).toHaveLength(1);
    expect(waitCalls()).toEqual([]);
  });

  it('a server that holds it for too long is left, and asked again', async () => {
    await settled();
    await clock.advance(70_000);
    await vi.waitFor(() => expect(parts()).toEqual(['waiting for changes']));
    await clock.advance(1000);
    await waits('1');
  });

  it('ends with the session, which logs out, and with the listening', async () => {
    await settled();
    listening?.unsubscribe();
    await vi.waitFor(() => expect(vcenter.waiting).toBe(0));
    listen();
    await waits('');
    await session.close();
    await vi.waitFor(() => expect(vcenter.waiting).toBe(0));
    expect(vcenter.sessions.size).toBe(0);
    expect(parts()).toEqual([]);
  });

  it('is not made where events are switched off', async () => {
    await connect({ events: false });
    expect(session.changes).toBeUndefined();
  });
});

describe('what is seen of a VM', () => {
  const on: Sight = { 'runtime.powerState': 'poweredOn', 'summary.config.numCpu': '2' };
  const record = (name: string, value: string) => ({
    name,
    text: value,
    type: null,
    xsiType: null,
    isNil: false,
    code: null,
    children: [],
  });

  it.each<[string, Sight | undefined, Sight | undefined, string | null]>([
    ['new and on', undefined, on, 'started'],
    ['suspended', on, { ...on, 'runtime.powerState': 'suspended' }, 'stopped'],
    ['gone', on, undefined, 'stopped'],
    ['with another disk', on, { ...on, 'summary.config.numVirtualDisks': '2' }, 'changed'],
    ['the same', on, { ...on }, null],
    ['off and changed', { 'runtime.host': 'h1' }, { 'runtime.host': 'h2' }, null],
  ])('%s', (_, before, after, what) => {
    expect(changeOf(before, after)).toBe(what);
  });

  it('takes what is watched, and lets go of what is there no more', () => {
    const first = sightAfter(UNSEEN, [
      { name: 'runtime.host', value: record('val', 'host-1') },
      { name: 'name', value: record('val', 'x') },
    ]);
    expect(first).toEqual({ 'runtime.host': 'host-1' });
    expect(sightAfter(first, [{ name: 'runtime.host', value: null }])).toEqual({});
  });
});
