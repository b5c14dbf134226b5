import { describe, expect, test } from 'vitest';
import { decodeSnapshots, encodeSnapshot } from '../../../avro/codec.ts';
import type { Instance } from '../../../avro/snapshot.ts';
import type { Observation, Session } from '../../../connectors/connector.ts';
import { absenceAt } from '../../../connectors/simulator/host.ts';
import { endpointsOf, fleetEndpoints, simulator } from '../../../connectors/simulator/simulator.ts';
import { SNAPSHOT } from '../../avro/examples.ts';
import { configOf, faultsOf, fleetOf, HOUR, handClock, SECOND, SINCE } from './fleet-of.ts';

const { signal } = new AbortController();

/** A fleet, its endpoints and a way to read all of its hosts that are there at a time. */
function underTest(some: object) {
  const fleet = fleetOf(some);
  const clock = handClock(SINCE);
  const endpoints = endpointsOf(fleet, { clock, report: () => undefined });
  const pollAll = async (at: number): Promise<Observation[]> => {
    clock.set(at);
    const there = endpoints.filter((_, index) => !absenceAt(fleet.hosts[index] as (typeof fleet.hosts)[number], at));
    return Promise.all(there.map(async (endpoint) => (await endpoint.connect(signal)).poll(signal)));
  };
  return { fleet, clock, endpoints, pollAll };
}

const keyOf = (instance: Instance): string => instance.uuid.toString('hex');

describe('an endpoint', () => {
  test('there is one for every host, by a stable id', () => {
    const context = { clock: handClock(SINCE), report: () => undefined };
    expect(fleetEndpoints(configOf({ hosts: 3 }), context).map(({ id }) => id)).toEqual([
      'demo-host-1',
      'demo-host-2',
      'demo-host-3',
    ]);
  });

  test('without faults every VM is on one host, running, with every statistic and its identity', async () => {
    const { fleet, pollAll } = underTest({ disks: 2, nics: 2 });
    const polls = await pollAll(SINCE + HOUR);
    const instances = polls.flatMap((poll) => poll.instances);
    expect(new Set(instances.map(keyOf))).toEqual(new Set(fleet.guests.map(({ key }) => key)));
    expect(instances).toHaveLength(fleet.guests.length);
    for (const instance of instances) {
      expect(instance).toMatchObject({ state: 'RUNNING', disks: [{ id: 'vda' }, { id: 'vdb' }] });
      const [row] = instance.rows;
      expect(Object.values({ ...row, interval: 0 })).not.toContain(null);
      expect(row?.cpuTime).toBe(fleet.truth(keyOf(instance), 'cpuTime', 0, SINCE + HOUR));
      expect(instance.identity?.nics.map(({ name }) => name?.length)).toEqual([14, 14]);
    }
  });

  test('what it says fits the contract', async () => {
    const { pollAll } = underTest({ faults: {} });
    for (const { hosts, instances } of await pollAll(SINCE + 3 * HOUR)) {
      const snapshot = { ...SNAPSHOT, hosts, instances };
      expect(decodeSnapshots(encodeSnapshot(snapshot))).toEqual([snapshot]);
    }
  });

  test('its host’s cpu times add up to its cpus', async () => {
    const { fleet, pollAll } = underTest({});
    const sumAt = async (at: number): Promise<bigint[]> =>
      (await pollAll(at)).map((poll) =>
        (poll.hosts[0]?.rows[0]?.extras ?? [])
          .filter(({ counter }) => counter)
          .reduce((sum, { value }) => sum + value, 0n),
      );
    const before = await sumAt(SINCE + 7);
    (await sumAt(SINCE + HOUR + 7)).forEach((sum, index) => {
      expect(sum - (before[index] as bigint)).toBe(BigInt(fleet.hosts[index]?.cpus as number) * BigInt(HOUR) * 1000n);
    });
  });

  test('a VM is listed off, without rows or epoch, until it runs again in a new epoch', async () => {
    const { fleet, pollAll } = underTest(faultsOf({ reboot: 10 }));
    const [guest] = fleet.guests as [(typeof fleet.guests)[number]];
    const [first, second] = fleet.lives(guest.key, SINCE + 5 * HOUR) as [
      ReturnType<typeof fleet.lives>[number],
      ReturnType<typeof fleet.lives>[number],
    ];
    const listed = async (at: number) =>
      (await pollAll(at)).flatMap(({ instances }) => instances).filter((one) => keyOf(one) === guest.key);
    expect(await listed(first.to - 1)).toMatchObject([{ state: 'RUNNING', epoch: first.epoch }]);
    expect(await listed(first.to)).toMatchObject([{ state: 'SHUTOFF', epoch: null, rows: [] }]);
    expect(await listed(second.from - 1)).toMatchObject([{ state: 'SHUTOFF' }]);
    expect(await listed(second.from)).toMatchObject([
      { state: 'RUNNING', epoch: second.epoch, startedAt: second.from, rows: [{ cpuTime: 0n }] },
    ]);
  });

  test('while a migration overlaps one of the two hosts runs the VM, the other has it paused', async () => {
    const { fleet, pollAll } = underTest(faultsOf({ migrate: 10 }));
    let seen = 0;
    for (const guest of fleet.guests) {
      const lives = fleet.lives(guest.key, SINCE + 2 * HOUR);
      const next = lives.find((life, index) => index > 0 && life.listedFrom < (lives[index - 1]?.listedTo as number));
      if (next === undefined) continue;
      seen++;
      for (const at of [next.from - 1, next.from]) {
        const both = (await pollAll(at)).flatMap(({ instances }) =>
          instances.filter((one) => keyOf(one) === guest.key),
        );
        expect(both.map(({ state }) => state).sort()).toEqual(['PAUSED', 'RUNNING']);
        expect(both.find(({ epoch }) => epoch === next.epoch)?.rows[0]?.cpuTime).toBe(0n);
      }
    }
    expect(seen).toBeGreaterThan(10);
  });

  test('a skewed host stamps everything with its own clock', async () => {
    const { fleet, pollAll } = underTest(faultsOf({ skew: 5 }));
    const at = SINCE + HOUR;
    (await pollAll(at)).forEach((poll, index) => {
      const { skew } = fleet.hosts[index] as (typeof fleet.hosts)[number];
      expect(skew).not.toBe(0);
      expect(Math.abs(skew)).toBeLessThanOrEqual(5 * SECOND);
      for (const { rows } of poll.instances) expect(rows).toMatchObject([{ observedAt: at + skew, monotonic: null }]);
    });
  });
});

