import { afterEach, describe, expect, it } from 'vitest';
import { keyOf } from './counters.ts';
import { child, children, textOf } from './element.ts';
import { noPermission, restricted } from './fault.ts';
import { SERVICE_INSTANCE } from './places.ts';
import { type Bench, PlainClient, bench as start } from './plain-client.ts';

const open: Bench[] = [];
afterEach(async () => {
  for (const { fake } of open.splice(0)) await fake.close();
});
const bench = async (...args: Parameters<typeof start>): Promise<Bench> => {
  const made = await start(...args);
  open.push(made);
  return made;
};

const idXml = (key: number, instance: string): string =>
  `<metricId><counterId>${key}</counterId><instance>${instance}</instance></metricId>`;
const specXml = (vm: string, ids: string, more = '<maxSample>2</maxSample>'): string =>
  `<querySpec><entity type="VirtualMachine">${vm}</entity>${more}${ids}<intervalId>20</intervalId><format>csv</format></querySpec>`;

describe('a session', () => {
  it('is refused with a wrong password, and a second time', async () => {
    const { client, places, fake } = await bench(1);
    expect(await client.login(places.sessionManager)).toMatchObject({ status: 500, fault: 'InvalidLogin' });
    client.forget();
    expect(await client.login(places.sessionManager, 'u', 'x')).toMatchObject({ status: 500, fault: 'InvalidLogin' });
    expect(await client.login(places.sessionManager, 'toString', 'x')).toMatchObject({ fault: 'InvalidLogin' });
    expect(fake.open.sessions).toBe(1);
  });

  it('ends by logout, and what it left behind is counted', async () => {
    const { client, places, fake } = await bench(1);
    const view = `<container type="Folder">${places.rootFolder.value}</container><recursive>true</recursive>`;
    await client.call('CreateContainerView', places.viewManager, view);
    expect(fake.open).toEqual({ sessions: 1, views: 1, filters: 0 });
    await client.call('Logout', places.sessionManager);
    expect(fake.open).toEqual({ sessions: 0, views: 0, filters: 0 });
    expect(fake.left).toEqual({ sessions: 0, views: 1, filters: 0 });
    const after = await client.call(
      'QueryPerfProviderSummary',
      places.perfManager,
      '<entity type="VirtualMachine">vm-1</entity>',
    );
    expect(after).toMatchObject({ status: 500, fault: 'NotAuthenticated' });
  });

  it('ends when it was idle for half an hour', async () => {
    const { client, places, fake, clock } = await bench(1);
    const entity = '<entity type="VirtualMachine">vm-1</entity>';
    clock.now += 1_799_000_000;
    expect(await client.call('QueryPerfProviderSummary', places.perfManager, entity)).toMatchObject({ status: 200 });
    clock.now += 1_801_000_000;
    expect(await client.call('QueryPerfProviderSummary', places.perfManager, entity)).toMatchObject({
      fault: 'NotAuthenticated',
    });
    expect(fake.left.sessions).toBe(1);
  });

  it('is gone after a restart, with its views', async () => {
    const { client, places, fake } = await bench(1);
    fake.restart();
    const again = await client
      .call('CurrentTime', SERVICE_INSTANCE)
      .catch(() => client.call('CurrentTime', SERVICE_INSTANCE));
    expect(again.status).toBe(200);
    expect(await client.call('DestroyView', { type: 'ContainerView', value: 'x' })).toMatchObject({
      fault: 'NotAuthenticated',
    });
    expect((await client.login(places.sessionManager)).status).toBe(200);
    expect(await client.call('DestroyView', { type: 'ContainerView', value: 'x' })).toMatchObject({
      fault: 'ManagedObjectNotFound',
    });
    const wait = '<version>3</version><options><maxWaitSeconds>0</maxWaitSeconds></options>';
    expect(await client.call('WaitForUpdatesEx', places.propertyCollector, wait)).toMatchObject({
      fault: 'InvalidCollectorVersion',
    });
  });
});

