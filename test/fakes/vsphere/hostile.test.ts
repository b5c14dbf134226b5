import { afterEach, describe, expect, it } from 'vitest';
import { keyOf } from './counters.ts';
import { children, textOf } from './element.ts';
import {
  either,
  expired,
  forbidden,
  HOSTILE_XML,
  holes,
  poisoned,
  shortSeries,
  staleVersion,
  tooManyEntities,
  unavailable,
  when,
} from './hostile.ts';
import { SERVICE_INSTANCE } from './places.ts';
import { type Bench, bench as start } from './plain-client.ts';

const open: Bench[] = [];
afterEach(async () => {
  for (const { fake } of open.splice(0)) await fake.close();
});
const bench = async (...args: Parameters<typeof start>): Promise<Bench> => {
  const made = await start(...args);
  open.push(made);
  return made;
};

/** Asks for the last three samples of cpu.used of machines 1 to n. */
async function query({ client, places, fake }: Bench, n: number) {
  const id = `<metricId><counterId>${keyOf(fake.service.counters, 'cpu.used.summation')}</counterId><instance>*</instance></metricId>`;
  const specs = Array.from(
    { length: n },
    (_, i) =>
      `<querySpec><entity type="VirtualMachine">vm-${i + 1}</entity><maxSample>3</maxSample>${id}<format>csv</format></querySpec>`,
  );
  return client.call('QueryPerf', places.perfManager, specs.join(''));
}

describe('ready-made misbehaviour', () => {
  it('is for one method, so many times, one or the other', async () => {
    const made = await bench(1);
    const { client, fake } = made;
    fake.react = either(when('CurrentTime', unavailable, 1), forbidden('QueryPerf'));
    const time = await fetch(fake.url, { method: 'POST', headers: { 'content-type': 'text/xml' }, body: currentTime });
    expect([time.status, time.headers.get('content-type')]).toEqual([503, 'text/html']);
    expect(await client.call('CurrentTime', SERVICE_INSTANCE)).toMatchObject({ status: 200 });
    expect(await query(made, 1)).toMatchObject({ status: 500, fault: 'NoPermission' });
    fake.react = expired;
    expect(await query(made, 1)).toMatchObject({ status: 500, fault: 'NotAuthenticated' });
    fake.react = staleVersion;
    expect(await query(made, 1)).toMatchObject({ status: 200, fault: null });
  });

  it('is of those who ask too much, or for one that is poison', async () => {
    const made = await bench(3);
    made.fake.react = either(tooManyEntities(2), poisoned('vm-2'));
    expect(await query(made, 3)).toMatchObject({ fault: 'RestrictedByAdministrator' });
    expect(await query(made, 2)).toMatchObject({ fault: 'SystemError' });
    expect(await query(made, 1)).toMatchObject({ fault: null });
    expect(made.fake.service.queries).toEqual([{ entities: 1, metrics: 1 }]);
    expect(made.fake.busy).toMatchObject({ most: 1 });
  });

  const deep = 'elements without end, one in the other';
  it.each(Object.keys(HOSTILE_XML).filter((name) => name !== deep))('is XML with %s', async (name) => {
    const { client, fake } = await bench(1);
    fake.react = () => ({ rewrite: HOSTILE_XML[name] ?? String });
    await expect(client.call('CurrentTime', SERVICE_INSTANCE)).rejects.toThrow();
  });

  it(`is XML with ${deep}`, async () => {
    const { fake } = await bench(1);
    fake.react = () => ({ rewrite: HOSTILE_XML[deep] ?? String });
    const answer = await fetch(fake.url, {
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body: currentTime,
    });
    expect((await answer.text()).split('<a>')).toHaveLength(100_001);
  });

  it('is holes and short series, the same ones each time, in no order', async () => {
    const made = await bench(40, { statistics: { hole: holes(5), short: shortSeries(4), shufflesSeries: true } });
    const first = await query(made, 40);
    expect((await query(made, 40)).text).toBe(first.text);
    const series = children(first.element, 'returnval').flatMap((entity) => children(entity, 'value'));
    const values = series.map((each) => (textOf(each, 'value') ?? '').split(','));
    expect(series).toHaveLength(120);
    expect(values.filter(({ length }) => length === 2).length).toBeGreaterThan(10);
    expect(values.flat().filter((value) => value === '-1').length).toBeGreaterThan(30);
    expect(values.flat().filter((value) => value !== '-1').length).toBeGreaterThan(200);
  });
});

const currentTime =
  '<E xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><CurrentTime xmlns="urn:vim25">' +
  '<_this type="ServiceInstance">ServiceInstance</_this></CurrentTime></Body></E>';