describe('a host that goes away', () => {
  async function beforeAbsence() {
    const { fleet, clock, endpoints } = underTest(faultsOf({ hostAway: 4 }));
    const host = fleet.hosts[0] as (typeof fleet.hosts)[number];
    absenceAt(host, SINCE + 10 * HOUR);
    const absence = host.history.absences.find(({ reboot }) => reboot) as (typeof host.history.absences)[number];
    const endpoint = endpoints[0] as (typeof endpoints)[number];
    clock.set(absence.from - 1);
    const session: Session = await endpoint.connect(signal);
    return { clock, absence, endpoint, session, before: await session.poll(signal) };
  }

  test('loses its session, refuses another, and is there again when it has booted', async () => {
    const { clock, absence, endpoint, session, before } = await beforeAbsence();
    clock.set(absence.from);
    await expect(session.poll(signal)).rejects.toMatchObject({
      name: 'EndpointError',
      code: 'lost',
      endpoint: endpoint.id,
    });
    await expect(session.closed).resolves.toMatchObject({ code: 'lost' });
    await expect(endpoint.connect(signal)).rejects.toMatchObject({ name: 'EndpointError', code: 'unreachable' });
    clock.set(absence.to);
    const after = await (await endpoint.connect(signal)).poll(signal);
    expect(after.bootedAt).toBe(absence.to);
    expect(before.bootedAt).toBeLessThan(absence.from);
    expect(after.instances.map(({ state }) => state)).toEqual(before.instances.map(() => 'SHUTOFF'));
  });

  test('a closed session settles without an error and answers no more', async () => {
    const { session } = await beforeAbsence();
    await session.close();
    await session.close();
    await expect(session.closed).resolves.toBeUndefined();
    await expect(session.poll(signal)).rejects.toMatchObject({ code: 'lost' });
  });

  test('an aborted signal is heeded', async () => {
    const { endpoint, session } = await beforeAbsence();
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(session.poll(aborted)).rejects.toThrow('enough');
    await expect(endpoint.connect(aborted)).rejects.toThrow('enough');
  });
});

describe('the configuration', () => {
  test('is complete with name and type', () => {
    const config = simulator.schema.parse({ name: 'demo', type: 'simulator' });
    expect(config).toMatchObject({ hosts: 4, instances: 50, seed: 1, disks: 1, nics: 1, faults: { reboot: 4 } });
  });

  test.each([
    ['an unknown key', { host: 4 }],
    ['an unknown fault', { faults: { rebot: 1 } }],
    ['a share above 1', { faults: { wrap32: 2 } }],
    ['no host', { hosts: 0 }],
  ])('refuses %s', (_what, some) => {
    expect(simulator.schema.safeParse({ name: 'demo', type: 'simulator', ...some }).success).toBe(false);
  });

  test('without `since` a fleet restarted on the same day is the same fleet', async () => {
    const epochs = async (now: number) => {
      const clock = handClock(now);
      const endpoints = fleetEndpoints(configOf(), { clock, report: () => undefined });
      clock.set(SINCE + 20 * HOUR);
      const polls = await Promise.all(endpoints.map(async (one) => (await one.connect(signal)).poll(signal)));
      return polls.flatMap(({ instances }) => instances.map(({ epoch }) => epoch));
    };
    expect(await epochs(SINCE + HOUR)).toEqual(await epochs(SINCE + 11 * HOUR));
  });
});
