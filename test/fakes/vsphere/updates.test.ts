import { afterEach, describe, expect, it } from 'vitest';
import { child, children, type Element, textOf } from './element.ts';
import { machineSpec } from './fleet.ts';
import { type Bench, NOON, type PlainAnswer, bench as start } from './plain-client.ts';

const open: Bench[] = [];
afterEach(async () => {
  for (const { fake } of open.splice(0)) await fake.close();
});

const PATHS = [
  'name',
  'runtime.powerState',
  'runtime.host',
  'config.instanceUuid',
  'config.extraConfig["nvp.vm-uuid"].value',
];

/** A bench with a filter over all machines and hosts, as a collector makes it. */
async function watching(machines: number, options: Parameters<typeof start>[1] = {}) {
  const bench = await start(machines, options);
  open.push(bench);
  const { client, places } = bench;
  const container = `<container type="Folder">${places.rootFolder.value}</container>`;
  const types = '<type>VirtualMachine</type><type>HostSystem</type>';
  const view = await client.call(
    'CreateContainerView',
    places.viewManager,
    `${container}${types}<recursive>true</recursive>`,
  );
  const paths = PATHS.map((path) => `<pathSet>${path.replaceAll('"', '&quot;')}</pathSet>`).join('');
  const spec =
    `<spec><propSet><type>VirtualMachine</type>${paths}</propSet><propSet><type>HostSystem</type><pathSet>name</pathSet></propSet>` +
    `<objectSet><obj type="ContainerView">${textOf(view.element, 'returnval')}</obj><skip>true</skip>` +
    '<selectSet xsi:type="TraversalSpec"><name>v</name><type>ContainerView</type><path>view</path><skip>false</skip></selectSet>' +
    '</objectSet></spec><partialUpdates>false</partialUpdates>';
  const filter = await client.call('CreateFilter', places.propertyCollector, spec);
  const wait = (version: string, most = '', seconds = 0): Promise<PlainAnswer> =>
    client.call(
      'WaitForUpdatesEx',
      places.propertyCollector,
      `<version>${version}</version><options><maxWaitSeconds>${seconds}</maxWaitSeconds>${most}</options>`,
    );
  return { ...bench, wait, filter: textOf(filter.element, 'returnval') ?? '' };
}

const setOf = ({ element }: PlainAnswer): Element | undefined => child(element, 'returnval');
const versionOf = (answer: PlainAnswer): string => textOf(setOf(answer) ?? answer.element, 'version') ?? '';

/** Updates as "kind object path=value …". */
function updates(answer: PlainAnswer): readonly string[] {
  const set = setOf(answer);
  if (set === undefined) return [];
  return children(set, 'filterSet').flatMap((filter) =>
    children(filter, 'objectSet').map((object) => {
      const changes = children(object, 'changeSet').map(
        (change) => `${textOf(change, 'name')}=${textOf(change, 'val') ?? ''}`,
      );
      return [textOf(object, 'kind'), textOf(object, 'obj'), ...changes].join(' ');
    }),
  );
}