describe('statistics', () => {
  it.each([
    ['named', '<obj type="VirtualMachine">vm-2</obj>'],
    ['unnamed', undefined],
  ] as const)('of a machine that is gone are a fault, %s', async (gone, obj) => {
    const { client, places, world, fake } = await bench(2, { gone });
    world.happen('vm-2', { does: 'delete' });
    const ids = idXml(keyOf(fake.service.counters, 'cpu.used.summation'), '');
    const answer = await client.call('QueryPerf', places.perfManager, specXml('vm-1', ids) + specXml('vm-2', ids));
    expect(answer).toMatchObject({ status: 500, fault: 'ManagedObjectNotFound' });
    expect(answer.text.includes('<obj type="VirtualMachine">vm-2</obj>')).toBe(obj !== undefined);
  });

  it('leave out a machine that is gone where the server is such', async () => {
    const { client, places, world, fake } = await bench(2, { gone: 'ignored' });
    world.happen('vm-2', { does: 'delete' });
    const ids = idXml(keyOf(fake.service.counters, 'cpu.used.summation'), '');
    const answer = await client.call('QueryPerf', places.perfManager, specXml('vm-1', ids) + specXml('vm-2', ids));
    expect(children(answer.element, 'returnval').map((each) => textOf(each, 'entity'))).toEqual(['vm-1']);
  });

  it('are restricted where too many metrics are asked, and the option tells', async () => {
    const { client, places, fake } = await bench(2, { maxQueryMetrics: 3 });
    const ids = idXml(keyOf(fake.service.counters, 'cpu.used.summation'), '').repeat(2);
    const both = await client.call('QueryPerf', places.perfManager, specXml('vm-1', ids) + specXml('vm-2', ids));
    expect(both).toMatchObject({ status: 500, fault: 'RestrictedByAdministrator' });
    expect(both.text).toContain('vpxd.stats.maxQueryMetrics');
    expect((await client.call('QueryPerf', places.perfManager, specXml('vm-1', ids))).status).toBe(200);
    const option = await client.call('QueryOptions', places.setting, '<name>config.vpxd.stats.maxQueryMetrics</name>');
    expect(option.text).toContain('<value xsi:type="xsd:int">3</value>');
  });

  it('are refused where the request has too many elements', async () => {
    const { client, places, fake } = await bench(1, { maxElements: 100 });
    const ids = idXml(keyOf(fake.service.counters, 'cpu.used.summation'), '').repeat(40);
    const answer = await client.call('QueryPerf', places.perfManager, specXml('vm-1', ids));
    expect(answer).toMatchObject({ status: 500, fault: null });
    expect(textOf(answer.element, 'faultstring')).toBe('XML document element count exceeds configured maximum 100');
    expect(fake.offences).toHaveLength(1);
  });

  it('are holes, short, shuffled and of another offset as told', async () => {
    const statistics = {
      order: 'newest',
      offsetHours: 2,
      star: 'devices',
      hole: (_: unknown, stamp: number) => stamp === Date.UTC(2026, 10, 26, 11, 59, 40) * 1000,
      short: ({ instance }: { readonly instance: string }) => (instance === 'vmnic1' ? 1 : 0),
    } as const;
    const { client, places, fake } = await bench(1, { statistics });
    const ids = idXml(keyOf(fake.service.counters, 'net.packetsRx.summation'), '*');
    const answer = await client.call('QueryPerf', places.perfManager, specXml('vm-1', ids, '<maxSample>3</maxSample>'));
    const [entity] = children(answer.element, 'returnval');
    if (entity === undefined) throw new Error(answer.text);
    expect(textOf(entity, 'sampleInfoCSV')).toBe(
      '20,2026-11-26T14:00:00+02:00,20,2026-11-26T13:59:40+02:00,20,2026-11-26T13:59:20+02:00',
    );
    const values = children(entity, 'value').map((each) => (textOf(each, 'value') ?? '').split(','));
    expect(values.map(({ length }) => length)).toEqual([3, 3, 2, 3, 3]);
    expect(values.map((each) => each[1])).toEqual(['-1', '-1', '-1', '-1', '-1']);
    expect(Number(values[0]?.[0])).toBeGreaterThan(0);
  });

  it.each([
    ['listed', 1],
    ['absent', 0],
  ] as const)('of a machine that is off are empty: %s', async (empty, entities) => {
    const { client, places, world, fake, clock } = await bench(1, { statistics: { empty } });
    clock.now += 1_000_000;
    world.happen('vm-1', { does: 'powerOff' });
    const ids = idXml(keyOf(fake.service.counters, 'cpu.used.summation'), '');
    const answer = await client.call('QueryPerf', places.perfManager, specXml('vm-1', ids));
    expect(answer.status).toBe(200);
    expect(children(answer.element, 'returnval')).toHaveLength(entities);
    expect(answer.text).not.toContain('<value>');
  });

  it('of times to come are empty, and counted', async () => {
    const { client, places, fake } = await bench(1);
    const ids = idXml(keyOf(fake.service.counters, 'cpu.used.summation'), '');
    const answer = await client.call(
      'QueryPerf',
      places.perfManager,
      specXml('vm-1', ids, '<startTime>2026-11-26T12:00:01Z</startTime>'),
    );
    expect(answer.text).not.toContain('20,');
    expect(fake.service.futureStarts).toBe(1);
  });

  it.each([
    [false, 1],
    [true, 2],
  ])('after a start, that sample included: %s', async (startInclusive, samples) => {
    const { client, places, fake } = await bench(1, { statistics: { startInclusive } });
    const ids = idXml(keyOf(fake.service.counters, 'cpu.used.summation'), '');
    const answer = await client.call(
      'QueryPerf',
      places.perfManager,
      specXml('vm-1', ids, '<startTime>2026-11-26T11:59:40Z</startTime>'),
    );
    const [entity] = children(answer.element, 'returnval');
    expect((entity && textOf(entity, 'sampleInfoCSV'))?.split(',')).toHaveLength(samples * 2);
  });

  it('are of the instance that is asked, of all for a star, and of none that is not there', async () => {
    const { client, places, fake } = await bench(1);
    const key = keyOf(fake.service.counters, 'net.packetsRx.summation');
    const instances: (readonly (string | undefined)[])[] = [];
    for (const instance of ['4000', '', '*', '4009']) {
      const answer = await client.call('QueryPerf', places.perfManager, specXml('vm-1', idXml(key, instance)));
      const values = children(answer.element, 'returnval').flatMap((entity) => children(entity, 'value'));
      instances.push(values.map((value) => textOf(child(value, 'id') ?? value, 'instance')));
    }
    expect(instances).toEqual([['4000'], [''], ['', '4000', 'vmnic0', 'vmnic1', 'vmnic2', 'vmnic3'], []]);
  });

  it('know no composites', async () => {
    const { client, places } = await bench(1);
    expect(await client.call('QueryPerfComposite', places.perfManager)).toMatchObject({
      status: 500,
      fault: 'MethodNotFound',
    });
  });
});

