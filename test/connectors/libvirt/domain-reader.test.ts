import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type DomainRef, PROCEDURES } from '../../../connectors/libvirt/procedures.ts';
import { readDomain } from '../../../connectors/libvirt/replies.ts';
import { XdrReader, XdrWriter } from '../../../connectors/libvirt/xdr.ts';
import { bench, ManualClock } from '../../fakes/libvirt-bench.ts';
import type { Call, Reaction } from '../../fakes/libvirtd.ts';
import { fakeDomain } from '../../fakes/libvirtd-answers.ts';

const NO_SUPPORT: Reaction = { error: [3, 'this function is not supported by the connection driver'] };

let signal: AbortSignal;
beforeEach(() => {
  signal = AbortSignal.timeout(20_000);
});

const info = ({ id }: DomainRef): Buffer =>
  new XdrWriter()
    .uint(id < 0 ? 5 : 1)
    .uhyper(2048n)
    .uhyper(1024n)
    .uint(2)
    .uhyper(5_000_000_000n).bytes;

/** rss 300, actual 900, available 800, unused 200 (KiB). */
const memory = (): Buffer => {
  const to = new XdrWriter().uint(4);
  for (const [tag, value] of [
    [7, 300n],
    [6, 900n],
    [5, 800n],
    [4, 200n],
  ] as const)
    to.int(tag).uhyper(value);
  return to.bytes;
};

const block = (): Buffer =>
  new XdrWriter().uint(2).string('rd_bytes').int(3).hyper(77n).string('wr_operations').int(3).hyper(-1n).int(2).bytes;

const nic = (): Buffer => {
  const to = new XdrWriter();
  for (const value of [10n, 1n, 0n, 0n, 20n, 2n, -1n, -1n]) to.hyper(value);
  return to.bytes;
};

/** A driver without the bulk call, as libxl and LXC are; `overrule` has the first word. */
async function open(overrule: (call: Call, domain: DomainRef | null) => Reaction | undefined = () => undefined) {
  const react = (call: Call): Reaction | undefined => {
    const about = call.procedure.startsWith('DOMAIN_') ? readDomain(new XdrReader(call.payload)) : null;
    const overruled = overrule(call, about);
    if (overruled) return overruled;
    if (call.procedure === 'CONNECT_GET_ALL_DOMAIN_STATS') return NO_SUPPORT;
    if (call.procedure === 'DOMAIN_GET_INFO' && about) return { payload: info(about) };
    if (call.procedure === 'DOMAIN_MEMORY_STATS') return { payload: memory() };
    if (call.procedure === 'DOMAIN_BLOCK_STATS_FLAGS') return { payload: block() };
    if (call.procedure === 'DOMAIN_INTERFACE_STATS') return { payload: nic() };
    return undefined;
  };
  const domains = [fakeDomain(1), fakeDomain(2), { ...fakeDomain(3), id: -1 }];
  const clock = new ManualClock();
  const set = await bench({ domains, react, clock });
  const session = await set.endpoint.connect(signal);
  onTestFinished(async () => {
    await session.close();
    await set.fake.close();
  });
  const poll = async () => {
    const observation = await session.poll(signal);
    return { ...observation, of: (number: number) => observation.instances.find(({ uuid }) => uuid.at(-1) === number) };
  };
  return { ...set, clock, poll };
}

describe('a driver without the bulk call', () => {
  it('is read domain by domain, and asked for the bulk call once', async () => {
    const { fake, poll } = await open();
    const first = await poll();
    // 1 refused, 1 list, 3 XML, 3 infos, and memory, disk and nic of the 2 that are on
    expect(first.calls).toBe(1 + 1 + 3 + 3 + 2 * 3);
    expect((await poll()).calls).toBe(1 + 3 + 2 * 3);
    expect(fake.count('CONNECT_GET_ALL_DOMAIN_STATS')).toBe(1);
    expect(PROCEDURES.CONNECT_LIST_ALL_DOMAINS).toBe(273);
  });

  it('says the same things in the same units', async () => {
    const { poll } = await open();
    const observation = await poll();
    expect(observation.of(1)).toMatchObject({
      epoch: 'kvm1/1',
      state: 'RUNNING',
      disks: [{ id: 'vda' }],
      nics: [{ id: 'fa:16:3e:00:00:01' }],
      rows: [
        {
          cpuTime: 5_000_000_000n,
          cpuReady: null,
          vcpus: 2n,
          memory: 900n * 1024n,
          memoryResident: 300n * 1024n,
          memoryUsage: 600n * 1024n,
          disks: [{ readBytes: 77n, writeRequests: null }],
          nics: [{ rxBytes: 10n, rxErrors: 0n, txBytes: 20n, txErrors: null, txDrops: null }],
        },
      ],
    });
    expect(observation.of(3)).toMatchObject({ state: 'SHUTOFF', epoch: null, rows: [] });
  });

  it('what it lacks is asked for once more at most while others are in flight, then never', async () => {
    const { fake, poll } = await open(({ procedure }) =>
      procedure === 'DOMAIN_MEMORY_STATS' ? NO_SUPPORT : undefined,
    );
    expect((await poll()).of(1)?.rows[0]).toMatchObject({ memory: 1024n * 1024n, memoryResident: null });
    const asked = fake.count('DOMAIN_MEMORY_STATS');
    expect(asked).toBeLessThanOrEqual(2);
    await poll();
    expect(fake.count('DOMAIN_MEMORY_STATS')).toBe(asked);
  });

  it('a domain that hangs is listed without values and costs the others nothing', async () => {
    let hang = true;
    const { fake, clock, poll } = await open(({ procedure }, about) =>
      procedure === 'DOMAIN_GET_INFO' && about?.id === 1 && hang ? 'hang' : undefined,
    );
    const polled = poll();
    await vi.waitFor(() => expect(fake.count('DOMAIN_INTERFACE_STATS')).toBe(1));
    clock.advance(1000);
    const first = await polled;
    expect(first.of(1)?.rows).toMatchObject([{ cpuTime: null, disks: [], nics: [] }]);
    expect(first.of(2)?.rows).toMatchObject([{ cpuTime: 5_000_000_000n }]);
    const asked = fake.count('DOMAIN_GET_INFO');
    await poll();
    expect(fake.count('DOMAIN_GET_INFO') - asked, 'the hanging one is left alone').toBe(2);
    hang = false;
    fake.release();
    await vi.waitFor(async () => expect((await poll()).of(1)?.rows).toMatchObject([{ cpuTime: 5_000_000_000n }]));
  });

  it('a domain that vanishes between list and read is listed without values', async () => {
    const { poll } = await open((_, about) => (about?.id === 2 ? { error: [42, 'Domain not found'] } : undefined));
    const observation = await poll();
    expect(observation.of(2)).toMatchObject({ identity: null, rows: [{ cpuTime: null }] });
    expect(observation.of(1)?.rows).toMatchObject([{ cpuTime: 5_000_000_000n }]);
  });
});