describe('updates', () => {
  it('enter, are modified and leave; nothing is told twice', async () => {
    const { wait, world, clock } = await watching(3);
    const first = await wait('');
    expect(updates(first)).toHaveLength(5);
    const { instanceUuid } = world.machine('vm-1').spec;
    expect(updates(first)[0]).toBe(
      `enter vm-1 name=${instanceUuid} runtime.powerState=poweredOn runtime.host=host-1 config.instanceUuid=${instanceUuid} ` +
        `config.extraConfig["nvp.vm-uuid"].value=${instanceUuid}`,
    );
    expect(setOf(await wait(versionOf(first)))).toBeUndefined();

    clock.now += 1_000_000;
    world.happen('vm-1', { does: 'rename', name: 'a & b' });
    world.happen('vm-2', { does: 'move', host: 'host-1' });
    world.happen('vm-3', { does: 'delete' });
    const second = await wait(versionOf(first));
    expect(updates(second)).toEqual(['modify vm-1 name=a & b', 'modify vm-2 runtime.host=host-1', 'leave vm-3']);

    world.add(machineSpec(4, 'host-2', clock.now, { novaUuid: null }));
    world.happen('vm-1', { does: 'mark', novaUuid: null });
    const third = await wait(versionOf(second));
    expect(updates(third)).toEqual([
      'modify vm-1 config.extraConfig["nvp.vm-uuid"].value=',
      expect.stringMatching(
        /^enter vm-4 name=\S+ runtime.powerState=poweredOn runtime.host=host-2 config.instanceUuid=\S+$/,
      ),
    ]);
    expect(setOf(await wait(versionOf(third)))).toBeUndefined();
  });

  it('come in pages of a hundred, or of what is asked', async () => {
    const { wait } = await watching(230);
    const counts: number[] = [];
    let answer = await wait('');
    for (;;) {
      counts.push(updates(answer).length);
      const set = setOf(answer);
      if (set === undefined || textOf(set, 'truncated') !== 'true') break;
      answer = await wait(versionOf(answer));
    }
    expect(counts).toEqual([100, 100, 32]);
    expect(updates(await wait('', '<maxObjectUpdates>7</maxObjectUpdates>'))).toHaveLength(7);
  });

  it('are told again to who comes with the version before, but for a page', async () => {
    const { wait, world, clock } = await watching(3);
    const first = await wait('');
    clock.now += 1_000_000;
    world.happen('vm-1', { does: 'powerOff' });
    const lost = await wait(versionOf(first));
    const again = await wait(versionOf(first));
    expect(updates(again)).toEqual(updates(lost));
    expect(versionOf(again)).not.toBe(versionOf(lost));
    expect(await wait(versionOf(lost))).toMatchObject({ status: 500, fault: 'InvalidCollectorVersion' });
    const page = await wait('', '<maxObjectUpdates>2</maxObjectUpdates>');
    await wait(versionOf(page), '<maxObjectUpdates>2</maxObjectUpdates>');
    expect(await wait(versionOf(page))).toMatchObject({ status: 500, fault: 'InvalidCollectorVersion' });
  });

  it('of what happens later come to who waits', async () => {
    const { wait, world, clock } = await watching(1);
    const first = await wait('');
    const waiting = wait(versionOf(first), '', 30);
    await new Promise((resolve) => setTimeout(resolve, 50));
    clock.now += 1_000_000;
    world.happen('vm-1', { does: 'suspend' });
    expect(updates(await waiting)).toEqual(['modify vm-1 runtime.powerState=suspended']);
  });

  it('are not waited for any more when that is called off', async () => {
    const { wait, client, places, fake } = await watching(1);
    const first = await wait('');
    const waiting = wait(versionOf(first), '', 30);
    while (fake.count('WaitForUpdatesEx') < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await client.call('CancelWaitForUpdates', places.propertyCollector);
    expect(await waiting).toMatchObject({ status: 500, fault: 'RequestCanceled' });
  });

  it('of a known object may be told by enter, with all of it', async () => {
    const { wait, world, clock } = await watching(2, { entersAgain: true });
    const first = await wait('');
    clock.now += 1_000_000;
    world.happen('vm-1', { does: 'powerOff' });
    const [again, ...others] = updates(await wait(versionOf(first)));
    expect(again).toMatch(/^enter vm-1 name=\S+ runtime.powerState=poweredOff runtime.host=host-1 /);
    expect(others).toEqual([]);
  });

  it('end with their filter', async () => {
    const { wait, client, filter, fake } = await watching(1);
    expect(fake.open).toEqual({ sessions: 1, views: 1, filters: 1 });
    await client.call('DestroyPropertyFilter', { type: 'PropertyFilter', value: filter });
    expect(fake.open.filters).toBe(0);
    expect(setOf(await wait(''))).toBeUndefined();
  });
});

describe('properties', () => {
  const spec = (paths: string): string =>
    `<specSet><propSet><type>VirtualMachine</type>${paths}</propSet><objectSet><obj type="Folder">group-v4</obj><skip>true</skip>` +
    '<selectSet xsi:type="TraversalSpec"><type>Folder</type><path>childEntity</path></selectSet></objectSet></specSet>';

  it('come in pages with a token', async () => {
    const { client, places } = await watching(5);
    const ask = `${spec('<pathSet>name</pathSet>')}<options><maxObjects>2</maxObjects></options>`;
    let answer = await client.call('RetrievePropertiesEx', places.propertyCollector, ask);
    const sizes: number[] = [];
    for (;;) {
      const set = setOf(answer);
      sizes.push(set ? children(set, 'objects').length : 0);
      const token = set && textOf(set, 'token');
      if (token === undefined) break;
      answer = await client.call('ContinueRetrievePropertiesEx', places.propertyCollector, `<token>${token}</token>`);
    }
    expect(sizes).toEqual([2, 2, 1]);
  });

  it('that are none, or may not be read, are missing; those unset are silently absent', async () => {
    const withhold = (_: unknown, path: string): string | null => (path === 'config.uuid' ? 'NoPermission' : null);
    const { client, places, world } = await watching(1, { withhold });
    world.machine('vm-1').happen({ at: NOON, does: 'powerOff' });
    const paths = [
      'runtime.bootTime',
      'config.uuid',
      'runtime.nonsense',
      'nonsense',
      'config.extraConfig[&quot;no.such&quot;]',
    ];
    const ask = `${spec(paths.map((path) => `<pathSet>${path}</pathSet>`).join(''))}<options/>`;
    const answer = await client.call('RetrievePropertiesEx', places.propertyCollector, ask);
    const object = child(setOf(answer) ?? answer.element, 'objects');
    const missing =
      object &&
      children(object, 'missingSet').map(
        (each) => `${textOf(each, 'path')} ${child(child(each, 'fault') ?? each, 'fault')?.attributes.type}`,
      );
    expect(missing).toEqual([
      'config.uuid NoPermission',
      'runtime.nonsense InvalidProperty',
      'nonsense InvalidProperty',
    ]);
    expect(object && children(object, 'propSet')).toEqual([]);
  });

  it('bear device numbers that join statistics to nics and disks', async () => {
    const { client, places } = await watching(1);
    const answer = await client.call(
      'RetrievePropertiesEx',
      places.propertyCollector,
      `${spec('<pathSet>config.hardware.device</pathSet>')}<options/>`,
    );
    expect(answer.text).toContain('<VirtualDevice xsi:type="VirtualVmxnet3"><key>4000</key>');
    expect(answer.text).toContain('<macAddress>00:50:56:00:00:04</macAddress>');
    expect(answer.text).toContain(
      '<controllerKey>1000</controllerKey><unitNumber>0</unitNumber><capacityInKB>20971520</capacityInKB>',
    );
  });
});