describe('a request', () => {
  it.each([
    ['fields in another order', '<password>p</password><userName>u</userName>'],
    ['a field that is none', '<userName>u</userName><password>p</password><pin>1</pin>'],
  ])('with %s is refused', async (_, inner) => {
    const { places, fake } = await bench(1);
    const client = new PlainClient(fake.url);
    expect(await client.call('Login', places.sessionManager, inner)).toMatchObject({ status: 500, fault: null });
    expect(fake.offences).toHaveLength(1);
  });

  it('for statistics with fields in another order is refused', async () => {
    const { client, places, fake } = await bench(1);
    const ids = idXml(keyOf(fake.service.counters, 'cpu.used.summation'), '');
    const wrong = `<querySpec><entity type="VirtualMachine">vm-1</entity>${ids}<maxSample>1</maxSample></querySpec>`;
    expect(await client.call('QueryPerf', places.perfManager, wrong)).toMatchObject({
      status: 500,
      fault: 'InvalidRequest',
    });
  });

  it('that is not well-formed is refused', async () => {
    const { fake, client } = await bench(1);
    await client.send('<a:Body xmlns:a="x"><QueryPerf xmlns="urn:vim25"><_this type="a">b</_this></a:Body>');
    expect(fake.offences[0]).toMatch(/unexpected close tag/);
  });
});

describe('misbehaviour', () => {
  it('is a fault, a changed answer, a status or a delay, as told', async () => {
    const { client, places, fake } = await bench(1);
    fake.react = () => ({ fault: noPermission(places.perfManager, 'System.View') });
    expect(await client.call('CurrentTime', SERVICE_INSTANCE)).toMatchObject({ status: 500, fault: 'NoPermission' });
    fake.react = () => ({ rewrite: (xml) => xml.replace('2026', '1999') });
    expect((await client.call('CurrentTime', SERVICE_INSTANCE)).text).toContain('1999-11-26T12:00:00Z');
    fake.react = () => ({ afterMs: 5, next: { fault: restricted('x') } });
    expect(await client.call('CurrentTime', SERVICE_INSTANCE)).toMatchObject({ fault: 'RestrictedByAdministrator' });
    fake.react = () => ({ drip: { bytes: 100, everyMs: 1 } });
    expect(await client.call('CurrentTime', SERVICE_INSTANCE)).toMatchObject({ status: 200 });
    fake.react = undefined;
    expect(fake.count('CurrentTime')).toBe(4);
  });

  it.each(['disconnect', 'halve'] as const)('is the end of the connection: %s', async (reaction) => {
    const { client, fake } = await bench(1);
    fake.react = () => reaction;
    await expect(client.call('CurrentTime', SERVICE_INSTANCE)).rejects.toThrow();
  });

  it('is an answer without end, until the client goes', async () => {
    const { fake } = await bench(1);
    fake.react = () => 'endless';
    const body =
      '<E xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><CurrentTime xmlns="urn:vim25">' +
      '<_this type="ServiceInstance">ServiceInstance</_this></CurrentTime></Body></E>';
    const response = await fetch(fake.url, { method: 'POST', body, headers: { 'content-type': 'text/xml' } });
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > 10_000_000) break;
    }
    expect(bytes).toBeGreaterThan(10_000_000);
  });
});

describe('an answer', () => {
  it('is packed where both agree', async () => {
    const { client } = await bench(1, { gzip: true });
    const answer = await client.call('CurrentTime', SERVICE_INSTANCE);
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(answer.text).toContain('2026-11-26T12:00:00Z');
  });

  it('may bear another prefix for types', async () => {
    const { client, places } = await bench(1, { xsi: '_XMLSchema-instance' });
    const spec =
      '<specSet><propSet><type>PerformanceManager</type><pathSet>perfCounter</pathSet></propSet>' +
      `<objectSet><obj type="PerformanceManager">${places.perfManager.value}</obj></objectSet></specSet><options/>`;
    const answer = await client.call('RetrievePropertiesEx', places.propertyCollector, spec);
    expect(answer.text).toContain('<val _XMLSchema-instance:type="ArrayOfPerfCounterInfo">');
    expect(answer.text).not.toContain('xsi:');
  });
});
